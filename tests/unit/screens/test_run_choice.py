"""What is typed into the Run form → a request, or what is wrong at which line; and the command that asks the same."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli.arguments import build_parser, parse, read_request
from app.cli.tasks import COMMANDS
from app.model.definition_document import DefinitionDocument, definition_from
from app.model.instance import InstanceKey
from app.model.manifest import write_manifest
from app.model.requests import R, RunTaskRequest, StartTaskRequest
from app.model.resources import Resources
from app.model.task import Task
from app.screens.run.choice import RunChoice, choice_of, read_choice
from app.screens.run.command import command_of, has_secrets
from app.screens.run.overrides import OverrideError, override_lines, overrides_of
from tests.unit.builders import NOW

WEB: dict[str, Any] = {
    "family": "web",
    "containerDefinitions": [
        {
            "name": "web",
            "image": "nginx",
            "cpu": 256,
            "memory": 512,
            "portMappings": [{"containerPort": 80, "hostPort": 8080}],
            "environment": [{"name": "LOG_LEVEL", "value": "info"}],
        },
        {"name": "db", "image": "postgres", "memory": 128, "essential": False},
    ],
}
NAMES = ["web", "db"]


def document(**changes: Any) -> DefinitionDocument:
    return definition_from({**WEB, **changes}, "test")


def choice(**changes: Any) -> RunChoice:
    values: dict[str, Any] = {"definition": "web:8", "cluster": "prod", **changes}
    return RunChoice(**values)


def task(**changes: Any) -> Task:
    values: dict[str, Any] = {"group": "family:web", **changes}
    return Task(
        id="a" * 32,
        cluster="prod",
        instance=InstanceKey("prod", "edge-1"),
        family="web",
        revision=8,
        started_by="me",
        created_at=NOW,
        reservation=Resources(),
        containers=(),
        last_status="RUNNING",
        desired_status="RUNNING",
        health="UNKNOWN",
        **values,
    )


FULL = choice(
    count="4",
    strategies=("spread attribute:ecs.availability-zone", "binpack memory"),
    constraints=("distinctInstance", "memberOf attribute:stack in [prod, 'a b'] and not (attribute:gpu exists)"),
    overrides=(
        "web environment LOG_LEVEL=debug, with = and 'quotes'",
        "web environment DB_PASSWORD=hunter2 ",
        "web command sh -c 'echo \"$HOME\"; exit 1'",
        "web memory 1024",
        "db cpu 64",
        "task memory 2048",
    ),
    scheduler="built-in",
    group="-odd group",
    started_by="ci/7",
)


def of_command(kind: type[R], command: str) -> R:
    """The request that the command line makes of a command."""
    _, verb, *arguments = shlex.split(command)
    made = COMMANDS[verb]
    assert made.request is kind
    parser = build_parser(verb, "", kind, made.positional)
    if made.add_flags is not None:
        made.add_flags(parser)
    return read_request(kind, parse(parser, arguments), made.positional)


# --- request ----------------------------------------------------------------------------------------------------------


def test_the_whole_form_makes_a_request() -> None:
    reading = read_choice(FULL, document())
    assert reading.wrong == {}
    request = reading.request
    assert isinstance(request, RunTaskRequest)
    assert (request.cluster, request.task_definition, request.count) == ("prod", "web:8", 4)
    assert [(one.type, one.field) for one in request.placement_strategy] == [
        ("spread", "attribute:ecs.availability-zone"),
        ("binpack", "memory"),
    ]
    assert [one.type for one in request.placement_constraints] == ["distinctInstance", "memberOf"]
    web, db = request.overrides.container_overrides
    assert web.command == ["sh", "-c", 'echo "$HOME"; exit 1']
    assert {pair.name: pair.value for pair in web.environment} == {
        "LOG_LEVEL": "debug, with = and 'quotes'",
        "DB_PASSWORD": "hunter2 ",
    }
    assert (web.memory, db.cpu, request.overrides.memory) == (1024, 64, "2048")
    assert reading.demand is not None
    assert reading.demand.resources.memory == 2048
    assert reading.demand.group == "-odd group"


def test_marked_instances_make_it_start_task_and_leave_out_what_that_does_not_take() -> None:
    request = read_choice(
        choice(count="x", strategies=("nonsense",), instances=("edge-1", "edge-2")), document()
    ).request
    assert isinstance(request, StartTaskRequest)
    assert request.container_instances == ["edge-1", "edge-2"]


def test_lines_that_are_empty_yet_count_for_nothing() -> None:
    reading = read_choice(choice(strategies=("",), constraints=(" ",), overrides=("",)), document())
    assert reading.wrong == {}
    assert isinstance(reading.request, RunTaskRequest)
    assert not reading.request.placement_strategy


@pytest.mark.parametrize(
    ("changes", "key", "words"),
    [
        ({"count": "11"}, "count", "less than or equal to 10"),
        ({"count": ""}, "count", "must be a whole number"),
        ({"count": "many"}, "count", "must be a whole number"),
        ({"strategies": ("spread zone",)}, "strategy:0", "write instanceId, host or attribute:NAME"),
        ({"strategies": ("random", "pack")}, "strategy:1", "'random', 'spread' or 'binpack'"),
        ({"constraints": ("memberOf attribute:a ==",)}, "constraint:0", "expected a value"),
        ({"started_by": "a b"}, "started_by", "pattern"),
        ({"group": "g" * 256}, "group", "255"),
        ({"overrides": ("app memory 1",)}, "override:0", "'app' is no container of the definition; write web, db"),
        ({"overrides": ("web memory 512", "web image x")}, "override:1", "'image' is nothing to override"),
        ({"overrides": ("web memory",)}, "override:0", "the value is missing"),
        ({"overrides": ("web memory lots",)}, "override:0", "must be a whole number"),
        ({"overrides": ("web environment A",)}, "override:0", "NAME=value"),
        ({"overrides": ("web command 'x",)}, "override:0", "quot"),
        ({"overrides": ("web memory 1", "web memory 2")}, "override:1", "set twice"),
        ({"strategies": ("random",) * 6}, "strategy:5", "at most 5"),
        ({"constraints": ("distinctInstance",) * 11}, "constraint:10", "at most 10"),
        ({"definition": ""}, "definition", "none yet"),
        ({"cluster": ""}, "cluster", "make one first"),
    ],
)
def test_what_is_wrong_is_told_at_its_line(changes: dict[str, Any], key: str, words: str) -> None:
    made = choice(**changes)
    reading = read_choice(made, document() if made.definition else "none yet")
    assert words in reading.wrong[key].text
    assert "\n" not in reading.wrong[key].text
    assert reading.request is None
    assert reading.problem


def test_an_override_that_breaks_a_rule_of_the_definition_is_told_at_the_overrides() -> None:
    reading = read_choice(choice(overrides=("web memory 2",)), document())
    assert list(reading.wrong) == ["override:0"]


@pytest.mark.parametrize(
    ("text", "at"),
    [("memberOf  attribute:a == b and", 30), ("attribute:a = b", 12), ("memberOf ", 8)],
)
def test_the_mark_is_below_the_character_of_the_line(text: str, at: int) -> None:
    assert read_choice(choice(constraints=(text,)), document()).wrong["constraint:0"].at == at


def test_too_many_constraints_with_those_of_the_definition() -> None:
    own = document(placementConstraints=[{"type": "memberOf", "expression": "attribute:a exists"}])
    reading = read_choice(choice(constraints=("distinctInstance",) * 10), own)
    assert "11 placement constraints with those of the definition" in reading.wrong["constraint:9"].text


# --- command ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "made", [FULL, choice(), choice(instances=("edge-1", "edge-2"), overrides=('db command ["a\\nb"]',))]
)
def test_the_command_asks_for_the_same(made: RunChoice) -> None:
    request = read_choice(made, document()).request
    assert request is not None
    assert of_command(type(request), command_of(request)) == request


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20), max_size=3),
    st.dictionaries(st.from_regex(r"\A[A-Z_]{1,8}\Z"), st.text(st.characters(exclude_categories=["Cs"])), max_size=3),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30).map(str.strip),
)
def test_whatever_is_in_it(words: list[str], variables: dict[str, str], group: str) -> None:
    lines = [f"web environment {name}={value}" for name, value in variables.items()]
    if words and words[0]:
        lines.append(f"web command {json.dumps(words)}")
    reading = read_choice(choice(overrides=tuple(line.replace("\n", " ") for line in lines), group=group), document())
    request = reading.request
    assert request is not None
    assert of_command(RunTaskRequest, command_of(request)) == request


def test_the_command_as_it_is_shown_has_no_secret() -> None:
    request = read_choice(FULL, document()).request
    assert request is not None
    assert "hunter2" in command_of(request)
    assert "hunter2" not in command_of(request, masked=True)
    assert "debug" in command_of(request, masked=True)
    assert has_secrets(request)
    plain = read_choice(choice(), document()).request
    assert plain is not None
    assert not has_secrets(plain)


# --- overrides as lines -----------------------------------------------------------------------------------------------


def test_overrides_become_lines_and_these_the_same_overrides() -> None:
    overrides = {
        "containerOverrides": [
            {
                "name": "web",
                "command": ["sh", "-c", "a b"],
                "environment": [{"name": "A", "value": " x=y "}],
                "cpu": "1",
                "resourceRequirements": [{"type": "GPU", "value": "1"}],
            },
        ],
        "memory": "512",
        "taskRoleArn": "arn:x",
    }
    lines = override_lines(overrides)
    assert lines[0] == "web command sh -c 'a b'"
    assert overrides_of(lines, NAMES) == overrides


def test_a_container_that_is_called_task_is_meant_by_that_word() -> None:
    found = overrides_of(["task cpu 1"], ["task"])
    assert found == {"containerOverrides": [{"name": "task", "cpu": "1"}]}


@given(st.lists(st.text(max_size=40), max_size=4))
def test_garbage_is_one_clear_line(lines: list[str]) -> None:
    try:
        overrides_of(lines, NAMES)
    except OverrideError as error:
        assert 0 <= error.index < len(lines)
        assert error.message


def test_run_again_has_the_overrides_and_the_group_of_the_task() -> None:
    overrides = {"containerOverrides": [{"name": "web", "environment": [{"name": "A", "value": "b"}]}]}
    ran = task(group="mine", manifest=write_manifest(WEB, overrides))
    again = choice_of(ran)
    assert again.overrides == ("web environment A=b",)
    assert again.group == "mine"
    assert (again.definition, again.cluster) == (ran.definition, ran.cluster)
    assert choice_of(task(manifest="{not json", group="family:web")).group == ""
    odd = write_manifest(WEB, {"containerOverrides": [{"environment": 7}]})
    assert choice_of(task(manifest=odd)).overrides == ()
    absent = {"containerOverrides": [{"name": "web", "command": None, "cpu": 7}]}
    assert choice_of(task(manifest=write_manifest(WEB, absent))).overrides == ("web cpu 7",)
