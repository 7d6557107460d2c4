"""What is typed in the editor is kept: drafts, and registering them, whoever was quicker."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.operations.definitions import register_task_definition
from app.operations.editing import edit_blank, edit_members
from app.operations.session import Session
from app.store.drafts import DraftStore
from tests.tui.screens.driving import session_with, until, until_gone, until_shown
from tests.tui.screens.editing import WEB, editing, registered


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return session_with(tmp_path)


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
