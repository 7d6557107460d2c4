"""A bounded store of log lines that knows at which screen row each one stands, wrapped or not."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple

from rich.cells import cell_len, chop_cells

from widgets.sgr import cut_sgr, strip_sgr

MAX_LINE_CELLS: Final = 4096
"""A line is cut here: one line of a megabyte must not freeze a paint."""
MAX_CHARACTERS: Final = 32_000_000
"""Characters of all lines together; the oldest lines give way."""
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


class _Entry(NamedTuple):
    line: LogLine
    width: int
    single: bool
    size: int


_made_entry = _Entry._make


class LineStore:
    """The last ``capacity`` lines, numbered for ever from 0; appending and locating do not depend on their count."""

    def __init__(self, capacity: int) -> None:
        self.capacity = max(1, capacity)
        self.dropped = 0
        self.widest = 0
        self.source_width = 0
        self.time_width = 0
        self.has_stderr = False
        self.has_times = False
        self.raw = False
        self._size = 0
        self._last_source: str | None = None
        self._entries: list[_Entry] = []
        # Entries before the head are gone; they are deleted in blocks, so that dropping one costs no copy of the rest.
        self._head = 0
        self._ends: list[int] = []
        self._start = 0
        self._wrap = 0

    def __len__(self) -> int:
        return len(self._entries) - self._head

    @property
    def first(self) -> int:
        """The number of the oldest line kept."""
        return self.dropped

    @property
    def rows(self) -> int:
        """Screen rows of all lines."""
        if not self._wrap or not len(self):
            return len(self)
        return self._ends[-1] - self._row_before(self._head)

    def line(self, number: int) -> LogLine:
        """The line of this number; it must be one of those kept."""
        return self._entries[number - self.dropped + self._head].line

    def lines(self) -> list[LogLine]:
        """All lines kept, the oldest first."""
        return [entry.line for entry in self._entries[self._head :]]

    def append(self, lines: Sequence[LogLine]) -> int:
        """Add lines; returns the screen rows that the lines dropped for them had taken."""
        lines, skipped = lines[-self.capacity :], max(0, len(lines) - self.capacity)
        for line in lines:
            self._add(line)
        rows = self._drop(self._too_many())
        self.dropped += skipped
        return rows

    def clear(self) -> None:
        """Forget all lines, but not how many were dropped: numbers go on."""
        self.dropped += len(self)
        self._entries, self._ends, self._head, self._start = [], [], 0, 0
        self.widest = self.source_width = self.time_width = self._size = 0
        self.has_stderr = self.has_times = False
        self._last_source = None

    def show_raw(self, raw: bool) -> None:
        """Take lines as they were written, or as they are told."""
        if raw != self.raw:
            lines, dropped = self.lines(), self.dropped
            self.clear()
            self.raw = raw
            for line in lines:
                self._add(line)
            self.dropped = dropped

    def text(self, number: int) -> str:
        """What is shown of a line."""
        line = self.line(number)
        return line.raw if self.raw and line.raw else line.text

    def wrap(self, width: int) -> None:
        """Wrap at ``width`` cells from now on; 0: one row a line."""
        if width == self._wrap:
            return
        self._wrap = width
        self._ends, self._start = [], 0
        if width:
            del self._entries[: self._head]
            self._head = 0
            for entry in self._entries:
                self._ends.append((self._ends[-1] if self._ends else 0) + self._height(entry))

    def locate(self, row: int) -> tuple[int, int]:
        """The line number at a screen row (from 0), and which of that line's rows it is."""
        if not self._wrap:
            return self.dropped + row, 0
        absolute = row + self._row_before(self._head)
        index = bisect_right(self._ends, absolute, lo=self._head)
        return index - self._head + self.dropped, absolute - self._row_before(index)

    def row_of(self, number: int) -> int:
        """The first screen row of a line."""
        if not self._wrap:
            return number - self.dropped
        return self._row_before(number - self.dropped + self._head) - self._row_before(self._head)

    def _row_before(self, index: int) -> int:
        return self._ends[index - 1] if index else self._start

    def _add(self, line: LogLine) -> None:
        raw = self.raw and bool(line.raw)
        text = line.raw if raw else line.text
        width, single = len(text), True
        if width > MAX_LINE_CELLS or not (text.isascii() and text.isprintable()):
            cut = cut_sgr(text, MAX_LINE_CELLS)
            if cut != text:
                line, text = line._replace(raw=cut) if raw else line._replace(text=cut), cut
            shown = strip_sgr(text)
            width = cell_len(shown)
            single = width == len(shown)
        size = len(line.text) + len(line.raw)
        self._entries.append(_made_entry((line, width, single, size)))
        self._size += size
        self.widest = max(self.widest, width)
        if line.source is not self._last_source:
            self._last_source = line.source
            self.source_width = max(self.source_width, cell_len(line.source))
        if len(line.time) > self.time_width or not line.time.isascii():
            self.time_width = max(self.time_width, cell_len(line.time))
        if line.mark == "stderr":
            self.has_stderr = True
        if line.when:
            self.has_times = True
        if self._wrap:
            self._ends.append((self._ends[-1] if self._ends else self._start) + self._height(self._entries[-1]))

    def _too_many(self) -> int:
        """How many of the oldest lines have to go."""
        count = max(len(self) - self.capacity, 0)
        size = self._size - sum(entry.size for entry in self._entries[self._head : self._head + count])
        while size > MAX_CHARACTERS and count < len(self) - 1:
            size -= self._entries[self._head + count].size
            count += 1
        return count

    def _drop(self, count: int) -> int:
        if count <= 0:
            return 0
        before = self._row_before(self._head) if self._wrap else 0
        self._size -= sum(entry.size for entry in self._entries[self._head : self._head + count])
        self._head += count
        self.dropped += count
        rows = self._row_before(self._head) - before if self._wrap else count
        if self._head > max(1024, self.capacity // 4):
            if self._wrap:
                self._start = self._ends[self._head - 1]
                del self._ends[: self._head]
            del self._entries[: self._head]
            self._head = 0
        return rows

    def _height(self, entry: _Entry) -> int:
        if entry.width <= self._wrap:
            return 1
        if entry.single:
            return -(-entry.width // self._wrap)
        return len(
            chop_cells(strip_sgr(entry.line.raw if self.raw and entry.line.raw else entry.line.text), self._wrap)
        )


def wrap_cuts(text: str, width: int) -> list[int]:
    """Where a line breaks, in cells from its start; the last cut is its width. As many as its rows in the store."""
    cuts: list[int] = []
    for part in _parts(text, width):
        cuts.append((cuts[-1] if cuts else 0) + cell_len(part))
    return cuts


def _parts(text: str, width: int) -> Iterable[str]:
    return chop_cells(text, width) if text else [""]
