"""A proxy on a unix socket in front of an engine, real or simulated, that does to chosen calls what networks do.

Each request goes to the engine over a connection of its own, and the answer says that the connection ends with it.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

_HEAD_END = b"\r\n\r\n"
_VERSION = re.compile(r"^/v[0-9.]+")


@dataclass(frozen=True)
class Asked:
    """A request. ``path`` is without the API's version."""

    method: str
    target: str
    headers: bytes
    body: bytes

    @property
    def path(self) -> str:
        return _VERSION.sub("", self.target)

    @property
    def upgrade(self) -> bool:
        return b"upgrade:" in self.headers.lower()

    def to(self, target: str) -> Asked:
        return Asked(self.method, target, self.headers, self.body)

    @property
    def raw(self) -> bytes:
        headers = self.headers if self.upgrade else self.headers + b"\r\nConnection: close"
        return f"{self.method} {self.target} HTTP/1.1\r\n".encode() + headers + _HEAD_END + self.body


class Exchange:
    """One request, its client, and the way to the engine."""

    def __init__(self, asked: Asked, client: socket.socket, engine: Path, over: threading.Event) -> None:
        self.asked = asked
        self.client = client
        self._engine = engine
        self._over = over
        self._opened: list[socket.socket] = []

    def wait(self, seconds: float | None = None) -> None:
        """Sleep; ends early, by an error, when the proxy hangs up."""
        if self._over.wait(seconds):
            raise OSError("the proxy has hung up")

    def hand_on(self, asked: Asked | None = None) -> socket.socket:
        """Ask the engine; its answer can be read from what is returned."""
        engine = socket.socket(socket.AF_UNIX)
        self._opened.append(engine)
        engine.connect(str(self._engine))
        engine.sendall((asked or self.asked).raw)
        return engine

    def hang_up(self) -> None:
        """What of the engine has no end, as its events have none, ends now."""
        for engine in self._opened:
            with contextlib.suppress(OSError):
                engine.shutdown(socket.SHUT_RDWR)

    def answer(self, asked: Asked | None = None) -> http.client.HTTPResponse:
        """Ask the engine; its answer without the coding of its transfer."""
        with self.hand_on(asked) as engine:
            found = http.client.HTTPResponse(engine, method=self.asked.method)
        found.begin()
        return found

    def say(self, status: int, body: bytes, headers: str = "") -> None:
        head = f"HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        self.client.sendall(head.encode() + body)

    def pass_through(self) -> None:
        """Both ways, as if nobody was between."""
        engine = self.hand_on()
        back = threading.Thread(target=_carry, args=(self.client, engine), daemon=True)
        back.start()
        _carry(engine, self.client)


Fault = Callable[[Exchange], None]
"""What becomes of a request."""


def late(seconds: float, *, before: bool = True) -> Fault:
    """Handed on so much later; or at once, and its answer comes so much later."""

    def fault(exchange: Exchange) -> None:
        if before:
            exchange.wait(seconds)
            exchange.pass_through()
        else:
            whole = _all_of(exchange.hand_on())
            exchange.wait(seconds)
            exchange.client.sendall(whole)

    return fault


def trickle(size: int, every: float) -> Fault:
    """The answer in so many bytes at a time."""

    def fault(exchange: Exchange) -> None:
        whole = _all_of(exchange.hand_on())
        for at in range(0, len(whole), size):
            exchange.client.sendall(whole[at : at + size])
            exchange.wait(every)

    return fault


def cut(at: int) -> Fault:
    """The connection ends after so many bytes of the answer; below 0: so many before its end."""
    return lambda exchange: _part_of(exchange, at)


def stall(at: int) -> Fault:
    """So many bytes of the answer, and no more of it. With 0 the engine does what is asked, and nobody hears of it."""

    def fault(exchange: Exchange) -> None:
        _part_of(exchange, at)
        exchange.wait()

    return fault


def black_hole(exchange: Exchange) -> None:
    """The engine never hears of it."""
    exchange.wait()


def answer(status: int, body: bytes = b"", headers: str = "") -> Fault:
    """Not the engine answers, but this. ``headers``: lines that end with CR LF."""
    return lambda exchange: exchange.say(status, body, headers)


def rewrite(change: Callable[[bytes], bytes]) -> Fault:
    """The body of an answer that ends is changed."""

    def fault(exchange: Exchange) -> None:
        found = exchange.answer()
        exchange.say(found.status, change(found.read()), f"Content-Type: {found.headers['Content-Type']}\r\n")

    return fault


def rewrite_lines(change: Callable[[bytes], list[bytes]]) -> Fault:
    """Each line of a stream becomes these: none, another, or several."""

    def fault(exchange: Exchange) -> None:
        found = exchange.answer()
        exchange.client.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n")
        threading.Thread(target=_end_with, args=(exchange.client, found), daemon=True).start()
        for line in _lines(found):
            for said in change(line):
                exchange.client.sendall(f"{len(said) + 1:x}\r\n".encode() + said + b"\n\r\n")

    return fault


def speaks(oldest: str, newest: str, engine: str) -> Fault:
    """As an engine with these API versions in front of one that speaks ``engine``."""

    def fault(exchange: Exchange) -> None:
        asked = exchange.asked
        if asked.path == "/version":
            told = exchange.answer(asked.to("/version")).read()
            told = re.sub(rb'"ApiVersion":"[^"]*"', f'"ApiVersion":"{newest}"'.encode(), told)
            exchange.say(200, re.sub(rb'"MinAPIVersion":"[^"]*"', f'"MinAPIVersion":"{oldest}"'.encode(), told))
            return
        match = re.match(r"/v(\d+)\.(\d+)/", asked.target)
        version = (int(match[1]), int(match[2])) if match else _number(newest)
        if version < _number(oldest):
            text = f"client version {match and match[0][2:-1]} is too old. Minimum supported API version is {oldest}"
            exchange.say(400, f'{{"message":"{text}"}}'.encode())
            return
        exchange.asked = asked.to(f"/v{engine}{asked.path}" if match else asked.target)
        exchange.pass_through()

    return fault


def _number(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return int(major), int(minor)


@dataclass
class Rule:
    """``calls``: which of those that match, from 1 on; empty: all. ``matched``: how many there were."""

    method: str
    path: re.Pattern[str]
    fault: Fault
    calls: frozenset[int] = frozenset()
    matched: int = 0


@dataclass
class ChaosProxy:
    """A context manager. Args: folder: where its socket is made. engine: the socket that it stands before."""

    folder: Path
    engine: Path
    name: str = "chaos"
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Method and path of every request."""

    def __post_init__(self) -> None:
        self.socket = self.folder / f"{self.name}.sock"
        self.endpoint = f"unix://{self.socket}"
        self._rules: list[Rule] = []
        self._lock = threading.Lock()
        self._hung_up = threading.Event()
        self._closed = False
        self._clients: set[socket.socket] = set()
        self._exchanges: set[Exchange] = set()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.socket))
        self._listener.listen(128)

    def __enter__(self) -> ChaosProxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()

    def on(self, method: str, path: str, fault: Fault, *calls: int) -> Rule:
        """``path``: a regular expression for all of it, without version and query. The newest rule that fits counts."""
        rule = Rule(method, re.compile(path), fault, frozenset(calls))
        with self._lock:
            self._rules.insert(0, rule)
        return rule

    def calm(self) -> None:
        """No rules any more."""
        with self._lock:
            self._rules.clear()

    def hang_up(self) -> None:
        """Every connection that there is now ends, and so does all waiting for one."""
        with self._lock:
            clients, exchanges, over = list(self._clients), list(self._exchanges), self._hung_up
            if not self._closed:
                self._hung_up = threading.Event()
        over.set()
        for client in clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        for exchange in exchanges:
            exchange.hang_up()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._clients.add(client)
                over = self._hung_up
            threading.Thread(target=self._serve, args=(client, over), daemon=True).start()

    def _serve(self, client: socket.socket, over: threading.Event) -> None:
        exchange = None
        try:
            asked = _request(client)
            if asked is not None:
                exchange = Exchange(asked, client, self.engine, over)
                with self._lock:
                    self._exchanges.add(exchange)
                self._fault(asked)(exchange)
        except (OSError, ValueError, http.client.HTTPException):
            pass  # one of the two went away, as it may
        finally:
            with self._lock:
                self._clients.discard(client)
                if exchange is not None:
                    self._exchanges.discard(exchange)
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
            client.close()

    def _fault(self, asked: Asked) -> Fault:
        path = asked.path.partition("?")[0]
        with self._lock:
            self.asked.append((asked.method, path))
            for rule in self._rules:
                if rule.method in ("", asked.method) and rule.path.fullmatch(path):
                    rule.matched += 1
                    if not rule.calls or rule.matched in rule.calls:
                        return rule.fault
        return Exchange.pass_through


def _request(client: socket.socket) -> Asked | None:
    came = b""
    while _HEAD_END not in came:
        data = client.recv(1 << 16)
        if not data:
            return None
        came += data
    head, _, body = came.partition(_HEAD_END)
    first, _, headers = head.partition(b"\r\n")
    method, target, _ = first.decode().split(" ")
    length = re.search(rb"(?im)^content-length: *(\d+)", headers)
    while length is not None and len(body) < int(length[1]):
        data = client.recv(1 << 16)
        if not data:
            return None
        body += data
    # Of questions that follow at once nobody hears: the answer says that the connection ends.
    return Asked(method, target, headers, body[: int(length[1])] if length else b"")


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _all_of(engine: socket.socket) -> bytes:
    with engine:
        return b"".join(iter(lambda: engine.recv(1 << 16), b""))


def _part_of(exchange: Exchange, at: int) -> None:
    """Hand on, and say the answer, as it comes, up to there; of a whole one when that is counted from its end."""
    engine = exchange.hand_on()
    if at <= 0:
        exchange.client.sendall(_all_of(engine)[:at])
        return
    with engine:
        while at > 0 and (data := engine.recv(at)):
            exchange.client.sendall(data)
            at -= len(data)


def _lines(found: http.client.HTTPResponse) -> Iterator[bytes]:
    rest = b""
    while data := found.read1(1 << 16):
        *whole, rest = (rest + data).split(b"\n")
        yield from whole


def _end_with(client: socket.socket, found: http.client.HTTPResponse) -> None:
    """The stream from the engine ends when its reader goes."""
    with contextlib.suppress(OSError, ValueError):
        while client.recv(1 << 16):
            pass
    with contextlib.suppress(OSError, ValueError, AttributeError):
        found.fp.raw._sock.shutdown(socket.SHUT_RDWR)  # type: ignore[attr-defined]
