"""An image as one long tar, out of an engine and into another: Docker's save and load."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import quote

from app.hosts.documents import document
from app.hosts.engine import Engine
from app.hosts.errors import HostError, checked
from app.hosts.images.exchange import Exchange
from app.hosts.images.tee import CHUNK
from app.hosts.json_stream import JsonLines
from app.model.safe_text import SafeText, safe_line

SILENCE: Final = 30.0
"""Seconds for which an engine that sends, or takes, an image may do nothing of it."""
PACKING: Final = 120.0
"""Seconds more until the first byte: an engine writes all of the tar to its disk first…"""
PACKED_A_SECOND: Final = 10 << 20
"""…at so many bytes a second at least, but never longer than…"""
_LONGEST_PACKING: Final = 3600.0
LARGEST: Final = 4 << 30
"""Bytes that a tar may have beyond ten times what its image is said to have: no disk is filled by what is none."""
UNPACKING: Final = 180.0
"""Seconds without a word while a layer is unpacked: of big ones Docker tells now and then."""
LONGEST_UNPACKING: Final = 4 * 3600.0
_TAIL: Final = 4096
_END_OF_TAR: Final = bytes(512)
_LONGEST_REASON: Final = 2000


def saved(engine: Engine, image: str, size: int, check: Callable[[], None]) -> Iterator[bytes]:
    """The tar of an image by its name, in pieces of CHUNK bytes. Raises HostError, and what ``check`` raises.

    What goes wrong on the way is at the end of the tar in words; then it is no whole one, and this raises them.

    Args:
        size: about how many bytes it has: the larger it is, the longer may it take until it begins.
        check: called again and again; what it raises breaks it off.
    """
    what = f"sending {image}"
    exchange = Exchange(engine, "GET", f"/images/{quote(image, safe='/:')}/get", what, check)
    with contextlib.closing(exchange):
        piece, tail = bytearray(), b""
        patience = min(PACKING + size / PACKED_A_SECOND, _LONGEST_PACKING)
        left = 10 * size + LARGEST
        while data := exchange.read(patience):
            patience = SILENCE
            left -= len(data)
            if left < 0:
                raise HostError(f"{what} was given up: it is far larger than the image is said to be", "failed")
            piece += data
            tail = (tail + data[-_TAIL:])[-_TAIL:]
            while len(piece) >= CHUNK:
                yield bytes(piece[:CHUNK])
                del piece[:CHUNK]
        if not tail.endswith(_END_OF_TAR):
            raise HostError(f"{what} broke off: {_last_words(tail)}", "failed")
        if piece:
            yield bytes(piece)


def _last_words(tail: bytes) -> str:
    """What Docker writes behind half a tar: an error as JSON in a line of its own."""
    begin = tail.rfind(b'{"errorDetail"')
    with contextlib.suppress(HostError):
        told = document(tail[begin:]) if begin >= 0 else None
        if isinstance(told, dict) and told.get("error"):
            return str(told["error"])[:_LONGEST_REASON]
    return "it is not whole"


class Loading:
    """One load of an image into an engine: ``send`` all pieces, then ``finish``; closed before, nothing is loaded.

    Methods raise HostError with what the engine says, and what ``check`` raises.

    Args:
        tell: gets in words how far it is while it unpacks.
    """

    def __init__(self, engine: Engine, image: str, check: Callable[[], None], tell: Callable[[SafeText], None]) -> None:
        engine.gate(f"copying {image}")
        # Not quiet: silence tells nothing of how it goes.
        self._exchange = Exchange(engine, "POST", "/images/load?quiet=0", f"loading {image}", check)
        self._lines = JsonLines()
        self._tell = tell

    def send(self, piece: bytes) -> bool:
        """False: the engine has all that it wants."""
        more = self._exchange.send(piece, SILENCE)
        self._told(self._exchange.taken())
        return more

    def finish(self) -> None:
        """Say that this was all, and wait until it is unpacked."""
        self._exchange.send(b"", SILENCE)
        self._told(self._exchange.taken())
        until = time.monotonic() + LONGEST_UNPACKING
        while data := self._exchange.read(UNPACKING):
            self._told(data)
            if time.monotonic() > until:
                raise HostError("the answer has no end", "timeout")
        self._read(self._lines.end())

    def close(self) -> None:
        self._exchange.close()

    def _told(self, data: bytes) -> None:
        if data:
            self._read(self._lines.feed(data))

    def _read(self, frames: list[Any]) -> None:
        for frame in checked(frames):
            detail = frame.get("progressDetail")
            total = detail.get("total") if isinstance(detail, dict) else None
            done = detail.get("current") if isinstance(detail, dict) else None
            if isinstance(total, int) and isinstance(done, int) and total > 0:
                self._tell(safe_line(f"unpacking {min(max(100 * done // total, 0), 100)}%"))
