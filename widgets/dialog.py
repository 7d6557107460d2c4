"""What all dialogs share: they are answered once."""

from __future__ import annotations

from textual import messages
from textual.await_complete import AwaitComplete
from textual.events import Event
from textual.message import Message
from textual.screen import ModalScreen, ScreenResultType

from widgets.presence import GoesQuietly, is_here, is_on_top


class Dialog(GoesQuietly, ModalScreen[ScreenResultType]):
    """A modal screen of which only the first answer counts.

    Keys come faster than screens go: Textual takes a second enter as an answer, too, which raises an error and ends
    the program, or closes the screen below. What its parts tell while it goes is heard no more.
    """

    async def _on_message(self, message: Message) -> None:
        of_textual = isinstance(message, Event) or type(message).__module__ == messages.__name__
        if of_textual or is_here(self):
            await super()._on_message(message)

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Close it with this answer; nothing when it is closed, or another dialog is over it."""
        if is_on_top(self):
            return super().dismiss(result)
        nothing: AwaitComplete = AwaitComplete.nothing()  # type: ignore[no-untyped-call]
        return nothing
