"""The verb that makes container instances of docker contexts."""

from __future__ import annotations

from app.cli.arguments import Parser
from app.cli.command import Call, Command
from app.cli.outcome import DONE, FAILED, complain
from app.model.safe_text import safe_line
from app.operations.contexts import import_contexts


def _flags(parser: Parser) -> None:
    parser.add_argument("contexts", nargs="*", metavar="CONTEXT", help="Names of contexts; absent: all of them.")
    parser.add_argument("--cluster", metavar="CLUSTER", default="", help="Cluster that gets them.")
    parser.add_argument("--dry-run", action="store_true", help="Only say what would be registered.")


def _run(call: Call) -> int:
    """What was asked for by name has to be in the cluster then; of all contexts, at least one."""
    names = call.options.contexts
    shape = import_contexts(call.session, call.options.cluster, names, dry_run=call.options.dry_run)
    call.show(shape)
    for failure in shape["failures"]:
        complain(f"{failure['reason']}: context {safe_line(failure['arn'])}: {failure['detail']}")
    there = [failure for failure in shape["failures"] if failure["reason"] == "REGISTERED"]
    if names:
        return DONE if len(there) == len(shape["failures"]) else FAILED
    return DONE if there or shape["containerInstances"] else FAILED


COMMANDS = {"import-contexts": Command(None, _run, add_flags=_flags)}
