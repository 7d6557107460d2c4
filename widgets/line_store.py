"""A bounded store of log lines that knows at which screen row each one stands, wrapped or not."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple

from rich.cells import cell_len, chop_cells

from widgets.log_lines import AnyLine, LaterLine, LineMaker, LogLine, Mark, maker_of, size_of
from widgets.sgr import cut_sgr, strip_sgr

__all__ = ["MAX_CHARACTERS", "MAX_LINE_CELLS", "LineStore", "LogLine", "Mark", "wrap_cuts"]

MAX_LINE_CELLS: Final = 4096
"""A line is cut here: one line of a megabyte must not freeze a paint."""
MAX_CHARACTERS: Final = 32_000_000
"""Characters of all lines together; the oldest lines give way."""


class _Entry(NamedTuple):
    """``given``: what it was made of, or the line itself."""

    line: LogLine
    width: int
    single: bool
    given: AnyLine


_made_entry = _Entry._make
_maker_of, _raw_of = itemgetter(0), itemgetter(1)


class LineStore:
    """The last ``capacity`` lines, numbered for ever from 0; appending and locating do not depend on their count.

    Lines that are to be made later are, when they are asked for, or when their heights are needed because lines wrap.
    Until then ``widest`` goes by what their maker says.
    """

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
        self._entries: list[_Entry | LaterLine] = []
        # As many as entries. What a line was counted as when it came stays what it is counted as.
        self._sizes: list[int] = []
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
        return self._entry(number - self.dropped + self._head).line

    def given(self, number: int) -> AnyLine:
        """A line as it was given to ``append``, the very object."""
        entry = self._entries[number - self.dropped + self._head]
        return entry.given if isinstance(entry, _Entry) else entry

    def lines(self) -> list[LogLine]:
        """All lines kept, the oldest first."""
        return [self._entry(index).line for index in range(self._head, len(self._entries))]

    def append(self, lines: Sequence[AnyLine]) -> int:
        """Add lines; returns the screen rows that the lines dropped for them had taken."""
        lines, skipped = lines[-self.capacity :], max(0, len(lines) - self.capacity)
        self._add_all(lines)
        rows = self._drop(self._too_many())
        self.dropped += skipped
        return rows

    def clear(self) -> None:
        """Forget all lines, but not how many were dropped: numbers go on."""
        self.dropped += len(self)
        self._entries, self._sizes, self._ends, self._head, self._start = [], [], [], 0, 0
        self.widest = self.source_width = self.time_width = self._size = 0
        self.has_stderr = self.has_times = False
        self._last_source = None

    def show_raw(self, raw: bool) -> None:
        """Take lines as they were written, or as they are told."""
        if raw != self.raw:
            lines, dropped = list(map(self.given, range(self.dropped, self.dropped + len(self)))), self.dropped
            self.clear()
            self.raw = raw
            self._add_all(lines)
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
            del self._entries[: self._head], self._sizes[: self._head]
            self._head = 0
            for index in range(len(self._entries)):
                self._ends.append((self._ends[-1] if self._ends else 0) + self._height(self._entry(index)))

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

    def _add_all(self, lines: Sequence[AnyLine]) -> None:
        for maker, run in _runs(lines):
            if maker is None or self._wrap:
                for line in run:
                    self._add(line)
            else:
                self._add_later(maker, list(run))

    def _add_later(self, maker: LineMaker, lines: list[AnyLine]) -> None:
        raws: list[bytes] = list(map(_raw_of, lines))
        sizes = list(map(len, raws))
        self._entries += lines  # type: ignore[arg-type]
        self._sizes += sizes
        self._size += sum(sizes)
        self.widest = max(self.widest, min(maker.widest(raws), MAX_LINE_CELLS))
        self._widen(maker.source)
        self.time_width = max(self.time_width, maker.time_width)
        self.has_stderr = self.has_stderr or maker.any_stderr(raws)
        self.has_times = True

    def _add(self, given: AnyLine) -> None:
        entry = self._measured(given)
        line, size = entry.line, size_of(given if isinstance(given, LaterLine) else entry.line)
        self._entries.append(entry)
        self._sizes.append(size)
        self._size += size
        self._widen(line.source)
        if len(line.time) > self.time_width or not line.time.isascii():
            self.time_width = max(self.time_width, cell_len(line.time))
        if line.mark == "stderr":
            self.has_stderr = True
        if line.when:
            self.has_times = True
        if self._wrap:
            self._ends.append((self._ends[-1] if self._ends else self._start) + self._height(entry))

    def _entry(self, index: int) -> _Entry:
        entry = self._entries[index]
        if isinstance(entry, LaterLine):
            entry = self._entries[index] = self._measured(entry)
        return entry

    def _measured(self, given: AnyLine) -> _Entry:
        line = given.made() if isinstance(given, LaterLine) else given
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
        self.widest = max(self.widest, width)
        return _made_entry((line, width, single, given))

    def _widen(self, source: str) -> None:
        if source is not self._last_source:
            self._last_source = source
            self.source_width = max(self.source_width, cell_len(source))

    def _too_many(self) -> int:
        """How many of the oldest lines have to go."""
        count = max(len(self) - self.capacity, 0)
        if self._size <= MAX_CHARACTERS:
            return count
        size = self._size - self._size_of(count)
        while size > MAX_CHARACTERS and count < len(self) - 1:
            size -= self._sizes[self._head + count]
            count += 1
        return count

    def _size_of(self, count: int) -> int:
        """Characters of so many of the oldest lines."""
        return sum(self._sizes[self._head : self._head + count])

    def _drop(self, count: int) -> int:
        if count <= 0:
            return 0
        before = self._row_before(self._head) if self._wrap else 0
        self._size -= self._size_of(count)
        self._head += count
        self.dropped += count
        rows = self._row_before(self._head) - before if self._wrap else count
        if self._head > max(1024, self.capacity // 4):
            if self._wrap:
                self._start = self._ends[self._head - 1]
                del self._ends[: self._head]
            del self._entries[: self._head], self._sizes[: self._head]
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


def _runs(lines: Sequence[AnyLine]) -> Iterable[tuple[LineMaker | None, Iterable[AnyLine]]]:
    """Lines with the same maker together, in their order."""
    # Those of a flood are of one: that is told without looking at each.
    if set(map(type, lines)) == {LaterLine} and len(set(map(_maker_of, lines))) == 1:
        return [(maker_of(lines[0]), lines)]
    return groupby(lines, maker_of)


def wrap_cuts(text: str, width: int) -> list[int]:
    """Where a line breaks, in cells from its start; the last cut is its width. As many as its rows in the store."""
    cuts: list[int] = []
    for part in _parts(text, width):
        cuts.append((cuts[-1] if cuts else 0) + cell_len(part))
    return cuts


def _parts(text: str, width: int) -> Iterable[str]:
    return chop_cells(text, width) if text else [""]
