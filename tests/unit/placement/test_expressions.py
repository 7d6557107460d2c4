"""The cluster query language: what is read, what is refused and how, and what it selects."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.placement.evaluation import InstanceFacts, evaluate
from app.placement.expressions import (
    DEEPEST_EXPRESSION,
    LONGEST_EXPRESSION,
    AllOf,
    AnyOf,
    Comparison,
    ExpressionError,
    Not,
    parse,
)

A, B, C = (Comparison("attribute", name, "exists") for name in "abc")
FACTS = InstanceFacts(
    name="edge-1",
    engine_version="28.5.2-ce",
    registered_at=datetime(2018, 6, 18, 22, 28, 28, tzinfo=UTC),
    running_tasks=3,
    groups=frozenset({"family:web", "service:db"}),
    attributes={"stack": "prod", "ecs.instance-type": "t2.micro", "bare": "", r"a/b\c.d-e_f": "x y", "n": "9"},
)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("attribute:a exists", A),
        (" attribute:a  exists\n", A),
        ("attribute:a exists and attribute:b exists", AllOf((A, B))),
        ("attribute:a exists && attribute:b exists or attribute:c exists", AnyOf((AllOf((A, B)), C))),
        ("attribute:a exists || attribute:b exists && attribute:c exists", AnyOf((A, AllOf((B, C))))),
        ("(attribute:a exists or attribute:b exists) and attribute:c exists", AllOf((AnyOf((A, B)), C))),
        ("not attribute:a exists and attribute:b exists", AllOf((Not(A), B))),
        ("!(attribute:a exists)", Not(A)),
        ("not(not(attribute:a exists))", Not(Not(A))),
        ("!!attribute:a exists", A),
        ("attribute:a !exists", Comparison("attribute", "a", "!exists")),
        ("attribute:a not_exists", Comparison("attribute", "a", "!exists")),
        ("attribute:a==b", Comparison("attribute", "a", "==", ("b",))),
        ("attribute:a equals b", Comparison("attribute", "a", "==", ("b",))),
        ("attribute:a != 'b c'", Comparison("attribute", "a", "!=", ("b c",))),
        ('attribute:a not_equals "it\'s"', Comparison("attribute", "a", "!=", ("it's",))),
        ("attribute:a in[b, 'c d',e]", Comparison("attribute", "a", "in", ("b", "c d", "e"))),
        ("attribute:a not_in [b]", Comparison("attribute", "a", "!in", ("b",))),
        ("attribute:a == f(x)", Comparison("attribute", "a", "==", ("f(x)",))),
        ("(attribute:a == b)", Comparison("attribute", "a", "==", ("b",))),
        ("task:group == family:web", Comparison("task:group", "", "==", ("family:web",))),
        ("runningTasksCount greater_than_equal 2", Comparison("runningTasksCount", "", ">=", (2,))),
        ("runningTasksCount<2", Comparison("runningTasksCount", "", "<", (2,))),
        ("agentVersion less_than_equal 1.20.0", Comparison("agentVersion", "", "<=", ((1, 20),))),
        ("registeredAt > 2018-06-18", Comparison("registeredAt", "", ">", (datetime(2018, 6, 18, tzinfo=UTC),))),
    ],
)
def test_expressions_are_read(text: str, tree: object) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        ("", 0, "found the end, expected 'not', '(', agentConnected"),
        ("stack == prod", 0, "found 'stack', expected"),
        ("attribute: == x", 11, "expected the name of an attribute"),
        ("attribute:stack prd", 16, "found 'prd', expected one of attribute's operators: == !="),
        ("attribute:stack", 15, "found the end"),
        ("attribute:stack ==", 18, "expected a value"),
        ("attribute:a in b", 15, "expected '[' and a list"),
        ("attribute:a in []", 16, "expected a value"),
        ("attribute:a in [b, ]", 19, "expected a value"),
        ("attribute:a in [b c]", 18, "expected ',' or ']'"),
        ("attribute:a == 'b", 15, "no second '"),
        ("attribute:a == b && ", 20, "found the end"),
        ("attribute:a == b&&attribute:c exists", 16, "within a value; put a space"),
        ("attribute:a == b attribute:c exists", 17, "expected 'and', 'or' or the end"),
        ("attribute:a exists)", 18, "found ')'"),
        ("(attribute:a exists", 19, "expected 'and', 'or' or ')'"),
        ("runningTasksCount =~ 3", 18, "found '=~', expected one of runningTasksCount's operators: == != > >= < <="),
        ("runningTasksCount == two", 21, "expected a whole number"),
        ("task:group exists", 11, "found 'exists'"),
        ("agentVersion > latest", 15, "expected a version"),
        ("registeredAt > yesterday", 15, "expected a date"),
        ("registeredAt > 2018-02-30", 15, "expected a date"),
        ("attribute:a =~ 'x(?i)y'", 17, "pattern: found '(?'"),
        ("attribute:a =~ x[", 16, "pattern: found no ']'"),
        ("ANDROID", 0, "found 'ANDROID'"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, at: int, words: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    told, shown, mark = caught.value.message.split("\n")
    assert words in told
    assert told.startswith(f"character {at + 1}: ")
    assert caught.value.at == at
    assert (shown, mark) == (f"  {text}", f"  {' ' * at}^")


def test_the_mark_stands_right_whatever_comes_before() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(f"attribute:a == '\u202e{'x' * 100}' or \x1b")
    _, shown, mark = caught.value.message.split("\n")
    assert shown.isprintable()
    assert len(shown) < 130
    assert shown[mark.index("^")] == "␛"


def test_budgets_are_kept() -> None:
    with pytest.raises(ExpressionError, match="1 to 128"):
        parse(f"attribute:{'n' * 129} exists")
    nested = "(" * DEEPEST_EXPRESSION + "attribute:a exists" + ")" * DEEPEST_EXPRESSION
    assert parse(nested) == A
    with pytest.raises(ExpressionError, match="nested deeper than 50"):
        parse(f"({nested})")
    longest = f"attribute:a == {'x' * (LONGEST_EXPRESSION - 15)}"
    assert isinstance(parse(longest), Comparison)
    with pytest.raises(ExpressionError, match="at most 2000 characters; this one has 2001"):
        parse(longest + "x")


CONNECTING = ["(", ")", "not", "!", "and", "&&", "or", "||", "[", "]", ",", "'", '"', "\\"]
COMPARING = ["attribute:a", "task:group", "agentVersion", "registeredAt", "==", "!=", "in", "!in", "exists", "=~", ">"]
WORDS = st.sampled_from([*CONNECTING, *COMPARING, "x", "1.2", "2018-06-18", "(a|b)*", "é", "\x00"])


@given(st.lists(WORDS, max_size=25).map(" ".join) | st.lists(WORDS, max_size=25).map("".join) | st.text(max_size=60))
@example("(" * LONGEST_EXPRESSION)
@example("!" * LONGEST_EXPRESSION)
@example("not " * 500)
@example("attribute:a exists or " * 90 + "attribute:a exists")
@example("attribute:a =~ " + "(a*)*" * 300)
@example("attribute:a in [" + "x," * 900)
@example("registeredAt > 0001-01-01T00:00:00+23:59")
@example("registeredAt > 9999-12-31T23:59:59-23:59")
def test_any_text_is_an_expression_or_refused_and_quickly(text: str) -> None:
    began = time.process_time()
    try:
        assert evaluate(parse(text), FACTS) in (True, False)
    except ExpressionError as error:
        assert error.message.count("\n") == 2
        assert 0 <= error.at <= len(text)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("text", "selects"),
    [
        ("attribute:stack == prod", True),
        ("attribute:stack == PROD", False),
        ("attribute:stack in [dev, 'prod']", True),
        ("attribute:stack !in [dev, 'prod']", False),
        ("attribute:stack > pro", True),
        ("attribute:n > 10", True),  # texts are compared, not numbers
        (r"attribute:a/b\c.d-e_f == 'x y'", True),
        ("attribute:none != prod", False),
        ("attribute:none !in [prod]", False),
        ("attribute:none !~ p.*", False),
        ("not(attribute:none == prod)", True),
        ("attribute:none !exists", True),
        ("attribute:bare exists", True),
        ("attribute:bare != x", False),
        ("attribute:bare !~ x", False),
        ("attribute:ecs.instance-type =~ t2", False),
        ("attribute:ecs.instance-type matches (t2|g2).*", True),
        ("attribute:ecs.instance-type not_matches (t2|g2).*", False),
        ("agentConnected == true", True),
        ("ec2InstanceId in [edge-1, edge-2]", True),
        ("agentVersion >= 28.5", True),
        ("agentVersion == 28.5.2.0", True),
        ("agentVersion > 28.10", False),
        ("registeredAt == 2018-06-18T22:28:28", True),
        ("registeredAt == 2018-06-18T22:28:28Z", True),
        ("registeredAt == 2018-06-19T00:28:28+02:00", True),
        ("registeredAt < 2018-06-19", True),
        ("runningTasksCount == 3", True),
        ("runningTasksCount != 3", False),
        ("task:group == service:db", True),
        ("task:group != service:db", False),
        ("task:group != service:other", True),
        ("task:group =~ service:.*", True),
        ("task:group !in [service:other]", True),
    ],
)
def test_what_an_expression_selects(text: str, selects: bool) -> None:
    assert evaluate(parse(text), FACTS) is selects


@pytest.mark.parametrize("operator", ["==", "!=", "<", ">="])
def test_an_unknown_version_is_neither_equal_nor_unequal(operator: str) -> None:
    assert not evaluate(parse(f"agentVersion {operator} 1.0"), replace(FACTS, engine_version=""))


ATOMIC = st.sampled_from(["attribute:a exists", "attribute:a == x", "task:group == g", "runningTasksCount == 0"])


@given(
    ATOMIC,
    ATOMIC,
    st.builds(
        InstanceFacts,
        running_tasks=st.integers(0, 1),
        groups=st.frozensets(st.sampled_from("gh")),
        attributes=st.sampled_from([{}, {"a": ""}, {"a": "x"}, {"a": "y"}]),
    ),
)
def test_de_morgan_holds(one: str, other: str, facts: InstanceFacts) -> None:
    both = evaluate(parse(f"not({one} and {other})"), facts)
    assert both == evaluate(parse(f"not {one} or !({other})"), facts)
    assert both == (not (evaluate(parse(one), facts) and evaluate(parse(other), facts)))
