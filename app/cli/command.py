"""What a verb is made of, and what its code gets to work with."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.cli.arguments import Parser
from app.cli.output import write_shape
from app.model.errors import UsageError
from app.model.requests import Request
from app.operations.session import Session
from app.store.home import Home


def _no_dashboard(_: Home) -> int:
    raise UsageError("there is no dashboard here")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a verb. ``request`` is None for a command without a request model.

    ``folder``: what ``--home`` said, None without it. ``open_dashboard``: on a home, until it is left; the exit code.
    """

    session: Session
    request: Any
    options: argparse.Namespace
    folder: str | None = None
    open_dashboard: Callable[[Home], int] = _no_dashboard

    def show(self, shape: Mapping[str, Any]) -> None:
        """Print a response in the format that was asked for."""
        write_shape(shape, self.options.output, sys.stdout)


@dataclass(frozen=True, slots=True)
class Command:
    """``positional``: ECS's name of the member that may also be given without its flag."""

    request: type[Request] | None
    run: Callable[[Call], int]
    positional: str = ""
    add_flags: Callable[[Parser], None] | None = None


def answering(operation: Callable[[Session, Any], dict[str, Any]]) -> Callable[[Call], int]:
    """The run of a verb that does one operation and prints its response."""

    def run(call: Call) -> int:
        call.show(operation(call.session, call.request))
        return 0

    return run
