"""What is counted is what a real engine was asked: beside a proxy that counts what goes over its connections."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.fleet.inbox import Inbox
from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.logs import read_logs
from app.hosts.sampler import Sampler
from app.hosts.watcher import Watcher
from app.model.instance import InstanceKey
from tests.engine_bed.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine_bed import Daemon

_REQUEST = re.compile(rb"(?:GET|POST|DELETE|HEAD|PUT) /\S* HTTP/1\.1\r\n")


class CountingProxy:
    """Hands every byte on to an engine; counts requests, and the bytes of what it answers."""

    def __init__(self, daemon: Daemon, path: Path) -> None:
        self._target = daemon.endpoint.removeprefix("unix://")
        self.endpoint = f"unix://{path}"
        self._sent: list[bytearray] = []
        self.answered = 0
        self._lock = threading.Lock()
        self._ends: list[socket.socket] = []
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def requests(self) -> list[bytes]:
        return [head for sent in self._sent for head in _REQUEST.findall(bytes(sent))]

    def close(self) -> None:
        for end in (self._server, *self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                engine = socket.socket(socket.AF_UNIX)
                engine.connect(self._target)
                self._ends += [client, engine]
                sent = bytearray()
                self._sent.append(sent)
                threading.Thread(target=self._hand_on, args=(client, engine, sent), daemon=True).start()
                threading.Thread(target=self._hand_on, args=(engine, client, None), daemon=True).start()

    def _hand_on(self, one: socket.socket, other: socket.socket, sent: bytearray | None) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(1 << 16):
                if sent is None:
                    with self._lock:
                        self.answered += len(data)
                else:
                    sent += data
                other.sendall(data)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxy(engine: Daemon, tmp_path: Path) -> Iterator[CountingProxy]:
    made = CountingProxy(engine, tmp_path / "proxy.sock")
    yield made
    made.close()


def test_every_request_is_counted_once(engine: Daemon, proxy: CountingProxy) -> None:
    container = engine.run(["sh", "-c", "echo hello; sleep 1000"])
    asked = Engine(parse_endpoint(proxy.endpoint))
    asked.ping()
    asked.info()
    asked.containers()
    with pytest.raises(HostError):
        asked.inspect("nobody")
    for _ in read_logs(asked, container, follow=False, tail=None, since=None, timestamps=True):
        pass
    costs = asked.ledger.costs()
    assert costs.asked == len(proxy.requests) == 7, proxy.requests  # the version is asked for first, logs inspect
    assert (costs.failed, costs.stats, costs.streams) == (0, 0, 0), "not found is an answer"
    assert 0 < costs.calls.half <= costs.calls.most < 5
    assert 0.3 * proxy.answered < costs.received <= proxy.answered, "all but headers"


def test_a_watcher_and_a_sampler_are_counted(engine: Daemon, proxy: CountingProxy) -> None:
    container = engine.run(["sleep", "1000"])
    asked = Engine(parse_endpoint(proxy.endpoint))
    watcher = Watcher(InstanceKey("prod", "edge"), asked, Inbox(lambda: None).put)
    sampler = Sampler(asked, "edge")
    watcher.start()
    try:

        def sampled() -> bool:
            sampler.want([container], 0.2, 5.0)
            return asked.ledger.costs().stats >= 5

        wait_until(sampled, what="five questions for stats", within=30)
        assert asked.ledger.costs().streams == 1, "events"
        before = asked.ledger.costs().events
        engine.api.stop(container, timeout=0)
        wait_until(lambda: asked.ledger.costs().events >= before + 2, what="events of its end", within=20)
    finally:
        sampler.stop()
        watcher.stop()
    wait_until(lambda: asked.ledger.costs().streams == 0, what="no stream any more", within=20)

    def same() -> bool:
        # Those that are on their way at this moment are counted here a moment before they are there.
        return asked.ledger.costs().asked == len(proxy.requests)

    wait_until(same, what="as many as there were", within=20)
    stats = sum(b"/stats?" in request for request in proxy.requests)
    assert stats == asked.ledger.costs().stats >= 5


def test_logs_that_are_followed_are_a_stream_with_bytes(engine: Daemon, proxy: CountingProxy) -> None:
    container = engine.run(["sh", "-c", "yes | head -c 100000; sleep 1000"])
    asked = Engine(parse_endpoint(proxy.endpoint))
    stream = read_logs(asked, container, follow=True, tail=None, since=None, timestamps=False)
    lines, pieces = 0, iter(stream)
    while lines < 50000:
        lines += len(next(pieces))
    costs = asked.ledger.costs()
    assert (lines, costs.streams) == (50000, 1)
    assert costs.received > 100_000
    stream.close()
    assert asked.ledger.costs().streams == 0


def test_an_engine_that_goes_away_is_a_failure(engine: Daemon, proxy: CountingProxy) -> None:
    asked = Engine(parse_endpoint(proxy.endpoint))
    asked.ping()
    proxy.close()
    with pytest.raises(HostError):
        asked.ping()
    assert asked.ledger.costs().failed == 1
