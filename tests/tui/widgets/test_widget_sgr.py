from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.color import Color

from widgets.plain import UNSAFE, plain
from widgets.sgr import cut_sgr, parse_sgr, strip_sgr

SEQUENCES = st.builds(
    lambda codes, separator: "\x1b[" + separator.join(codes) + "m",
    st.lists(st.one_of(st.integers(0, 300).map(str), st.just(""), st.just("99999999999")), max_size=8),
    st.sampled_from([";", ":"]),
)
LINES = st.lists(st.one_of(st.text(max_size=8), SEQUENCES, st.sampled_from(["日本", "\x1b", "\x1b[", "\x9b", "\t"])))


@given(LINES)
def test_pieces_are_the_plain_text_and_safe(parts: list[str]) -> None:
    text = "".join(parts)
    pieces = parse_sgr(text)
    assert "".join(piece for piece, _ in pieces) == strip_sgr(text)
    assert not UNSAFE.search(strip_sgr(text))


@given(LINES, st.integers(1, 30))
def test_cut_never_exceeds_its_width_and_keeps_short_lines(parts: list[str], cells: int) -> None:
    text = "".join(parts)
    shown = strip_sgr(cut_sgr(text, cells))
    assert cell_len(shown) <= cells
    if cell_len(strip_sgr(text)) <= cells and len(text) <= cells * 8:
        assert shown == strip_sgr(text)


def test_styles() -> None:
    pieces = dict(parse_sgr("a\x1b[1;31mb\x1b[22mc\x1b[0md\x1b[38;5;208;4me\x1b[0;48;2;1;2;3mf\x1b[38:2::9:8:7mg"))
    assert not pieces["a"]
    assert pieces["b"].bold and pieces["b"].color == Color.from_ansi(1)
    assert not pieces["c"].bold and pieces["c"].color == Color.from_ansi(1)
    assert not pieces["d"]
    assert pieces["e"].underline and pieces["e"].color == Color.from_ansi(208)
    assert pieces["f"].bgcolor == Color.from_rgb(1, 2, 3) and pieces["f"].color is None
    assert pieces["g"].color == Color.from_rgb(9, 8, 7)


def test_what_is_not_colour_becomes_visible() -> None:
    assert strip_sgr("\x1b]8;;http://x\x07link") == "�]8;;http://x�link"
    assert plain("a\tb\x00\u202e") == "a b��"
