"""The process that simulates the engines of a demo fleet: it ends when its parent does, however that ended.

``main FOLDER OPTIONS KEEP``: sockets, clusters and definitions come into FOLDER; a line READY on stdout says that all
answer. It lives as long as its stdin, a pipe of the parent's, is open, and takes FOLDER away then unless it is to keep.
"""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from app.demo.engine.server import parent_gone, serve
from app.demo.home import write_home
from app.demo.life import Life
from app.demo.options import DemoOptions
from app.demo.plan import Plan, make_plan
from app.demo.settling import settle
from app.demo.simulator import KEEP, READY, SOCKETS, demo_home


def main() -> None:
    folder, options, keep = Path(sys.argv[1]), DemoOptions.from_json(sys.argv[2]), sys.argv[3] == KEEP
    # The terminal's signals are the parent's affair: with it gone, so is this.
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTSTP):
        signal.signal(number, signal.SIG_IGN)
    try:
        asyncio.run(_run(folder, options))
    finally:
        shutil.rmtree(folder / SOCKETS if keep else folder, ignore_errors=True)
    sys.stdout.flush()
    # Ten thousand containers would be taken apart one by one.
    os._exit(0)


async def _run(folder: Path, options: DemoOptions) -> None:
    plan = make_plan(options.hosts, options.tasks, options.seed)
    grounds = settle(plan, time.time_ns)
    sockets = _sockets(folder, plan)
    served = [await serve(ground.engine, str(sockets[ground.host.name])) for ground in grounds]
    write_home(demo_home(folder), plan, sockets, datetime.now(UTC))
    life = Life(plan, grounds, time.time_ns, served if options.trouble else (), options.events_per_second)
    life.begin()
    # What is there stays: it is not looked through again and again for what could be thrown away.
    gc.collect()
    gc.freeze()
    print(READY, flush=True)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    waiting = [asyncio.ensure_future(parent_gone()), asyncio.ensure_future(ended.wait())]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)


def _sockets(folder: Path, plan: Plan) -> dict[str, Path]:
    (folder / SOCKETS).mkdir(mode=0o700, parents=True, exist_ok=True)
    return {host.name: folder / SOCKETS / f"{host.name}.sock" for host in plan.hosts}


if __name__ == "__main__":
    main()
