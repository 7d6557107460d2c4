from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from widgets.cells import cell_text
from widgets.meter import bar, overlay_bar, sparkline

ANY = st.floats(allow_nan=True, allow_infinity=True)
SHARES = st.floats(0, 1)
WIDTHS = st.integers(0, 40)


@given(ANY, WIDTHS, st.booleans())
def test_bar_has_its_width(fraction: float, width: int, ascii: bool) -> None:
    text = bar(fraction, width, ascii=ascii)
    assert len(text) == width
    assert not ascii or text.isascii()


@given(SHARES, SHARES, WIDTHS)
def test_bar_grows_with_its_value(first: float, second: float, width: int) -> None:
    def filled(fraction: float) -> int:
        return sum("·▏▎▍▌▋▊▉█".index(character) for character in bar(fraction, width))

    low, high = sorted((first, second))
    assert filled(low) <= filled(high)


def test_bar_shows_little_and_nearly_all() -> None:
    assert bar(0, 4) == "····"
    assert bar(0.001, 4) == "▏···"
    assert bar(0.5, 4) == "██··"
    assert bar(0.999, 4) == "███▉"
    assert bar(1, 4) == "████"
    assert bar(float("nan"), 4) == "····"
    assert bar(0.6, 5, ascii=True) == "###.."


@given(ANY, ANY, WIDTHS, st.booleans())
def test_overlay_has_its_width(reserved: float, used: float, width: int, ascii: bool) -> None:
    assert len(cell_text(overlay_bar(reserved, used, width, ascii=ascii))) == width


def test_overlay_tells_use_beyond_what_is_reserved() -> None:
    assert cell_text(overlay_bar(0.5, 0.25, 8)) == "██▓▓····"
    assert cell_text(overlay_bar(0.25, 0.5, 8)) == "██▒▒····"
    assert [span.tone for span in overlay_bar(0.25, 0.5, 8)] == ["bar-used", "warn", "muted"]


@given(st.lists(ANY, max_size=60), WIDTHS, st.booleans())
def test_sparkline_has_its_width(values: list[float], width: int, ascii: bool) -> None:
    assert len(sparkline(values, width, ascii=ascii)) == width


def test_sparkline() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8) == "▁▂▃▄▅▆▇█"
    assert sparkline([9, 9, 1, 7], 2) == "▂█"
    assert sparkline([0, 0], 4) == "  ▁▁"
    assert sparkline([50], 1, top=100) == "▅"
    assert sparkline([], 3) == "   "
