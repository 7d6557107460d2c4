"""Progress on stderr: steps and percentages on a terminal, nothing but warnings elsewhere."""

from __future__ import annotations

import io

import pytest

from app.cli.progress import ProgressPrinter
from app.model.instance import InstanceKey
from app.model.progress import Progress, Step
from app.model.safe_text import SafeText

KEY = InstanceKey("default", "edge-1")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def step(name: Step, container: str = "", detail: str = "", done: int = 0, total: int = 0) -> Progress:
    return Progress("3f9c21ab" * 4, KEY, name, container, SafeText(detail), done, total)


STEPS = [
    step("placed", detail="web:1"),
    step("pull", "main", "pulling nginx"),
    step("pull", "main", "Downloading", 25, 100),
    step("pull", "main", "Downloading", 100, 100),
    step("create", "main"),
    step("wait", "main", "waits for db HEALTHY"),
    step("wait", "main", "waits for db HEALTHY"),
    step("start", "main"),
    step("running"),
]


def test_a_terminal_sees_each_step_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    printer = ProgressPrinter(stream)
    for progress in STEPS:
        printer.tell(progress)
    printer.close()

    text = stream.getvalue()
    assert "\r\x1b[K3f9c21ab pull main 25 %" in text
    lines = [line.rpartition("\x1b[K")[2] for line in text.rstrip("\n").split("\n")]
    assert lines == [
        "3f9c21ab placed on edge-1: web:1",
        "3f9c21ab pull main: pulling nginx",
        "3f9c21ab create main",
        "3f9c21ab wait main: waits for db HEALTHY",
        "3f9c21ab start main",
        "3f9c21ab RUNNING",
    ]
    assert printer.unfinished == []
    assert [progress.step for progress in printer.running] == ["running"]


def test_a_dumb_terminal_gets_no_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    printer = ProgressPrinter(stream)
    for progress in STEPS:
        printer.tell(progress)
    assert "\x1b" not in stream.getvalue()
    assert "\r" not in stream.getvalue()


def test_elsewhere_only_warnings_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    printer = ProgressPrinter(stream)
    for progress in [
        *STEPS[:5],
        step("warning", detail="an old copy is used"),
        step("warning", detail="an old copy is used"),
    ]:
        printer.tell(progress)
    assert stream.getvalue() == ""
    assert capsys.readouterr().err == "moorage: warning: an old copy is used\n"
    assert [progress.step for progress in printer.unfinished] == ["create"]
