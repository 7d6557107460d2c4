"""Variables in Compose files, and the files that they come from."""

from __future__ import annotations

import pytest

from app.interop.compose.env_file import BadFile, raw_variables, read_variables
from app.interop.compose.variables import MAX_NESTING, BadVariable, TooMuch, Variables
from tests.unit.interop.composing import members, read, refusal

KNOWN = {"A": "a", "EMPTY": "", "Q": '"]\n- x: $A'}


def expand(text: str, unset: list[str] | None = None) -> str:
    missing: list[str] = []
    result = Variables(KNOWN).expand(text, missing.append)
    assert missing == (unset or [])
    return result


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$A", "a"),
        ("x${A}y$A.$$A", "xaya.$A"),
        ("${A:-d}${EMPTY:-d}${EMPTY-d}${B:-d}${B-d}", "addd"),
        ("${A:+r}|${EMPTY:+r}|${EMPTY+r}|${B:+r}|${B+r}", "r||r||"),
        ("${A:?err}${EMPTY?err}", "a"),
        ("${B:-${C:-${A}}}", "a"),
        ("${B:-$$}", "$"),
        ('${B:-{"x":{}}}', '{"x":{}}'),
        ("${B:-a b:c-d?e+f}", "a b:c-d?e+f"),
        ("${A:-${B:?needed}}", "a"),
        ("{}}{ $$$$", "{}}{ $$"),
        ("$Q", KNOWN["Q"]),
    ],
)
def test_texts_are_expanded_as_compose_does(text: str, expected: str) -> None:
    assert expand(text) == expected


def test_an_unset_variable_is_empty_and_told_unless_it_is_not_needed() -> None:
    assert expand("[$B][${C}][${A:-$D}][${E:+$F}]", ["B", "C"]) == "[][][a][]"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("$1", "a $ is followed by no name of a variable"),
        ("100$", "a $ is followed by no name of a variable"),
        ("${}", "a $ is followed by no name of a variable"),
        ("${A", "a ${ has no }"),
        ("${A:-b", "a ${ has no }"),
        ("${A!b}", "a ${…} is none that Compose knows"),
        ("${A:b}", "a ${…} is none that Compose knows"),
        ("${B:?tell them}", "the variable B has to be set: tell them"),
        ("${EMPTY:?}", "the variable EMPTY has to be set"),
        ("${B:-" * (MAX_NESTING + 1), f"variables are nested deeper than {MAX_NESTING} levels"),
    ],
)
def test_what_cannot_be_expanded_is_told(text: str, problem: str) -> None:
    with pytest.raises(BadVariable) as caught:
        expand(text)
    assert caught.value.problem == problem
    assert caught.value.remedy


def test_the_budget_is_one_for_all_texts() -> None:
    variables = Variables({"A": "x" * 600}, budget=1000)
    assert len(variables.expand("$A", print)) == 600
    with pytest.raises(TooMuch):
        variables.with_known({"B": "y" * 600}).expand("$B", print)


ENV = r"""
# a comment
PLAIN=a b   # not this
export EXPORTED = x#y
EMPTY=
SINGLE='$A \n "q"' # gone
DOUBLE="$A\tb \"q\" \$A
second"
COLON: c
NESTED=${PLAIN}-${A}
A=own
AFTER=$A
HERE
NOWHERE
"""


def test_an_env_file_is_read_as_compose_does() -> None:
    missing: list[str] = []
    found = read_variables(ENV, Variables({"A": "a", "HERE": "h"}), missing.append)
    assert found == {
        "PLAIN": "a b",
        "EXPORTED": "x#y",
        "EMPTY": "",
        "SINGLE": '$A \\n "q"',
        "DOUBLE": 'a\tb "q" $A\nsecond',
        "COLON": "c",
        "NESTED": "a b-a",
        "A": "own",
        "AFTER": "a",
        "HERE": "h",
    }
    assert missing == []


def test_windows_line_ends_are_no_part_of_a_value() -> None:
    assert read_variables("A=1\r\n\r\nB='2'\r\nC\r\n", Variables({}), print) == {"A": "1", "B": "2"}


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("A=1\nB='2\n", 2, "a quote is not closed"),
        ("A=1\n=2", 2, "is no NAME=VALUE"),
        ("A B=1", 1, "is no NAME=VALUE"),
        ('A="1" 2', 1, "text follows the quote that closes"),
        ("A=1\n\n\nB=$1", 4, "a $ is followed by no name of a variable"),
    ],
)
def test_a_broken_env_file_is_told_with_its_line(text: str, line: int, problem: str) -> None:
    with pytest.raises(BadFile) as caught:
        read_variables(text, Variables({}), print)
    assert (caught.value.line, caught.value.problem) == (line, problem)


def test_the_raw_format_keeps_all_as_it_is() -> None:
    assert raw_variables("# c\nA='1' # x\n  B=$A\nC\n=d\n") == {"A": "'1' # x", "B": "$A"}


WEB = "services:\n  web:\n    image: x:${TAG}\n    mem_limit: 8m\n"


def test_the_process_wins_over_the_env_file_and_both_over_defaults() -> None:
    def image(**environment: str) -> str:
        got = read(WEB, {".env": "TAG=env"} if environment.pop("file", "") else {}, environment)
        return str(got.definitions[0].members["containerDefinitions"][0]["image"])

    assert image(file="1") == "x:env"
    assert image(file="1", TAG="process") == "x:process"
    assert image() == "x:"


def test_no_variable_makes_structure_and_each_takes_the_type_that_its_place_wants() -> None:
    text = WEB + (
        "    ports: ['${PORT}:80']\n    privileged: $YES\n    cpu_shares: ${SHARES}\n    user: '$EVIL'\n"
        "    environment: {A: $EVIL}\n    healthcheck: {test: x, retries: $RETRIES, interval: $EVERY}\n"
    )
    env = "TAG=1\nPORT=8080\nYES=true\nSHARES=12\nRETRIES=2\nEVERY=10s\nEVIL='x: [1]\n- &a {b: c}'\n"
    (container,) = members(text, {".env": env})["containerDefinitions"]
    assert container["portMappings"] == [{"containerPort": 80, "hostPort": 8080}]
    assert container["privileged"] is True
    assert container["cpu"] == 12
    assert container["user"] == "x: [1]\n- &a {b: c}"
    assert container["environment"] == [{"name": "A", "value": "x: [1]\n- &a {b: c}"}]
    assert (container["healthCheck"]["retries"], container["healthCheck"]["interval"]) == (2, 10)


def test_bad_variables_are_told_with_their_places_all_at_once() -> None:
    text = WEB.replace("${TAG}", "${TAG") + "    user: $1\n"
    assert refusal(text, {".env": "A='"}) == [
        "line 3, column 5, services.web.image: a ${ has no }; close it, or write $$ for a plain $",
        "line 5, column 5, services.web.user: a $ is followed by no name of a variable; write $$ for a plain $",
        ".env: line 1: a quote is not closed; close it",
    ]


def test_an_unset_variable_is_told_once() -> None:
    got = read(WEB + "    user: a${TAG}\n", environment={})
    assert [str(finding) for finding in got.losses] == [
        "services.web.image: the variable TAG is not set; it is empty: set it, or write it into .env"
    ]


def test_env_files_go_below_environment_and_the_last_wins() -> None:
    text = WEB + "    env_file: [one.env, ./sub/two.env, {path: no.env, required: false}, {path: raw, format: raw}]\n"
    text += "    environment: [C=own]\n"
    files = {"one.env": "A=1\nB=$HOST\n", "sub/two.env": "A='2'\nC=3\n", "raw": "D='4'\n", ".env": "TAG=1"}
    got = read(text, files)
    (container,) = got.definitions[0].members["containerDefinitions"]
    assert {pair["name"]: pair["value"] for pair in container["environment"]} == {
        "A": "2",
        "B": "from the host",
        "C": "own",
        "D": "'4'",
    }
    assert [finding.path for finding in got.losses] == ["services.web.env_file", "services.web.env_file[2]"]


def test_label_files() -> None:
    text = WEB + "    label_file: l\n    labels: {b: own}\n"
    (container,) = members(text, {"l": "a=1\nb=2\n", ".env": "TAG=1"})["containerDefinitions"]
    assert container["dockerLabels"] == {"a": "1", "b": "own"}


@pytest.mark.parametrize("path", ["/etc/passwd", "../x.env", "a/../../x.env", ".", "sub/../.."])
def test_an_env_file_outside_the_folder_is_refused(path: str) -> None:
    (line,) = refusal(WEB + f"    env_file: {path}\n", {".env": "TAG=1"})
    assert "is outside the folder of the Compose file" in line


def test_an_env_file_that_is_not_there_is_told_by_its_name() -> None:
    (line,) = refusal(WEB + "    env_file: x.env\n", {".env": "TAG=1"})
    assert line.endswith("services.web.env_file[0]: x.env: no such file; put it there, or write required: false")
