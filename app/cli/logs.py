"""The verb that shows logs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

from app.cli.command import Call, Command
from app.cli.outcome import FAILED, complain, is_terminal
from app.model.safe_text import SafeText, without_sgr
from app.operations.logs import LogLine, LogsRequest, open_task_logs

_RESET = "\x1b[0m"


def _logs(call: Call) -> int:
    """Every line on stdout, whichever stream it was written to; with its container's name where there are several."""
    request: LogsRequest = call.request
    logs = open_task_logs(call.session, request)
    if logs.note:
        complain(logs.note, kind="note: ")
    write = _writer(logs.names, timestamps=request.timestamps)
    told = 0
    try:
        for batch in logs:
            write(batch)
            told = _complain_from(logs.problems, told)
    finally:
        logs.close()
    _complain_from(logs.problems, told)
    return FAILED if logs.problems else 0


def _complain_from(problems: Sequence[str], told: int) -> int:
    for problem in problems[told:]:
        complain(problem)
    return max(told, len(problems))


def _writer(names: Sequence[str], *, timestamps: bool) -> Callable[[Sequence[LogLine]], None]:
    coloured = is_terminal(sys.stdout) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    width = max((len(name) for name in names), default=0) if len(names) > 1 else 0

    def shown(text: SafeText) -> str:
        if not coloured:
            return without_sgr(text)
        return f"{text}{_RESET}" if "\x1b" in text else text

    def line(entry: LogLine) -> str:
        prefix = f"{entry.source:<{width}} | " if width else ""
        time = entry.entry.time
        stamp = f"{time.astimezone().isoformat(timespec='milliseconds')} " if timestamps and time else ""
        return f"{prefix}{stamp}{shown(entry.entry.text)}\n"

    def write(batch: Sequence[LogLine]) -> None:
        sys.stdout.write("".join(map(line, batch)))
        sys.stdout.flush()

    return write


COMMANDS = {"logs": Command(LogsRequest, _logs, "task")}
