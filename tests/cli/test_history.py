"""What the command line says of a task whose containers are gone."""

from __future__ import annotations

import json

import pytest

from app.model.safe_text import SafeText
from app.store.history import HistoryStore
from app.store.home import resolve_home
from tests.cli.calling import Cli
from tests.unit.store.past_tasks import TASK_ID, past_container, past_task


@pytest.fixture
def remembering(cli: Cli) -> Cli:
    """A cluster without instances, and the memory of one task of it."""
    cli("create-cluster")
    one, two = past_container("one"), past_container("two", last_lines=(SafeText("first"), SafeText("second")))
    HistoryStore(resolve_home(str(cli.home), {})).remember(past_task(containers=(one, two)))
    return cli


def test_logs_prints_what_is_left_and_says_on_stderr_that_it_is_all(remembering: Cli) -> None:
    ran = remembering("logs", TASK_ID[:8])

    assert ran.out == "one | so it ends\ntwo | first\ntwo | second\n"
    assert ran.err == (
        f"moorage: note: task {TASK_ID[:8]} is known from the history only: no instance has it any more; "
        "the last 20 lines of each container are all that is left\n"
    )
    assert remembering("logs", TASK_ID, "--container", "two", "--tail", "1").out == "second\n"


def test_describe_and_list_know_it_in_every_format(remembering: Cli) -> None:
    assert remembering.describe(TASK_ID)["stoppedReason"] == "Essential container in task exited"
    assert TASK_ID in json.dumps(remembering("list-tasks", "--desired-status", "STOPPED").json)
    assert remembering("list-tasks").json == {"taskArns": []}
    table = remembering("describe-tasks", "--tasks", TASK_ID, "--output", "table").out
    assert "exit 1, exit 1, Essential container in task exited" in table


def test_waiting_for_a_task_that_stopped_long_ago_ends_at_once(remembering: Cli) -> None:
    remembering("wait", "tasks-stopped", "--tasks", TASK_ID)
    assert "is STOPPED: Essential" in remembering("wait", "tasks-running", "--tasks", TASK_ID, code=255).err


def test_a_spoilt_history_is_told_beside_the_answer(remembering: Cli) -> None:
    (remembering.home / "state" / "history.sqlite3").write_text("no database")

    (failure,) = remembering("describe-tasks", "--tasks", TASK_ID).json["failures"]

    assert failure["reason"] == "MISSING"
    assert "was moved to history.sqlite3.broken-1" in failure["detail"]
    assert "not found" in remembering("logs", TASK_ID, code=1).err
