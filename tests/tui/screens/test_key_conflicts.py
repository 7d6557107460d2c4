"""No screen has one key for two things, unless they are never possible at once; a person's keys are checked."""

from __future__ import annotations

import pytest
from textual.binding import Binding

from app.screens.actions import ACTIONS, TABLE_ACTIONS, checked_keys
from app.screens.jumps import JUMP_ACTIONS
from docs.make_keys import SCREENS
from widgets.live_table import LiveTable

APART = {
    frozenset({"stop", "deregister"}),  # a task, an instance
    frozenset({"stop", "remove_image"}),
    frozenset({"deregister", "remove_image"}),
    frozenset({"leave_form", "next_pane"}),  # in the form, outside of it
}
"""Pairs that are meant for what is at the cursor, which is one or the other."""
NEW = (*TABLE_ACTIONS, *JUMP_ACTIONS, "alerts", "ack", "ack.all", "command", "mouse", "images", "works")


@pytest.mark.parametrize("title", SCREENS)
def test_no_screen_has_one_key_for_two_things(title: str) -> None:
    owners: dict[str, str] = {}
    for binding in SCREENS[title].BINDINGS:
        assert isinstance(binding, Binding)
        for key in binding.key.split(","):
            other = owners.setdefault(key, binding.action)
            assert other == binding.action or frozenset({other, binding.action}) in APART, f"{key}: {other}"


def test_no_key_of_a_screen_with_a_table_is_the_tables_own() -> None:
    own = {key for binding in LiveTable.BINDINGS if isinstance(binding, Binding) for key in binding.key.split(",")}
    for id_ in NEW:
        assert not own & set(ACTIONS[id_].keys.split(",")), id_


@pytest.mark.parametrize("id_", NEW)
def test_each_of_them_can_have_another_key_and_none_that_is_taken(id_: str) -> None:
    assert checked_keys({id_: "ctrl+b"}) == ({id_: "ctrl+b"}, [])
    good, findings = checked_keys({id_: "r"})
    assert good == {}
    assert "'r' is the key of" in str(findings[0])


def test_the_keys_of_tables_and_two_of_ones_own_are_told_too() -> None:
    good, findings = checked_keys({"stop": "j"})
    assert (good, len(findings)) == ({}, 1)
    assert "'j' is the key of 'table down' already" in str(findings[0])
    good, findings = checked_keys({"sort": "Q", "columns": "Q"})
    assert good == {"sort": "Q"}
    assert "'Q' is the key of 'sort' already" in str(findings[0])
    assert checked_keys({"table.down": "n", "new.cluster": "N"})[1] == []


def test_keys_of_dialogs_have_names_too() -> None:
    for id_ in ("sort.by", "sort.show", "command.complete", "describe.close"):
        assert checked_keys({id_: "f9"})[1] == [], id_
