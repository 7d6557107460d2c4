"""Flags made from the request models."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli.arguments import build_parser, flags_of, parse, read_request, shorthand
from app.model.errors import UsageError
from app.model.requests import DescribeTasksRequest, PutAttributesRequest, RunTaskRequest


def test_a_flag_for_each_member() -> None:
    flags = {flag.flag: flag for flag in flags_of(RunTaskRequest)}
    assert {"--cluster", "--task-definition", "--count", "--group", "--started-by", "--overrides"} <= set(flags)
    assert flags["--count"].kind == "number"
    assert flags["--overrides"].kind == "object"
    assert flags["--task-definition"].required
    assert all(flag.help for flag in flags.values())


def test_lists_take_several_values_and_json() -> None:
    parser = build_parser("describe-tasks", "", DescribeTasksRequest, "tasks")
    for argv in (
        ["a", "--cluster", "c", "b"],
        ["--cluster", "c", "a", "b"],
        ["--tasks", "a", "b", "--cluster", "c"],
        ["--tasks", "a", "--cluster", "c", "--tasks", "b"],
        ["--cluster", "c", "--tasks", '["a", "b"]'],
    ):
        request = read_request(DescribeTasksRequest, parse(parser, argv), "tasks")
        assert (request.cluster, request.tasks) == ("c", ["a", "b"])


def test_objects_are_json_or_shorthand() -> None:
    parser = build_parser("put-attributes", "", PutAttributesRequest, "")
    argv = ["--attributes", "name=a,value=b,targetId=i", '{"name": "c", "targetId": "i"}']
    request = read_request(PutAttributesRequest, parse(parser, argv), "")
    assert [(attribute.name, attribute.value) for attribute in request.attributes] == [("a", "b"), ("c", "")]


def test_placement_is_given_in_shorthand_as_to_aws() -> None:
    parser = build_parser("run-task", "", RunTaskRequest, "taskDefinition")
    listed = "type=memberOf,expression=\"attribute:stack in [dev, 'prod']\""
    argv = ["web", "--placement-constraints", "type=distinctInstance", listed]
    argv += ["--placement-strategy", "type=spread,field=attribute:zone", "type=binpack,field=memory"]
    request = read_request(RunTaskRequest, parse(parser, argv), "taskDefinition")
    assert [(one.type, one.expression) for one in request.placement_constraints] == [
        ("distinctInstance", ""),
        ("memberOf", "attribute:stack in [dev, 'prod']"),
    ]
    assert [(one.type, one.field) for one in request.placement_strategy] == [
        ("spread", "attribute:zone"),
        ("binpack", "memory"),
    ]


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ("name=a,value=b", {"name": "a", "value": "b"}),
        ("name=a,value=", {"name": "a", "value": ""}),
        ("name=a,value=x=y", {"name": "a", "value": "x=y"}),
        ('name=a,value="b,c"', {"name": "a", "value": "b,c"}),
        ("name=a,value='b,c'", {"name": "a", "value": "b,c"}),
        ("name=a,value=b\\,c", {"name": "a", "value": "b,c"}),
        (r"name=a,value=t\d\.x", {"name": "a", "value": r"t\d\.x"}),
        (r'name=a,value="t\d \"x\", \\"', {"name": "a", "value": '"'.join([r"t\d ", "x", ", \\"])}),
        ("name=a,value=attribute:s =~ (t2|g2).*", {"name": "a", "value": "attribute:s =~ (t2|g2).*"}),
        ("name=a,value=attribute:s == 'x y'", {"name": "a", "value": "attribute:s == 'x y'"}),
    ],
)
def test_shorthand(text: str, members: dict[str, str]) -> None:
    assert shorthand(text, "--x") == members


@pytest.mark.parametrize("text", ["", "a", "=b", "name=a,,value=b", "name=a,name=b", "name=a,b"])
def test_wrong_shorthand_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError):
        shorthand(text, "--x")


@given(st.text(alphabet="ab=,\\\"' ", max_size=30))
def test_shorthand_always_answers(text: str) -> None:
    try:
        assert shorthand(text, "--x")
    except UsageError as error:
        assert error.message.startswith("--x: ")
