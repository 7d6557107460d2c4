"""The verb that shows events."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence

from app.cli.command import Call, Command
from app.cli.outcome import INTERRUPTED, complain
from app.model.event import Event
from app.model.safe_text import safe_line
from app.operations.event_log import EventLog, EventsRequest
from app.operations.event_shape import event_shape
from app.operations.event_words import detail_words, subject_words


def _events(call: Call) -> int:
    """Oldest first. Followed as JSON each event is an object on a line of its own."""
    request: EventsRequest = call.request
    log = EventLog(call.session, request)
    show, told = _SHOWN[call.options.output], 0
    if not request.follow:
        found = log.kept()
        _complain_from(log.problems, 0)
        if call.options.output == "text":
            for event in found:
                show(event)
        else:
            call.show({"events": [event_shape(event) for event in found]})
        return 0
    try:
        for event in log.kept():
            show(event)
        sys.stdout.flush()
        for event in log.coming():
            show(event)
            sys.stdout.flush()
            told = _complain_from(log.problems, told)
    except KeyboardInterrupt:
        return INTERRUPTED  # that is how one leaves what has no end
    return 0


def _complain_from(problems: Sequence[str], told: int) -> int:
    for problem in problems[told:]:
        complain(problem, kind="note: ")
    return len(problems)


def _show_json(event: Event) -> None:
    sys.stdout.write(json.dumps(event_shape(event), ensure_ascii=True) + "\n")


def _show_text(event: Event) -> None:
    """The same columns in each line, between tabs: what is not there is None, as aws prints it."""
    shape = event_shape(event)
    cells = (safe_line(shape.get(name)) for name in _TEXT_COLUMNS)
    sys.stdout.write("\t".join(cells) + "\n")


def _show_line(event: Event) -> None:
    """In columns that are wide enough for most, as what comes is not known yet."""
    time = event.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    words = f"{time}  {event.what:<9}  {event.cluster}/{event.instance:<12}  {subject_words(event):<28}"
    sys.stdout.write(safe_line(f"{words}  {detail_words(event)}".rstrip()) + "\n")


_TEXT_COLUMNS = (
    "time",
    "event",
    "cluster",
    "containerInstance",
    "taskArn",
    "taskDefinition",
    "container",
    "exitCode",
    "count",
    "by",
    "detail",
    "command",
)
_SHOWN: dict[str, Callable[[Event], None]] = {"json": _show_json, "text": _show_text, "table": _show_line}


COMMANDS = {"events": Command(EventsRequest, _events)}
