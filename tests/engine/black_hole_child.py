"""A client on the network of an engine's machine: it listens and asks while every packet is dropped, and says how long.

Arguments: the endpoint. On stdout: ``ready``, and after a line on stdin a JSON object of seconds and errors.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.errors import HostError


def main() -> None:
    endpoint = parse_endpoint(sys.argv[1])
    listening, asking, late = (Engine(endpoint, timeout=60) for _ in range(3))
    stream = listening.events()
    asking.ping()
    print("ready", flush=True)
    sys.stdin.readline()
    told: dict[str, tuple[float, str]] = {}

    def measure(name: str, act: Callable[[], object]) -> None:
        began, error = time.monotonic(), ""
        try:
            act()
        except HostError as caught:
            error = caught.kind
        told[name] = time.monotonic() - began, error

    acts: dict[str, Callable[[], object]] = {
        "events": lambda: list(stream), "call": asking.ping, "connect": late.ping,
    }  # fmt: skip
    threads = [threading.Thread(target=measure, args=item) for item in acts.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(told), flush=True)


main()
