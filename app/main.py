"""argv → the dashboard (no verb) or one CLI verb. Imports nothing heavy until it knows which."""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.store.home import Home


def main(argv: Sequence[str] | None = None) -> int:
    """Runs Moorage on ``argv`` (default: that of the process); returns the exit code, never raises."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] in (["--version"], ["-V"]):
        return _say_version()
    from app.cli.outcome import guarded

    folder, rest, wrong = _without_home(arguments)
    return guarded(lambda: _run(folder, rest, wrong), lambda: _home(folder).state)


def _run(folder: str | None, arguments: list[str], wrong: str) -> int:
    from app.cli.verbs import VERBS, overview
    from app.model.errors import NotFoundError, UsageError

    if wrong:
        raise UsageError(wrong)
    if not arguments or arguments[0].partition("=")[0] == "--screen":
        return _open_dashboard(_home(folder), _screen(arguments))
    first, rest = arguments[0], arguments[1:]
    if first in ("--version", "-V"):
        return _say_version()
    if first in ("--help", "-h", "help"):
        if first != "help" or not rest:
            from app import __version__

            sys.stdout.write(overview(__version__))
            return 0
        first, rest = rest[0], ["--help"]
    if first.startswith("-"):
        raise UsageError(f"unknown option {first!r}; moorage --help tells what there is")
    if first not in VERBS:
        raise UsageError(f"{NotFoundError('verb', first, VERBS).message} (moorage --help lists all)")
    from app.cli.dispatch import run_verb

    return run_verb(VERBS[first], rest, _home(folder), folder, _open_dashboard)


def _open_dashboard(home: Home, screen: str = "") -> int:
    from app.cli.outcome import is_terminal
    from app.model.errors import UsageError

    if not (is_terminal(sys.stdin) and is_terminal(sys.stdout)):
        raise UsageError("the dashboard needs a terminal; moorage --help lists the commands that do not")
    from app.screens.first_frame.held import HeldTerminal
    from app.screens.first_frame.opening import open_at_once

    with HeldTerminal() as held:
        # What is loaded stays: to look through it takes a thirtieth of the start while it comes, and 40 ms once more
        # as soon as hosts are read.
        gc.disable()
        try:
            opening = open_at_once(home, screen, held)
            from app.screens.program import run_dashboard
        finally:
            gc.freeze()
            gc.enable()
        return run_dashboard(home, lambda: _open_demo(home), opening, held)


def _open_demo(home: Home) -> int:
    """In a folder of its own, with the settings of ``home``."""
    from app.cli.dispatch import run_verb
    from app.cli.verbs import VERBS

    return run_verb(VERBS["demo"], [], home, None, _open_dashboard)


def _screen(arguments: list[str]) -> str:
    """Of ``--screen NAME`` or ``--screen=NAME``; "" when there is none."""
    from app.model.errors import UsageError
    from app.model.names import SCREENS

    if not arguments:
        return ""
    _, equals, name = arguments[0].partition("=")
    name, *rest = [name, *arguments[1:]] if equals else [*arguments[1:], ""]
    if name not in SCREENS:
        raise UsageError(f"--screen needs one of {', '.join(SCREENS)}")
    if any(rest):
        raise UsageError(f"{rest[0]!r} after --screen {name}: a verb opens no dashboard")
    return name


def _without_home(arguments: list[str]) -> tuple[str | None, list[str], str]:
    """``--home DIR`` taken out, wherever it stands: the folder, the rest, and what is wrong."""
    folder, rest, wrong = None, [], ""
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            rest += [argument, *waiting]
        elif argument == "--home":
            folder = next(waiting, None)
            wrong = "--home needs the path of a folder" if folder is None else wrong
        elif argument.startswith("--home="):
            folder = argument.removeprefix("--home=")
        else:
            rest.append(argument)
    return folder, rest, wrong


def _home(folder: str | None) -> Home:
    from app.store.home import resolve_home

    return resolve_home(folder, os.environ)


def _say_version() -> int:
    from app import __version__

    try:
        print(f"moorage {__version__}", flush=True)
    except OSError as error:
        from app.cli.outcome import unwritable

        return unwritable(error)
    return 0
