"""The editor of a task definition: a form and its JSON, two views of one document, with every finding as one types."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static, TextArea

from app.model.errors import MoorageError
from app.model.locations import member_path
from app.operations.definitions import Registered
from app.operations.editing import BLANK, Checked, EditStart, check_text, read_text
from app.screens.actions import INSIDE, bindings
from app.screens.desk import Desk
from app.screens.draft_keeper import DraftKeeper
from app.screens.drafts import DraftsDialog, start_of, waiting_for
from app.screens.editor_panes import FINDINGS, FORM, JSON, EditorPanes, finding_row
from app.screens.external_editor import edited_outside
from app.screens.json_side import marked_lines, masked_columns
from app.store.drafts import Draft, HeldDraft
from widgets.cells import Cell, Row, Span
from widgets.filter_bar import FilterBar
from widgets.json_places import JsonPlaces
from widgets.json_splice import spliced
from widgets.live_table import LiveTable
from widgets.model_form.hints import FormFinding
from widgets.model_form.widget import ModelForm
from widgets.presence import is_here

JSON_AFTER = 0.03
"""Seconds after a key in the form at which the JSON follows."""
CHECK_AFTER = 0.1
"""Seconds without a key after which rules are looked at."""
LOCATED_AT_ONCE = 65_536
"""Characters up to which a text is looked through with each key; a longer one when there is a pause."""


class EditorScreen(EditorPanes):
    """``start`` is what to begin with; ``held`` the draft that is gone on with, whose text ``start`` then has."""

    FILTER_HINT = "a member by name, as in memory or hostPort"
    AUTO_FOCUS = "#form-rows"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("register", "edit.diff", "edit.side", "find", "edit.external", "next.pane"),
        *bindings(*INSIDE, back="leave"),
    ]

    def __init__(self, desk: Desk, start: EditStart, held: HeldDraft | None = None) -> None:
        super().__init__(desk, start.text)
        self._start = start if held is not None else replace(start, seen=_latest(desk, start))
        self._is_draft = held is not None
        self._checked: Checked = read_text(start.text)
        self._check_timer: Timer | None = None
        self._json_timer: Timer | None = None
        self._unread = False
        """Something was typed in a long JSON that the form does not show yet."""
        self._draft_state = ""
        self._note = ""
        self._keeper = DraftKeeper(self, desk, self._start, held, self._draft_told)
        # What was found when it was taken over from elsewhere stays to be read, with no place of its own.
        self._losses = tuple(("", f"{loss}", loss.severity) for loss in start.losses)

    # --- frame -----------------------------------------------------------------------------------------------------

    def crumbs(self) -> Iterable[str]:
        base = self._start.base
        return ("definitions", base[0], f"{base[1]} → draft") if base else ("definitions", "new")

    def status(self) -> Cell:
        errors, warnings = self._checked.errors, self._checked.warnings + len(self._losses)
        spans = [Span(f"✗ {_count(errors, 'finding')}  ", "bad")] if errors else []
        if warnings:
            spans.append(Span(f"▲ {_count(warnings, 'warning')}  ", "warn"))
        if not errors and not warnings:
            spans.append(Span("✓ ready to register  ", "ok"))
        spans.append(Span(self._draft_state, "bad" if self._draft_state.startswith("draft not") else "muted"))
        return tuple(spans)

    def on_mount(self) -> None:
        super().on_mount()
        if self._checked.members is not None:
            self._form.set_document(self._checked.members)
        self._look_through(self._found)
        if self._checked.members is None:
            self.call_after_refresh(self._show_json)
        if not self._is_draft and (self._start.base or self._start.text == BLANK):
            self._offer_drafts()

    def _show_json(self) -> None:
        if is_here(self):
            self._show_pane(JSON)

    def _offer_drafts(self) -> None:
        """What was typed before and never registered is offered before anything new is begun."""
        waiting = waiting_for(self.desk, self._start)
        if not waiting:
            return

        def chosen(taken: tuple[HeldDraft, Draft] | None) -> None:
            if taken is not None:
                held, draft = taken
                self.dismiss()
                self.app.push_screen(EditorScreen(self.desk, start_of(draft), held))

        base = self._start.base
        anew = f"begin anew from {base[0]}:{base[1]}" if base else "begin a new one"
        self.app.push_screen(DraftsDialog(self.desk, waiting, chosen, anew))

    def on_unmount(self) -> None:
        self._keeper.leave()

    # --- one document, two views -----------------------------------------------------------------------------------

    @on(ModelForm.Changed)
    def _form_changed(self, event: ModelForm.Changed) -> None:
        text = spliced(self._text, self._checked.members, event.document)
        self._take(text, Checked(event.document, None, self._checked.findings))
        if self._json_timer is None:
            self._json_timer = self.set_timer(JSON_AFTER, self.bring_json_up_to_date)

    def bring_json_up_to_date(self) -> None:
        """Painting the JSON takes longer than the key that changed it: the key is painted first."""
        if self._json_timer is not None:
            self._json_timer.stop()
            self._json_timer = None
            self._json.take(self._text)
            self._mask()

    @on(TextArea.Changed, "#json")
    def _json_changed(self) -> None:
        if self._json_timer is not None:
            return  # it is about to be told what was typed in the form
        text = self._json.text
        if text == self._text:
            return
        read = read_text(text) if len(text) <= LOCATED_AT_ONCE else None
        self._unread = read is None
        self._take(text, self._in_the_form(read))
        self._mask()

    def _in_the_form(self, read: Checked | None) -> Checked:
        """What was typed in the JSON, with the findings that there were. None: it is not read yet."""
        if read is None:
            return Checked(None, None, self._checked.findings)
        if read.members is None:
            return read
        self._form.set_document(read.members)
        return Checked(read.members, None, self._checked.findings)

    def _read(self) -> None:
        """A long text is read in another thread, or here where somebody goes on to what needs it."""
        if self._unread:
            self._unread = False
            self._checked = self._in_the_form(read_text(self._text))
            self._show_syntax()
            self._mask()

    def _take(self, text: str, read: Checked) -> None:
        self._text, self._checked = text, read
        self._places = JsonPlaces(text) if len(text) <= LOCATED_AT_ONCE else None
        self._keeper.take(text)
        self._show_syntax()
        if self._check_timer is not None:
            self._check_timer.stop()
        self._check_timer = self.set_timer(CHECK_AFTER, self._check)

    @on(ModelForm.Revealed)
    def _mask(self) -> None:
        """Secrets in the JSON are masked as in the form; in a text with a mistake, where they were before it."""
        model, places = self._form.model, self._places
        self._json.mask({} if model.view.revealed or places is None else masked_columns(model.document, places))

    def _show_syntax(self) -> None:
        syntax = self._checked.syntax
        line = self.query_one("#syntax", Static)
        if syntax is not None:
            line.update(Content.styled(f"✗ {syntax}", "$state-failed"))
        line.display = syntax is not None
        # The form has the document as it was before: nothing may be written over a text that nobody could read yet.
        self._form.disabled = self._checked.members is None

    # --- findings --------------------------------------------------------------------------------------------------

    def _check(self) -> None:
        self._look_through(self._found, longest_at_once=0)

    def _look_through(
        self, then: Callable[[str, Checked, JsonPlaces], None], longest_at_once: int = LOCATED_AT_ONCE
    ) -> None:
        """What is wrong with the text, and where in it; of a longer one it is told when another thread has seen it."""
        text = self._text

        def seen() -> tuple[Checked, JsonPlaces]:
            return check_text(text), JsonPlaces(text)

        if len(text) <= longest_at_once:
            then(text, *seen())
        else:
            self.desk.jobs.run(seen, lambda found: then(text, *found))

    def _found(self, text: str, checked: Checked, places: JsonPlaces) -> None:
        if text != self._text or not is_here(self):
            return  # something else has been typed since, and is being looked at
        self.bring_json_up_to_date()
        self._checked, self._places = checked, places
        if self._unread:
            self._unread = False
            self._in_the_form(checked)
        self._form.set_findings([FormFinding(told.at, told.text, told.severity) for told in checked.findings])
        self._show_syntax()
        self._json.mark(marked_lines(checked.findings, places))
        self._mask()
        self.show_findings(self._finding_rows())
        self.refresh_now(None)

    def _finding_rows(self) -> list[Row]:
        rows = [finding_row(f"loss:{index}", *loss) for index, loss in enumerate(self._losses)]
        syntax = self._checked.syntax
        if syntax is not None:
            rows.append(finding_row("syntax", syntax.path, f"{syntax.problem}; {syntax.remedy}", "error"))
        rows += [
            finding_row(f"at:{index}", member_path(told.at), told.text, told.severity)
            for index, told in enumerate(self._checked.findings)
        ]
        return rows

    @on(LiveTable.RowActivated, "#findings")
    def _to_finding(self, event: LiveTable.RowActivated) -> None:
        kind, _, number = event.key.partition(":")
        if kind == "at" and int(number) < len(self._checked.findings):  # they are shown for a while after an edit
            self._show_pane(FORM)
            self._form.go_to(self._checked.findings[int(number)].at)
        elif kind == "syntax" and self._checked.syntax is not None:
            self._show_pane(JSON)
            words = self._checked.syntax.path.replace(",", "").split()
            if len(words) == 4:
                self._json.show_line((int(words[1]) - 1, int(words[3]) - 1))

    # --- search ----------------------------------------------------------------------------------------------------

    @on(FilterBar.Closed)
    def _jump(self, event: FilterBar.Closed) -> None:
        """enter in the search: everything is there again, with the cursor on what was found."""
        event.stop()
        event.prevent_default()
        path = self._form.path
        self.query_one(FilterBar).clear()
        self._form.search("")
        if path:
            self._form.go_to(path)
        self._show_pane(FORM)

    # --- actions ---------------------------------------------------------------------------------------------------

    def action_back(self) -> None:
        """esc: from the JSON and the findings to the form; from there out. The draft is kept."""
        self._read()
        if not self._form.disabled and self.focused in (self._json, self.query_one("#findings")):
            self._show_pane(FORM)
        else:
            super().action_back()

    def action_next_pane(self) -> None:
        self._read()
        super().action_next_pane()

    def action_register(self) -> None:
        self._look_through(self._register)

    def _register(self, text: str, checked: Checked, places: JsonPlaces) -> None:
        from app.screens.registering import RegisterScreen

        if text != self._text or not is_here(self) or not self.is_current:
            return  # something else has been done since it was asked for
        if checked.errors:
            self._found(text, checked, places)
            self._show_pane(FINDINGS)
            self.say(f"Not yet: {_count(checked.errors, 'finding')} to see to first", bad=True)
            return

        def registered(_: Registered) -> None:
            self._keeper.done()
            self.dismiss()

        def noted(note: str) -> None:
            self._note = note

        self.app.push_screen(RegisterScreen(self.desk, self._text, self._start, registered, self._note, noted))

    def action_show_changes(self) -> None:
        from app.screens.registering import RegisterScreen

        self._read()
        if self._checked.members is None:
            self.say("The JSON has a mistake; correct it first", bad=True)
            return
        self.app.push_screen(RegisterScreen(self.desk, self._text, self._start, None))

    def action_external(self) -> None:
        """The text in $EDITOR; what comes back is taken as if it had been typed."""
        try:
            text = edited_outside(self.app, self._text)
        except MoorageError as error:
            self.say(error.message, bad=True)
            return
        if text is not None and text != self._text:
            self.bring_json_up_to_date()
            self._json.take(text)
            self._json_changed()

    def _draft_told(self, message: str) -> None:
        if is_here(self):
            self._draft_state = message
            self.refresh_now(None)


def _latest(desk: Desk, start: EditStart) -> int:
    """The highest revision that there is of what is edited."""
    try:
        return max(desk.session.definitions.revisions(start.base[0]), default=0) if start.base else 0
    except MoorageError:
        return 0


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
