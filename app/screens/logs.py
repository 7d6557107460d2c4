"""The log desk: logs of any tasks and containers across hosts, merged by time, followed, filtered, saved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input

from app.fleet.changes import ChangeSet
from app.model.errors import MoorageError
from app.model.safe_text import safe_line
from app.model.since import parse_since
from app.model.task import Task
from app.operations.log_filter import LogFilter
from app.operations.log_reader import Wanted
from app.operations.log_sources import clock_note
from app.screens import formats
from app.screens.actions import INSIDE, bindings
from app.screens.desk import Desk
from app.screens.json_screen import search_in
from app.screens.log_dialogs import SourcesDialog, plain_line, save_dialog
from app.screens.log_feed import KEPT_LINES, MOST_LAG, MOST_SOURCES, TAIL, LogFeed
from app.screens.log_targets import LogTarget, log_commands
from app.screens.task_actions import TaskActions
from widgets.cells import Cell, Span, Tone
from widgets.chip_line import ChipLine
from widgets.confirm import Confirm
from widgets.entry_bar import EntryBar
from widgets.log_view import LogView

EMPTY_LOG = """No log lines yet.

What the containers write to stdout and stderr appears here."""
SINCE = ("1m", "5m", "1h", "")
"""The presets; "": all."""
TAILS = (100, TAIL, 5_000, KEPT_LINES)
CONTEXTS = (0, 3, 10)
STREAMS = ("", "stderr", "stdout")
MOST_COPIED = 1_000_000
"""Characters; terminals take no more into their clipboard, and many less."""


class LogsScreen(TaskActions):
    FILTER_HINT = "text  /regex/"
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "search",
        "logs.include",
        "logs.exclude",
        "logs.remove",
        "logs.since",
        "logs.tail",
        "logs.save",
        "logs.stream",
        "logs.context",
        "logs.raw",
        "logs.sources",
        "copy",
        "stop",
        "copy.command",
        *INSIDE,
        copy="copy lines",
    )

    def __init__(self, desk: Desk, targets: Sequence[LogTarget]) -> None:
        super().__init__(desk)
        self._targets = tuple(targets)
        self._feed: LogFeed | None = None
        self._filter = LogFilter()
        self._since: str | None = None
        self._tail = TAIL
        self._note = ""

    # --- frame -----------------------------------------------------------------------------------------------------

    def chosen_task(self) -> Task | None:
        tasks = self.chosen_tasks()
        return tasks[0] if tasks else None

    def chosen_tasks(self) -> Sequence[Task]:
        found = []
        for target in self._targets:
            state = self.desk.fleet.instances.get(target.instance)
            if state is not None and (task := state.tasks.get(target.task_id)) is not None:
                found.append(task)
        return found

    def crumbs(self) -> Iterable[str]:
        clusters = sorted({target.instance.cluster for target in self._targets})
        where = clusters[0] if len(clusters) == 1 else f"{len(clusters)} clusters"
        if len(self._targets) > 1:
            tasks = sum(bool(target.task_id) for target in self._targets)
            others = len(self._targets) - tasks
            parts = [f"{tasks} tasks"] * bool(tasks) + [f"{others} containers"] * bool(others)
            return (where, f"logs of {' and '.join(parts)}")
        (target,) = self._targets
        if not target.task_id:
            return (where, "unmanaged", self._container_name(target), "logs")
        task = self.chosen_task()
        definition = (task.definition,) if task else ()
        part = (safe_line(target.container),) if target.container else ()
        return (where, *definition, target.task_id[:8], *part, "logs")

    def _container_name(self, target: LogTarget) -> str:
        state = self.desk.fleet.instances.get(target.instance)
        found = state.containers.get(target.container_id) if state else None
        return found.name if found else target.container_id[:12]

    def status(self) -> Cell:
        if len(self._targets) == 1 and self._targets[0].task_id:
            task = self.chosen_task()
            state = formats.task_status(task) if task else (Span("gone", "muted"),)
            return (*state, Span(f"  on {self._targets[0].instance.name}", "muted"))
        states = [source.state for source in self._feed.sources] if self._feed else []
        told: list[tuple[str, str, Tone]] = [("following", "●", "ok"), ("silent", "◐", "warn"), ("ended", "○", "muted")]
        counts = [(glyph, states.count(word), word, tone) for word, glyph, tone in told]  # type: ignore[arg-type]
        return tuple(Span(f"{glyph} {count} {word}  ", tone) for glyph, count, word, tone in counts if count)

    def content(self) -> ComposeResult:
        yield ChipLine(id="desk-line")
        yield LogView(id="log", empty=EMPTY_LOG, max_lines=KEPT_LINES)
        yield EntryBar(id="term", placeholder="a word, or a /regex/; enter adds it")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(LogView).focus()
        self._open()

    def on_unmount(self) -> None:
        if self._feed is not None:
            self._feed.close()

    def sync(self, changes: ChangeSet | None) -> None:
        view = self.query_one(LogView)
        if changes is None:
            search_in(view, self.filter_text)
        if self._feed is not None:
            self._feed.sync()
        view.tick()
        self._show_line()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While something is typed, there is nothing to be saved."""
        if action == "save" and isinstance(self.focused, Input):
            return False
        return super().check_action(action, parameters)

    def matches(self) -> int | None:
        return search_in(self.query_one(LogView), self.filter_text)

    # --- reading ---------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        """Read anew, with what is wanted now."""
        if self._feed is not None:
            self._feed.close()
        view = self.query_one(LogView)
        view.clear()
        since = None
        if self._since:
            since = parse_since(self._since, self.desk.session.now())
        tail = self._tail if self._since is None else KEPT_LINES
        self._feed = LogFeed(self.desk, view, self._told, self._targets, Wanted(since, tail), self._filter)
        self._feed.sync()
        self._show_line()

    def _told(self, note: str) -> None:
        self._note = note
        self._show_line()

    def _show_line(self) -> None:
        feed, line = self._feed, next(iter(self.query(ChipLine)), None)
        if feed is None or line is None:  # not opened yet, or being taken down
            return
        view = self.query_one(LogView)
        count = len(feed.sources)
        words = [Span(f"{count} source{'' if count == 1 else 's'}  ", "muted"), Span(self._extent(), "muted")]
        if feed.left_out:
            words.append(Span(f"  {feed.left_out} left out, {MOST_SOURCES} is the most", "warn"))
        if feed.let_go:
            words.append(Span(f"  {feed.let_go:,} older let go", "muted"))
        if self._filter.stream:
            words.append(Span(f"  {self._filter.stream} only", "accent"))
        if self._filter.context and self._filter.terms:
            words.append(Span(f"  context {self._filter.context}", "accent"))
        if view.raw:
            words.append(Span("  raw", "accent"))
        line.set(tuple(words), [term.chip for term in self._filter.terms], self._how())
        view.set_empty(self._empty())

    def _how(self) -> Cell:
        """What must not be missed: clocks that differ, lines that were skipped, and whether it goes on."""
        assert self._feed is not None
        sources = self._feed.sources
        spans: list[Span] = []
        hosts = {source.host: source for source in sources}
        if len(hosts) > 1:
            off = [host for host, source in hosts.items() if clock_note(source)]
            spans += [Span(f"clock of {', '.join(off[:2])}{'…' if len(off) > 2 else ''}: i  ", "warn")] if off else []
        if skipped := self._feed.skipped:
            most = max(sources, key=lambda source: source.skipped)
            of = f" of {most.tag}" if most.skipped == skipped and len(sources) > 1 else ""
            spans.append(Span(f"{skipped:,} skipped{of}  ", "warn"))
        if (lag := self._feed.lag) >= MOST_LAG:
            # The engine cannot hand over as fast as its container writes.
            spans.append(Span(f"{lag:.0f} s behind  ", "warn"))
        view = self.query_one(LogView)
        if not view.following:
            new = f"+{view.new_lines:,} new" if view.new_lines else "nothing new"
            return (*spans, Span(f"paused  {new}", "strong"))
        ended = bool(sources) and all(source.state in ("ended", "gone", "unreadable") for source in sources)
        return (*spans, Span("ended" if ended else "following", "muted" if ended else "ok"))

    def _extent(self) -> str:
        if self._since:
            return f"since {self._since}"
        return f"last {self._tail:,}" if self._since is None else f"all, at most {KEPT_LINES:,} each"

    def _empty(self) -> str:
        if self._filter.hides:
            return "No line passes the filters.\n\nbackspace takes the last one away."
        if self._since:
            return f"Nothing was written in the last {self._since}.\n\nS goes further back."
        return EMPTY_LOG

    @on(LogView.FollowChanged)
    def _follow_changed(self) -> None:
        self._show_line()

    # --- what is shown ---------------------------------------------------------------------------------------------

    def action_since(self) -> None:
        known = self._since if self._since is not None else ""
        self._since = SINCE[(SINCE.index(known) + 1) % len(SINCE)]
        self._open()

    def action_tail(self) -> None:
        later = TAILS.index(self._tail) + 1 if self._since is None else TAILS.index(TAIL)
        self._since, self._tail = None, TAILS[later % len(TAILS)]
        self._open()

    def action_include(self) -> None:
        self.query_one(EntryBar).open("Show only lines with", "include")

    def action_exclude(self) -> None:
        self.query_one(EntryBar).open("Hide lines with", "exclude")

    @on(EntryBar.Entered)
    def _entered(self, event: EntryBar.Entered) -> None:
        try:
            self._set_filter(self._filter.with_term(safe_line(event.value), excludes=event.kind == "exclude"))
        except MoorageError as error:
            event.bar.complain(error.message)
        else:
            event.bar.close()

    def action_remove_term(self) -> None:
        if self._filter.terms:
            self._set_filter(self._filter.without_last())
        else:
            self.say("There is no filter to take away")

    def action_stream(self) -> None:
        following = STREAMS[(STREAMS.index(self._filter.stream) + 1) % len(STREAMS)]
        self._set_filter(replace(self._filter, stream=following))

    def action_context(self) -> None:
        following = CONTEXTS[(CONTEXTS.index(self._filter.context) + 1) % len(CONTEXTS)]
        self._set_filter(replace(self._filter, context=following))
        if not any(not term.excludes for term in self._filter.terms):
            self.say(f"{following} lines before and after each match, once there is an include filter: +")

    def _set_filter(self, wanted: LogFilter) -> None:
        self._filter = wanted
        if self._feed is not None:
            self._feed.set_filter(wanted)
        self._show_line()

    def action_raw(self) -> None:
        view = self.query_one(LogView)
        view.show_raw(not view.raw)
        self._show_line()

    def action_sources(self) -> None:
        feed = self._feed
        if feed is not None:
            self.app.push_screen(SourcesDialog(lambda: feed.sources), self._open_source)

    def _open_source(self, key: str | None) -> None:
        """The log of one of the sources alone."""
        source = next((known for known in self._feed.sources if known.key == key), None) if self._feed else None
        if source is None:
            return
        for target in self._targets:
            mine = target.task_id == source.task_id if source.task_id else target.container_id == source.key
            if mine and target.instance.name == source.host:
                alone = target._replace(container=str(source.container) if source.task_id else "")
                self.app.push_screen(self.desk.doors.logs([alone]))
                return

    def action_back(self) -> None:
        """esc: first a range and the cursor, then the search, then the filters, then back."""
        if self.query_one(LogView).drop_cursor():
            return
        if not self.filter_text and self._filter.hides:
            self._set_filter(LogFilter(context=self._filter.context))
            return
        super().action_back()

    # --- taking lines away -----------------------------------------------------------------------------------------

    def action_save(self) -> None:
        view = self.query_one(LogView)
        lines = view.lines
        if not lines:
            self.say("There is no line to save")
            return
        dialog = save_dialog(self.desk, lines, times=view.times != "off", ask=self._ask, say=self.say)
        self.app.push_screen(dialog)

    def _ask(self, question: Confirm, then: Callable[[bool | None], None]) -> None:
        self.app.push_screen(question, then)

    def action_copy(self) -> None:
        view = self.query_one(LogView)
        lines = view.chosen_lines()
        if not lines:
            view.action_choose()
            self.say("Choose a line with the arrows, then c; space begins a range")
            return
        tags = len({line.source for line in lines if line.source}) > 1
        text = "\n".join(plain_line(line, times=False, tags=tags) for line in lines)
        if len(text) > MOST_COPIED:
            self.say(f"{len(text):,} characters are too many for a clipboard; ctrl+s saves lines to a file", bad=True)
            return
        self.app.copy_to_clipboard(text)
        self.say("Copied the line" if len(lines) == 1 else f"Copied {len(lines):,} lines")

    def action_copy_command(self) -> None:
        extent = ["--tail", str(self._tail)] if self._since is None else ["--since", self._since] if self._since else []
        self.copy("\n".join(log_commands(self._targets, extent, self._filter)), "command")
