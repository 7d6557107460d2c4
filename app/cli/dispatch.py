"""One verb from its arguments to its exit code."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from app.cli.arguments import build_parser, parse, read_request
from app.cli.asking import ASKING, add_yes, answer_by
from app.cli.command import Call, Command
from app.cli.outcome import warn
from app.cli.verbs import Verb
from app.operations.session import Session
from app.store.home import Home


def run_verb(
    verb: Verb,
    arguments: Sequence[str],
    home: Home,
    folder: str | None = None,
    open_dashboard: Callable[[Home], int] | None = None,
) -> int:
    """``folder`` and ``open_dashboard``: as in ``Call``.

    Raises MoorageError, UsageError, SystemExit (after ``--help``) and whatever else happens.
    """
    command: Command = importlib.import_module(f"app.cli.{verb.module}").COMMANDS[verb.name]
    parser = build_parser(verb.name, verb.summary, command.request, command.positional)
    if command.add_flags is not None:
        command.add_flags(parser)
    if verb.name in ASKING:
        add_yes(parser)
    options = parse(parser, arguments)
    request = read_request(command.request, options, command.positional) if command.request else None
    session = Session(home)
    for finding in session.config_findings:
        warn(f"{home.config_file}: {finding}")
    answer_by(session, options)
    session.complain = warn
    call = Call(session, request, options, folder)
    return command.run(replace(call, open_dashboard=open_dashboard) if open_dashboard else call)
