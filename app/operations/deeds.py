"""What is done from this home, kept among the events: by whom, how it went, and the command that repeats it."""

from __future__ import annotations

import contextlib
import functools
import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

from app.model.errors import MoorageError
from app.model.event import Event, event_key
from app.model.ids import new_id
from app.model.masking import Masker
from app.model.requests import Request
from app.model.safe_text import safe_line
from app.operations.session import Session

F = TypeVar("F", bound=Callable[..., Any])


def keep_deed(
    session: Session,
    verb: str,
    words: str,
    command: str = "",
    *,
    cluster: str = "",
    instance: str = "",
    task_id: str = "",
    family: str = "",
    revision: int = 0,
) -> None:
    """Remember that a verb was called. Never raises MoorageError: what was done counts more than that it is told.

    Args:
        words: what came of it, in a few words.
    """
    from app.store.events import EventStore

    event = Event(
        key=event_key("call", new_id()),
        at=session.now(),
        what="call",
        source="here",
        cluster=safe_line(cluster),
        instance=safe_line(instance),
        task_id=task_id,
        family=safe_line(family),
        revision=revision,
        detail=safe_line(f"{verb}: {words}" if words else verb),
        by=safe_line(session.operator),
        command=safe_line(command),
        watcher=safe_line(session.owner),
    )
    with contextlib.suppress(MoorageError):
        EventStore(session.home).add([event])


def command_of(verb: str, request: Request, **instead: Any) -> str:
    """``moorage VERB --flags`` for a POSIX shell, with what looks like a secret masked: it is kept in a file.

    Args:
        instead: members as they are to stand there in place of the request's; None leaves one out.
    """
    members = request.model_dump(by_alias=True, exclude_unset=True, exclude_none=True)
    members = {name: value for name, value in {**members, **instead}.items() if value not in (None, "", [], {}, False)}
    masked: dict[str, Any] = Masker().masked(members)
    words = ["moorage", verb]
    for name, value in masked.items():
        words += _flag("--" + re.sub(r"([A-Z])", r"-\1", name).lower(), value)
    return shlex.join(words)


def _flag(flag: str, value: object) -> list[str]:
    if value is True:
        return [flag]
    if isinstance(value, list) and all(isinstance(item, str | int) for item in value):
        return [flag, *map(str, value)]
    if isinstance(value, list | dict):
        return [flag, json.dumps(value, ensure_ascii=False)]
    text = str(value)
    # What begins with a dash would be taken for a flag.
    return [f"{flag}={text}"] if text.startswith("-") else [flag, text]


def kept(verb: str, words: Callable[[Any, Any], str]) -> Callable[[F], F]:
    """For an operation ``(session, request, …) -> answer``: what it has done is kept among the events.

    Args:
        words: of request and answer, what came of it.
    """

    def decorated(operation: F) -> F:
        @functools.wraps(operation)
        def run(session: Session, request: Any, *args: Any, **named: Any) -> Any:
            answer = operation(session, request, *args, **named)
            if not getattr(request, "dry_run", False):
                named_one = getattr(request, "cluster", getattr(request, "cluster_name", None))
                cluster = "" if named_one is None else session.cluster_name(named_one)
                keep_deed(session, verb, words(request, answer), command_of(verb, request), cluster=cluster)
            return answer

        return cast("F", run)

    return decorated


def failed_words(failures: Sequence[Mapping[str, Any]]) -> str:
    """``; 2 failed: RESOURCE, AGENT``, or nothing."""
    if not failures:
        return ""
    reasons = ", ".join(sorted({str(failure.get("reason", "?")) for failure in failures}))
    return f"; {len(failures)} failed: {reasons}"
