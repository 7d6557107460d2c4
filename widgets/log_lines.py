"""One line of a log: as it is shown, or as it came, to be made ready when somebody looks at it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

Mark = Literal["", "stderr", "quiet", "good", "warn", "bad"]


class LogLine(NamedTuple):
    """One line of a log.

    ``text`` may hold SGR colour sequences; ``source_tone_index`` chooses one of eight colours (modulo) for ``source``;
    ``time`` is shown as it is, in front. ``raw``: how it was written, where ``text`` tells it otherwise, else "".
    ``mark``: stderr, or the tone of a note that is told between the lines. ``when``: in seconds of the epoch, 0 if it
    is not known.
    """

    text: str
    source: str = ""
    source_tone_index: int = 0
    time: str = ""
    raw: str = ""
    mark: Mark = ""
    when: float = 0.0


class LineMaker(Protocol):
    """Makes lines of one source, which all have a time of one width. Any thread may call it."""

    @property
    def source(self) -> str: ...

    @property
    def time_width(self) -> int: ...

    def line(self, raw: bytes) -> LogLine: ...

    def widest(self, raws: Sequence[bytes]) -> int:
        """Cells that the texts of these have at most, as far as that can be told without making them."""

    def any_stderr(self, raws: Sequence[bytes]) -> bool: ...


class LaterLine(NamedTuple):
    """A line that is made when it is looked at; most lines of a flood never are."""

    maker: LineMaker
    raw: bytes

    def made(self) -> LogLine:
        return self.maker.line(self.raw)


AnyLine = LogLine | LaterLine


def made(line: AnyLine) -> LogLine:
    """The line as it is shown."""
    return line.made() if isinstance(line, LaterLine) else line


def maker_of(line: AnyLine) -> LineMaker | None:
    """What makes it; None: it is made."""
    return line.maker if isinstance(line, LaterLine) else None


def size_of(line: AnyLine) -> int:
    """Characters, or bytes, that it holds."""
    return len(line.raw) if isinstance(line, LaterLine) else len(line.text) + len(line.raw)
