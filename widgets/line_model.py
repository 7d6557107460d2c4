"""What a form of lines shows and edits: its lines, what is offered for them, and the model that has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from widgets.cells import Cell

LineKind = Literal["text", "choice", "add", "fixed", "button"]


@dataclass(frozen=True, slots=True)
class FormLine:
    """One line of a form.

    Attributes:
        key: what it is known by; the cursor holds on to it.
        label: at its left; "" for the further lines of a list.
        value: as it is shown.
        note: a few words at its right end; long ones give way to the value.
        error: what is wrong with it, in one line; drawn below it.
        error_at: the character of the value that the error is about; None for the whole.
        kind: typed, chosen from offers, ``add`` for what adds a line above itself, only shown, or pressed.
        apart: a blank row stands above it where there is room for all of these.
        number: a digit that is typed at it begins a new value.
        listed: one of a list's lines, its ``add`` too: more can be added there.
    """

    key: str
    label: str
    value: Cell = ()
    note: Cell = ()
    error: str = ""
    error_at: int | None = None
    kind: LineKind = "text"
    number: bool = False
    listed: bool = False
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """A text that can be taken instead of typing it. One that ends with a space, ``=`` or ``:`` is gone on with."""

    text: str
    note: str = ""

    @property
    def whole(self) -> bool:
        """Whether nothing is to be typed behind it."""
        return not self.text.endswith((" ", "=", ":"))


@dataclass(frozen=True, slots=True)
class Offers:
    """What is offered for a line.

    Attributes:
        first: the first that matches is taken by enter, whatever was typed.
        words: how the last word can end that is typed; ``→`` takes it.
    """

    offers: tuple[Offer, ...] = ()
    first: bool = False
    words: tuple[str, ...] = ()


class LineModel(Protocol):
    """What a ``LineForm`` shows and edits. Every call is answered at once, on the screen's thread."""

    @property
    def lines(self) -> Sequence[FormLine]:
        """The lines as they are now."""
        ...

    @property
    def state(self) -> Any:
        """All values, frozen; what ``restore`` takes."""
        ...

    def restore(self, state: Any) -> None:
        """Have the values as they were."""
        ...

    def text(self, key: str) -> str:
        """What typing into a line begins with."""
        ...

    def offers(self, key: str) -> Offers:
        """What can be taken for a line."""
        ...

    def set(self, key: str, text: str) -> None:
        """A line has this text now; it may be half typed."""
        ...

    def take(self, key: str, text: str) -> str:
        """A line has this text for good. The key of the line that the cursor goes to."""
        ...

    def add(self, key: str) -> str | None:
        """A new empty line for the list that a line is of: its key, or None where nothing can be added."""
        ...

    def remove(self, key: str) -> str | None:
        """Take a line of a list away, or set a value no more. The key of what then stands in its place."""
        ...

    def move(self, key: str, step: int) -> str | None:
        """Move a line of a list up or down. Its key then."""
        ...

    def help(self, key: str) -> str:
        """What a line is about, in a sentence or two."""
        ...
