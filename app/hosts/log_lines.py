"""Lines of a container's log: one that was read, and many that are only counted until somebody looks at them.

In a flood most lines are never seen: they are replaced by newer ones before the screen comes to them. Such a line costs
a hundredth of one that is decoded, made safe and told.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Literal, NamedTuple

from app.model.safe_text import SafeText, safe_log_line

StreamName = Literal["stdout", "stderr"]


class LogEntry(NamedTuple):
    """One line. ``text`` may hold SGR colours and tabs. ``time`` is the engine's, None when it was not asked for."""

    stream: StreamName
    text: SafeText
    time: datetime | None


_HEADER = 8
_STDERR = 2
_SECOND = slice(_HEADER, _HEADER + 19)
"""Where the time of a raw line is, as far as its second."""
_MICROSECONDS = slice(_HEADER + 20, _HEADER + 26)
_TIME = slice(_HEADER, _HEADER + 30)
_TEXT = _HEADER + 31

# A frame of Docker's with a time and one whole line of less than 32 KiB; without the line's end.
_LINE = (
    rb"[\x01\x02]\0\0\0\0\0[\0-\x7f]."
    rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{9}Z [^\n]*+"
)
_byte_6, _byte_7 = itemgetter(6), itemgetter(7)
_stream_of, _time_of = itemgetter(0), itemgetter(_TIME)
_microsecond_of = itemgetter(slice(_HEADER, _HEADER + 26))
_from_iso = datetime.fromisoformat


class RawLines:
    """At least one line with its time, as the engine sent them, by time; read whenever they are iterated.

    ``raws``: of each, Docker's header, the time and the text. ``first`` and ``last``: the times of the first and the
    last. ``size``: bytes.
    """

    __slots__ = ("first", "last", "raws", "size")

    def __init__(self, raws: list[bytes], size: int) -> None:
        if min(map(_stream_of, raws)) != max(map(_stream_of, raws)):
            # Docker stores lines of stdout and stderr slightly out of order. These times sort as bytes.
            raws.sort(key=_time_of)
        self.raws = raws
        self.size = size
        self.first = _from_iso(raws[0][_TIME].decode("ascii"))
        self.last = _from_iso(raws[-1][_TIME].decode("ascii"))

    def split(self, after: datetime) -> tuple[RawLines | None, RawLines | None]:
        """The lines of up to this time, which is UTC, and those of later; None: there are none."""
        count = bisect_right(self.raws, after.strftime("%Y-%m-%dT%H:%M:%S.%f").encode("ascii"), key=_microsecond_of)
        return _part(self.raws[:count]), _part(self.raws[count:])

    def __len__(self) -> int:
        return len(self.raws)

    def __iter__(self) -> Iterator[LogEntry]:
        return map(entry_of, self.raws)


def _part(raws: list[bytes]) -> RawLines | None:
    return RawLines(raws, sum(map(len, raws))) if raws else None


class RawPattern:
    """Finds lines that stand one behind the other in bytes, each between ``before`` and ``after``."""

    def __init__(self, before: bytes, after: bytes) -> None:
        self._one = re.compile(before + b"(" + _LINE + b")" + after, re.DOTALL)
        # Nothing is tried a second time: of thousands of lines that would have to be remembered.
        self._run = re.compile(b"(?:" + before + _LINE + after + b")*+", re.DOTALL)

    def take(self, data: bytes, position: int) -> tuple[RawLines | None, int]:
        """The lines that begin at ``position``, and where they end; None and ``position`` if there is none.

        What looks like frames but is the text of one is not taken: then the lengths do not add up. A frame that holds
        more than one line announces more bytes than its first line has, and no other can announce less than nothing.
        """
        run = self._run.match(data, position)
        end = run.end() if run is not None else position
        if end == position:
            return None, position
        raws: list[bytes] = self._one.findall(data, position, end)
        size = sum(map(len, raws))
        announced = 256 * sum(map(_byte_6, raws)) + sum(map(_byte_7, raws))
        if announced != size - (_HEADER - 1) * len(raws):
            return None, position
        try:
            return RawLines(raws, size), end
        except ValueError:  # no such day
            return None, position


def entry_of(raw: bytes) -> LogEntry:
    """A raw line, read."""
    try:
        time = _from_iso(raw[_TIME].decode("ascii"))
    except ValueError:
        return LogEntry(stream_of(raw), safe_bytes(raw[_HEADER:]), None)
    return LogEntry(stream_of(raw), text_of(raw), time)


def text_of(raw: bytes) -> SafeText:
    """What was written, without its time."""
    return safe_bytes(raw[_TEXT:])


def texts_of(raws: Sequence[bytes]) -> list[SafeText]:
    """What was written, of many lines: all at once where nothing in them has to be made safe."""
    joined = b"\n".join([raw[_TEXT:] for raw in raws])
    if joined.isascii():
        text = joined.decode("ascii")
        if text.replace("\n", "").isprintable():
            return list(map(SafeText, text.split("\n")))
    return list(map(text_of, raws))


def stream_of(raw: bytes) -> StreamName:
    return "stderr" if raw[0] == _STDERR else "stdout"


def second_of(raw: bytes) -> bytes:
    """The time as far as its second: the same for all lines of one second."""
    return raw[_SECOND]


def times_of(raws: Sequence[bytes]) -> Iterator[bytes]:
    """Their times, which sort as they are."""
    return map(_time_of, raws)


def microseconds_of(raw: bytes) -> int:
    """What the time has beyond its second."""
    return int(raw[_MICROSECONDS])


def longest_text(raws: Sequence[bytes]) -> int:
    """Bytes of the longest text."""
    return max(map(len, raws)) - _TEXT


def any_stderr(raws: Sequence[bytes]) -> bool:
    return bool(max(map(_stream_of, raws)) == _STDERR)


def safe_bytes(line: bytes) -> SafeText:
    """A line without its end, decoded and made safe."""
    text = line.removesuffix(b"\r").decode("utf-8", "replace")
    return SafeText(text) if text.isascii() and text.isprintable() else safe_log_line(text)
