"""How the editor's panes are laid out: side by side where there is room, else one at a time; and the way among them."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from app.fleet.changes import ChangeSet
from app.model.task_definition import TaskDefinition
from app.screens.definition_form import definition_hints
from app.screens.desk import Desk
from app.screens.frame import FrameScreen
from widgets.cells import Column, Row, cell, cell_text
from widgets.json_editor import JsonEditor
from widgets.json_places import JsonPlaces
from widgets.live_table import LiveTable
from widgets.model_form.shape import shape_of
from widgets.model_form.widget import ModelForm
from widgets.pane_tabs import PaneTabs

SIDE_BY_SIDE = 120
FINDING_COLUMNS = (
    Column("sign", "", width=1),
    Column("place", "FINDINGS", min_width=20, weight=2),
    Column("text", "", min_width=30, weight=4),
)
FORM, JSON, FINDINGS = 0, 1, 2


class EditorPanes(FrameScreen):
    """``text`` is the JSON to begin with; what there is to say of it is the business of ``EditorScreen``."""

    def __init__(self, desk: Desk, text: str) -> None:
        super().__init__(desk)
        self._text = text
        self._places: JsonPlaces | None = None
        self._pane = FORM

    def content(self) -> ComposeResult:
        yield PaneTabs(("Form", "JSON", "Findings"), id="editor-tabs")
        with Horizontal(id="editor-panes"):
            yield ModelForm(shape_of(TaskDefinition), definition_hints(), empty="No member of that name", id="form")
            with Vertical(id="json-side", classes="panel -divided") as side:
                side.border_title = "JSON "
                yield JsonEditor(self._text, id="json")
                yield Static("", id="syntax", markup=False)
        findings = LiveTable(
            FINDING_COLUMNS,
            id="findings",
            classes="panel",
            markable=False,
            empty="Nothing to find: it can be registered",
        )
        yield findings
        yield Static("", id="finding", markup=False)

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        self._lay_out()

    def sync(self, changes: ChangeSet | None) -> None:
        if self.query("#form"):
            self._form.search(self.filter_text)
            self._lay_out()

    @property
    def _form(self) -> ModelForm:
        return self.query_one("#form", ModelForm)

    @property
    def _json(self) -> JsonEditor:
        return self.query_one("#json", JsonEditor)

    # --- findings --------------------------------------------------------------------------------------------------

    def show_findings(self, rows: Sequence[Row]) -> None:
        self.query_one("#findings", LiveTable).set_rows(rows)
        self._tell_finding()
        self._lay_out()

    @on(LiveTable.RowHighlighted, "#findings")
    def _tell_finding(self) -> None:
        """The one at the cursor in full, where its row has no room for it."""
        table = self.query_one("#findings", LiveTable)
        row = next((row for row in table.rows if row.key == table.cursor_key), None)
        words = [cell_text(part) for part in row.cells[1:]] if row else []
        self.query_one("#finding", Static).update(Content("\n".join(word for word in words if word)), layout=False)

    # --- panes -----------------------------------------------------------------------------------------------------

    @property
    def _side_by_side(self) -> bool:
        return self.size.width >= SIDE_BY_SIDE

    def _lay_out(self) -> None:
        """Side by side where there is room, with the findings below; else one pane at a time."""
        if not self.query("#finding"):
            return
        wide = self._side_by_side
        table = self.query_one("#findings", LiveTable)
        self.set_class(wide, "-side-by-side")
        tabs = self.query_one("#editor-tabs", PaneTabs)
        tabs.display = not wide
        count = len(table.rows)
        tabs.set_titles(("Form", "JSON", f"Findings {count}" if count else "Findings"))
        tabs.show_open(self._pane)
        self.query_one("#editor-panes").display = wide or self._pane != FINDINGS
        self._form.display = wide or self._pane == FORM
        self.query_one("#json-side").display = wide or self._pane == JSON
        table.display = bool(count) if wide else self._pane == FINDINGS
        self.query_one("#finding").display = not wide and self._pane == FINDINGS

    def _panes(self) -> list[Widget]:
        return [self.query_one("#form-rows"), self._json, self.query_one("#findings")]

    def action_next_pane(self) -> None:
        order = [FORM, JSON, FINDINGS]
        panes = self._panes()
        here = next((number for number, pane in enumerate(panes) if pane is self.focused), self._pane)
        for step in (1, 2):
            number = order[(here + step) % len(order)]
            if (number != FORM or not self._form.disabled) and (
                number != FINDINGS or self.query_one("#findings", LiveTable).rows
            ):
                self._show_pane(number)
                return

    def action_other_side(self) -> None:
        self.action_next_pane()

    def bring_json_up_to_date(self) -> None:
        """The JSON side shows the text as it is now."""

    def _show_pane(self, number: int) -> None:
        self.bring_json_up_to_date()
        came_from_json = self.focused is self._json
        self._pane = number
        self._lay_out()
        if number == FORM and came_from_json and self._places is not None:
            self._form.go_to(self._places.path_at(self._places.offset(*self._json.cursor_location)))
        self._panes()[number].focus()
        if number == JSON:
            self._show_place()

    @on(PaneTabs.Opened, "#editor-tabs")
    def _tab_opened(self, event: PaneTabs.Opened) -> None:
        self._show_pane(event.index)

    @on(ModelForm.Moved)
    def _show_place(self) -> None:
        """The JSON shows the member at the form's cursor."""
        self.bring_json_up_to_date()
        if self._places is None:
            return
        place = self._places.nearest(self._form.path)
        if place is not None:
            self._json.show_line(self._places.location(place.begin))


def finding_row(key: str, place: str, text: str, severity: str) -> Row:
    bad = severity == "error"
    return Row(
        key,
        (cell("✗" if bad else "▲", "bad" if bad else "warn"), cell(place, "" if bad else "muted"), cell(text, "muted")),
    )
