"""The verb that goes from source to running tasks: deploy."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

from app.cli.arguments import Parser
from app.cli.command import Call, Command
from app.cli.deploy_progress import DeployPrinter
from app.cli.outcome import FAILED, complain, telling_what_exists, warn
from app.model.image_requests import DeployRequest
from app.operations.deeds import command_of, keep_deed
from app.operations.deploying.execution import agree, deploy
from app.operations.deploying.outcome import Deployed
from app.operations.deploying.planning import plan_deploy

_LONGEST_STOP = 20.0
"""Seconds that a build or a transfer gets to let go of what it has begun, once ctrl-c was pressed."""
_BROKEN_OFF = frozenset({"build", "push", "pull", "copy"})
_TURN = 0.1


def _flags(parser: Parser) -> None:
    parser.add_argument("-f", dest="member_file", metavar="FILE", help="The same as --file FILE.")
    parser.epilog = "Exit code: 0 all tasks are RUNNING; 1 a step failed, and stderr says which, why, and what is left."


def _run(call: Call) -> int:
    plan = plan_deploy(call.session, call.request)
    for line in plan.warnings:
        warn(line)
    if call.request.dry_run:
        call.show(plan.shape())
        return 0
    agree(call.session, call.request, plan)  # on this thread, where somebody can be asked
    printer, stop, deployed = DeployPrinter(sys.stderr, plan), threading.Event(), Deployed(plan)

    def left() -> list[str]:
        if deployed.failure is None:  # it was cut off, and will not tell of itself
            words = deployed.at.name if deployed.at is not None else ""
            command, cluster = command_of("deploy", call.request), plan.cluster.name
            keep_deed(call.session, "deploy", words, command, cluster=cluster, outcome="interrupted", happened=False)
        return printer.left(deployed)

    with telling_what_exists(left):
        _patiently(
            lambda: deploy(call.session, call.request, plan, printer.tell, stop, deployed),
            stop,
            lambda: deployed.at is not None and deployed.at.work in _BROKEN_OFF,
        )
    printer.close()
    call.show(deployed.shape())
    if deployed.failure is None:
        return 0
    for line in deployed.failure.lines:
        complain(line, kind="  ")
    for line in (printer.failed_words(deployed.failure), *deployed.left()):
        complain(line)
    return FAILED


def _patiently(work: Callable[[], object], stop: threading.Event, breakable: Callable[[], bool]) -> None:
    """Do it in a thread; ctrl-c sets ``stop``, and waits for what can be broken off. A second one leaves at once."""
    errors: list[BaseException] = []
    # Not the thread itself: a join that ctrl-c interrupts takes it for ended (bpo-45274).
    over = threading.Event()

    def job() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - it is raised again where it belongs
            errors.append(error)
        finally:
            over.set()

    threading.Thread(target=job, name="deploy", daemon=True).start()
    try:
        while not over.wait(_TURN):
            pass
    except KeyboardInterrupt:
        stop.set()
        left = _LONGEST_STOP
        while breakable() and left > 0 and not over.wait(_TURN):
            left -= _TURN
        raise
    if errors:
        raise errors[0]


COMMANDS = {"deploy": Command(DeployRequest, _run, "file", _flags)}
