"""The verb that tells differences between definitions: revisions, files, and what runs."""

from __future__ import annotations

import os
import re
import sys
from typing import Any

from app.cli.arguments import Parser
from app.cli.command import Call, Command
from app.cli.outcome import USAGE, complain, warn
from app.cli.sources import read_source
from app.model.definition_diff import DiffLine
from app.model.errors import MoorageError, UsageError
from app.model.safe_text import safe_line
from app.operations.comparing import Comparison, Side, compare, revision_side, running_side, running_sides
from app.operations.compose_folder import ComposeFolder
from app.operations.importing import read_definitions

SAME, DIFFERENT = 0, 1
_REFERENCE = re.compile(r"arn:.*|[A-Za-z0-9_-]+(?::[0-9]*)?")
_MARKS = {"same": " ", "removed": "-", "added": "+"}


def _flags(parser: Parser) -> None:
    what = "family[:revision] or ARN; or a file: a path, file://PATH, or - (stdin)."
    parser.add_argument("left", nargs="?", metavar="LEFT", help=f"A definition: {what}")
    parser.add_argument("right", nargs="?", metavar="RIGHT", help="What it is compared with, in the same words.")
    parser.add_argument(
        "--running",
        nargs="?",
        const="",
        metavar="TASK",
        help="Instead of RIGHT: this task as it runs; without TASK each that runs of LEFT.",
    )
    parser.add_argument("--cluster", metavar="CLUSTER", default="", help="The cluster of what runs.")
    parser.add_argument("--environment", action="store_true", help="Compare only the environment of each container.")
    parser.epilog = "Secrets are masked. Exit code: 0 both are the same; 1 they are not; 2 trouble."
    parser.set_defaults(output=None)
    for action in parser._actions:
        if action.dest == "output":
            action.help = "Instead of a unified diff: a list of what is different, as json, table or text."


def _run(call: Call) -> int:
    """As diff does it, what went wrong must not look like a difference."""
    try:
        return _compared(call)
    except UsageError:
        raise
    except MoorageError as error:
        complain(error.message)
        return USAGE


def _compared(call: Call) -> int:
    options = call.options
    pairs = _running_pairs(call) if options.running is not None else [_two(call)]
    found = [compare(left, right, environment=options.environment) for left, right in pairs]
    for _, right in pairs:
        for note in right.notes:
            complain(safe_line(f"{right.label}: {note}"), kind="note: ")
    if options.output:
        shapes = [_shape(comparison) for comparison in found]
        call.show(shapes[0] if len(shapes) == 1 else {"comparisons": shapes})
    else:
        sys.stdout.writelines(f"{line}\n" for comparison in found for line in _unified(comparison))
    return SAME if all(comparison.same for comparison in found) else DIFFERENT


def _two(call: Call) -> tuple[Side, Side]:
    left, right = call.options.left, call.options.right
    if left is None or right is None:
        raise UsageError("give two definitions: diff LEFT RIGHT; or diff LEFT --running")
    if left == right == "-":
        raise UsageError("stdin can be read once")
    if call.options.cluster:
        raise UsageError("--cluster goes with --running")
    sides: dict[str, Side] = {text: revision_side(call.session, text) for text in (left, right) if _is_reference(text)}
    # A file of several definitions is searched for the family of the other side.
    families = {side.label.partition(":")[0] for side in sides.values()}
    for text in (left, right):
        if text not in sides:
            sides[text] = _file_side(text, families)
    return sides[left], sides[right]


def _running_pairs(call: Call) -> list[tuple[Side, Side]]:
    options = call.options
    if options.right is not None:
        raise UsageError("--running stands in place of RIGHT")
    if options.running:
        revision, running = running_side(call.session, options.cluster, options.running)
        if options.left is None:
            return [(revision, running)]
        families = {revision.label.partition(":")[0]}
        is_reference = _is_reference(options.left)
        left = revision_side(call.session, options.left) if is_reference else _file_side(options.left, families)
        return [(left, running)]
    if options.left is None:
        raise UsageError("--running without a task needs LEFT, whose tasks are meant")
    if not _is_reference(options.left):
        left = _file_side(options.left, set())
        reference = str(left.members.get("family", ""))
    else:
        left, reference = revision_side(call.session, options.left), options.left
    return [(left, running) for running in running_sides(call.session, options.cluster, reference)]


def _is_reference(text: str) -> bool:
    return _REFERENCE.fullmatch(text) is not None and text != "-"


def _file_side(text: str, families: set[str]) -> Side:
    data, source = read_source(text, "LEFT or RIGHT", bare_is_json=False)
    found = read_definitions(data, source, neighbours=ComposeFolder(os.path.dirname(source) or "."))
    chosen = [one for one in found if one.family in families] if len(found) > 1 else found
    if len(chosen) != 1:
        names = ", ".join(one.family for one in found[:10])
        raise MoorageError(f"{source}: has several definitions: {names}; compare with a revision of one of them")
    for finding in chosen[0].losses:
        warn(f"{safe_line(source)}: {finding}")
    return Side(source, chosen[0].members)


def _unified(comparison: Comparison) -> list[str]:
    if comparison.same:
        return []
    head = [f"--- {safe_line(comparison.left.label)}", f"+++ {safe_line(comparison.right.label)}"]
    return [*head, *(_line(line) for line in comparison.lines)]


def _line(line: DiffLine) -> str:
    text = safe_line(line.text)
    return f"@@ {text} @@" if line.kind == "gap" else f"{_MARKS[line.kind]}{text}"


def _shape(comparison: Comparison) -> dict[str, Any]:
    return {
        "left": comparison.left.label,
        "right": comparison.right.label,
        "same": comparison.same,
        "changes": list(comparison.changes),
        "notes": list(comparison.right.notes),
    }


COMMANDS = {"diff": Command(None, _run, add_flags=_flags)}
