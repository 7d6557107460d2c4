"""What is done from this home, kept among the events and in the audit log: by whom, how it went, the command again.

Both are written by one call, so that neither can tell what the other does not. What was refused, failed or was broken
off is in the audit log alone: nothing has happened.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeVar, cast

from app.hosts.policy.rule import PolicyError
from app.model.errors import MoorageError
from app.model.event import Event, event_key
from app.model.ids import new_id, short_id
from app.model.masking import Masker
from app.model.requests import Request
from app.model.safe_text import safe_line
from app.operations.policy import ask_first
from app.operations.session import Session

F = TypeVar("F", bound=Callable[..., Any])
Outcome = Literal["done", "partly", "refused", "failed", "interrupted", "fault"]
"""refused: by a cluster's policy, or because nobody said yes. fault: of Moorage."""


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
    ids: Sequence[str] = (),
    outcome: Outcome = "done",
    happened: bool = True,
) -> None:
    """Remember that a verb was called. Never raises MoorageError: what was done counts more than that it is told.

    Args:
        words: what came of it, in a few words; what looks like a secret in them is masked.
        ids: of tasks and instances, where there are several.
        happened: False for what was broken off or never begun: it is no event.
    """
    words = Masker().text(words)
    _audit(
        session,
        {
            "time": session.now().isoformat(timespec="milliseconds"),
            "operator": session.operator,
            "uid": os.getuid(),
            "host": os.uname().nodename,
            "verb": verb,
            "outcome": outcome,
            "cluster": cluster,
            "containerInstance": instance,
            "ids": list(ids) or [task_id] if ids or task_id else [],
            "taskDefinition": f"{family}:{revision}" if family else "",
            "detail": words,
            "command": command,
        },
    )
    if happened:
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


def _audit(session: Session, members: Mapping[str, Any]) -> None:
    from app.store.audit import AuditLog

    try:
        AuditLog(session.home).append({name: value for name, value in members.items() if value not in ("", [])})
    except MoorageError as error:
        session.complain(f"what was done is not in the audit log: {error.message}")


_NAMES_ALONE = frozenset({"buildArg"})
"""NAME=VALUE, of which the value may be a secret that looks like none; NAME alone takes it from the environment."""
_ONE_EACH = frozenset({"buildArg", "tag"})
"""Members whose flag takes one value, and is repeated, as docker has it."""


def command_of(verb: str, request: Request, **instead: Any) -> str:
    """``moorage VERB --flags`` for a POSIX shell, with what looks like a secret masked: it is kept in a file.

    Args:
        instead: members as they are to stand there in place of the request's; None leaves one out.
    """
    members = request.model_dump(by_alias=True, exclude_unset=True, exclude_none=True)
    members = {name: value for name, value in {**members, **instead}.items() if value not in (None, "", [], {}, False)}
    for name in _NAMES_ALONE & members.keys():
        members[name] = [str(given).partition("=")[0] for given in members[name]]
    masked: dict[str, Any] = Masker().masked(members)
    words = ["moorage", verb]
    for name, value in masked.items():
        flag = "--" + re.sub(r"([A-Z])", r"-\1", name).lower()
        for part in [[one] for one in value] if name in _ONE_EACH and isinstance(value, list) else [value]:
            words += _flag(flag, part)
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


def kept(verb: str, words: Callable[[Any, Any], str], *, asks: bool = True) -> Callable[[F], F]:
    """For an operation ``(session, request, …) -> answer``: what it does is asked for first, and kept.

    Args:
        words: of request and answer, what came of it.
        asks: whether a cluster that wants a yes is asked here, by the command alone; False where the operation does.
    """

    def decorated(operation: F) -> F:
        @functools.wraps(operation)
        def run(session: Session, request: Any, *args: Any, **named: Any) -> Any:
            if getattr(request, "dry_run", False):
                return operation(session, request, *args, **named)
            named_one = getattr(request, "cluster", getattr(request, "cluster_name", None))
            cluster = "" if named_one is None else session.cluster_name(named_one)
            command = command_of(verb, request)
            with told_if_failed(session, verb, command, cluster=cluster):
                if asks and cluster:
                    ask_first(session, verb, cluster, [command])
                answer = operation(session, request, *args, **named)
            keep_deed(
                session,
                verb,
                words(request, answer),
                command,
                cluster=cluster,
                ids=_ids(answer),
                outcome=_outcome(answer),
            )
            return answer

        return cast("F", run)

    return decorated


@contextlib.contextmanager
def told_if_failed(
    session: Session, verb: str, command: str = "", *, cluster: str = "", instance: str = "", task_id: str = ""
) -> Iterator[None]:
    """Keep that a verb was called which is refused, fails or is broken off in the block."""
    try:
        yield
    except BaseException as error:
        outcome: Outcome = "fault"
        if isinstance(error, MoorageError):
            outcome = "refused" if isinstance(error, PolicyError) else "failed"
        elif isinstance(error, KeyboardInterrupt):
            outcome = "interrupted"
        words = error.message if isinstance(error, MoorageError) else type(error).__name__
        keep_deed(
            session,
            verb,
            words,
            command,
            cluster=cluster,
            instance=instance,
            task_id=task_id,
            outcome=outcome,
            happened=False,
        )
        raise


def _ids(answer: Any) -> list[str]:
    """Of the tasks that were launched, or of the instances that were changed."""
    if isinstance(answer, Mapping):
        one = answer.get("containerInstance")
        shapes = [one] if one else answer.get("containerInstances", [])
        return [short_id(str(shape.get("containerInstanceArn", ""))) for shape in shapes]
    return [task.id for task in getattr(answer, "tasks", ())]


def _outcome(answer: Any) -> Outcome:
    if isinstance(answer, Mapping):
        if not answer.get("failures"):
            return "done"
        return "partly" if any(value for name, value in answer.items() if name != "failures") else "failed"
    if getattr(answer, "succeeded", True):
        return "done"
    partly = getattr(answer, "partly", None)
    if partly is None:
        partly = any(task.stop_code != "TaskFailedToStart" for task in answer.tasks)
    return "partly" if partly else "failed"


def failed_words(failures: Sequence[Mapping[str, Any]]) -> str:
    """``; 2 failed: RESOURCE, AGENT``, or nothing."""
    if not failures:
        return ""
    reasons = ", ".join(sorted({str(failure.get("reason", "?")) for failure in failures}))
    return f"; {len(failures)} failed: {reasons}"
