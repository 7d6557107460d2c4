"""The verb that builds an image on an instance."""

from __future__ import annotations

import sys

from app.cli.arguments import Parser
from app.cli.build_progress import BuildPrinter
from app.cli.command import Call, Command
from app.cli.outcome import FAILED, complain, telling_what_exists
from app.model.image_requests import BuildImageRequest
from app.operations.images.building import BuildError, build_image

_SHORT = {"tag": "-t", "file": "-f"}
_ONE_EACH = ("tag", "buildArg")


def _as_docker_has_it(parser: Parser) -> None:
    """-t and -f; and a flag that may be repeated takes one value each time, so that a PATH may come after it."""
    for action in list(parser._actions):
        member = action.dest.removeprefix("member_")
        if member in _ONE_EACH:
            action.nargs = 1
        if (short := _SHORT.get(member)) is not None:
            action.option_strings = [short, *action.option_strings]
            parser._option_string_actions[short] = action


def _build(call: Call) -> int:
    printer = BuildPrinter(sys.stderr)
    try:
        with telling_what_exists(lambda: ["what the build's steps have made so far stays in the engine's cache"]):
            built = build_image(call.session, call.request, printer.tell)
    except BuildError as error:
        printer.close()
        complain(error.message)
        if not printer.shows_all:
            for line in error.lines:
                complain(f"  {line}")
        return FAILED
    finally:
        printer.close()
    call.show(built.shape())
    return 0


COMMANDS = {"build": Command(BuildImageRequest, _build, "path", _as_docker_has_it)}
