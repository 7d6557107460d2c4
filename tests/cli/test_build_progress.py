"""A build on stderr: plain lines for a pipe, and a few lines drawn in place for a terminal."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pyte
import pytest

from app.cli.build_progress import BuildPrinter
from app.cli.clipping import clipped
from app.model.build_progress import BuildProgress, BuildState, BuildStep
from app.model.instance import InstanceKey
from app.model.safe_text import SafeText

FROM = BuildStep(1, 3, SafeText("FROM busybox"), "done", 0.2)
ENV = BuildStep(2, 3, SafeText("ENV A=1"), "cached")
RUN = BuildStep(3, 3, SafeText("RUN make"), "working", 4.0)
MADE = BuildStep(3, 3, SafeText("RUN make"), "done", 5.5)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def event(state: BuildState, *steps: BuildStep, lines: tuple[str, ...] = (), sent: int = 0) -> BuildProgress:
    shown = tuple(map(SafeText, lines))
    return BuildProgress(InstanceKey("prod", "edge-1"), SafeText("web:7"), state, steps, shown, sent, 2048)


def events() -> Iterator[BuildProgress]:
    yield event("sending")
    yield event("sending", sent=1024)
    yield event("building", sent=2048)
    yield event("building", FROM, lines=("from",))
    yield event("building", FROM, ENV)
    yield event("building", FROM, ENV, RUN, lines=("one", "two"))
    yield event("building", FROM, ENV, MADE, lines=("three",))
    yield event("done", FROM, ENV, MADE)


def test_a_pipe_gets_every_line_in_its_place() -> None:
    stream = io.StringIO()
    printer = BuildPrinter(stream)
    for one in events():
        printer.tell(one)
    printer.close()
    assert printer.shows_all
    assert stream.getvalue().splitlines() == [
        "sending 2K to edge-1",
        "step 1/3 FROM busybox",
        "  from",
        "step 1/3 0.2 s",
        "step 2/3 ENV A=1",
        "step 2/3 cached",
        "step 3/3 RUN make",
        "  one",
        "  two",
        "  three",
        "step 3/3 5.5 s",
    ]


def test_a_terminal_gets_a_line_a_step_and_what_goes_on_is_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr("app.cli.build_progress._REDRAW_EVERY", -1.0)
    stream = Terminal()
    printer = BuildPrinter(stream)
    came = []
    for one in events():
        printer.tell(one)
        came.append(_screen(stream.getvalue()))
    printer.close()
    assert came[1] == ["sending [############------------] 1K of 2K to edge-1"]
    assert came[5] == [
        "step 1/3    0.2 s  FROM busybox",
        "step 2/3   cached  ENV A=1",
        "step 3/3    4.0 s  RUN make",
        "  one",
        "  two",
    ]
    assert _screen(stream.getvalue()) == [
        "step 1/3    0.2 s  FROM busybox",
        "step 2/3   cached  ENV A=1",
        "step 3/3    5.5 s  RUN make",
    ]
    assert "\x1b[2m  one\x1b[0m\n" in stream.getvalue()
    assert not printer.shows_all


def test_a_failed_step_says_so_in_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    failed = BuildStep(1, 1, SafeText("RUN false"), "failed", 1.0)
    for stream in (io.StringIO(), Terminal()):
        printer = BuildPrinter(stream)
        printer.tell(event("failed", failed))
        printer.close()
        assert "FAILED 1.0 s" in stream.getvalue()


def test_lines_are_cut_to_what_the_terminal_holds() -> None:
    assert clipped("abc", 2) == "ab"
    assert clipped("日本語", 5) == "日本"
    assert clipped("éé", 2) == "éé"


def _screen(written: str) -> list[str]:
    """What is to be seen after all that."""
    screen = pyte.Screen(80, 24)
    pyte.Stream(screen).feed(written.replace("\n", "\r\n"))
    return [line.rstrip() for line in screen.display if line.strip()]
