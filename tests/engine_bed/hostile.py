"""A server on a unix socket that answers as no engine would."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

Said = bytes | Iterable[bytes]
"""All that is sent for one question, head and all; or pieces of it, as fast as they are taken."""
VERSION = {"Version": "20.10.24", "ApiVersion": "1.41", "MinAPIVersion": "1.12"}
INFO = {
    "ID": "x",
    "Name": "evil",
    "NCPU": 2,
    "MemTotal": 1 << 33,
    "SystemTime": "2026-03-01T12:00:00Z",
    "OSType": "linux",
}


def plain(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


def told(value: Any) -> bytes:
    return plain(json.dumps(value).encode(), headers="Content-Type: application/json\r\n")


def chunks(pieces: Iterable[bytes]) -> Iterable[bytes]:
    """A body in chunks; its end does not come before that of the pieces."""
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    for piece in pieces:
        yield f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
    yield b"0\r\n\r\n"


class HostileEngine:
    """A context manager. ``answers[path]`` (without version and query) is sent, or made when it is asked for;

    ``asked`` has every path. What has no answer gets that of a quiet, empty engine.
    """

    def __init__(self, folder: Path, name: str = "evil") -> None:
        self.socket = folder / f"{name}.sock"
        self.endpoint = f"unix://{self.socket}"
        self.answers: dict[str, Said | Callable[[], Said]] = {}
        self.asked: list[str] = []
        self.headers: list[bytes] = []
        self._closing = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.socket))
        self._listener.listen(64)
        self._quiet: dict[str, Said | Callable[[], Said]] = {
            "/version": told(VERSION), "/_ping": plain(b"OK"), "/info": told(INFO), "/containers/json": told([]),
            "/volumes": told({"Volumes": []}), "/events": self.stream,
        }  # fmt: skip

    def __enter__(self) -> HostileEngine:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def drip(self, whole: bytes, every: float, size: int = 1) -> Iterable[bytes]:
        """A little at a time."""
        for at in range(0, len(whole), size):
            yield whole[at : at + size]
            if self._closing.wait(every):
                return

    def silence(self) -> Iterator[bytes]:
        """Nothing more, until the server ends."""
        self._closing.wait()
        yield from ()

    def stream(self, lines: Iterable[bytes] = ()) -> Iterator[bytes]:
        """These lines, a chunk each, and then silence."""
        yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        for line in lines:
            yield f"{len(line):x}\r\n".encode() + line + b"\r\n"
        yield from self.silence()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            came = b""
            while not self._closing.is_set():
                while b"\r\n\r\n" not in came:
                    data = client.recv(1 << 16)
                    if not data:
                        return
                    came += data
                head, _, came = came.partition(b"\r\n\r\n")
                length = int((re.search(rb"(?im)^content-length: *(\d+)", head) or (b"", b"0"))[1])
                while len(came) < length:
                    came += client.recv(1 << 16)
                came = came[length:]
                path = re.sub(r"^/v[0-9.]+", "", head.split(b" ")[1].decode()).partition("?")[0]
                self.asked.append(path)
                self.headers.append(head)
                found = self.answers.get(path, self._quiet.get(path, plain(b'{"message":"no"}', "404 Not Found")))
                said = found() if callable(found) else found
                for piece in (said,) if isinstance(said, bytes) else said:
                    client.sendall(piece)
