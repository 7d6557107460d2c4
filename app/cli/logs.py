"""The verb that shows logs."""

from __future__ import annotations

import json
import os
import select
import sys
from collections.abc import Callable, Sequence
from typing import Any

from app.cli.arguments import Parser
from app.cli.command import Call, Command
from app.cli.outcome import BROKEN_PIPE, FAILED, complain, is_terminal
from app.model.safe_text import SafeText, without_sgr
from app.operations.logs import Batch, LineRun, LogLine, LogsRequest, open_task_logs

_RESET = "\x1b[0m"
_COLOURS = (36, 34, 33, 35, 32, 31, 96, 94)
_LINES = "text"


def _logs(call: Call) -> int:
    """Every line on stdout, whichever stream it was written to; with its container's tag where there are several."""
    request: LogsRequest = call.request
    logs = open_task_logs(call.session, request)
    write = _json if call.options.output == "json" else _lines(logs.names, timestamps=request.timestamps)
    try:
        for batch in logs:
            _tell(logs.notes, logs.problems)
            if batch:
                sys.stdout.write(write(batch))
                sys.stdout.flush()
            elif _nobody_reads():
                return BROKEN_PIPE
    finally:
        logs.close()
    _tell(logs.notes, [])
    for problem in logs.problems:
        complain(problem)
    return FAILED if logs.problems else 0


def _tell(notes: list[str], problems: Sequence[str]) -> None:
    """Notes once; problems are told at the end, and here only while more is to come."""
    while notes:
        complain(notes.pop(0), kind="note: ")


def _nobody_reads() -> bool:
    """Is the other end of the pipe closed? A log that is silent would find out only with its next line."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        return any(event & (select.POLLERR | select.POLLNVAL) for _, event in poll.poll(0))
    except (AttributeError, OSError, ValueError):  # no poll on this system, or no file behind stdout
        return False


def _json(batch: Batch) -> str:
    return "".join(map(_object, batch))


def _object(line: LogLine) -> str:
    """One object a line, with the members of ECS where it has them."""
    origin, time = line.origin, line.at
    told: dict[str, Any] = {"timestamp": time.isoformat() if time else None}
    if origin is not None:
        told |= {"taskId": origin.task_id, "containerInstance": origin.host, "containerName": origin.container}
    else:
        told |= {"containerName": line.source}
    return json.dumps({**told, "stream": line.entry.stream, "message": without_sgr(line.entry.text)}) + "\n"


def _lines(names: Sequence[str], *, timestamps: bool) -> Callable[[Batch], str]:
    coloured = is_terminal(sys.stdout) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    width = max((len(name) for name in names), default=0) if len(names) > 1 else 0
    tones = {name: _COLOURS[index % len(_COLOURS)] for index, name in enumerate(dict.fromkeys(names))}

    def shown(text: SafeText) -> str:
        if not coloured:
            return without_sgr(text)
        return f"{text}{_RESET}" if "\x1b" in text else text

    def tag(name: str) -> str:
        if not width:
            return ""
        padded = f"{name:<{width}} | "
        return f"\x1b[{tones.get(name, 39)}m{padded}{_RESET}" if coloured else padded

    def line(told: LogLine) -> str:
        stamp = f"{told.at.astimezone().isoformat(timespec='milliseconds')} " if timestamps and told.at else ""
        return f"{tag(told.source)}{stamp}{shown(told.entry.text)}\n"

    def written(batch: Batch) -> str:
        if timestamps or not isinstance(batch, LineRun):
            return "".join(map(line, batch))
        front = tag(batch.source.tag)
        return "".join([f"{front}{shown(text)}\n" for text in batch.texts()])

    return written


def _flags(parser: Parser) -> None:
    """Unlike other verbs, this one prints lines unless it is told otherwise."""
    parser.set_defaults(output=_LINES)
    for action in parser._actions:
        if action.dest == "output":
            action.choices = ("json", "text")
            action.help = "json: one object a line; text: lines as they were written (the default)."


COMMANDS = {"logs": Command(LogsRequest, _logs, "task", _flags)}
