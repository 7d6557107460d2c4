"""``moorage demo``: the dashboard on a fleet that is simulated, or its engines alone."""

from __future__ import annotations

import signal
import sys
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from app.cli.arguments import Parser
from app.cli.command import Call, Command
from app.cli.outcome import INTERRUPTED, is_terminal
from app.demo.options import DemoOptions
from app.demo.plan import DEFAULT_HOSTS, DEFAULT_SEED, DEFAULT_TASKS, MOST_HOSTS, MOST_TASKS
from app.demo.simulator import Simulator, demo_home
from app.model.errors import UsageError
from app.model.requests import Request

MOST_EVENTS = 10_000


class DemoRequest(Request):
    """Our own verb."""

    hosts: Annotated[int, Field(ge=1, le=MOST_HOSTS, description="How many engines.")] = DEFAULT_HOSTS
    tasks: Annotated[int, Field(ge=0, le=MOST_TASKS, description="How many tasks run on them.")] = DEFAULT_TASKS
    seed: Annotated[int, Field(ge=0, le=2**31, description="The same seed is the same fleet.")] = DEFAULT_SEED
    events_per_second: Annotated[
        int, Field(ge=0, le=MOST_EVENTS, description="More events than the fleet has by itself: jobs that come and go.")
    ] = 0


def _flags(parser: Parser) -> None:
    parser.add_argument(
        "--serve", action="store_true", help="No dashboard: tell the folder for --home of other verbs, until ctrl-c."
    )
    parser.epilog = "Without --home the fleet has a folder of its own, which is gone afterwards. Yours is not touched."


def _demo(call: Call) -> int:
    headless = call.options.serve
    if not headless and not (is_terminal(sys.stdin) and is_terminal(sys.stdout)):
        raise UsageError("the dashboard needs a terminal; moorage demo --serve runs the simulated engines alone")
    request: DemoRequest = call.request
    options = DemoOptions(request.hosts, request.tasks, request.seed, request.events_per_second)
    if not headless:
        print(f"starting {options.hosts} simulated engines with {options.tasks:,} tasks …", flush=True)
    with Simulator(options, call.folder) as simulator:
        if headless:
            return _serve(simulator, options)
        home = demo_home(simulator.folder)
        if call.folder is None:
            # Keys, theme and views are the person's own; clusters, definitions and history are the demo's.
            home = replace(home, config_file=call.session.home.config_file)
        return call.open_dashboard(home)


def _serve(simulator: Simulator, options: DemoOptions) -> int:
    print(f"{options.hosts} simulated engines, {options.tasks} tasks: {simulator.folder}")
    print(f"moorage --home {simulator.folder} list-tasks --cluster prod")
    print("ctrl-c ends them", flush=True)
    try:
        while True:
            signal.pause()
    except KeyboardInterrupt:
        return INTERRUPTED  # that is how one leaves what has no end


COMMANDS = {"demo": Command(DemoRequest, _demo, "", _flags)}
