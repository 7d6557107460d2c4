"""Verbs of registries. No flag takes a password: a command line is seen by everybody on the machine."""

from __future__ import annotations

import getpass
import sys

from app.cli.command import Call, Command
from app.cli.outcome import DONE, complain, is_terminal, warn
from app.model.errors import UsageError
from app.model.image_requests import LoginRequest, LogoutRequest
from app.model.safe_text import safe_line
from app.operations.registries import LONGEST_PASSWORD, login, logout, registry_of


def _login(call: Call) -> int:
    request: LoginRequest = call.request
    registry = registry_of(request.registry)
    terminal = is_terminal(sys.stdin) and is_terminal(sys.stderr)
    if not request.username:
        if request.password_stdin or not terminal:
            raise UsageError("who are you there? Give --username NAME")
        request = request.model_copy(update={"username": _asked_name(registry)})
    if not request.password_stdin and not terminal:
        raise UsageError("the password is asked for at a terminal; without one give --password-stdin")
    password = _from_stdin() if request.password_stdin else _asked_password(request.username)
    shape = login(call.session, request, password)
    told = shape["login"]
    if not told["encrypted"]:
        warn(f"the password is in {told['keptIn']}, where it is not encrypted; a credential helper would keep it safe")
    call.show(shape)
    return DONE


def _logout(call: Call) -> int:
    shape = logout(call.session, call.request)
    if not shape["logout"]["removedFrom"]:
        complain(f"there is no login into {shape['logout']['registry']}")
    call.show(shape)
    return DONE


def _asked_name(registry: str) -> str:
    """On stderr: stdout is left to the response."""
    print(f"Username at {registry}: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline(1000).strip()


def _asked_password(username: str) -> str:
    try:
        return getpass.getpass(f"Password of {safe_line(username)}: ")
    except EOFError:
        raise UsageError("no password was given") from None


def _from_stdin() -> str:
    """All of it but the line break at its end."""
    stream = getattr(sys.stdin, "buffer", None)
    try:
        text: str = stream.read(4 * LONGEST_PASSWORD).decode("utf-8") if stream is not None else sys.stdin.read()
    except UnicodeDecodeError:
        raise UsageError("the password on stdin is not UTF-8") from None
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text


COMMANDS = {
    "login": Command(LoginRequest, _login, "registry"),
    "logout": Command(LogoutRequest, _logout, "registry"),
}
