"""The Stowage tab of a cluster: the bars, a line on the block at the cursor, and a legend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from app.fleet.fleet import InstanceState, belongs
from app.model.task import Task
from app.operations.usage import HostUse
from app.screens.desk import Desk
from app.screens.filtering import Filter, parse_filter
from app.screens.stowage.bars import OTHERS, Resource, StowageBars, bar_key
from app.screens.stowage.lines import bar_words, bare_line, legend, others_line, task_line
from app.screens.subjects import instance_subject, task_subject
from widgets.block_bar import NEUTRAL, Bar, BlockBars
from widgets.cell_line import CellLine
from widgets.presence import GoesQuietly

NO_MATCH: Final = "No instance and no task matches the filter. esc clears it."


class StowagePane(GoesQuietly, Vertical):
    """Shows the instances it is given; knows what the cursor is on."""

    DEFAULT_CSS = """
    StowagePane { height: 1fr; width: 1fr; }
    StowagePane > BlockBars { margin-top: 1; }
    """

    def __init__(self, desk: Desk, *, id: str) -> None:
        super().__init__(id=id)
        self._desk = desk
        self._resource: Resource = "memory"
        self._maker = StowageBars()
        self._states: Mapping[str, InstanceState] = {}
        self._filtered: tuple[str, dict[str, tuple[Bar, Bar | None]]] = ("", {})
        self._arguments: tuple[Sequence[InstanceState], str, str] | None = None

    def compose(self) -> ComposeResult:
        yield BlockBars(id="stowage-bars")
        yield CellLine(id="stowage-block")
        yield CellLine(id="stowage-legend")

    @property
    def bars(self) -> BlockBars:
        """What takes the keys."""
        return self.query_one(BlockBars)

    @property
    def takes_keys(self) -> BlockBars:
        return self.bars

    # --- what is shown ---------------------------------------------------------------------------------------------

    def show(self, states: Sequence[InstanceState], wanted: str, empty: str) -> None:
        """Draw these instances.

        Args:
            wanted: a filter; it leaves instances that match, and those with a task that does, whose rest turns grey.
            empty: said where there is no instance at all.
        """
        self._arguments = states, wanted, empty
        self._desk.usage.look(states)
        bars = self._maker.bars(states, self._resource, self._desk.usage.uses)
        self._states = {bar_key(state.instance.key): state for state in states}
        self.bars.empty_text = NO_MATCH if states and wanted else empty
        another = wanted != self._filtered[0]
        self.bars.set_bars(self._matching(bars, wanted))
        if wanted and another:
            self._to_a_match(parse_filter(wanted))
        self._tell()

    def _matching(self, bars: Sequence[Bar], wanted: str) -> list[Bar]:
        """Those that the filter leaves; looked at again only where the bar is another one than before."""
        if not wanted:
            self._filtered = "", {}
            return list(bars)
        matches, known = parse_filter(wanted), self._filtered[1] if self._filtered[0] == wanted else {}
        found: dict[str, tuple[Bar, Bar | None]] = {}
        for bar in bars:
            before = known.get(bar.key)
            if before is None or before[0] is not bar:
                before = bar, matching_bar(bar, self._states[bar.key], matches)
            found[bar.key] = before
        self._filtered = wanted, found
        return [shown for _, shown in found.values() if shown is not None]

    def _to_a_match(self, matches: Filter) -> None:
        """The keys are meant for what was looked for, and not for a grey task beside it."""
        if self.chosen_task is not None and matches(task_subject(self.chosen_task)):
            return
        for bar in self.bars.bars:
            tasks = self._states[bar.key].tasks
            for block in bar.blocks:
                if block.key in tasks and matches(task_subject(tasks[block.key])):
                    self.bars.move_to(bar.key, block.key)
                    return

    def switch_resource(self) -> None:
        """Memory to CPU, and back."""
        self._resource = "cpu" if self._resource == "memory" else "memory"
        if self._arguments is not None:
            self.show(*self._arguments)

    @on(BlockBars.Moved)
    def _tell(self) -> None:
        state, now = self.chosen_state, self._desk.fleet.host_now
        foreign = any(
            task.last_status != "STOPPED" and not belongs(task, one)
            for one in self._states.values()
            for task in one.tasks.values()
        )
        self.query_one("#stowage-legend", CellLine).set(
            legend(self._resource, foreign=foreign), bar_words(state, self._resource) if state is not None else ()
        )
        line = self.query_one("#stowage-block", CellLine)
        if state is None:
            line.set(())
        elif (task := self.chosen_task) is not None:
            line.set(task_line(task, state, now(state.instance.key)))
        elif self.on_others and (use := self._use(state)) is not None:
            line.set(others_line(state, use))
        else:
            line.set(bare_line(state, self._resource))

    def _use(self, state: InstanceState) -> HostUse | None:
        return self._desk.usage.uses.get(state.instance.key)

    # --- what is chosen --------------------------------------------------------------------------------------------

    @property
    def chosen_state(self) -> InstanceState | None:
        """The instance at the cursor."""
        return self._states.get(self.bars.cursor_key or "")

    @property
    def chosen_task(self) -> Task | None:
        """The task whose block is at the cursor."""
        state = self.chosen_state
        return state.tasks.get(self.bars.block_key or "") if state is not None else None

    @property
    def on_others(self) -> bool:
        """Is the cursor on what unmanaged containers use?"""
        return self.bars.block_key == OTHERS


def matching_bar(bar: Bar, state: InstanceState, matches: Filter) -> Bar | None:
    """The bar as it is if its instance matches; with all grey but the tasks that match; None if nothing does."""
    if matches(instance_subject(state)):
        return bar
    found = {key for key, task in state.tasks.items() if matches(task_subject(task))}
    blocks = tuple(block if block.key in found else replace(block, colour=NEUTRAL) for block in bar.blocks)
    return replace(bar, blocks=blocks) if any(block.key in found for block in bar.blocks) else None
