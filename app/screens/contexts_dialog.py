"""The docker contexts of this machine, to make container instances of those that can be reached."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from app.model.safe_text import safe_line
from app.operations.contexts import Context, import_contexts, known_contexts
from app.screens.desk import Desk
from widgets.cells import Column, Row, cell
from widgets.dialog import Dialog
from widgets.key_hints import KeyHints
from widgets.live_table import LiveTable
from widgets.presence import is_here

_COLUMNS = (
    Column("context", "CONTEXT", min_width=10, weight=2),
    Column("endpoint", "ENDPOINT", min_width=20, weight=4),
    Column("state", "", width=10),
)


class ContextsDialog(Dialog[None]):
    """Marked contexts become instances of ``cluster``; without a mark the one at the cursor does."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "cancel", "cancel", id="contexts.cancel", tooltip="Leave without doing anything"),
    ]

    def __init__(self, desk: Desk, cluster: str) -> None:
        super().__init__()
        self._desk = desk
        self._cluster = cluster
        self._contexts: dict[str, Context] = {}
        self._busy = False

    def compose(self) -> ComposeResult:
        dialog = Vertical(classes="dialog drafts-dialog")
        dialog.border_title = Content(f"Docker contexts into {self._cluster}")
        with dialog:
            yield LiveTable(_COLUMNS, id="contexts", empty="Looking for contexts…")
            yield Static("", id="context-why", markup=False)
            yield KeyHints(id="contexts-keys")

    def on_mount(self) -> None:
        self.query_one(LiveTable).focus()
        self._desk.jobs.run(known_contexts, self._show)

    def _show(self, found: Sequence[Context]) -> None:
        if not is_here(self):
            return
        self._contexts = {str(number): context for number, context in enumerate(found)}
        self.query_one(LiveTable).set_rows(
            [
                Row(
                    key,
                    (
                        cell(safe_line(context.name) + ("  (current)" if context.current else ""), "accent"),
                        cell(safe_line(context.endpoint)),
                        cell("✓ usable", "ok") if context.usable else cell("✕ unusable", "bad"),
                    ),
                    dim=not context.usable,
                )
                for key, context in self._contexts.items()
            ]
        )
        self._tell()

    @on(LiveTable.RowHighlighted)
    def _tell(self) -> None:
        """Why the one at the cursor cannot be used, in full."""
        context = self._contexts.get(self.query_one(LiveTable).cursor_key or "")
        self.query_one("#context-why", Static).update(Content(safe_line(context.why) if context else ""))

    @on(LiveTable.RowActivated)
    def _add(self, event: LiveTable.RowActivated) -> None:
        marked = [self._contexts[key] for key in self._contexts if key in event.table.marked]
        chosen = marked or [self._contexts[event.key]]
        unusable = next((context for context in chosen if not context.usable), None)
        if unusable is not None:
            self.app.notify(safe_line(f"{unusable.name}: {unusable.why}"), severity="error", markup=False)
            return
        if self._busy:
            return
        self._busy = True
        names = [context.name for context in chosen]
        self._desk.jobs.run(
            lambda: import_contexts(self._desk.session, self._cluster, names), self._added, self._refused
        )

    def _added(self, answer: dict[str, Any]) -> None:
        self._busy = False
        names = [str(shape["name"]) for shape in answer["containerInstances"]]
        if names:
            self.app.notify(f"Added {', '.join(names)} to cluster {self._cluster}", markup=False)
        for failure in answer["failures"]:
            self.app.notify(safe_line(f"{failure['arn']}: {failure['detail']}"), severity="error", markup=False)
        if is_here(self) and not answer["failures"]:
            self.dismiss()

    def _refused(self, message: str) -> None:
        self._busy = False
        self.app.notify(message, severity="error", markup=False)

    def action_cancel(self) -> None:
        self.dismiss()
