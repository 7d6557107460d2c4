"""Whether a widget is still there, and what one that goes hears no more."""

from __future__ import annotations

from typing import Any, Final

from textual import events
from textual.app import App, ScreenStackError
from textual.dom import DOMNode
from textual.message_pump import MessagePump
from textual.screen import Screen

_FOR_WHO_STAYS: Final = (
    events.Compose,
    events.Mount,
    events.Show,
    events.Resize,
    events.ScreenResume,
    events.InputEvent,
    events.Paste,
)

_WHEN_SEEN: Final = (events.ScreenResume, events.Resize)


def is_here(node: DOMNode) -> bool:
    """Is it on a screen, with its parts, and not being taken down? What comes late asks before it touches them.

    While a screen goes it is attached for a while yet, but what it consists of is not.
    """
    return node.is_attached and not _goes(node)


def is_on_top(screen: Screen[Any]) -> bool:
    """Is it the screen that is typed to? Textual's ``is_current`` is also true of the one below."""
    try:
        return screen.app.screen is screen
    except ScreenStackError:
        return False


def in_sight(app: App[Any]) -> list[Screen[Any]]:
    """The screen on top and those that it lets through."""
    return [app.screen, *app._background_screens] if app._screen_stack else []


def can_act(node: DOMNode) -> bool:
    """Is a node that has keys there with all its parts? Before that, and when it goes, its keys do nothing."""
    return not isinstance(node, GoesQuietly) or (is_here(node) and node._is_mounted)


def can_be_clicked(screen: Screen[Any], x: int, y: int) -> bool:
    """Is what is painted at a place still there? What was just taken away stays painted until the next layout.

    It has no parent any more, which Textual asks for where a selection may begin.
    """
    widget, _ = screen.get_widget_and_offset_at(x, y)
    return widget is None or isinstance(widget, Screen) or widget.parent is not None


def _goes(node: MessagePump) -> bool:
    return node._closing or (isinstance(node, DOMNode) and node._pruning)


class GoesQuietly(MessagePump):
    """For screens, and for widgets that have parts: once they are to go they are neither made nor painted nor typed to.

    Keys come faster than screens do. One that is left before it was there, or when the program ends, gets no parts any
    more, but Textual tells it nevertheless that it is mounted, and what then looks for its parts ends the program.
    """

    async def on_event(self, event: events.Event) -> None:
        """Hear of what goes on, as long as it matters."""
        if isinstance(event, _FOR_WHO_STAYS) and (_goes(self) or self.app._exit):
            return
        if isinstance(event, events.Resize) and isinstance(self, Screen) and event.size != self.app.size:
            # A size of before. Textual's layout tells its own screen of each size anew, so that two of them that wait
            # with something in between bring each other back for ever, and no key is answered any more.
            return
        if isinstance(event, _WHEN_SEEN) and isinstance(self, Screen) and self not in in_sight(self.app):
            # Of a dozen screens that are left at once each comes to the top for a moment, and would be laid out. One
            # that is covered hears of it when it is seen again.
            return
        await super().on_event(event)
