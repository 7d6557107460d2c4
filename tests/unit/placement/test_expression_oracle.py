"""The query language against a naive oracle: each text is made together with what it shall say of an instance."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from hypothesis import assume, given
from hypothesis import strategies as st

from app.placement.evaluation import InstanceFacts, evaluate
from app.placement.expressions import LONGEST_EXPRESSION, parse

Says = Callable[[InstanceFacts], bool]
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
WORDS = ["a", "ab", "b", "x y", "f(x)", "it's"]
PATTERNS = ["a", "a.*", "(a|b)+", "[ab]{1,2}", r"\w+", ".*y", "x y"]
VERSIONS = ["1", "1.2", "1.2.0", "1.10", "28.5.2"]
FACTS = st.builds(
    InstanceFacts,
    name=st.sampled_from(WORDS),
    connected=st.booleans(),
    engine_version=st.sampled_from(["", "1.2", "1.10.0-ce", "28.5.2"]),
    registered_at=st.sampled_from([NOON, NOON - timedelta(hours=12), NOON + timedelta(seconds=1)]),
    running_tasks=st.integers(0, 3),
    groups=st.frozensets(st.sampled_from(["family:a", "service:b", "a"])),
    attributes=st.dictionaries(st.sampled_from(["zone", "n"]), st.sampled_from(["", *WORDS])),
)
SPELLED = {
    "==": ["==", " equals "],
    "!=": ["!=", " not_equals "],
    ">": [">", " greater_than "],
    ">=": [">=", " greater_than_equal "],
    "<": ["<", " less_than "],
    "<=": ["<=", " less_than_equal "],
    "=~": ["=~", " matches "],
    "!~": ["!~", " not_matches "],
    "in": [" in "],
    "!in": [" !in ", " not_in "],
    "exists": [" exists"],
    "!exists": [" !exists", " not_exists"],
}
ALIKE = ["==", "!=", "in", "!in", "=~", "!~"]
ORDERED = ["==", "!=", ">", ">=", "<", "<="]


class Case(NamedTuple):
    text: str
    says: Says


def told(operator: str, fact: Any, values: Sequence[Any]) -> bool:
    """One fact that is known, compared as Python compares."""
    value = values[0]
    answers: dict[str, Callable[[], bool]] = {
        "==": lambda: fact == value,
        "!=": lambda: fact != value,
        ">": lambda: fact > value,
        ">=": lambda: fact >= value,
        "<": lambda: fact < value,
        "<=": lambda: fact <= value,
        "in": lambda: fact in values,
        "!in": lambda: fact not in values,
        "=~": lambda: re.fullmatch(value, fact) is not None,
        "!~": lambda: re.fullmatch(value, fact) is None,
    }
    return answers[operator]()


def numbers(version: str) -> list[int]:
    """1.2.0-ce → 1, 2: zeros at the end mean nothing."""
    found = [int(number) for number in re.findall(r"[0-9]+", version.partition("-")[0])]
    while found[-1:] == [0]:
        found.pop()
    return found


@st.composite
def literals(draw: st.DrawFn, operator: str, known: Sequence[str]) -> tuple[str, list[str]]:
    """How the values of an operator are written, and what they are."""
    if operator in ("=~", "!~"):
        values = [draw(st.sampled_from(PATTERNS))]
    else:
        values = draw(st.lists(st.sampled_from(list(known)), min_size=1, max_size=3 if "in" in operator else 1))
    written = [
        draw(st.sampled_from([f'"{value}"', *([value] if " " not in value and "'" not in value else [])]))
        for value in values
    ]
    return (f"[{', '.join(written)}]" if "in" in operator else written[0]), values


@st.composite
def comparisons(draw: st.DrawFn) -> Case:
    subject = draw(
        st.sampled_from(
            [
                "attribute",
                "agentConnected",
                "ec2InstanceId",
                "agentVersion",
                "registeredAt",
                "runningTasksCount",
                "group",
            ]
        )
    )
    if subject == "attribute":
        return draw(of_attributes())
    if subject == "group":
        return draw(of_groups())
    operators = ALIKE if subject in ("agentConnected", "ec2InstanceId") else ORDERED
    operator = draw(st.sampled_from(operators))
    known = {
        "agentConnected": ["true", "false"],
        "ec2InstanceId": WORDS,
        "agentVersion": VERSIONS,
        "registeredAt": ["2026-05-01", "2026-05-01T12:00:00", "2026-05-01T14:00:00+02:00"],
        "runningTasksCount": ["0", "1", "2"],
    }[subject]
    written, values = draw(literals(operator, known))
    reads: dict[str, Callable[[str], Any]] = {"agentVersion": numbers, "registeredAt": moment, "runningTasksCount": int}
    wanted = [reads.get(subject, str)(value) for value in values]
    fact_of: dict[str, Callable[[InstanceFacts], Any]] = {
        "agentConnected": lambda facts: str(facts.connected).lower(),
        "ec2InstanceId": lambda facts: facts.name,
        "agentVersion": lambda facts: numbers(facts.engine_version) or None,
        "registeredAt": lambda facts: facts.registered_at,
        "runningTasksCount": lambda facts: facts.running_tasks,
    }

    def says(facts: InstanceFacts) -> bool:
        fact = fact_of[subject](facts)
        return fact is not None and told(operator, fact, wanted)

    return Case(f"{subject}{draw(st.sampled_from(SPELLED[operator]))}{written}", says)


def moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@st.composite
def of_attributes(draw: st.DrawFn) -> Case:
    name, operator = draw(st.sampled_from(["zone", "n", "none"])), draw(st.sampled_from([*SPELLED]))
    spelled = draw(st.sampled_from(SPELLED[operator]))
    if operator in ("exists", "!exists"):
        return Case(f"attribute:{name}{spelled}", lambda facts: (name in facts.attributes) == (operator == "exists"))
    written, values = draw(literals(operator, WORDS))

    def says(facts: InstanceFacts) -> bool:
        return bool(fact := facts.attributes.get(name)) and told(operator, fact, values)

    return Case(f"attribute:{name}{spelled}{written}", says)


@st.composite
def of_groups(draw: st.DrawFn) -> Case:
    operator = draw(st.sampled_from(ALIKE))
    written, values = draw(literals(operator, ["family:a", "service:b", "a"]))
    opposite = {"!=": "==", "!in": "in", "!~": "=~"}.get(operator, operator)

    def says(facts: InstanceFacts) -> bool:
        return any(told(opposite, group, values) for group in facts.groups) == (opposite == operator)

    return Case(f"task:group{draw(st.sampled_from(SPELLED[operator]))}{written}", says)


@st.composite
def expressions(draw: st.DrawFn, depth: int = 2) -> Case:
    """Alternatives of parts that all hold, with no more parentheses than the precedence asks for."""
    alternatives = draw(st.lists(st.lists(parts(depth), min_size=1, max_size=3), min_size=1, max_size=3))
    texts = [draw(joined([part.text for part in row], ["&&", "and"])) for row in alternatives]
    text = draw(joined(texts, ["||", "or"]))
    return Case(text, lambda facts: any(all(part.says(facts) for part in row) for row in alternatives))


def joined(texts: list[str], words: list[str]) -> st.SearchStrategy[str]:
    return st.sampled_from(words).map(lambda word: f" {word} ".join(texts))


@st.composite
def parts(draw: st.DrawFn, depth: int) -> Case:
    nested = depth > 0 and draw(st.booleans())
    inner = draw(expressions(depth - 1)) if nested else draw(comparisons())
    negation = draw(st.sampled_from(["", "", "!", "not "]))
    text = f"({inner.text})" if nested else inner.text
    return Case(f"{negation}{text}", lambda facts: inner.says(facts) != bool(negation))


@given(expressions(), FACTS)
def test_an_expression_says_what_the_oracle_says(case: Case, facts: InstanceFacts) -> None:
    assume(len(case.text) <= LONGEST_EXPRESSION)
    assert evaluate(parse(case.text), facts) == case.says(facts), case.text
