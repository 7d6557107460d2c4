"""Verbs that work inside containers."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable

from app.cli.arguments import Parser
from app.cli.command import Call, Command
from app.cli.outcome import complain, is_terminal
from app.hosts.errors import HostError
from app.hosts.exec.process import NotStartedError
from app.model.errors import UsageError
from app.operations.shell.ending import Outcome, ended_by
from app.operations.shell.opening import Opened, describe_failure, open_attached, open_command, split_command
from app.operations.shell.requests import AttachRequest, ExecuteCommandRequest, find_target
from app.operations.shell.target import Target
from app.operations.shell.terminal import Ended, ended_by_exception, standard_terminal, terminal_size
from app.operations.shell.working import talk_by_pipes, talk_in_terminal


def _execute_command(call: Call) -> int:
    """Exits with the command's own code; 126 or 127 when it could not be started, as a shell would."""
    request: ExecuteCommandRequest = call.request
    if request.interactive and call.options.non_interactive:
        raise UsageError("--interactive and --non-interactive exclude each other")
    argv = split_command(request.command)
    target = find_target(call.session, request)
    terminal = standard_terminal() if request.interactive else None
    try:
        with ended_by_exception():
            return _run(call, target, argv, terminal)
    except Ended as ended:
        return _told(ended_by(ended.number))


def _run(call: Call, target: Target, argv: list[str], terminal: tuple[int, int] | None) -> int:
    # Without --interactive a terminal is left alone; what is piped in is wanted.
    stdin = _number_of_stdin(call.request.interactive)
    try:
        opened = _opened(
            target,
            lambda: open_command(
                call.session,
                target,
                argv,
                tty=terminal is not None,
                stdin=stdin is not None,
                size=terminal_size(terminal[1]) if terminal else None,
            ),
        )
    except NotStartedError as error:
        complain(f"{target.name} on {target.instance.name}: {error.message}")
        return error.exit_code
    return _told(talk_in_terminal(opened, *terminal) if terminal else talk_by_pipes(opened, stdin))


def _attach(call: Call) -> int:
    """Exits with the container's code if it ends meanwhile, with 0 if one leaves before."""
    request: AttachRequest = call.request
    target = find_target(call.session, request)
    terminal = standard_terminal()
    opened = _opened(target, lambda: open_attached(call.session, target))
    if opened.process.tty and terminal is not None:
        complain(f"attached to {target.where}; ctrl-p ctrl-q leaves, the container goes on", kind="note: ")
        return _told(talk_in_terminal(opened, *terminal, detachable=True))
    if is_terminal(sys.stderr):
        complain(f"attached to {target.where}; ctrl-c leaves, the container goes on", kind="note: ")
    # Whoever looks must not end it: ctrl-c is for us alone, and goes to no one else.
    with contextlib.suppress(KeyboardInterrupt):
        return _told(talk_by_pipes(opened, _number_of_stdin(True)))
    return 0


def _opened(target: Target, work: Callable[[], Opened]) -> Opened:
    """Raises NotStartedError, else MoorageError."""
    try:
        return work()
    except NotStartedError:
        raise
    except HostError as error:
        raise describe_failure(error, target) from error


def _told(outcome: Outcome) -> int:
    if outcome.note:
        complain(outcome.note)
    return outcome.code


def _number_of_stdin(terminal_too: bool) -> int | None:
    try:
        number = sys.stdin.fileno()
    except (OSError, ValueError):
        return None
    return number if terminal_too or not is_terminal(sys.stdin) else None


def _add_flags(parser: Parser) -> None:
    parser.add_argument("--non-interactive", action="store_true", help=argparse.SUPPRESS)


COMMANDS = {
    "execute-command": Command(ExecuteCommandRequest, _execute_command, "", _add_flags),
    "attach": Command(AttachRequest, _attach, "task"),
}
