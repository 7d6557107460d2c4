"""One simulated engine by itself, for tests: ``python -m app.demo.engine SOCKET``. It ends with its standard input."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal

from app.demo.engine.engine import SimulatedEngine
from app.demo.engine.images import Image
from app.demo.engine.layers import layers_of
from app.demo.engine.registry import Registry
from app.demo.engine.server import parent_gone, serve

_SIZES = (3 << 20, 24 << 20, 1 << 20)
"""Of the layers of what is offered."""


async def _run(arguments: argparse.Namespace) -> None:
    offered = {name: Image(name, command=("serve",), layers=layers_of(name, _SIZES)) for name in arguments.offer}
    passwords = {host: dict([login.partition(":")[::2]]) for host, _, login in map(_halves, arguments.private)}
    engine = SimulatedEngine(
        arguments.name,
        cpus=arguments.cpus,
        memory=arguments.memory,
        seed=arguments.seed,
        registry=Registry(offered, hosts=arguments.registry, passwords=passwords),
        pull_rate=arguments.rate,
        step_seconds=arguments.step_seconds,
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


def _halves(text: str) -> tuple[str, str, str]:
    return text.partition("=")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m app.demo.engine", description=__doc__)
    parser.add_argument("socket")
    parser.add_argument("--name", default="simulated")
    parser.add_argument("--cpus", type=int, default=2)
    parser.add_argument("--memory", type=int, default=4 << 30, help="bytes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--offer", action="append", default=[], metavar="IMAGE", help="an image that a pull finds")
    parser.add_argument("--registry", action="append", default=[], metavar="HOST", help="a registry that takes pushes")
    parser.add_argument(
        "--private", action="append", default=[], metavar="HOST=USER:PASSWORD", help="one that wants a password"
    )
    parser.add_argument("--rate", type=float, default=40e6, help="bytes a second of pulls and pushes; 0 for at once")
    parser.add_argument("--step-seconds", type=float, default=0.0, help="how long a step of a build takes, about")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
