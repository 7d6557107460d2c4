"""Starting a shell or a command in a container, ready to be talked with."""

from __future__ import annotations

import os
import re
import shlex
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.exec.attaching import AttachedProcess, attach
from app.hosts.exec.guard import MARK, Guard, hang_up
from app.hosts.exec.process import ExecProcess, NotStartedError, Size, start_process
from app.model.errors import MoorageError
from app.model.ids import new_id
from app.model.safe_text import safe_line
from app.operations.deeds import keep_deed, told_if_failed
from app.operations.policy import ask_first
from app.operations.session import Session
from app.operations.shell.target import Target

SH = "/bin/sh"
_KNOWN_TERMINALS = re.compile(r"(xterm|screen|tmux|rxvt|linux|vt100|vt220|ansi|dumb)(-[0-9]{1,3}color)?")
_HANG_UP_EVERY, _HANG_UP_FOR = 5.0, 300.0


class NoShellError(MoorageError):
    """The container has none of the shells that are looked for."""

    code = "InvalidParameterException"


@dataclass(frozen=True, slots=True)
class Opened:
    """A process in a container, running. ``token`` and ``guard`` are there where it is ours to end."""

    target: Target
    engine: Engine
    process: ExecProcess | AttachedProcess
    token: str = ""
    guard: Guard | None = None

    def close(self, *, ended: bool) -> None:
        """``ended``: the process is over; otherwise it is ended now, if it is ours."""
        if self.guard is not None and ended:
            self.guard.release()
        elif self.guard is not None:
            self.guard.strike()
        self.process.duplex.close()

    def hang_up_later(self) -> None:
        """The engine is lost: once it is back, what it may have kept running is ended. In a thread; some minutes."""
        if self.token:
            threading.Thread(target=self._hang_up, name="hang-up", daemon=True).start()

    def _hang_up(self) -> None:
        deadline = time.monotonic() + _HANG_UP_FOR
        while time.monotonic() < deadline:
            if hang_up(self.engine, self.target.container_id, self.token, tty=self.process.tty):
                return
            time.sleep(_HANG_UP_EVERY)


def split_command(line: str) -> list[str]:
    """A command as a shell would split it. Nothing is expanded. Raises MoorageError."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise MoorageError(
            f"the command cannot be split into words: {error}", code="InvalidParameterException"
        ) from None
    if not words or not words[0]:
        raise MoorageError("the command is empty", code="InvalidParameterException")
    if any("\0" in word for word in words):
        raise MoorageError("the command has a NUL character", code="InvalidParameterException")
    return words


def open_command(
    session: Session, target: Target, argv: Sequence[str], *, tty: bool, stdin: bool, size: Size | None = None
) -> Opened:
    """Start a program. Raises NotStartedError, HostError."""
    _ask(session, target, "execute-command", safe_line(f"{argv[0]} in {target.name}"))
    engine = session.engine(target.endpoint)
    token = new_id()
    environment = {MARK: token} | ({"TERM": terminal_name()} if tty else {})
    guard = Guard(engine, target.container_id, token, tty=tty)
    try:
        process = start_process(
            engine, target.container_id, argv, tty=tty, stdin=stdin, environment=environment, size=size
        )
        guard.look()
    except NotStartedError:
        guard.release()
        raise
    except BaseException:
        guard.strike()
        raise
    # The program alone: what is given to it may be a secret.
    _keep(session, target, "execute-command", safe_line(f"{argv[0]} in {target.name}"))
    return Opened(target, engine, process, token, guard)


def _ask(session: Session, target: Target, verb: str, words: str) -> None:
    cluster, instance = target.instance.cluster, target.instance.name
    with told_if_failed(session, verb, cluster=cluster, instance=instance, task_id=target.task_id):
        ask_first(session, verb, cluster, [f"{words} on {instance}"])


def _keep(session: Session, target: Target, verb: str, words: str) -> None:
    family, _, revision = target.definition.rpartition(":")
    keep_deed(
        session,
        verb,
        words,
        cluster=target.instance.cluster,
        instance=target.instance.name,
        task_id=target.task_id,
        family=family,
        revision=int(revision) if revision.isdecimal() else 0,
    )


def open_shell(session: Session, target: Target, size: Size | None) -> Opened:
    """Start the first shell of the settings that the container has. Raises NoShellError, HostError."""
    shells = session.config.shell
    try:
        # One that looks for the others inside: one call, and only those that this user may run there.
        return open_command(session, target, [SH, "-c", _first_of(shells), "moorage"], tty=True, stdin=True, size=size)
    except NotStartedError as error:
        if not error.missing:
            raise
    for argv in shells:
        if argv[0] == SH:
            continue
        try:
            return open_command(session, target, argv, tty=True, stdin=True, size=size)
        except NotStartedError as error:
            if not error.missing:
                raise
    looked_for = ", ".join(dict.fromkeys((*(argv[0] for argv in shells), SH)))
    raise NoShellError(
        f"container {target.name!r} on {target.instance.name} has no shell ({looked_for}): run a program that it has "
        "(! in the dashboard, or execute-command), or name its shell under [shell] in config.toml"
    )


def open_attached(session: Session, target: Target) -> Opened:
    """Attach to the main process. Raises HostError."""
    _ask(session, target, "attach", target.name)
    engine = session.engine(target.endpoint)
    opened = Opened(target, engine, attach(engine, target.container_id))
    _keep(session, target, "attach", safe_line(target.name))
    return opened


def _first_of(shells: Sequence[Sequence[str]]) -> str:
    tries = [f"command -v {shlex.quote(argv[0])} >/dev/null 2>&1 && exec {shlex.join(argv)}" for argv in shells]
    return "\n".join([*tries, f"exec {SH}"])


def terminal_name() -> str:
    """TERM for the other side: few images know the newer names."""
    name = os.environ.get("TERM", "")
    return name if _KNOWN_TERMINALS.fullmatch(name) else "xterm-256color"


def describe_failure(error: HostError, target: Target) -> MoorageError:
    """An engine's refusal in terms of what a person asked for."""
    if isinstance(error, NotStartedError):
        return error
    if error.kind == "not-found":
        return MoorageError(f"container {target.name!r} is no longer on {target.instance.name}")
    return MoorageError(f"container {target.name!r} on {target.instance.name}: {error.message}")
