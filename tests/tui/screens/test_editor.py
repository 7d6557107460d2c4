"""The editor of task definitions by keys: two views of one document, findings, drafts, registering."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from app.operations.definitions import register_task_definition
from app.operations.editing import EditStart, edit_blank, edit_members, edit_revision
from app.operations.session import Session
from app.screens.dashboard import Dashboard
from app.screens.editor import EditorScreen
from app.store.drafts import DraftStore
from tests.tui.screens.driving import screen_text, session_with, until, until_gone, until_shown

SIZES = [(120, 36), (80, 24)]
WEB = b"""{
    "family": "web",   "x-kept": {"a": 1.50},
    "containerDefinitions": [
        { "name": "web", "image": "nginx:1", "memory": 64, "environment": [
            { "name": "DB_PASSWORD", "value": "hunter2" } ] }
    ]
}
"""


class Editing:
    def __init__(self, app: Dashboard, pilot: Pilot[Any], editor: EditorScreen) -> None:
        self.app, self.pilot, self.editor = app, pilot, editor

    @property
    def text(self) -> str:
        return self.editor._text

    @property
    def document(self) -> Any:
        return json.loads(self.text)

    async def find(self, name: str) -> None:
        """/ NAME enter: the cursor is on the member of that name."""
        await self.pilot.press("slash", *name, "enter")
        await until(self.pilot, lambda: not self.editor.filter_text, "the search closed")
        await until(self.pilot, lambda: self.editor._form.path[-1:] == (name,), f"the cursor on {name}")

    async def type(self, text: str) -> None:
        names = {" ": "space", "_": "underscore", ".": "full_stop", "-": "minus", '"': "quotation_mark", ":": "colon"}
        await self.pilot.press(*(names.get(character, character) for character in text))


@asynccontextmanager
async def editing(
    session: Session, start: EditStart, size: tuple[int, int] = SIZES[0], **options: Any
) -> AsyncIterator[Editing]:
    app = Dashboard(session)
    async with app.run_test(size=size, notifications=True, **options) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        editor = app.desk.doors.editor(start)
        assert isinstance(editor, EditorScreen)
        await app.push_screen(editor)
        await until_shown(pilot, r"moorage › definitions")
        yield Editing(app, pilot, editor)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return session_with(tmp_path)


def registered(session: Session, document: bytes = WEB) -> EditStart:
    stored = register_task_definition(session, document, "web.json").stored
    return edit_revision(stored)


# --- one document, two views ---


async def test_what_is_typed_in_the_form_shows_in_the_json_and_leaves_the_rest_of_it_alone(session: Session) -> None:
    async with editing(session, registered(session)) as it:
        await it.find("image")
        await it.pilot.press("enter")
        await it.type("5")
        assert it.text == WEB.decode().replace("nginx:1", "nginx:15")
        assert '"nginx:15"' in screen_text(it.app)
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


# --- drafts ---


async def test_leaving_keeps_the_draft_and_opening_again_offers_it(session: Session) -> None:
    start = registered(session)
    async with editing(session, start) as it:
        await it.find("family")
        await it.pilot.press("enter")
        await it.type("2")
        await it.pilot.press("enter", "escape")
        await until_gone(it.pilot, r"moorage › definitions")
        (draft,) = DraftStore(session.home).waiting()
        assert json.loads(draft.text)["family"] == "web2"
        assert (draft.base, draft.seen) == (("web", 1), 1)
        await it.app.push_screen(it.app.desk.doors.editor(start))
        await until_shown(it.pilot, r"web2, from web:1")
        await it.pilot.press("enter")
        await until_shown(it.pilot, r"Family +web2")
        assert DraftStore(session.home).waiting() == []  # it is held by whoever edits it


async def test_what_was_all_taken_back_leaves_no_draft(session: Session) -> None:
    async with editing(session, registered(session)) as it:
        await it.find("family")
        await it.pilot.press("enter")
        await it.type("x")
        await until_shown(it.pilot, r"draft saved")
        await it.pilot.press("enter", "u", "escape")
        await until_gone(it.pilot, r"moorage › definitions")
    assert list((session.home.state / "drafts").iterdir()) == []


async def test_a_draft_is_saved_half_a_second_after_the_last_key(session: Session) -> None:
    async with editing(session, registered(session)) as it:
        await it.find("family")
        await it.pilot.press("enter")
        await it.type("x")
        await until_shown(it.pilot, r"draft saved")
        (path,) = (session.home.state / "drafts").glob("*.json")
        assert json.loads(json.loads(path.read_bytes())["text"])["family"] == "webx"
        assert path.stat().st_mode & 0o777 == 0o600


async def test_a_text_that_is_no_json_is_a_draft_as_it_is(session: Session) -> None:
    async with editing(session, registered(session)) as it:
        await it.pilot.press("f6")
        it.editor._json.move_cursor((0, 1))
        await it.type("oops")
        await until_shown(it.pilot, r"draft saved")
    (draft,) = DraftStore(session.home).waiting()
    assert draft.text == "{oops" + WEB.decode()[1:]


async def test_a_draft_that_cannot_be_saved_says_why_and_typing_goes_on(session: Session) -> None:
    session.home.state.mkdir(parents=True, exist_ok=True)
    (session.home.state / "drafts").write_text("in the way")
    async with editing(session, registered(session)) as it:
        await it.find("family")
        await it.pilot.press("enter")
        await it.type("x")
        await until_shown(it.pilot, r"draft not saved")
        assert it.document["family"] == "webx"


async def test_registering_ends_the_draft(session: Session) -> None:
    async with editing(session, registered(session)) as it:
        await it.find("stopTimeout")
        await it.pilot.press("enter", *"64", "enter", "ctrl+s")
        await until_shown(it.pilot, r"becomes web:2")
        await it.pilot.press("i")
        await it.type("more room")
        await it.pilot.press("enter")
        await until_shown(it.pilot, r"Registered web:2")
        stored = session.definitions.read("web", 2)
        assert stored.note == "more room"
        assert json.loads(stored.document)["x-kept"] == {"a": 1.5}
        await until(it.pilot, lambda: not list((session.home.state / "drafts").glob("*.json")), "no draft")


# --- registering ---


async def test_somebody_who_registered_in_between_is_told_and_both_are_shown(session: Session) -> None:
    async with editing(session, registered(session)) as it:
        await it.find("stopTimeout")
        await it.pilot.press("enter", *"64", "enter")
        register_task_definition(session, WEB.replace(b"nginx:1", b"nginx:theirs"), "web.json")
        await it.pilot.press("ctrl+s")
        await until_shown(it.pilot, r"web:2 was registered by .* after this draft was begun")
        await until_shown(it.pilot, r"-.*nginx:theirs")
        await it.pilot.press("tab")
        await until_shown(it.pilot, r"\+.*nginx:theirs")
        await it.pilot.press("tab")
        await until_shown(it.pilot, r'\+ +"stopTimeout": 64')
        await it.pilot.press("ctrl+s")
        await until_shown(it.pilot, r"Registered web:3")


async def test_somebody_who_registers_while_the_changes_are_read_wins(session: Session) -> None:
    async with editing(session, registered(session)) as it:
        await it.find("stopTimeout")
        await it.pilot.press("enter", *"64", "enter", "ctrl+s")
        await until_shown(it.pilot, r"becomes web:2")
        register_task_definition(session, WEB.replace(b"nginx:1", b"nginx:theirs"), "web.json")
        await it.pilot.press("ctrl+s")
        await until_shown(it.pilot, r"web:2 was registered by")
        assert session.definitions.revisions("web") == [1, 2]
        await until_shown(it.pilot, r"becomes web:3")


async def test_a_new_family_that_is_there_already_is_compared_with_it(session: Session) -> None:
    registered(session)
    async with editing(session, edit_members({**json.loads(WEB), "cpu": "256"})) as it:
        await it.pilot.press("ctrl+s")
        await until_shown(it.pilot, r"Changes from web:1, which is there already")
        await it.pilot.press("escape")
        await until_shown(it.pilot, r"› new")


async def test_changes_are_only_looked_at_with_the_key_for_that(session: Session) -> None:
    async with editing(session, registered(session)) as it:
        await it.find("stopTimeout")
        await it.pilot.press("enter", *"64", "enter", "ctrl+d")
        await until_shown(it.pilot, r'\+ +"stopTimeout": 64')
        await it.pilot.press("ctrl+s")
        await it.pilot.pause()
        assert session.definitions.revisions("web") == [1]
        await it.pilot.press("escape")
        await until_shown(it.pilot, r"1 → draft")


async def test_what_cannot_be_registered_leads_to_its_findings(session: Session) -> None:
    async with editing(session, edit_blank()) as it:
        await it.pilot.press("ctrl+s")
        await until_shown(it.pilot, r"Not yet: 2 findings")
        await until_shown(it.pilot, r"containerDefinitions .*Container list cannot be empty")


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
