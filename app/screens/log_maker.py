"""From what a log desk delivers to the lines of a log view; those of a flood are made only when they are looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import repeat

from app.hosts.log_lines import (
    any_stderr,
    entry_of,
    longest_text,
    microseconds_of,
    second_of,
    stream_of,
    text_of,
)
from app.model.json_line import told_json
from app.model.safe_text import SafeText, without_sgr
from app.operations.log_merge import DeskLine, DeskMix, DeskRun, Item, Note, NoteKind, Source
from widgets.log_lines import AnyLine, LaterLine, LogLine, Mark

_MARKS: dict[NoteKind, Mark] = {
    "silent": "warn", "back": "good", "started": "quiet", "ended": "quiet", "problem": "bad", "skipped": "warn",
}  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000
_line = LogLine._make
_later = LaterLine._make


class Clock:
    """Times of day, local, as they stand before lines. Any thread may ask."""

    def __init__(self) -> None:
        self._last = (-1, "")

    def of(self, second: int) -> str:
        """Of a second of the epoch."""
        known, told = self._last
        if known != second:
            told = datetime.fromtimestamp(second).strftime("%H:%M:%S")
            self._last = (second, told)
        return told


class RawMaker:
    """Makes the lines of one source of what its engine sent."""

    time_width = 8

    def __init__(self, source: Source, tag: SafeText) -> None:
        self.source = tag
        self._tone = source.tone
        self._offset = source.offset
        self._clock = Clock()
        self._base = (b"", 0)

    def line(self, raw: bytes) -> LogLine:
        try:
            moment = self._moment(raw)
        except ValueError:  # no such day
            return _told(entry_of(raw).text, self.source, self._tone, "", _mark(raw), 0.0)
        clock = self._clock.of(moment // _SECOND)
        return _told(text_of(raw), self.source, self._tone, clock, _mark(raw), moment / _SECOND)

    def widest(self, raws: Sequence[bytes]) -> int:
        return longest_text(raws)

    def any_stderr(self, raws: Sequence[bytes]) -> bool:
        return any_stderr(raws)

    def _moment(self, raw: bytes) -> int:
        """Microseconds of the epoch, by our clock."""
        second, base = self._base
        if second != second_of(raw):
            second = second_of(raw)
            time = datetime.fromisoformat(second.decode("ascii")).replace(tzinfo=UTC)
            base = (time - self._offset - _EPOCH) // _MICROSECOND
            self._base = (second, base)
        return base + microseconds_of(raw)


class DeskMaker:
    """Items of the desk → lines of the view. ``single``: there is one source, which needs no tag."""

    def __init__(self) -> None:
        self.single = False
        self._clock = Clock()
        self._second = -1
        self._day: date | None = None
        self._makers: dict[tuple[str, bool], RawMaker] = {}

    def made(self, items: Sequence[Item]) -> list[AnyLine]:
        """The lines of items, and a note of the date where a new one begins."""
        lines: list[AnyLine] = []
        for item in items:
            if not isinstance(item, DeskRun | DeskMix):
                self._add(item, lines.append)
                continue
            self._turn(item.at, lines.append)
            if item.last.astimezone().date() != self._day:
                for line in item.opened():
                    self._add(line, lines.append)
            elif isinstance(item, DeskRun):
                lines += map(_later, zip(repeat(self._maker(item.source)), item.lines.raws, strict=False))
            else:
                makers = {source.key: self._maker(source) for _, source, _ in item.lines}
                lines += [LaterLine(makers[source.key], raw) for _, source, raw in item.lines]
        return lines

    def _add(self, item: DeskLine | Note, add: Callable[[AnyLine], None]) -> None:
        when = item.at.timestamp()
        if int(when) != self._second:
            self._turn(item.at, add)
        clock = self._clock.of(int(when))
        if isinstance(item, DeskLine):
            source, entry = item.source, item.entry
            mark: Mark = "stderr" if entry.stream == "stderr" else ""
            add(_told(entry.text, self._tag(source), source.tone, clock, mark, when))
        else:
            add(LogLine(item.text, "", 0, clock, mark=_MARKS[item.kind], when=when))

    def _turn(self, at: datetime, add: Callable[[AnyLine], None]) -> None:
        self._second = int(at.timestamp())
        if (day := at.astimezone().date()) != self._day:
            if self._day is not None or day != datetime.now().astimezone().date():
                add(LogLine(f"{day:%A, %d %B %Y}", mark="quiet", when=at.timestamp()))
            self._day = day

    def _tag(self, source: Source) -> SafeText:
        return SafeText("") if self.single else source.tag

    def _maker(self, source: Source) -> RawMaker:
        key = (source.key, self.single)
        if key not in self._makers:
            self._makers[key] = RawMaker(source, self._tag(source))
        return self._makers[key]


def looked_at(line: AnyLine) -> tuple[str, str] | None:
    """What a filter sees of a line: as it was written, without colours, and its stream. Notes are always shown."""
    if isinstance(line, LaterLine):
        return without_sgr(text_of(line.raw)), stream_of(line.raw)
    if line.mark in ("", "stderr"):
        text = line.raw or line.text
        return (without_sgr(text) if "\x1b" in text else text), ("stderr" if line.mark else "stdout")  # type: ignore[arg-type]
    return None


def _mark(raw: bytes) -> Mark:
    return "stderr" if stream_of(raw) == "stderr" else ""


def _told(text: SafeText, tag: str, tone: int, clock: str, mark: Mark, when: float) -> LogLine:
    told = told_json(text) if text.startswith("{") else None
    return _line((told or text, tag, tone, clock, text if told else "", mark, when))
