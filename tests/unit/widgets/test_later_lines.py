"""A store of lines that are made when they are looked at shows what one of lines that were made at once shows."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from widgets import line_store
from widgets.line_store import LineStore
from widgets.log_lines import AnyLine, LaterLine, LogLine, made, maker_of, size_of
from widgets.sgr import strip_sgr

TEXTS = ("plain", "", "\x1b[31mred\x1b[0m", "wide 漢字", "tab\there", "x" * 90, "{json")


class Maker:
    """``raw``: the number of a text, and whether it was stderr."""

    time_width = 8

    def __init__(self, source: str) -> None:
        self.source = source
        self.asked = 0

    def line(self, raw: bytes) -> LogLine:
        self.asked += 1
        text, err = TEXTS[raw[0]], raw[1] == 1
        told, written = (f"told {text}", text) if text.startswith("{") else (text, "")
        return LogLine(told, self.source, 1, "09:41:02", written, "stderr" if err else "", 5.0)

    def widest(self, raws: Sequence[bytes]) -> int:
        return max(len(TEXTS[raw[0]].encode()) for raw in raws)

    def any_stderr(self, raws: Sequence[bytes]) -> bool:
        return any(raw[1] == 1 for raw in raws)


MAKERS = (Maker("web"), Maker("a-longer-one"))
later_lines = st.builds(
    lambda maker, text, err: LaterLine(MAKERS[maker], bytes([text, err])),
    st.integers(0, 1), st.integers(0, len(TEXTS) - 1), st.integers(0, 1),
)  # fmt: skip
lines = st.one_of(later_lines, st.just(LogLine("a note", mark="warn", time="09:41:02", when=4.0)))
steps = st.one_of(
    st.lists(lines, max_size=9),
    st.lists(later_lines, max_size=30),
    st.sampled_from(["clear", "raw", "told"]),
    st.sampled_from([0, 4, 30]),
    st.floats(0, 1, exclude_max=True),
)


@given(st.lists(steps, max_size=25), st.integers(1, 40))
def test_what_is_made_later_is_the_same(todo: list[object], capacity: int) -> None:
    now, later = LineStore(capacity), LineStore(capacity)
    for step in todo:
        if isinstance(step, list):
            assert now.append([made(line) for line in step]) == later.append(step)
        elif step == "clear":
            now.clear()
            later.clear()
        elif isinstance(step, str):
            now.show_raw(step == "raw")
            later.show_raw(step == "raw")
        elif isinstance(step, int):
            now.wrap(step)
            later.wrap(step)
        elif isinstance(step, float) and len(now):
            number = now.first + int(step * len(now))
            assert later.line(number) == now.line(number)
            assert later.text(number) == now.text(number)
            assert later.row_of(number) == now.row_of(number)
        assert (len(later), later.first, later.rows) == (len(now), now.first, now.rows)
        assert (later.has_stderr, later.has_times) == (now.has_stderr, now.has_times)
        assert (later.source_width, later.time_width) == (now.source_width, now.time_width)
        assert [later.locate(row) for row in range(later.rows)] == [now.locate(row) for row in range(now.rows)]
    assert later.lines() == now.lines()
    numbers = range(later.first, later.first + len(later))
    assert later.widest >= max((cell_len(strip_sgr(later.text(number))) for number in numbers), default=0)


def test_lines_that_nobody_looks_at_are_not_made() -> None:
    maker = Maker("web")
    store = LineStore(1000)
    given_lines: list[AnyLine] = [LaterLine(maker, bytes([0, 0])) for _ in range(5000)]
    store.append(given_lines)
    assert (len(store), store.dropped, maker.asked) == (1000, 4000, 0)
    assert store.line(4999).text == "plain"
    assert store.line(4999).text == "plain"
    assert maker.asked == 1
    assert store.given(4999) is given_lines[-1]
    assert store.given(4998) is given_lines[-2]


def test_what_they_hold_is_bounded() -> None:
    maker = Maker("web")
    big = bytes([0, 0]) + bytes(line_store.MAX_CHARACTERS // 4)
    store = LineStore(1000)
    for _ in range(10):
        store.append([LaterLine(maker, big)])
    assert len(store) == 3
    store.line(9)
    for _ in range(10):
        store.append([LaterLine(maker, bytes([1, 0]))])
    assert (len(store), size_of(store.given(10)), maker_of(store.given(10))) == (13, 2, maker)
