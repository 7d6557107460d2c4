"""The verb that tells where tasks would go, and why not elsewhere."""

from __future__ import annotations

from app.cli.arguments import Parser
from app.cli.command import Call, Command
from app.cli.outcome import FAILED, complain, warn
from app.model.requests import RunTaskRequest
from app.operations.planning import plan_most, plan_task


def _flags(parser: Parser) -> None:
    parser.add_argument(
        "--max", action="store_true", help="Only tell how many more of these fit in the cluster, and where."
    )
    parser.add_argument(
        "--seed", type=int, metavar="N", help="Of chance: the same number gives the same plan of the same cluster."
    )
    parser.epilog = "Nothing is launched or reserved. Exit code: 0 all tasks have a place; 1 some have none."


def _run(call: Call) -> int:
    options = call.options
    if options.max:
        planned = plan_most(call.session, call.request)
    else:
        planned = plan_task(call.session, call.request, options.seed)
    for finding in planned.warnings:
        warn(str(finding))
    shape = planned.shape
    if options.output == "table":
        shape = {member: shape[member] for member in ("instances", "room")}
    call.show(shape)
    if planned.placed == planned.wanted:
        return 0
    complain(f"{planned.wanted - planned.placed} of {planned.wanted} tasks would have no place:")
    for failure in planned.shape["failures"]:
        complain(f"{failure['reason']}: {failure['detail']}")
    return FAILED


COMMANDS = {"plan": Command(RunTaskRequest, _run, "taskDefinition", _flags)}
