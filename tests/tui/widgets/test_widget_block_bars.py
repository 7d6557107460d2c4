from __future__ import annotations

import random
from typing import Any

from rich.cells import cell_len

from widgets.block_bar import Bar, Block, BlockBars, BlockKind
from widgets.cells import cell


def bar(key: str, *sizes: int, capacity: int = 100, **changes: Any) -> Bar:
    blocks = tuple(
        Block(f"{key}{number}", size, f"web:{number}", number, more=f"{size}M", short="web")
        for number, size in enumerate(sizes)
    )
    made = {"title": cell(f"edge-{key}"), "note": cell(f"{capacity - sum(sizes)}M left"), **changes}
    return Bar(key, capacity=capacity, blocks=made.pop("blocks", blocks), **made)


def at(bars: BlockBars) -> tuple[str | None, str | None]:
    return bars.cursor_key, bars.block_key


async def test_bars_have_titles_blocks_free_ground_and_notes(app_of: Any, lines_of: Any) -> None:
    bars = BlockBars(tall=False)
    async with app_of(bars).run_test(size=(80, 5)) as pilot:
        bars.set_bars([bar("a", 50, 25), bar("b", capacity=64)])
        await pilot.pause()
        first, second = lines_of(pilot.app)[:2]
        assert first.startswith("▌edge-a")
        assert "▸web:0 " in first
        assert "▏web:1 " in first
        assert "·" * 10 in first
        assert "25M left" in first
        assert second.startswith(" edge-b")
        assert "·" * 40 in second


async def test_few_bars_are_tall_and_many_take_a_line_each(app_of: Any, lines_of: Any) -> None:
    bars = BlockBars()
    async with app_of(bars).run_test(size=(80, 8)) as pilot:
        for count, second in ((2, "50M"), (4, ""), (8, "edge-1")):
            bars.set_bars([bar(str(number), 50) for number in range(count)])
            await pilot.pause()
            line = lines_of(pilot.app)[1]
            assert second in line
            assert bool(line.strip()) == bool(second)


async def test_long_names_have_more_room_so_that_they_can_be_told_apart(app_of: Any, lines_of: Any) -> None:
    bars = BlockBars(tall=False, wordy=True)
    names = ("web-server-1", "web-server-2")
    async with app_of(bars).run_test(size=(59, 5)) as pilot:
        bars.set_bars([bar(name, 50, title=cell("a")) for name in names])
        await pilot.pause()
        begin = lines_of(pilot.app)[1].index("▏")
        bars.set_bars([bar(name, 50, title=cell(name)) for name in names])
        await pilot.pause()
        lines = lines_of(pilot.app)
        assert [line[1:13] for line in lines[:2]] == list(names)
        assert lines[1].index("▏") == begin + 3


async def test_the_reasons_that_come_most_are_not_cut_beside_a_form(app_of: Any, lines_of: Any) -> None:
    bars = BlockBars(tall=False, wordy=True)
    async with app_of(bars).run_test(size=(59, 5)) as pilot:
        bars.set_bars([bar("a", note=cell(" 0   MEMORY 1024 MiB short"))])
        await pilot.pause()
        assert "MEMORY 1024 MiB short" in lines_of(pilot.app)[0]


async def test_more_than_fits_is_marked(app_of: Any, lines_of: Any) -> None:
    bars = BlockBars(tall=False)
    async with app_of(bars).run_test(size=(80, 5)) as pilot:
        bars.set_bars([bar("a", 80, 80)])
        await pilot.pause()
        assert "! -60M left" in lines_of(pilot.app)[0]


async def test_kinds_are_told_apart_by_their_patterns(app_of: Any, lines_of: Any) -> None:
    bars = BlockBars(tall=False)
    blocks = (
        Block("t", 30, "web:7"),
        Block("o", 20, "too long to be shown here", kind="other"),
        Block("g", 10, "w:8", kind="ghost"),
        Block("h", 10, "w:8", kind="ghost"),
    )
    async with app_of(bars).run_test(size=(80, 5)) as pilot:
        bars.set_bars([bar("a", blocks=blocks)])
        await pilot.pause()
        line = lines_of(pilot.app)[0]
        assert "░" * 8 in line
        assert "too" not in line
        assert "▒w:8▒▏w:8" in line


async def test_what_may_come_to_be_is_seen_in_a_single_cell(app_of: Any, lines_of: Any) -> None:
    bars = BlockBars(tall=False)
    async with app_of(bars).run_test(size=(80, 5)) as pilot:
        bars.set_bars([bar("z"), bar("a", blocks=(Block("g", 1, "web:8", kind="ghost"),))])
        await pilot.pause()
        assert "▒·" in lines_of(pilot.app)[1]


async def test_small_blocks_share_cells_and_say_how_many_they_are(app_of: Any, lines_of: Any) -> None:
    bars = BlockBars(tall=False)
    async with app_of(bars).run_test(size=(80, 5)) as pilot:
        bars.set_bars([bar("z"), bar("a", *[4] * 200, capacity=900)])
        await pilot.pause()
        line = lines_of(pilot.app)[1]
        assert "·" in line
        bars.move_to("a", "a57")
        assert at(bars) == ("a", "a57")
        await pilot.press("right")
        assert at(bars) == ("a", "a58")


async def test_keys_choose_bars_and_blocks(app_of: Any) -> None:
    bars = BlockBars()
    async with app_of(bars).run_test(size=(80, 20)) as pilot:
        bars.set_bars([bar("a", 25, 25, 25), bar("b"), bar("c", 20, 60)])
        assert at(bars) == ("a", "a0")
        for key, there in (
            ("right", ("a", "a1")),
            ("w", ("a", "a2")),
            ("w", ("a", "a2")),
            ("b", ("a", "a1")),
            ("down", ("b", None)),
            ("right", ("b", None)),
            ("j", ("c", "c0")),
            ("right", ("c", "c1")),
            ("g", ("a", "a1")),
            ("G", ("c", "c1")),
            ("k", ("b", None)),
        ):
            await pilot.press(key)
            assert at(bars) == there, key


async def test_what_the_cursor_is_on_is_told_and_opened(app_of: Any) -> None:
    bars = BlockBars()
    app = app_of(bars)
    heard: list[tuple[str, str | None, str | None]] = []
    bars.post_message = _hearing(bars, heard)  # type: ignore[method-assign]
    async with app.run_test(size=(80, 20)) as pilot:
        bars.set_bars([bar("a", 25, 25), bar("b")])
        await pilot.press("right", "enter", "down", "enter")
        bars.set_bars([])
        assert heard == [
            ("Moved", "a", "a0"),
            ("Moved", "a", "a1"),
            ("Opened", "a", "a1"),
            ("Moved", "b", None),
            ("Opened", "b", None),
            ("Moved", None, None),
        ]


def _hearing(bars: BlockBars, heard: list[tuple[str, str | None, str | None]]) -> Any:
    original = bars.post_message

    def post(message: Any) -> bool:
        if isinstance(message, BlockBars.Moved | BlockBars.Opened):
            heard.append((type(message).__name__, message.bar_key, message.block_key))
        return original(message)

    return post


async def test_the_mouse_chooses_and_then_opens(app_of: Any) -> None:
    bars = BlockBars()
    heard: list[tuple[str, str | None, str | None]] = []
    async with app_of(bars).run_test(size=(80, 20)) as pilot:
        bars.set_bars([bar("a", 50, 50), bar("b", 50, 50)])
        await pilot.pause()
        bars.post_message = _hearing(bars, heard)  # type: ignore[method-assign]
        await pilot.click(BlockBars, offset=(50, 4))
        assert at(bars) == ("b", "b1")
        await pilot.click(BlockBars, offset=(2, 1))
        assert at(bars) == ("a", "a1"), "beside the blocks: the bar, with the block above"
        assert [what for what, *_ in heard] == ["Moved", "Moved"]
        await pilot.click(BlockBars, offset=(50, 0))
        assert heard[-1] == ("Opened", "a", "a1")
        await pilot.click(BlockBars, offset=(50, 2))
        assert len(heard) == 3, "between two bars there is nothing"


async def test_the_cursor_holds_on_to_its_block(app_of: Any) -> None:
    bars = BlockBars()
    async with app_of(bars).run_test(size=(80, 20)) as pilot:
        one, two = bar("a", 25, 25, 25), bar("b", 25, 25, 25)
        bars.set_bars([one, two])
        bars.move_to("b", "b1")
        bars.set_bars([bar("0"), two, one])
        assert at(bars) == ("b", "b1")
        bars.set_bars([bar("b", blocks=(two.blocks[0], two.blocks[2]))])
        assert at(bars) == ("b", "b2"), "it was stopped: what took its place"
        bars.set_bars([bar("b", blocks=(two.blocks[0],))])
        assert at(bars) == ("b", "b0")
        bars.set_bars([one])
        assert at(bars) == ("a", "a0")
        bars.set_bars([])
        assert at(bars) == (None, None)
        await pilot.press("j", "right", "enter", "G")
        assert at(bars) == (None, None)


async def test_only_bars_that_changed_are_drawn(app_of: Any, drawn_by: Any) -> None:
    bars = BlockBars(tall=False)
    async with app_of(bars).run_test(size=(80, 20)) as pilot:
        many = [bar(str(number), 25, 25) for number in range(400)]
        bars.set_bars(many)
        await pilot.pause()
        drawn = drawn_by(bars)
        bars.set_bars([bar(str(number), 25, 25) for number in range(400)])
        await pilot.pause()
        assert drawn == []
        bars.set_bars([*many[:3], bar("3", 25, 30), *many[4:300], bar("300", 1), *many[301:]])
        await pilot.pause()
        assert drawn == [3]
        await pilot.press("j")
        assert sorted(drawn) == [0, 1, 3]


async def test_hundreds_of_bars_scroll_with_the_cursor(app_of: Any, lines_of: Any) -> None:
    bars = BlockBars()
    async with app_of(bars).run_test(size=(80, 20)) as pilot:
        bars.set_bars([bar(str(number), 25, 25) for number in range(400)])
        await pilot.press("G")
        await pilot.pause()
        assert lines_of(pilot.app)[19].startswith("▌edge-399")
        await pilot.press("pageup")
        assert bars.cursor_key == "379"


async def test_without_bars_it_says_what_would_be_there(app_of: Any, lines_of: Any) -> None:
    bars = BlockBars(empty="No container instance yet.\n\nPress a to add one.")
    async with app_of(bars).run_test(size=(80, 10)) as pilot:
        await pilot.pause()
        assert [line.strip() for line in lines_of(pilot.app)[1:4]] == [
            "No container instance yet.",
            "",
            "Press a to add one.",
        ]
        bars.empty_text = "Nothing"
        await pilot.pause()
        assert "Nothing" in lines_of(pilot.app)[1]


async def test_hostile_and_wide_text_keeps_its_place(app_of: Any, lines_of: Any) -> None:
    bars = BlockBars(tall=False)
    blocks = (Block("a", 30, "日本語:7"), Block("b", 30, "\x1b]0;[/red]x"), Block("c", 5, "日本語"))
    async with app_of(bars).run_test(size=(80, 5)) as pilot:
        bars.set_bars([bar("a", blocks=blocks, title=cell("日本\x1b[2J"))])
        await pilot.pause()
        line = lines_of(pilot.app)[0]
        assert "\x1b" not in line
        assert "日本語:7" in line
        assert "�]0;[/red]x" in line


async def test_a_line_has_its_width_whatever_is_in_it(app_of: Any) -> None:
    bars = BlockBars()
    chance = random.Random(7)
    kinds: tuple[BlockKind, ...] = ("task", "ghost", "other")
    labels = ("", "web:7", "日本語:12", "a\x1b[2J\u202eb", "search-indexer:1024")
    async with app_of(bars).run_test(size=(80, 5)):
        for number in range(400):
            blocks = tuple(
                Block(
                    str(place),
                    chance.choice((0, 1, 5, 400)),
                    chance.choice(labels),
                    place % 9 - 1,
                    kind,
                    "512M",
                    "日本",
                )
                for place, kind in enumerate(chance.choices(kinds, k=chance.randrange(30)))
            )
            made = bar(str(number), capacity=chance.choice((0, 100, 5000)), blocks=blocks, dim=chance.random() < 0.2)
            width, chosen = chance.randrange(1, 200), chance.choice((None, *range(len(blocks))))
            for part in (0, 1):
                strip = bars._painter.line(made, width, part, chosen, cursor=chance.random() < 0.5)
                assert strip.cell_length == width
                assert cell_len(strip.text) == width
