"""The picture beside the Run form: each instance with what it has, what would come to it, or why nothing would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from app.fleet.fleet import InstanceState
from app.model.instance import InstanceKey
from app.model.requests import RunTaskRequest
from app.model.safe_text import safe_line
from app.operations.images.presence import Presence
from app.operations.planning import plan_shape
from app.operations.preview import InstancePreview, Preview, preview
from app.operations.usage import HostUse
from app.placement.demand import Demand
from app.screens.frame import WIDE
from app.screens.run.choice import Reading, RunChoice
from app.screens.run.preview import fits_cell, room_words, where_title
from app.screens.stowage.bars import bar_key, stowage_bars
from widgets.block_bar import Bar, BlockBars
from widgets.cell_line import CellLine
from widgets.cells import Span, cell
from widgets.presence import GoesQuietly

_NO_INSTANCE = """No container instance in this cluster yet.

Tasks run on container instances, which are Docker Engines.
esc goes back; a on the cluster's screen adds one."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """The last plan that could be made, and of what. ``wanted``: how many tasks."""

    choice: RunChoice
    demand: Demand
    wanted: int
    plan: Preview
    states: Mapping[InstanceKey, InstanceState]
    chosen_by: str


class WherePane(GoesQuietly, Vertical):
    """Shows the plan of a choice. While something in the form is wrong the last good one stays, and says so."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "start here", id="where.mark", tooltip="Mark the instance: one task starts on each"),
    ]

    @dataclass
    class Marked(Message):
        """Other instances are marked: by name, in order."""

        names: tuple[str, ...]

    def __init__(self, *, id: str, classes: str) -> None:
        super().__init__(id=id, classes=classes)
        self._resource: Literal["memory", "cpu"] = "memory"
        self._marked: tuple[str, ...] = ()
        self._shown: _Shown | None = None
        self._uses: Mapping[InstanceKey, HostUse] = {}
        self._stale = False

    def compose(self) -> ComposeResult:
        yield BlockBars(id="preview", empty=_NO_INSTANCE, openable=False, wordy=True)
        yield Static("", id="where-why", markup=False)
        yield CellLine(id="where-legend")
        yield CellLine(id="where-room")

    @property
    def table(self) -> BlockBars:
        """What takes the keys."""
        return self.query_one("#preview", BlockBars)

    # --- the plan --------------------------------------------------------------------------------------------------

    def show(
        self,
        choice: RunChoice,
        reading: Reading,
        states: Mapping[InstanceKey, InstanceState],
        uses: Mapping[InstanceKey, HostUse],
        chosen_by: str,
    ) -> None:
        """Plan what is chosen and draw it.

        Args:
            states: the instances of the cluster as they are now.
            uses: what unmanaged containers of these use.
            chosen_by: a scheduler that chooses at the launch, so that nobody can tell where; "" for the built-in one.
        """
        if reading.demand is not None:
            only = [InstanceKey(choice.cluster, name) for name in choice.instances] or None
            wanted = reading.request.count if isinstance(reading.request, RunTaskRequest) else len(choice.instances)
            made = preview(states.values(), reading.demand, wanted, choice.seed, only)
            self._shown = _Shown(choice, reading.demand, wanted, made, states, chosen_by)
        elif self._shown is not None and self._shown.choice.cluster == choice.cluster:
            # The plan is as it was; what runs there meanwhile is as it is.
            seen = tuple(one for one in self._shown.plan.instances if one.key in states)
            plan = replace(self._shown.plan, instances=seen)
            self._shown = replace(self._shown, plan=plan, states=states)
        else:
            self._shown = None
        self._uses = uses
        self._stale = reading.demand is None
        self._draw_legend()
        if self._shown is None:
            self._title("No plan yet")
            self.table.set_bars(stowage_bars(states.values(), self._resource, uses))
            self.query_one("#where-room", CellLine).set(cell(safe_line(reading.problem), "bad"))
            self._tell_why()
        else:
            self._draw(self._shown)

    def _title(self, text: str) -> None:
        # Beside the form the corner of the panel is a gap already.
        self.border_title = Content(f"{' ' if self.app.size.width < WIDE else ''}{text} ")

    def _draw(self, shown: _Shown) -> None:
        stale, marked = self._stale, bool(shown.choice.instances)
        strategies = shown.demand.strategies
        chance = not strategies or any(one.type == "random" for one in strategies)
        title = where_title(shown.plan, shown.wanted, shown.chosen_by, marked=marked, stale=stale, by_chance=chance)
        self._title(title)
        self.table.set_bars(self._bars(shown, stale=stale))
        words = room_words(shown.plan, shown.choice.cluster, placed=not shown.chosen_by)
        self.query_one("#where-room", CellLine).set(cell(words))
        self._tell_why()

    def _draw_legend(self) -> None:
        resource, other = ("Memory", "CPU") if self._resource == "memory" else ("CPU", "memory")
        legend = (Span(f"{resource} ", "strong"), Span(" █ tasks  ░ unmanaged  ▒ these  · free", "muted"))
        self.query_one("#where-legend", CellLine).set(legend, cell(f"m {other}", "muted"))

    def _bars(self, shown: _Shown, *, stale: bool) -> list[Bar]:
        seen = shown.plan.instances
        ghosts = {} if shown.chosen_by else {one.key: one.count for one in seen if one.count}
        refusals = {one.key: one.refusal.words for one in seen if one.refusal is not None and not one.count}
        states = [shown.states[one.key] for one in seen]
        drawn = stowage_bars(
            states, self._resource, self._uses, ghosts, shown.demand.resources, refusals, shown.choice.definition
        )
        by_key = {bar_key(one.key): one for one in seen}
        return [self._bar(bar, by_key[bar.key], shown, stale=stale) for bar in drawn]

    def _bar(self, bar: Bar, one: InstancePreview, shown: _Shown, *, stale: bool) -> Bar:
        name = safe_line(one.key.name)
        title = (Span("◆ ", "accent"), Span(name, "accent")) if one.key.name in self._marked else bar.title
        note = fits_cell(one) if shown.chosen_by else bar.note
        return replace(bar, title=title, note=note, dim=bar.dim or stale)

    @on(BlockBars.Moved)
    def _tell_why(self) -> None:
        """The whole reason of the instance at the cursor, where its line has no room for it."""
        shown, key = self._shown, self.table.cursor_key
        words = ""
        if shown is not None and key is not None:
            one = next((one for one in shown.plan.instances if one.key.name == key.rpartition("/")[2]), None)
            if one is not None and one.refusal is not None:
                more = "takes no more after these" if one.count else "takes none"
                words = f"{one.key.name} {more}: {one.refusal.words}"
        self.query_one("#where-why", Static).update(Content(words), layout=False)

    def shortage(self) -> str:
        """That some of the tasks have no place, "" when all have."""
        shown = self._shown
        if shown is None or shown.chosen_by:
            return ""
        missing = shown.wanted - len(shown.plan.plan.placements)
        return f"{missing} of {shown.wanted} have no place now" if missing > 0 else ""

    @property
    def planned(self) -> tuple[InstanceKey, ...]:
        """The instances that the plan has tasks for; none where another scheduler chooses."""
        shown = self._shown
        return () if shown is None or shown.chosen_by else tuple(dict.fromkeys(shown.plan.plan.placements))

    def shape(self, scheduler: str, presence: Presence | None = None) -> dict[str, Any] | None:
        """The plan as JSON; None while there is none for what is in the form. ``presence``: where the images are."""
        shown = self._shown
        if shown is None or self._stale:
            return None
        return {
            "cluster": shown.choice.cluster,
            "taskDefinitionArn": shown.choice.definition_arn,
            "group": shown.demand.group,
            **({} if shown.choice.instances else {"scheduler": scheduler}),
            **plan_shape(shown.plan, shown.demand, shown.states, shown.chosen_by, presence),
        }

    # --- keys ------------------------------------------------------------------------------------------------------

    def switch_resource(self) -> None:
        """Memory or CPU."""
        self._resource = "cpu" if self._resource == "memory" else "memory"

    def mark(self, names: tuple[str, ...]) -> None:
        """Show these as the marked ones."""
        self._marked = names

    def action_mark(self) -> None:
        """space: one task on this one, or not."""
        key = self.table.cursor_key
        if key is None or self._shown is None:
            return
        name = key.rpartition("/")[2]
        kept = {*self._marked} ^ {name}
        self._marked = tuple(sorted(kept))
        self.post_message(self.Marked(self._marked))
