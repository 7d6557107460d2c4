"""What a form does to its document: every edit, undo and redo, folds that follow their elements, and search. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from widgets.model_form.edits import moved, renamed, value_at, with_element, with_value, without
from widgets.model_form.hints import FormFinding, FormHints, pattern_of
from widgets.model_form.rows import ADD, FormRow, RowKey, View, rows_of
from widgets.model_form.shape import ABSENT, SCALARS, Path, Shape, shape_at
from widgets.model_form.values import blank

_MOST_STEPS: Final = 500


@dataclass(frozen=True, slots=True)
class Target:
    """Where the cursor goes after an edit: a row, which of its cells, and whether that cell is edited at once."""

    key: RowKey
    cell: int = 0
    edit: bool = False


class FormModel:
    """A document being edited by a form.

    Attributes:
        document: JSON values; never changed in place.
        view: folds, search, findings.
    """

    def __init__(self, shape: Shape, hints: FormHints) -> None:
        self.shape = shape
        self.hints = hints
        self.document: Any = {}
        self.view = View()
        self._past: list[Any] = []
        self._future: list[Any] = []
        self._typing: object = None
        self._rows: list[FormRow] | None = None

    @property
    def rows(self) -> list[FormRow]:
        """The rows to be seen, made when they are asked for."""
        if self._rows is None:
            self._rows = rows_of(self.shape, self.document, self.hints, self.view)
        return self._rows

    def row(self, key: RowKey) -> FormRow | None:
        return next((row for row in self.rows if row.key == key), None)

    def looked_at_anew(self) -> None:
        """The view was changed: the rows are made again."""
        self._rows = None

    # --- the document ----------------------------------------------------------------------------------------------

    def load(self, document: Any) -> None:
        """Take a document that came from elsewhere; several in a row are one step back for undo."""
        self._change(document, typing="elsewhere")

    def set(self, path: Path, value: Any, *, typing: object = None) -> None:
        """Set a member or an element; steps with the same ``typing`` are undone together."""
        self._change(with_value(self.document, path, value, self.shape), typing=(path, typing) if typing else None)

    def unset(self, path: Path) -> None:
        """Take a member away, and with it an optional object that has nothing left in it."""
        document = without(self.document, path)
        above = path[:-1]
        while above and isinstance(above[-1], str) and value_at(document, above) == {}:
            if shape_at(self.shape, document, above).required:
                break
            document = without(document, above)
            above = above[:-1]
        self._change(document)

    def rename(self, path: Path, name: str) -> bool:
        """Give an entry of a map another key; False if that is taken."""
        if path[-1] == name:
            return True
        document = renamed(self.document, path, name)
        if document is self.document:
            return False
        self._change(document)
        return True

    # --- elements --------------------------------------------------------------------------------------------------

    def add(self, path: Path) -> Target | None:
        """Add to the list or map at ``path``: an object stands there at once, anything else when it is typed."""
        shape = shape_at(self.shape, self.document, path).alternative(value_at(self.document, path))
        old = value_at(self.document, path)
        self.view.folds[path, ""] = True
        self.looked_at_anew()
        if shape.kind == "map":
            return self._ghost((*path, ""))
        if shape.kind != "list" or shape.element is None:
            return None
        index = len(old) if isinstance(old, list) else 0
        if shape.element.kind in SCALARS or shape.element.pair is not None:
            return self._ghost((*path, index))
        return self._add_object(path, index, blank(shape.element))

    def duplicate(self, path: Path) -> Target | None:
        """Add a copy of an element right after it; of what is none there is no copy."""
        index = path[-1] if path else None
        if not isinstance(index, int):
            return None
        self._remap(path[:-1], lambda old: old + (old > index))
        value = value_at(self.document, path)
        self._change(with_element(self.document, path[:-1], index + 1, value, self.shape))
        return Target(((*path[:-1], index + 1), ""))

    def remove(self, path: Path) -> Target:
        """Take an element, an entry or a member away; the cursor goes to what then stands in its place."""
        index = path[-1]
        if not isinstance(index, int):
            self.unset(path)
            return Target((path, ""))
        self._remap(path[:-1], lambda old: None if old == index else old - (old > index))
        self._change(without(self.document, path))
        left = len(value_at(self.document, path[:-1]))
        if not left:
            return Target((path[:-1], ADD))
        return Target(((*path[:-1], min(index, left - 1)), ""))

    def move(self, path: Path, step: int) -> Target:
        """Move an element or an entry up (negative) or down in its list or map, as far as there is room."""
        index, above = path[-1], path[:-1]
        if not isinstance(index, int):
            if shape_at(self.shape, self.document, above).kind == "map":
                self._change(moved(self.document, path, step))
            return Target((path, ""))
        count = len(value_at(self.document, above))
        to = min(max(index + step, 0), count - 1)
        order = [number for number in range(count) if number != index]
        order.insert(to, index)
        self._remap(above, order.index)
        self._change(moved(self.document, path, step))
        return Target(((*above, to), ""))

    def paste(self, path: Path, text: str) -> int:
        """Take names and values from a text into a list of pairs or a map; a name that is there gets the new value.

        Returns how many were taken.
        """
        shape = shape_at(self.shape, self.document, path)
        pairs = self.hints.pairs(text)
        document = self.document
        if shape.kind == "map":
            for name, value in pairs:
                document = with_value(document, (*path, name), value, self.shape)
        elif shape.element is not None and shape.element.pair is not None:
            document = with_value(
                document, path, _merged(value_at(document, path), pairs, shape.element.pair), self.shape
            )
        else:
            return 0
        if pairs:
            self.view.folds[path, ""] = True
            self._change(document)
        return len(pairs)

    def takes_pairs(self, path: Path) -> bool:
        """Whether names and values can be pasted there."""
        shape = shape_at(self.shape, self.document, path)
        return shape.kind == "map" or (shape.element is not None and shape.element.pair is not None)

    def _add_object(self, path: Path, index: int, value: Any) -> Target:
        place = (*path, index)
        self.view.folds[place, ""] = True
        self._change(with_element(self.document, path, index, value, self.shape))
        # What must be said first is asked first.
        within = [row for row in self.rows if row.path[: len(place)] == place and row.cells]
        first = next((row for row in within if row.shape.required and row.absent), within[0] if within else None)
        return Target(first.key, edit=first.absent) if first else Target((place, ""))

    def _ghost(self, place: Path) -> Target:
        self.view.ghost = place
        self.looked_at_anew()
        return Target((place, ""), edit=True)

    def forget_ghost(self) -> None:
        """What was to be added has been typed, or not."""
        if self.view.ghost is not None:
            self.view.ghost = None
            self.looked_at_anew()

    # --- undo ------------------------------------------------------------------------------------------------------

    def undo(self) -> bool:
        """Go back to the document before the last edit."""
        return self._step(self._past, self._future)

    def redo(self) -> bool:
        """Take back the last undo."""
        return self._step(self._future, self._past)

    def take_back(self, document: Any) -> None:
        """An edit that was not finished: the document before it, as if nothing had been typed."""
        if self._past and self._past[-1] is document:
            self._past.pop()
        self.document, self._typing = document, None
        self.looked_at_anew()

    def _step(self, source: list[Any], other: list[Any]) -> bool:
        if not source:
            return False
        other.append(self.document)
        self.document = source.pop()
        self._typing = None
        self.looked_at_anew()
        return True

    def _change(self, document: Any, *, typing: object = None) -> None:
        if document is not self.document and (typing is None or typing != self._typing):
            self._past = [*self._past[-_MOST_STEPS:], self.document]
        self._typing = typing
        self._future.clear()
        self.document = document
        self.looked_at_anew()

    # --- what is seen ----------------------------------------------------------------------------------------------

    def fold(self, row: FormRow, *, opened: bool) -> None:
        self.view.folds[row.key] = opened
        self.looked_at_anew()

    def search(self, query: str) -> None:
        """Show only what has the text in its label or its name; "" for everything."""
        self.view.query = query
        self.looked_at_anew()

    def tell(self, findings: Sequence[FormFinding]) -> None:
        if tuple(findings) != tuple(self.view.findings):
            self.view.findings = tuple(findings)
            self.looked_at_anew()

    def reveal(self, path: Path) -> RowKey | None:
        """Unfold what hides a place; the key of its row, or of the nearest above it that there is.

        None: a search has no match, so there is no row at all.
        """
        for _ in range(2 * len(path) + 2):
            row = self.nearest(path)
            if row is None or not row.foldable or row.open or (row.path == path and row.kind == "heading"):
                break
            self.fold(row, opened=True)
        row = self.nearest(path) or next(iter(self.rows), None)
        return row.key if row else None

    def nearest(self, path: Path) -> FormRow | None:
        """The row of a place, or of the nearest place above it; groups count for the members they have."""
        best: tuple[int, FormRow] | None = None
        for row in self.rows:
            length = self._covers(row, path)
            if length >= 0 and (best is None or length > best[0]):
                best = length, row
        return best[1] if best else None

    def _covers(self, row: FormRow, path: Path) -> int:
        """How near a row is to a place; -1 where it is not above it."""
        if row.kind in ("add", "variant") or row.path != path[: len(row.path)]:
            return -1
        if row.kind != "group":
            return 2 * len(row.path) + (row.kind == "unknown")
        rest = path[len(row.path) :]
        return 2 * len(row.path) + 1 if rest and self._in_group(row, rest[0]) else -1

    def _in_group(self, row: FormRow, name: str | int) -> bool:
        groups = self.hints.groups.get(pattern_of(row.path), ())
        return any(group.title == row.label and name in group.members for group in groups)

    def _remap(self, above: Path, place: Callable[[int], int | None]) -> None:
        """Folds and findings below a list follow its elements to their new places."""
        follow = partial(_followed, above=above, place=place)
        folds = {(follow(path), tag): opened for (path, tag), opened in self.view.folds.items()}
        self.view.folds = {(path, tag): opened for (path, tag), opened in folds.items() if path is not None}
        kept = [(follow(finding.path), finding) for finding in self.view.findings]
        self.view.findings = tuple(
            FormFinding(path, finding.text, finding.severity) for path, finding in kept if path is not None
        )
        self.looked_at_anew()


def _followed(path: Path, above: Path, place: Callable[[int], int | None]) -> Path | None:
    size = len(above)
    if len(path) <= size or path[:size] != above or not isinstance(path[size], int):
        return path
    index = path[size]
    assert isinstance(index, int)
    new = place(index)
    return None if new is None else (*above, new, *path[size + 1 :])


def _merged(old: Any, pairs: Sequence[tuple[str, str]], names: tuple[str, str]) -> list[Any]:
    first, second = names
    items = list(old) if isinstance(old, list) else []
    places = {item.get(first): index for index, item in enumerate(items) if isinstance(item, dict)}
    for name, value in pairs:
        if name in places:
            items[places[name]] = {**items[places[name]], second: value}
        else:
            places[name] = len(items)
            items.append({first: name, second: value})
    return items


__all__ = ["ABSENT", "FormModel", "Target"]
