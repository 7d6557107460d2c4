"""The editor of task definitions by keys: two views of one document, findings, the own editor."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from app.operations import definitions
from app.operations.editing import edit_members, edit_revision
from app.operations.session import Session
from app.screens import editor, registering
from tests.tui.screens.driving import screen_text, session_with, until, until_gone, until_shown
from tests.tui.screens.editing import SIZES, WEB, editing, registered
from widgets.live_table import LiveTable


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return session_with(tmp_path)


# --- one document, two views ---


async def test_what_is_typed_in_the_form_shows_in_the_json_and_leaves_the_rest_of_it_alone(session: Session) -> None:
    async with editing(session, registered(session)) as it:
        await it.find("image")
        await it.pilot.press("enter")
        await it.type("5")
        assert it.text == WEB.decode().replace("nginx:1", "nginx:15")
        await until_shown(it.pilot, r'"nginx:15"')
        await it.pilot.press("escape")
        assert it.text == WEB.decode()


async def test_what_is_typed_in_the_json_shows_in_the_form(session: Session) -> None:
    async with editing(session, registered(session)) as it:
        await it.pilot.press("f6")
        json_side = it.editor._json
        await until(it.pilot, lambda: it.app.focused is json_side, "the JSON has the focus")
        json_side.move_cursor(json_side.document.end)
        at = it.text.index('"web",') + 1
        json_side.move_cursor((it.text.count("\n", 0, at), at - it.text.rfind("\n", 0, at) - 1))
        await it.type("my")
        assert it.document["family"] == "myweb"
        await until_shown(it.pilot, r"Family +myweb")


async def test_a_long_json_is_read_aside_and_the_form_waits_for_it(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editor, "LOCATED_AT_ONCE", 10)
    async with editing(session, registered(session)) as it:
        await it.pilot.press("f6")
        at = it.text.index('"web",') + 1
        place = it.text.count("\n", 0, at), at - it.text.rfind("\n", 0, at) - 1
        monkeypatch.setattr(editor, "CHECK_AFTER", 600)  # as if another key came again and again
        it.editor._json.move_cursor(place)
        await it.type("my")
        assert it.document["family"] == "myweb"
        assert it.editor._form.disabled
        await it.pilot.press("escape")  # it is read now, as the form is to be used
        assert not it.editor._form.disabled
        assert it.editor.focused is not it.editor._json
        await until_shown(it.pilot, r"Family +myweb")
        monkeypatch.setattr(editor, "CHECK_AFTER", 0.01)
        it.editor._json.focus()
        it.editor._json.move_cursor(place)
        await it.type("x")
        await until_shown(it.pilot, r"Family +xmyweb")
        await until(it.pilot, lambda: not it.editor._form.disabled, "the form can be used again")
        it.editor._json.move_cursor((0, 1))
        await it.type('"')
        await until_shown(it.pilot, r"✗ line 1, column 3")
        assert it.editor._form.disabled


async def test_a_mistake_in_the_json_is_told_and_the_form_waits(session: Session) -> None:
    async with editing(session, registered(session)) as it:
        await it.pilot.press("f6")
        it.editor._json.move_cursor((0, 1))
        await it.type('"')
        before = it.text
        await until_shown(it.pilot, r"✗ line 1, column 3")
        assert it.editor._form.disabled
        await it.pilot.press("ctrl+s")
        await until_shown(it.pilot, r"Not yet")
        assert it.text == before
        it.editor._json.focus()
        it.editor._json.move_cursor((0, 2))
        await it.pilot.press("backspace")
        await until_gone(it.pilot, r"line 1, column 3")
        assert not it.editor._form.disabled
        assert it.text == WEB.decode()


async def test_secrets_are_masked_on_both_sides_until_they_are_revealed(session: Session) -> None:
    async with editing(session, registered(session), (140, 40)) as it:
        it.editor._form.go_to(("containerDefinitions", 0, "environment", 0, "value"))
        await until_shown(it.pilot, r"DB_PASSWORD +•••")
        assert "hunter2" not in screen_text(it.app)
        await it.pilot.press("v")
        await until_shown(it.pilot, r"DB_PASSWORD +hunter2")
        assert it.text == WEB.decode()


async def test_a_whole_env_file_is_pasted_with_its_lines_and_quotes(session: Session) -> None:
    from textual import events

    async with editing(session, registered(session)) as it:
        it.editor._form.go_to(("containerDefinitions", 0, "environment"))
        pasted = 'export A=1\n# no\nDB_PASSWORD="new one"\nCERT="-----\nlines\n-----"\nB=\'$x # y\'\nC=z # why\n'
        assert it.app.focused is not None
        it.app.focused.post_message(events.Paste(pasted))
        await until(it.pilot, lambda: len(it.document["containerDefinitions"][0]["environment"]) == 5, "five of them")
        pairs = {pair["name"]: pair["value"] for pair in it.document["containerDefinitions"][0]["environment"]}
        assert pairs == {"DB_PASSWORD": "new one", "A": "1", "CERT": "-----\nlines\n-----", "B": "$x # y", "C": "z"}


async def test_names_of_other_containers_and_volumes_are_offered(session: Session) -> None:
    document = json.loads(WEB)
    document["containerDefinitions"].append({"name": "db", "image": "x", "memory": 8})
    document["volumes"] = [{"name": "data"}]
    async with editing(session, registered(session, json.dumps(document).encode())) as it:
        it.editor._form.go_to(("containerDefinitions", 0, "dependsOn"))
        await it.pilot.press("a")
        await until_shown(it.pilot, r"not set|another…")
        await it.pilot.press("enter")  # db, the only other one; then its condition is asked for
        await until_shown(it.pilot, r"HEALTHY")
        await it.pilot.press("enter")
        web = it.document["containerDefinitions"][0]
        assert web["dependsOn"] == [{"containerName": "db", "condition": "START"}]
        it.editor._form.go_to(("containerDefinitions", 0, "links"))
        await it.pilot.press("a")
        await until_shown(it.pilot, r"another…")
        await it.pilot.press("down", "enter")
        await it.type("db:database")
        await it.pilot.press("enter", "escape")
        assert it.document["containerDefinitions"][0]["links"] == ["db:database"]


async def test_secrets_stay_masked_while_the_json_has_a_mistake(session: Session) -> None:
    async with editing(session, registered(session), (140, 40)) as it:
        await it.pilot.press("f6")
        it.editor._json.move_cursor((0, 1))
        await it.type(",")
        await until_shown(it.pilot, r"✗ line 1")
        assert "hunter2" not in screen_text(it.app)


async def test_a_document_that_somebody_broke_is_mended_as_text(session: Session) -> None:
    registered(session)
    (session.home.definitions / "web" / "1.json").write_text('{"family": "web",}')
    start = edit_revision(session.definitions.read("web", 1))
    async with editing(session, start, (80, 24)) as it:
        await until_shown(it.pilot, r"✗ line 1, column 18")
        await until(it.pilot, lambda: it.app.focused is it.editor._json, "the JSON has the focus")
        it.editor._json.move_cursor((0, 17))
        await it.pilot.press("backspace")
        await until_gone(it.pilot, r"✗ line 1")
        assert it.document == {"family": "web"}


async def test_a_describe_answer_that_is_pasted_is_taken_for_what_it_is(session: Session) -> None:
    answer = {"taskDefinition": {**json.loads(WEB), "revision": 9}, "tags": []}
    async with editing(session, edit_members(answer)) as it:
        await it.pilot.press("ctrl+s")
        await until_shown(it.pilot, r"becomes web:1")
        await it.pilot.press("i")
        await it.type("why")
        await it.pilot.press("escape", "escape")
        await until_shown(it.pilot, r"› new")
        await it.pilot.press("ctrl+s")
        await until_shown(it.pilot, r"Note +why")  # it is not lost on the way


async def test_another_screen_is_opened_while_a_revision_is_registered(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stays where it is; below it the editor and its last look are left."""
    written, go_on = definitions.register_task_definition, threading.Event()

    def slowly(*args: Any, **named: Any) -> Any:
        go_on.wait(30)
        return written(*args, **named)

    monkeypatch.setattr(registering, "register_task_definition", slowly)
    async with editing(session, registered(session)) as it:
        await it.find("image")
        await it.pilot.press("enter")
        await it.type("5")
        await it.pilot.press("enter", "ctrl+s")
        await until_shown(it.pilot, r"becomes web:2")
        await it.pilot.press("ctrl+s")
        alerts = it.app.desk.doors.alerts()
        await it.app.push_screen(alerts)
        go_on.set()
        await until_shown(it.pilot, r"Registered web:2")
        assert it.app.screen is alerts
        await it.pilot.press("escape")
        await until(it.pilot, lambda: len(it.app.screen_stack) == 1, "the screen below the editor")


# --- findings ---


@pytest.mark.parametrize("size", SIZES, ids=["120x36", "80x24"])
async def test_every_finding_is_listed_and_gone_to(session: Session, size: tuple[int, int]) -> None:
    async with editing(session, registered(session), size) as it:
        await it.find("stopTimeout")
        await it.pilot.press("enter", "1", "enter")
        await until_shown(it.pilot, r"✗ 1 finding")
        await until_shown(it.pilot, r"✗ +Stop timeout +1 s")
        await it.pilot.press("g")
        await it.pilot.press("f6", "f6")
        await until_shown(it.pilot, r"^.✗  containerDefinitions\[0\]")
        await until_shown(it.pilot, r"greater than or equal to 2; write 2 or more")
        await it.pilot.press("enter")
        await until(it.pilot, lambda: it.editor._form.path == ("containerDefinitions", 0, "stopTimeout"), "the member")
        await it.pilot.press("u")
        await until_gone(it.pilot, r"✗ 1 finding")


async def test_what_was_lost_on_the_way_in_stays_to_be_read(session: Session) -> None:
    from app.model.errors import Finding

    losses = (Finding("services.web.networks", "has no place in a task definition", "leave it away", "warning"),)
    async with editing(session, edit_members(json.loads(WEB), losses)) as it:
        await until_shown(it.pilot, r"▲ .*services.web.networks")


async def test_what_plain_docker_cannot_honour_is_a_warning_and_no_hindrance(session: Session) -> None:
    document = {**json.loads(WEB), "taskRoleArn": "arn:aws:iam::1:role/x"}
    async with editing(session, registered(session, json.dumps(document).encode())) as it:
        await until_shown(it.pilot, r"▲ 2 warnings")
        await it.pilot.press("ctrl+s")
        await until_shown(it.pilot, r"› register")


# --- $EDITOR ---


@pytest.mark.parametrize(
    ("script", "said", "family"),
    [
        ("sed -i s/web/shop/", "", "shop"),
        ("false", "ended with exit code 1", "web"),
        ("no-such-program-anywhere", "cannot run", "web"),
        ('sh -c \'printf "\\377" > "$0"\'', "not UTF-8", "web"),
    ],
)
async def test_the_own_editor_is_used_and_whatever_it_does_no_text_is_lost(
    session: Session, monkeypatch: pytest.MonkeyPatch, script: str, said: str, family: str
) -> None:
    import contextlib

    monkeypatch.setenv("VISUAL", script)
    async with editing(session, registered(session)) as it:
        monkeypatch.setattr(it.app, "suspend", contextlib.nullcontext)
        await it.pilot.press("f4")
        if said:
            await until_shown(it.pilot, said)
        await until(it.pilot, lambda: it.document["family"] == family, family)


async def test_a_finding_that_is_shown_still_but_is_none_any_more_leads_nowhere(session: Session) -> None:
    async with editing(session, registered(session)) as it:
        assert len(it.editor._checked.findings) < 7
        before = it.app.focused
        it.editor.post_message(LiveTable.RowActivated("at:7", it.editor.query_one("#findings", LiveTable)))
        await it.pilot.pause()
        assert it.app.focused is before
