"""What the simulated engine has beyond a real one's contract."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.demo.engine.engine import SimulatedEngine
from app.demo.engine.layers import END_OF_TAR, tar_header
from app.demo.engine.server import serve
from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.images.ensuring import ensure_image
from tests.engine.contract.asking import (
    LIVE,
    create,
)
from tests.engine_bed import Daemon, wait_until
from tests.engine_bed.processes import living
from tests.engine_bed.simulated import ROOT, Simulated


def test_a_pull_tells_of_its_layers(simulated_engine: Simulated) -> None:
    engine = Engine(parse_endpoint(simulated_engine.endpoint))
    told: list[tuple[str, int, int]] = []
    assert ensure_image(engine, "nginx:1", lambda *step: told.append((str(step[0]), step[1], step[2]))) == ""
    assert {"Pulling fs layer", "Downloading", "Pull complete"} <= {status for status, _, _ in told}
    assert told[-1][1] == told[-1][2] > 0
    again: list[str] = []
    ensure_image(engine, "nginx:1", lambda *step: again.append(str(step[0])))
    assert again[-1] == "Status: Image is up to date for nginx:1"
    with pytest.raises(HostError, match="pull access denied"):
        ensure_image(engine, "no-such:1", lambda *_: None)
    with pytest.raises(HostError, match="pull access denied"):
        ensure_image(engine, "busybox:latest", lambda *_: None, "always")  # it is here, and in no registry
    simulated_engine.clean()


def test_a_real_engine_loads_what_it_saves_and_the_other_way_round(engine: Daemon, simulated_engine: Simulated) -> None:
    simulated_engine.api.pull("nginx", "1")
    for name, here, there in (("nginx:1", simulated_engine, engine), ("busybox:latest", engine, simulated_engine)):
        saved = b"".join(here.api.get_image(name))
        told = list(there.api.load_image(saved))
        assert told[-1]["stream"] == f"Loaded image: {name}\n"
        assert there.api.inspect_image(name)["Id"] == here.api.inspect_image(name)["Id"]
        again = b"".join(there.api.get_image(name))
        assert list(simulated_engine.api.load_image(again))[-1]["stream"] == f"Loaded image: {name}\n"
    simulated_engine.clean()


def test_a_large_archive_is_never_all_in_its_memory(tmp_path: Path) -> None:
    made = Simulated(tmp_path, options=["--rate", "0"])
    size = 256 << 20

    def archive() -> Iterator[bytes]:
        yield tar_header("large", size)
        for _ in range(size >> 20):
            yield bytes(1 << 20)
        yield END_OF_TAR

    def peak() -> int:
        told = Path(f"/proc/{made.process.pid}/status").read_text()
        return int(re.findall(r"VmHWM:\s+(\d+) kB", told)[0]) << 10

    before = peak()
    answer = made.api._post(made.api._url("/images/load"), data=archive(), timeout=60)
    assert answer.status_code == 200 and "manifest.json: no such file" in answer.text
    assert peak() - before < 24 << 20
    made.close()


async def test_what_comes_after_an_answer_is_thrown_away_and_the_next_call_is_answered(tmp_path: Path) -> None:
    served = await serve(SimulatedEngine("edge-1"), str(tmp_path / "edge.sock"))
    try:
        reader, writer = await asyncio.open_unix_connection(served.path)
        length = 8 << 20
        writer.write(f"POST /images/create?fromImage=no-such HTTP/1.1\r\nContent-Length: {length}\r\n\r\n".encode())
        assert (await reader.readuntil(b"\n")).startswith(b"HTTP/1.1 404")
        writer.write(bytes(length))
        writer.write(b"GET /_ping HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"OK")
        writer.close()
    finally:
        await served.close()


def test_its_socket_is_its_owner_s_and_goes_with_its_parent(tmp_path: Path) -> None:
    made = Simulated(tmp_path)
    assert stat.S_IMODE(os.stat(made.socket).st_mode) == 0o600
    made.close()
    assert made.process.returncode == 0 and not made.socket.exists()


def test_lists_are_json_that_others_can_read_too(simulated_engine: Simulated) -> None:
    hostile = 'a"b\\c\u202e\x1b[31m\n'
    create(simulated_engine, LIVE, "one", labels={hostile: hostile, "Status": '"\\u0000"'})
    raw = simulated_engine.api._get(simulated_engine.api._url("/containers/json"), params={"all": 1}).text
    (entry,) = json.loads(raw)
    assert (entry["Labels"][hostile], entry["Status"]) == (hostile, "Created")
    simulated_engine.clean()


_CREATE = b"POST /containers/create HTTP/1.1\r\n"


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"\x00\xff nonsense\r\n\r\n", b"HTTP/1.1 400 "),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", b"HTTP/1.1 431 "),
        (b"GET /info HTTP/1.1\r\nX: " + b"x" * 70_000, b"HTTP/1.1 431 "),
        (b"POST /containers/create HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n", b"HTTP/1.1 413 "),
        (b"POST /containers/create HTTP/1.1\r\nContent-Length: 1\r\n\r\n{", b"HTTP/1.1 400 "),
        (_CREATE + b'Content-Length: 35\r\n\r\n{"Image": "busybox", "Labels": [1]}', b"HTTP/1.1 400 "),
        (b"POST /volumes/create HTTP/1.1\r\nContent-Length: 2\r\n\r\n[]", b"HTTP/1.1 400 "),
        (b"GET /containers/json?filters={%22label%22:1} HTTP/1.1\r\n\r\n", b"HTTP/1.1 400 "),
        (b"GET /containers/json?limit=x HTTP/1.1\r\n\r\n", b"HTTP/1.1 400 "),
        (b"GET /v1.41/../../etc/passwd HTTP/1.1\r\n\r\n", b"HTTP/1.1 404 "),
        (b"BREW /coffee HTTP/1.1\r\n\r\n", b"HTTP/1.1 404 "),
        (b"POST /exec/none/start HTTP/1.1\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\n{}", b"HTTP/1.1 404 "),
        (b"HEAD /_ping HTTP/1.1\r\nConnection: close\r\n\r\n", b"HTTP/1.1 200 "),
    ],
)
def test_a_hostile_request_is_answered_and_harms_nobody(
    simulated_engine: Simulated, data: bytes, answer: bytes
) -> None:
    with connected(simulated_engine.socket) as connection:
        connection.sendall(data)
        assert connection.recv(1 << 16).startswith(answer)
    with connected(simulated_engine.socket) as connection:
        connection.sendall(data[: len(data) // 2])  # and away
    assert simulated_engine.api.ping()


def connected(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    made.settimeout(20)
    made.connect(str(path))
    return made


def test_requests_in_a_row_are_answered_in_order(simulated_engine: Simulated) -> None:
    with connected(simulated_engine.socket) as connection:
        paths = [f"/volumes/v{number}" for number in range(2000)]
        asked = "".join(f"GET {path} HTTP/1.1\r\nHost: docker\r\n\r\n" for path in paths).encode()
        threading.Thread(target=connection.sendall, args=(asked,), daemon=True).start()
        told = bytearray()
        while told.count(b"no such volume") < len(paths):
            told += connection.recv(1 << 16)
    assert re.findall(rb"get (v\d+):", told) == [f"v{number}".encode() for number in range(2000)]


def test_it_ends_orderly_when_it_is_asked_to(tmp_path: Path) -> None:
    made = Simulated(tmp_path)
    made.process.terminate()
    assert made.process.wait(timeout=20) == 0 and not made.socket.exists()
    made.close()


_PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-m", "app.demo.engine", sys.argv[1]], stdin=subprocess.PIPE)
print(child.pid, flush=True)
child.wait()
"""


def test_it_does_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "killed.sock"
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        text=True,
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    wait_until(path.exists, what="it listens")
    parent.kill()
    parent.wait(timeout=20)
    wait_until(lambda: not path.exists() and not living({child}), what="it has gone with its parent")


async def test_one_that_hangs_answers_later_and_one_that_is_down_refuses(tmp_path: Path) -> None:
    served = await serve(SimulatedEngine("edge-1"), str(tmp_path / "edge.sock"))
    try:
        assert await asked(served.path) == b"OK"
        held = await asyncio.open_unix_connection(served.path)
        served.freeze()
        waiting = asyncio.ensure_future(asked(served.path))
        held[1].write(b"GET /_ping HTTP/1.1\r\nConnection: close\r\n\r\n")
        done, _ = await asyncio.wait({waiting}, timeout=0.3)
        assert not done
        served.thaw()
        assert await waiting == b"OK"
        assert (await held[0].read()).endswith(b"OK")
        lost = await asyncio.open_unix_connection(served.path)
        served.cut()
        assert await lost[0].read() == b""
        with pytest.raises(OSError, match="No such file"):
            await asyncio.open_unix_connection(served.path)
        await served.mend()
        assert await asked(served.path) == b"OK"
    finally:
        await served.close()
    assert not (tmp_path / "edge.sock").exists()


async def asked(path: str) -> bytes:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b"GET /_ping HTTP/1.1\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return answer.rpartition(b"\r\n\r\n")[2]
