"""The frame that all screens share: one header line, the content, a filter line when it is open, one line of keys."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget
from textual.widgets import Static

from app.fleet.changes import ChangeSet
from app.screens.actions import CHANGING, OPEN_AN_INPUT
from app.screens.desk import Desk
from app.screens.doors import CLUSTER_IMAGES
from app.screens.filtering import Filter, completions, filter_problems, parse_filter
from app.screens.standing import READ_ONLY, SIMULATED, fleet_status
from app.screens.tables.arranging import ArrangedTables
from app.screens.tables.term_values import term_values
from widgets.breadcrumb import Breadcrumb
from widgets.cells import Cell, Row, Span
from widgets.filter_bar import FilterBar
from widgets.key_hints import KeyHints
from widgets.lazy_rows import key_at
from widgets.live_table import LiveTable
from widgets.presence import is_here, is_on_top
from widgets.terminal import no_clipboard

SMALLEST = Size(40, 10)
WIDE = 100
"""Columns from which on things stand beside each other: a screen has the class ``-wide`` then, else ``-narrow``."""
LONGEST_TOLD = 600


class FrameScreen(ArrangedTables):
    """A screen in the frame. Subclasses make ``content`` and bring it up to date in ``sync``."""

    FILTER_HINT = "web  !test  /regex/  state:running  host:edge-1"
    FILTER_TERMS: ClassVar[tuple[str, ...]] = ()
    """The terms that the rows of this screen have values for; none where the filter is a search."""
    # Never the filter's input: it would swallow the keys while it is hidden.
    AUTO_FOCUS = "LiveTable, LogView, JsonView"

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self._loading = True
        self._first: str | None = None
        self._counts = (0, 0)
        self._was_read_only = False

    # --- what a screen fills in ------------------------------------------------------------------------------------

    @abstractmethod
    def crumbs(self) -> Iterable[str]:
        """Where one is: the parts after ``moorage``."""

    @abstractmethod
    def content(self) -> ComposeResult:
        """The widgets between header and footer."""

    @abstractmethod
    def sync(self, changes: ChangeSet | None) -> None:
        """Show the fleet as it is now; ``None``: everything may have changed."""

    def status(self) -> Cell:
        """The right end of the header; by default how fresh the fleet is."""
        return fleet_status(self.desk.fleet, len(self.desk.monitor.broken))

    def cluster_in_sight(self) -> str:
        """The one cluster that this screen is about, "" when there is none."""
        return ""

    @property
    def read_only(self) -> bool:
        """Is nothing to be changed from here in the cluster that this screen is about?"""
        return self.cluster_in_sight() in self.desk.monitor.read_only

    # --- the frame -------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        # Textual has these after the first layout, and would style all parts once more for them.
        wide = self.app.size.width >= WIDE
        self.set_class(wide, "-wide")
        self.set_class(not wide, "-narrow")
        yield Breadcrumb(id="breadcrumb")
        yield from self.content()
        complete = self.completions if self.FILTER_TERMS else None
        yield FilterBar(id="filter", placeholder=self.FILTER_HINT, complete=complete)
        yield KeyHints(id="keys")
        yield Static(Content(f"Too small: {SMALLEST.width} x {SMALLEST.height} at least"), id="too-small")

    def on_mount(self) -> None:
        self.refresh_now(None)

    def on_screen_resume(self) -> None:
        self.refresh_now(None)

    def on_resize(self, event: events.Resize) -> None:
        tiny = event.size.width < SMALLEST.width or event.size.height < SMALLEST.height
        if tiny != self.has_class("-tiny"):
            self.set_class(tiny, "-tiny", update=False)
            # No more of them look at it; all that they consist of would be styled once more, too.
            self.app.stylesheet.update_nodes([self, *self.children])

    def refresh_now(self, changes: ChangeSet | None) -> None:
        """Bring header and content up to date."""
        if not self.is_mounted or not is_here(self) or self.query_one_optional("#breadcrumb") is None:
            return
        self.sync(changes)
        self.refresh_header()

    def refresh_header(self) -> None:
        """Where one is, and how things are."""
        right = (*alert_badge(self.desk, self.now()), *work_badge(self.desk, self), *self.status())
        read_only = self.read_only
        if read_only != self._was_read_only:
            self._was_read_only = read_only
            self.refresh_bindings()
        marks = (*(SIMULATED if self.desk.session.simulated else ()), *(READ_ONLY if read_only else ()))
        note = (*marks, *self._filter_note())
        self.query_one(Breadcrumb).set(["moorage", *self.crumbs()], right, note)

    def now(self) -> datetime:
        return datetime.now(UTC)

    # --- filter ----------------------------------------------------------------------------------------------------

    @property
    def filter_text(self) -> str:
        return self.query_one(FilterBar).value

    def row_filter(self) -> Filter:
        return parse_filter(self.filter_text)

    def counted(self, shown: int, total: int) -> None:
        """How many rows the filter leaves, of how many; for the header."""
        self._counts = shown, total

    def _filter_note(self) -> Cell:
        """``12 of 317 /web state:running``."""
        text = self.filter_text
        if not text or not self.filter_terms():
            return ()
        shown, total = self._counts
        return (Span(f"{shown:,} of {total:,} ", "strong" if shown else "warn"), Span(f"/{text}", "accent"))

    def filter_terms(self) -> tuple[str, ...]:
        """The terms that what is in sight has values for."""
        return self.FILTER_TERMS

    def completions(self, text: str) -> list[str]:
        return completions(text, partial(term_values, self.desk.fleet), self.filter_terms())

    def _tell_problems(self) -> None:
        bar, terms = self.query_one(FilterBar), self.filter_terms()
        problems = filter_problems(bar.value, terms) if bar.value and terms else []
        bar.set_note("; ".join(problems))

    @property
    def _typing(self) -> bool:
        """Is there a widget that takes letters for itself? Asked like this, as the kinds of them are slow to load."""
        return self.focused is not None and self.focused.check_consume_key("x", "x")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While text is typed, / and : are text. Before a screen is there, and when it goes, keys do nothing.

        What would change a cluster that is read-only has no key.
        """
        if not self.children or not is_here(self):
            return False
        # As the header shows it: looked at anew for each of thirty keys, files would be asked for at every key.
        return not (action in OPEN_AN_INPUT and self._typing) and not (action in CHANGING and self._was_read_only)

    def action_filter(self) -> None:
        self.query_one(FilterBar).open()

    def show_filtered(self, text: str) -> None:
        """Filter by a text that was not typed in the filter line; nothing once the screen is left."""
        if (bar := self.query_one_optional(FilterBar)) is not None:
            bar.set_value(text)

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Leave this screen; nothing when it is left, or another is over it, which Textual would close instead."""
        if is_on_top(self):
            return super().dismiss(result)
        nothing: AwaitComplete = AwaitComplete.nothing()  # type: ignore[no-untyped-call]
        return nothing

    def action_alerts(self) -> None:
        self.app.push_screen(self.desk.doors.alerts())

    def action_images(self) -> None:
        """Of the cluster that is meant here, else of the first."""
        cluster = self.cluster_in_sight() or getattr(self, "cluster", None) or next(iter(self.desk.fleet.clusters), "")
        if cluster:
            self.app.push_screen(self.desk.doors.cluster(cluster, CLUSTER_IMAGES))
        else:
            self.say("Make a cluster first: n")

    def action_works(self) -> None:
        self.app.push_screen(self.desk.doors.works())

    def action_deploy(self) -> None:
        if not self.desk.fleet.clusters:
            self.say("Make a cluster first: n")
            return
        from app.screens.deploying.dialog import deploy_dialog

        clusters, config = self.desk.fleet.clusters, self.desk.session.config
        only = clusters[0] if len(clusters) == 1 and config.default_cluster not in clusters else ""
        self.app.push_screen(deploy_dialog(self, self.cluster_in_sight() or only))

    async def action_command(self) -> None:
        await self._open_commands(palette=False)

    async def action_palette(self) -> None:
        await self._open_commands(palette=True)

    async def _open_commands(self, *, palette: bool) -> None:
        from app.screens.command.bar import CommandBar

        if not self.query(CommandBar):
            # Awaited: the keys that were typed right behind the colon are the bar's.
            await self.mount(CommandBar(self))
        self.query_one(CommandBar).open(palette=palette)

    def matches(self) -> int | None:
        """How many lines the search has found; None on screens whose filter hides rows instead."""
        return None

    @on(FilterBar.Changed)
    def _filter_changed(self) -> None:
        self._tell_problems()
        self.refresh_now(None)

    @on(FilterBar.Closed)
    def _filter_closed(self) -> None:
        self.refresh_now(None)
        if self.filter_text and self.matches() == 0:
            self.say(f"Nothing matches {self.filter_text}")

    def action_back(self) -> None:
        """esc: first the marks and the filter, then back."""
        bar = self.query_one(FilterBar)
        marked = [table for table in self.query(LiveTable) if table.marked]
        if bar.value:
            bar.clear()
            self.refresh_now(None)
        elif marked:
            for table in marked:
                table.clear_marks()
        elif len(self.app.screen_stack) > 1:
            self.dismiss()
        else:
            self.app.call_later(self.app.run_action, "up")

    def action_leave(self) -> None:
        if len(self.app.screen_stack) > 1:
            self.dismiss()
        else:
            self.app.call_later(self.app.run_action, "home")

    def fill(self, table: LiveTable, rows: Sequence[Row]) -> None:
        """Show rows; until every instance has answered once the cursor stays on the first, wherever rows come in.

        Unless somebody has moved it.
        """
        if self._first is not None and table.cursor_key != self._first:
            self._loading = False
        table.set_rows(rows)
        if self._loading and rows:
            self._first = key_at(rows, 0)
            table.move_to(self._first)
            self._loading = any(state.freshness.reach == "connecting" for state in self.desk.fleet.instances.values())

    # --- small services for screens --------------------------------------------------------------------------------

    def say(self, message: str, *, bad: bool = False) -> None:
        """A short notice; the text is data and never markup."""
        self.app.notify(message, severity="error" if bad else "information", markup=False, timeout=8 if bad else 4)

    def copy(self, text: str, what: str) -> None:
        self.app.copy_to_clipboard(text)
        shown = text if len(text) <= LONGEST_TOLD else f"{text[:LONGEST_TOLD]}…"
        if problem := no_clipboard(os.environ):
            self.say(f"Not copied, {problem}. The {what}: {shown}", bad=True)
        else:
            self.say(f"Copied {what}: {shown}")

    def focus_next_pane(self, panes: list[Widget]) -> None:
        """tab: the focus goes to the next of the panes that can take it."""
        usable = [pane for pane in panes if pane.display and pane.focusable]
        if usable:
            current = usable.index(self.focused) if self.focused in usable else -1
            usable[(current + 1) % len(usable)].focus()


def alert_badge(desk: Desk, now: datetime) -> Cell:
    """``▲ 3 alerts``, as long as somebody has to look."""
    count = len(desk.alerts.unseen(desk.fleet, now))
    return (Span(f"▲ {count} alert{'' if count == 1 else 's'}  ", "bad"),) if count else ()


def work_badge(desk: Desk, screen: FrameScreen) -> Cell:
    """``◌ 2 under way``, while images are pulled, copied or built from here, without what the screen itself shows."""
    own = getattr(screen, "work", None)
    count = sum(work is not own for work in desk.works.going)
    return (Span(f"◌ {count} under way  ", "busy"),) if count else ()
