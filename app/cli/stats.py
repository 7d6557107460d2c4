"""The verb that tells what tasks use: once, or again and again until ctrl-c."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

from app.cli.arguments import Parser
from app.cli.command import Call, Command
from app.cli.outcome import FAILED, INTERRUPTED, complain, is_terminal
from app.cli.table import drawn
from app.model.amounts import NOTHING, compact
from app.model.safe_text import safe_line
from app.operations.stats_report import ContainerUse, StatsReport, StatsRequest, StatsRound, stats_shape

_FROM_THE_TOP = "\x1b[H\x1b[J"
_HEADINGS = (
    "TASK",
    "CONTAINER",
    "DEFINITION",
    "INSTANCE",
    "CPU",
    "MEM",
    "LIMIT",
    "MEM%",
    "NET I/O",
    "BLOCK I/O",
    "PIDS",
)


def _flags(parser: Parser) -> None:
    """Unlike other verbs, this one prints a table unless it is told otherwise."""
    parser.add_argument("--no-stream", action="store_true", help="Tell it once, and exit.")
    parser.set_defaults(output="table")
    for action in parser._actions:
        if "--output" in action.option_strings:
            action.help = "table (the default), json with one object a line, or text with tabs."
    parser.epilog = "Tells it about every two seconds until ctrl-c, which ends it with exit code 130."


def _stats(call: Call) -> int:
    show = _SHOWN[call.options.output]
    report = StatsReport(call.session, call.request)
    told: set[str] = set()
    try:
        if call.options.no_stream:
            first = report.first()
            show(first, "")
            return _complain(report, first)
        before = _FROM_THE_TOP if is_terminal(sys.stdout) else ""
        for found in report.rounds():
            show(found, before)
            sys.stdout.flush()
            before = before or "\n"
            _complain_once(report, told)
    except KeyboardInterrupt:
        return INTERRUPTED  # that is how one leaves what has no end
    finally:
        report.close()
    return 0


def _complain(report: StatsReport, found: StatsRound) -> int:
    """Whatever is missing in the only round, and the exit code that goes with it."""
    silent = [f"{name} does not answer: {why}" for name, why in report.silent]
    for line in silent:
        complain(line)
    unknown = [use for use in found.containers if use.stats is None]
    for use in unknown if not silent else []:
        why = use.problem or "it has not told what it uses in time"
        complain(f"{use.part.name} of task {use.task.id[:8]} on {use.task.instance.name}: {why}")
    return FAILED if silent or unknown else 0


def _complain_once(report: StatsReport, told: set[str]) -> None:
    for name, why in report.silent:
        if name not in told:
            complain(f"{name} does not answer: {why}", kind="note: ")
    told.clear()
    told.update(name for name, _ in report.silent)


# --- how it is shown --------------------------------------------------------------------------------------------------


def _cells(use: ContainerUse) -> list[str]:
    stats, task = use.stats, use.task
    names = [task.id[:8], use.part.name, task.definition, task.instance.name]
    if stats is None:
        return [*names, *[NOTHING] * 7]
    share = f"{stats.memory / stats.limit:.1%}" if stats.memory is not None and stats.limit else NOTHING
    return [
        *names,
        NOTHING if stats.cpu is None else f"{stats.cpu:.1f}%",
        compact(stats.memory),
        compact(stats.limit),
        share,
        f"{compact(stats.received)} / {compact(stats.sent)}",
        f"{compact(stats.read)} / {compact(stats.written)}",
        NOTHING if stats.pids is None else str(stats.pids),
    ]


def _show_table(found: StatsRound, before: str) -> None:
    """``before``: what parts it from the table before."""
    lines = drawn(_HEADINGS, [_cells(use) for use in found.containers]) if found.containers else "nothing runs\n"
    sys.stdout.write(before + lines)


def _show_json(found: StatsRound, before: str) -> None:
    for use in found.containers:
        sys.stdout.write(json.dumps(stats_shape(use, found.at), ensure_ascii=True) + "\n")


def _show_text(found: StatsRound, before: str) -> None:
    for use in found.containers:
        cells = [safe_line("None" if value is None else value) for value in stats_shape(use, found.at).values()]
        sys.stdout.write("\t".join(cells) + "\n")


_SHOWN: dict[str, Callable[[StatsRound, str], None]] = {
    "json": _show_json,
    "table": _show_table,
    "text": _show_text,
}

COMMANDS = {"stats": Command(StatsRequest, _stats, "tasks", _flags)}
