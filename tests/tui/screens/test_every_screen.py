"""What every screen and dialog looks like, in every theme and size: one readable file a screen.

A file has the screen as text in three sizes, and below what stands in which colours: by the names that the themes have
for them, since that is the same in the dark, the light and the colour-blind one (it is checked that it is, and that all
can be read), and beside it what is left of them without colours.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from rich.color import Color as RichColor
from rich.style import Style
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from textual.app import App
from textual.color import Color
from textual.pilot import Pilot
from textual.strip import Strip
from textual.theme import Theme
from textual.widgets import Input, TextArea

from app.screens.frame import FrameScreen
from tests.tui.screens.driving import until
from tests.tui.screens.views import VIEWS, View, furnished, go_to
from themes.derive import SEMANTIC_VARIABLES, contrast, variable_defaults
from themes.own import THEMES

SIZES = ((80, 24), (120, 36), (200, 50))
COLOURED = (120, 36)
READABLE = 4.5
_PICTURE = re.compile(r"[\s·─-▟⋮▸▾▏▌]*")
"""Lines, bars and graphs: nothing that is read."""
_ATTRIBUTES = ("bold", "dim", "italic", "underline", "reverse", "strike")
MOST_WORDS = 90
_GROUNDS = ("background", "surface", "panel", "cursor-background", "cursor-background-faint")
_TEXTS = ("foreground", "text-muted", "accent-text", *SEMANTIC_VARIABLES, "text-primary", *_GROUNDS)


def _said(theme: Theme) -> dict[str, str]:
    """Its colours, as ``#rrggbb``."""
    said = {**variable_defaults(theme), **theme.to_color_system().generate(), **theme.variables}
    return {name: Color.parse(said[name]).hex.lower() for name in {*_TEXTS, *_GROUNDS}}


_COLOURS = {theme.name: _said(theme) for theme in THEMES}


class TextFile(SingleFileSnapshotExtension):
    """A text file a screen, named after it."""

    _write_mode = WriteMode.TEXT
    _file_extension = "txt"

    @classmethod
    def get_snapshot_name(cls, *, test_location: Any, index: Any = 0) -> str:
        return str(re.findall(r"\[(.+)\]", test_location.snapshot_name)[0])


class Cell(NamedTuple):
    text: str
    style: Style


Cells = list[list[Cell]]
BELOW = Style()


@pytest.fixture(autouse=True)
def _same_day_everywhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "UTC")
        patched.delenv("NO_COLOR", raising=False)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize("view", [view for view in VIEWS if not view.lives], ids=lambda view: view.name)
async def test_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snapshot: SnapshotAssertion, view: View) -> None:
    texts: list[str] = []
    grids: list[Cells] = []
    app = furnished(tmp_path / "one", monkeypatch)
    async with app.run_test(size=COLOURED) as pilot:
        await go_to(pilot, view)
        for theme in THEMES:
            app.theme = theme.name
            grids.append(await _still(pilot))
        for size in SIZES:
            await pilot.resize_terminal(*size)
            texts.append(f"{size[0]}x{size[1]}\n\n{_trimmed(await _still(pilot))}\n")
    monkeypatch.setenv("NO_COLOR", "1")
    app = furnished(tmp_path / "two", monkeypatch)
    async with app.run_test(size=COLOURED) as pilot:
        await go_to(pilot, view)
        grids.append(await _still(pilot))

    words = [_words(grid) for grid in grids]
    assert words[1:-1] == words[:-2], "no theme changes a word"
    # Without colours that could be mixed, a dialog covers what is below it.
    assert all(
        each in (" ", other) for lines in zip(*words[-2:], strict=True) for other, each in zip(*lines, strict=False)
    )
    assert not [cell for line in grids[-1] for cell in line if _colour(cell.style.color) or _colour(cell.style.bgcolor)]
    assert _unreadable(grids[:-1]) == []
    head = f"colours at {COLOURED[0]}x{COLOURED[1]} ... without colours   words\n"
    assert "\n".join([*texts, head, *_styles(grids), ""]) == snapshot(extension_class=TextFile)


# --- what a screen is made of ----------------------------------------------------------------------------------------


def _cells(app: App[Any]) -> Cells:
    """Each character of the screen, with how it is drawn; below a dialog without a style, as all is dimmed there."""
    screen = app.screen
    parts = (screen.query(".dialog, #confirm-dialog") or screen.query("Input, OptionList")) if screen.is_modal else ()
    above = [part.region for part in parts] or [screen.region]
    covered = {
        (x, y) for region in above for y in range(region.y, region.bottom) for x in range(region.x, region.right)
    }
    return [
        [
            Cell(character, style if (x, y) in covered else BELOW)
            for x, (character, style) in enumerate(
                (character, segment.style or BELOW) for segment in strip for character in segment.text
            )
        ]
        for y, strip in enumerate(screen._compositor.render_strips())
    ]


async def _still(pilot: Pilot[Any]) -> Cells:
    """The screen, once it stands still."""
    looks: list[list[Strip]] = []

    def still() -> bool:
        for screen in pilot.app.screen_stack:
            if isinstance(screen, FrameScreen):
                screen.refresh_now(None)  # not only when its clock ticks next
            for field in (*screen.query(Input), *screen.query(TextArea)):
                field.cursor_blink = False
                field._cursor_visible = True
        looks.append(pilot.app.screen._compositor.render_strips())
        return len(looks) >= 4 and looks[-1] == looks[-2] == looks[-3]

    await until(pilot, still, "a screen that stands still")
    return _cells(pilot.app)


def _words(grid: Cells) -> list[str]:
    """What stands there, without scroll bars at the right: these follow a moment later, and tell where one is."""
    return [re.sub(r" *[▁-█]$", "", "".join(cell.text for cell in line)).rstrip() for line in grid]


def _trimmed(grid: Cells) -> str:
    """Without the empty lines that fill a screen; how many there were can be seen by its size."""
    text = "\n".join(_words(grid))
    return re.sub(r"\n{4,}", "\n\n⋮\n\n", text)


# --- in which colours ------------------------------------------------------------------------------------------------


def _unreadable(grids: Iterable[Cells]) -> list[tuple[str, str, float]]:
    """Words whose colours are too near to each other, with their contrast."""
    found: dict[tuple[str, str], float] = {}
    for grid in grids:
        for line in grid:
            for style, words in _runs(line):
                text, ground = _colour(style.color), _colour(style.bgcolor)
                if style.reverse:
                    text, ground = ground, text
                if text is None or ground is None or _PICTURE.fullmatch(words):
                    continue
                ratio = contrast(Color.parse(text), Color.parse(ground))
                if ratio < READABLE or style.dim:
                    found[f"{text} on {ground}", words.strip()] = round(ratio, 2)
    return [(colours, words, ratio) for (colours, words), ratio in found.items()]


def _runs(line: list[Cell]) -> Iterator[tuple[Style, str]]:
    for style, cells in groupby(line, key=lambda cell: cell.style):
        yield style, "".join(cell.text for cell in cells)


def _colour(colour: RichColor | None) -> str | None:
    return None if colour is None or colour.is_default else colour.get_truecolor().hex


def _styles(grids: list[Cells]) -> list[str]:
    """Each way in which words are drawn, by the names of its colours, with the words that are."""
    found: dict[str, list[str]] = {}
    for lines in zip(*grids, strict=True):
        for drawn, cells in groupby(zip(*lines, strict=True), key=lambda cells: tuple(cell.style for cell in cells)):
            words = "".join(each[0].text for each in cells).strip()
            if words and BELOW not in drawn and not _PICTURE.fullmatch(words):
                kept = found.setdefault(_told(drawn), [])
                if words not in kept:
                    kept.append(words)
    width = max(map(len, found))
    return [f"{told:{width}}   {_short(' · '.join(words))}" for told, words in sorted(found.items())]


def _told(drawn: tuple[Style, ...]) -> str:
    """Of the three themes and of no colours at all: ``text-muted on background, bold ... plain``."""
    texts = _name([(style.bgcolor if style.reverse else style.color) for style in drawn[:-1]], _TEXTS)
    ground = _name([(style.color if style.reverse else style.bgcolor) for style in drawn[:-1]], _GROUNDS)
    attributes = {_attributes(style) for style in drawn[:-1]}
    assert len(attributes) == 1, f"themes differ in {attributes}"
    ours = attributes.pop()
    return f"{texts} on {ground}{ours and ', '}{ours} ... {_attributes(drawn[-1]) or 'plain'}"


def _attributes(style: Style) -> str:
    return " ".join(
        name for name in ("bold", "dim", "italic", "underline", "reverse", "strike") if getattr(style, name)
    )


def _name(colours: list[RichColor | None], known: tuple[str, ...]) -> str:
    """What all three themes call this colour; "blend" for one that is made of others."""
    for name in known:
        if all(_colour(colour) == said[name] for colour, said in zip(colours, _COLOURS.values(), strict=True)):
            return name
    return "blend"


def _short(words: str) -> str:
    return words if len(words) <= MOST_WORDS else f"{words[: MOST_WORDS - 1]}…"
