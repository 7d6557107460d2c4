"""Images on their way, on stderr: a block that is drawn over on a terminal, a line for each change elsewhere."""

from __future__ import annotations

import io
import os
from typing import Any

import pytest

from app.cli.transfer_progress import TransferPrinter
from app.model.image_progress import LayerProgress, TransferProgress, TransferState, TransferVerb
from app.model.instance import InstanceKey
from app.model.safe_text import SafeText


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Dumb(Terminal):
    encoding = "ascii"


@pytest.fixture(autouse=True)
def _size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    resize(monkeypatch, 100, 24)


def resize(monkeypatch: pytest.MonkeyPatch, columns: int, rows: int) -> None:
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((columns, rows)))


def event(name: str, state: TransferState, verb: TransferVerb = "pull", **members: Any) -> TransferProgress:
    return TransferProgress(verb, SafeText("reg.lan/web:7"), InstanceKey("default", name), state, **members)


def moving(name: str) -> TransferProgress:
    layers = tuple(LayerProgress(SafeText(letter), state) for letter, state in (("a", "exists"), ("b", "working")))  # type: ignore[arg-type]
    return event(name, "working", layers=layers, done=3 << 20, total=12 << 20, rate=float(2 << 20))


def screen(text: str) -> list[str]:
    """What a terminal of enough columns shows in the end."""
    lines, row = [""], 0
    place = 0
    while place < len(text):
        if text[place] == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
            place += 1
        elif text[place] == "\r":
            place += 1
        elif text[place] == "\x1b":
            end = next(at for at in range(place + 2, len(text)) if text[at].isalpha())
            if text[end] == "A":
                row -= int(text[place + 2 : end])
            else:
                assert text[place : end + 1] == "\x1b[K"
                lines[row] = ""
            place = end + 1
        else:
            lines[row] += text[place]
            place += 1
    return [line for line in lines if line]


def test_a_block_that_is_drawn_over() -> None:
    stream = Terminal()
    printer = TransferPrinter(stream)
    printer.tell(event("edge-1", "waiting"))
    printer.tell(event("edge-22", "waiting"))
    printer.tell(event("edge-1", "working"))
    printer.tell(moving("edge-1"))
    printer.close()
    assert screen(stream.getvalue()) == [
        "edge-1   pull reg.lan/web:7  ▆▆▆▁▁▁▁▁▁▁▁▁  25%  3M/12M  2M/s  1/2 layers",
        "edge-22  pull reg.lan/web:7  waits for its turn",
    ]
    printer = TransferPrinter(stream)
    printer.tell(event("edge-1", "done", detail=SafeText(f"sha256:{'abcd' * 16}")))
    printer.tell(event("edge-22", "present"))
    printer.close()
    assert screen(stream.getvalue())[2:] == [
        "edge-1   pull reg.lan/web:7  done: abcdabcdabcd",
        "edge-22  pull reg.lan/web:7  is there already",
    ]


def test_no_more_lines_than_the_terminal_has_what_moves_first(monkeypatch: pytest.MonkeyPatch) -> None:
    resize(monkeypatch, 60, 5)
    stream = Terminal()
    printer = TransferPrinter(stream)
    for number in range(9):
        printer.tell(event(f"edge-{number}", "done" if number < 5 else "waiting"))
    printer.tell(moving("edge-7"))
    printer.tell(event("edge-8", "failed", detail=SafeText("no space left on device, whatever else it says of it")))
    printer.close()
    shown = screen(stream.getvalue())
    assert [line[:6] for line in shown] == ["edge-7", "edge-8", "edge-5", "and 6 "]
    assert shown[-1] == "and 6 more; 5 of 9 are done"
    assert max(map(len, shown)) <= 59


def test_where_there_is_little_room_the_bar_is_shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    resize(monkeypatch, 66, 24)
    stream = Terminal()
    printer = TransferPrinter(stream)
    printer.tell(event("edge-1", "working"))
    printer.tell(moving("edge-2"))
    printer.close()
    assert screen(stream.getvalue()) == [
        "edge-1  pull reg.lan/web:7  begins",
        "edge-2  pull reg.lan/web:7  ▆▆▁▁▁▁  25%  3M/12M  2M/s  1/2 layers",
    ]


def test_wide_letters_take_two_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    resize(monkeypatch, 40, 24)
    stream = Terminal()
    printer = TransferPrinter(stream)
    printer.tell(event("edge-1", "failed", detail=SafeText("磁" * 50)))
    (line,) = screen(stream.getvalue())
    assert sum(2 if letter == "磁" else 1 for letter in line) in (38, 39)


def test_a_terminal_that_knows_no_blocks() -> None:
    stream = Dumb()
    printer = TransferPrinter(stream)
    printer.tell(moving("edge-1"))
    assert "###.........  25%" in screen(stream.getvalue())[0]
    assert stream.getvalue().isascii()


@pytest.mark.parametrize("terminal", [True, False])
def test_elsewhere_a_line_for_each_change(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal() if terminal else io.StringIO()
    printer = TransferPrinter(stream)
    for one in (
        event("edge-1", "waiting"),
        event("edge-1", "working"),
        moving("edge-1"),
        moving("edge-1"),
        event("edge-1", "done", detail=SafeText("sha256:1")),
        event("edge-2", "failed", detail=SafeText("no space left on device")),
    ):
        printer.tell(one)
    printer.close()
    assert stream.getvalue().splitlines() == [
        "edge-1: pull reg.lan/web:7: begins",
        "edge-1: pull reg.lan/web:7: done: sha256:1",
        "edge-2: pull reg.lan/web:7: failed",
    ]


def test_what_is_left_of_what_was_broken_off() -> None:
    printer = TransferPrinter(io.StringIO())
    for one in (
        event("edge-1", "done"),
        event("edge-2", "stopped"),
        event("edge-3", "waiting"),
        event("edge-4", "failed", detail=SafeText("gone")),
        event("edge-5", "working", "push"),
    ):
        printer.tell(one)
    assert printer.left() == [
        "edge-1 has reg.lan/web:7",
        "pull of reg.lan/web:7 on edge-2 was broken off: its name there means what it meant before",
        "pull of reg.lan/web:7 on edge-3 had not begun",
        "pull of reg.lan/web:7 on edge-4 failed: gone",
        "the push of reg.lan/web:7 from edge-5 was broken off: the registry has no new image of that name",
    ]
