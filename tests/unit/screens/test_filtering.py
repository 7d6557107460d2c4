"""Filters: what each part means, what is told of wrong ones, and what is offered."""

from __future__ import annotations

import time

import pytest

from app.screens.filtering import completions, exactly, filter_problems, parse_filter, subject

ROW = subject("3f9c Web:7 RUNNING edge-10 nginx:1.27 :8080→80", state="RUNNING failed", host="edge-10", family="web")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", True),
        ("web", True),
        ("WEB running", True),
        ("web nothing", False),
        ("!nothing", True),
        ("!web", False),
        ("web:7", True),
        (":8080", True),
        ("/w.b:[0-9]/", True),
        ("/W.b/", True),
        ("/WEB/", False),
        ("/running edge/", True),
        ("/RUNNING edge/", True),
        ('"running edge-1"', True),
        ("!/edge-1$/", True),
        ("state:run", True),
        ("state:=run", False),
        ("state:=running", True),
        ("state:failed", True),
        ("!state:stopped", True),
        ("host:edge-1", True),
        ("host:=edge-1", False),
        ("host:=edge-10", True),
        ('family:="web"', True),
        ("image:nginx", False),
        ("/(/", False),
        ("!", False),
    ],
)
def test_all_parts_must_hold(text: str, found: bool) -> None:
    assert parse_filter(text)(ROW) is found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("web:7 nginx:1.27 :8080 /a.*b/", ""),
        ("stat:running", "there is no term stat: – did you mean state:?"),
        ("hosts:edge", "did you mean host:?"),
        ("image:nginx", "nothing here has image: – there are state:, host:, health:"),
        ("state:runing", "there is no state 'runing' – did you mean running?"),
        ("!health:helthy", "did you mean healthy?"),
        ("state:", ""),
        ("/(/", "character 1: found no ')' for this '('; it is taken as a word"),
        ("x" * 600, "at most 500 characters"),
    ],
)
def test_wrong_parts_are_told_with_a_remedy(text: str, problem: str) -> None:
    told = filter_problems(text, ("state", "host", "health"))
    assert (told == []) if not problem else problem in "; ".join(told)


def test_no_expression_holds_the_screen_up() -> None:
    rows = [subject("a" * 3000) for _ in range(20)]
    began = time.process_time()
    for text in ("/(a+)+$b/", "/(a|a)*b/", "/a*a*a*a*a*a*b/"):
        assert not any(map(parse_filter(text), rows))
    assert time.process_time() - began < 2  # one of these takes Python's own engine longer than the sun shines


def test_what_is_begun_can_be_completed() -> None:
    values = {"host": ["edge-2", "edge-1", "Edge-1", "other"], "state": ["running"]}

    def of(term: str) -> list[str]:
        return values.get(term, [])

    assert completions("web st", of) == ["web state:"]
    assert completions("!h", of) == ["!host:", "!health:"]
    assert completions("host:e", of) == ["host:Edge-1", "host:edge-1", "host:edge-2"]
    assert completions("host:=edge-2", of) == []
    assert completions("web !host:=o", of) == ["web !host:=other"]
    assert completions("state:run", of, ("host",)) == []
    assert completions("", of) == completions("web ", of) == []


def test_a_value_with_blanks_is_quoted() -> None:
    part = exactly("group", "my group")
    assert part == 'group:="my group"'
    assert parse_filter(part)(subject("x", group="my group"))
    assert not parse_filter(part)(subject("x", group="my"))
