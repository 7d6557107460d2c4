"""What can be done with task definitions by keys. Mixed into the screen that lists them."""

from __future__ import annotations

from app.model.errors import DocumentError
from app.model.ids import definition_arn
from app.model.requests import DeregisterTaskDefinitionRequest
from app.operations.definitions import Registered, deregister_task_definition, register_again
from app.operations.editing import EditStart, edit_revision
from app.screens.definition_rows import RevisionKey
from app.screens.definition_shelf import DefinitionShelf
from app.screens.drafts import DraftsDialog, start_of
from app.screens.frame import FrameScreen
from app.screens.new_definition import new_definition_dialog
from app.screens.samples import register_samples
from app.store.definitions import StoredRevision
from app.store.drafts import Draft, HeldDraft
from widgets.confirm import Confirm

_OF_A_REVISION = {
    **dict.fromkeys(("edit", "diff", "json", "reveal", "copy", "copy_command"), ""),
    "deregister": "ACTIVE",
    "bring_back": "INACTIVE",
}
"""Actions that need a revision, and the state in which it must be."""


class DefinitionActions(FrameScreen):
    shelf: DefinitionShelf

    # --- what a screen says ----------------------------------------------------------------------------------------

    def chosen(self) -> StoredRevision | None:
        """The revision at the cursor."""
        raise NotImplementedError

    def marked_revisions(self) -> list[int]:
        """Marked revisions of the family at the cursor, ascending."""
        raise NotImplementedError

    def go_to(self, key: RevisionKey) -> None:
        """Put the cursor on a revision."""
        raise NotImplementedError

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done with what is chosen."""
        if action == "drafts":
            return bool(self.shelf.drafts)
        if action in _OF_A_REVISION:
            stored = self.chosen()
            wanted = _OF_A_REVISION[action]
            return stored is not None and wanted in ("", stored.status)
        return super().check_action(action, parameters)

    # --- editing ---------------------------------------------------------------------------------------------------

    def action_edit(self) -> None:
        if stored := self.chosen():
            try:
                start = edit_revision(stored)
            except DocumentError as error:
                self.say(error.message, bad=True)
                return
            self.app.push_screen(self.desk.doors.editor(start))

    def action_new_definition(self) -> None:
        def edit(start: EditStart) -> None:
            self.app.push_screen(self.desk.doors.editor(start))

        self.app.push_screen(new_definition_dialog(self.desk, self.chosen(), self.app.push_screen, edit))

    def action_drafts(self) -> None:
        self.shelf.look(now=True)

        def taken(found: tuple[HeldDraft, Draft] | None) -> None:
            if found is not None:
                held, draft = found
                self.app.push_screen(self.desk.doors.editor(start_of(draft), held))

        self.app.push_screen(DraftsDialog(self.desk, self.shelf.drafts, taken))

    # --- looking ---------------------------------------------------------------------------------------------------

    def action_run(self) -> None:
        self.app.push_screen(self.desk.doors.run(_name(stored) if (stored := self.chosen()) else ""))

    def action_json(self) -> None:
        from app.operations.definition_shape import definition_shape

        if stored := self.chosen():
            try:
                shape = definition_shape(stored)
            except DocumentError as error:
                self.say(error.message, bad=True)
                return
            self.app.push_screen(self.desk.doors.json(["definitions", _name(stored), "JSON"], shape))

    def action_diff(self) -> None:
        """Between the marked revisions; one that is marked alone is compared with the one at the cursor."""
        stored, marked = self.chosen(), self.marked_revisions()
        if stored is None:
            return
        if len(marked) > 2:
            self.say(f"{len(marked)} revisions are marked; mark two, or none for the one before")
            return
        both = sorted({*marked, stored.revision}) if len(marked) == 1 else marked
        if len(both) == 2:
            left, right = both
        else:
            right = stored.revision
            left = max((number for number in self.shelf.family(stored.family) if number < right), default=0)
        self.app.push_screen(self.desk.doors.comparison(stored.family, left or None, right))

    def action_copy(self) -> None:
        if stored := self.chosen():
            self.copy(definition_arn(stored.family, stored.revision), "ARN")

    def action_copy_command(self) -> None:
        """What this screen shows, or with two revisions marked what d would."""
        if stored := self.chosen():
            marked = self.marked_revisions()
            command = f"moorage describe-task-definition --task-definition {_name(stored)}"
            if len(marked) == 2:
                command = f"moorage diff {stored.family}:{marked[0]} {stored.family}:{marked[1]}"
            self.copy(command, "command")

    # --- what changes the store ------------------------------------------------------------------------------------

    def action_deregister(self) -> None:
        stored = self.chosen()
        if stored is None:
            return
        name = _name(stored)

        def work() -> object:
            return deregister_task_definition(self.desk.session, DeregisterTaskDefinitionRequest(task_definition=name))

        def answered(yes: bool | None) -> None:
            if yes:
                self.desk.jobs.run(work, lambda _: self._changed(f"Deregistered {name}"))

        lines = [
            f"{name} becomes INACTIVE: what runs goes on, nothing new is started from it.",
            "Its document is kept.",
        ]
        self.app.push_screen(Confirm(f"Deregister {name}?", lines, action="Deregister"), answered)

    def action_bring_back(self) -> None:
        stored = self.chosen()
        if stored is None:
            return
        name, family = _name(stored), stored.family
        latest = max(self.shelf.family(family))

        def done(registered: Registered) -> None:
            again = registered.stored
            self._changed(f"Registered {_name(again)}, a copy of {name}; r runs it")
            self.go_to((again.family, again.revision))

        def answered(yes: bool | None) -> None:
            if yes:
                self.desk.jobs.run(lambda: register_again(self.desk.session, stored, latest), done)

        lines = [
            f"A copy of {name} is registered as {family}:{latest + 1}, and is then the latest.",
            f"{name} itself stays INACTIVE. e brings it back with changes.",
        ]
        self.app.push_screen(Confirm(f"Bring back {name}?", lines, action="Register", danger=False), answered)

    def action_samples(self) -> None:
        self.desk.jobs.run(
            lambda: register_samples(self.desk.session), lambda names: self._changed(samples_message(names))
        )

    def _changed(self, message: str) -> None:
        self.say(message)
        self.refresh_now(None)


def _name(stored: StoredRevision) -> str:
    return f"{stored.family}:{stored.revision}"


def samples_message(names: list[str]) -> str:
    return (
        f"Registered {len(names)} sample definitions: {', '.join(names)}" if names else "The samples are there already"
    )
