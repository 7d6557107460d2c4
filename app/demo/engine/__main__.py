"""One simulated engine by itself, for tests: ``python -m app.demo.engine SOCKET``. It ends with its standard input."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal

from app.demo.engine.engine import SimulatedEngine
from app.demo.engine.images import Image
from app.demo.engine.server import parent_gone, serve


async def _run(arguments: argparse.Namespace) -> None:
    registry = {name: Image(name) for name in arguments.offer}
    engine = SimulatedEngine(
        arguments.name, cpus=arguments.cpus, memory=arguments.memory, seed=arguments.seed, registry=registry
    )
    served = await serve(engine, arguments.socket)
    print("ready", flush=True)
    ending = asyncio.ensure_future(parent_gone())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ending.cancel)
    try:
        await ending
    except asyncio.CancelledError:
        pass
    finally:
        await served.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m app.demo.engine", description=__doc__)
    parser.add_argument("socket")
    parser.add_argument("--name", default="simulated")
    parser.add_argument("--cpus", type=int, default=2)
    parser.add_argument("--memory", type=int, default=4 << 30, help="bytes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--offer", action="append", default=[], metavar="IMAGE", help="an image that a pull finds")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
