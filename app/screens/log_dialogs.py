"""Dialogs of the log desk: where its lines come from, and saving them to a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from app.model.errors import MoorageError
from app.model.safe_text import without_sgr
from app.operations.log_merge import Source, SourceState
from app.screens.desk import Desk
from app.screens.form_dialog import Field, FormDialog
from app.store.atomic import replace, write_once
from widgets.cells import Column, Row, Tone, cell
from widgets.confirm import Confirm
from widgets.dialog import Dialog
from widgets.key_hints import KeyHints
from widgets.line_store import LogLine
from widgets.live_table import LiveTable

_STATES: dict[SourceState, tuple[str, Tone]] = {
    "opening": ("◌ opening", "busy"),
    "following": ("● following", "ok"),
    "silent": ("◐ silent", "warn"),
    "ended": ("○ ended", "muted"),
    "gone": ("○ gone", "muted"),
    "unreadable": ("✕ unreadable", "bad"),
}


class SourcesDialog(Dialog[str]):
    """Every source of the desk: where it is, how it goes, how much of it was shown and how much skipped.

    Dismissed with the key of one that is to be opened alone.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,i", "cancel", "close", id="sources.close", tooltip="Back to the lines"),
    ]

    def __init__(self, sources: Callable[[], Sequence[Source]]) -> None:
        super().__init__()
        self._sources = sources

    def compose(self) -> ComposeResult:
        dialog = Vertical(classes="dialog sources-dialog")
        dialog.border_title = "Sources"
        columns = (
            Column("tag", "SOURCE", min_width=10, weight=2),
            Column("host", "ON", min_width=6, weight=1),
            Column("state", "STATE", min_width=12),
            Column("lines", "LINES", min_width=7, align="right"),
            Column("skipped", "SKIPPED", min_width=7, align="right"),
            Column("clock", "CLOCK", min_width=7, align="right"),
        )
        with dialog:
            yield LiveTable(columns, id="sources", markable=False)
            yield KeyHints(id="source-keys")

    def on_mount(self) -> None:
        self._show()
        self.query_one(LiveTable).focus()
        self.set_interval(1, self._show)

    def _show(self) -> None:
        self.query_one(LiveTable).set_rows([_row(source) for source in self._sources()])

    def action_cancel(self) -> None:
        self.dismiss()

    @on(LiveTable.RowActivated)
    def _activated(self, event: LiveTable.RowActivated) -> None:
        self.dismiss(event.key)


def _row(source: Source) -> Row:
    word, tone = _STATES[source.state]
    offset = (
        f"{source.offset.total_seconds():+.1f} s" if source.offset else "right" if source.clock_known else "unknown"
    )
    return Row(
        source.key,
        (
            cell(source.tag, "strong"),
            cell(source.host),
            cell(word, tone),
            cell(f"{source.lines:,}"),
            cell(f"{source.skipped:,}", "warn" if source.skipped else "muted"),
            cell(offset, "muted" if source.clock_known and not source.offset else "warn"),
        ),
    )


def plain_line(line: LogLine, *, times: bool, tags: bool) -> str:
    """A line as it goes into a file: as it was written, without colours."""
    stamp = ""
    if times and line.when:
        stamp = f"{datetime.fromtimestamp(line.when).astimezone().isoformat(timespec='milliseconds')} "
    if line.mark not in ("", "stderr"):
        return f"{stamp}-- {line.text}"
    tag = f"{line.source} " if tags and line.source else ""
    return f"{stamp}{tag}{without_sgr(line.raw or line.text)}"  # type: ignore[arg-type]


def save_dialog(
    desk: Desk,
    lines: Sequence[LogLine],
    *,
    times: bool,
    ask: Callable[[Confirm, Callable[[bool | None], None]], object],
    say: Callable[[str], None],
) -> FormDialog:
    """Asks for the path. A file that is there is written over only after a question."""
    tags = len({line.source for line in lines if line.source}) > 1
    data = "".join(f"{plain_line(line, times=times, tags=tags)}\n" for line in lines).encode("utf-8", "replace")

    def work(values: dict[str, str]) -> str | Callable[[], object]:
        if not values["path"]:
            raise MoorageError("a path is needed, as in ~/web.log")
        path = Path(values["path"]).expanduser().absolute()
        if path.is_dir():
            raise MoorageError(f"{path} is a folder; give the name of a file in it")
        if write_once(path, data):
            return f"Saved {len(lines):,} lines to {path}"
        return lambda: overwrite(path)

    def overwrite(path: Path) -> None:
        def answered(yes: bool | None) -> None:
            if yes:
                desk.jobs.run(lambda: replace(path, data), lambda _: say(f"Saved {len(lines):,} lines to {path}"))

        question = [f"{path} is there already. What it holds is lost."]
        ask(Confirm("Write over the file?", question, action="Overwrite"), answered)

    name = f"moorage-logs-{datetime.now():%Y%m%d-%H%M%S}.log"
    return FormDialog(
        desk,
        f"Save {len(lines):,} lines",
        [Field("path", "File", str(Path.cwd() / name), "a path; ~ is your home")],
        "Save",
        work,
    )
