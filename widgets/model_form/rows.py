"""A document and its model → the rows of a form, one after the other. Pure: the widget only draws them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from widgets.model_form.hints import FormFinding, FormHints, Group, pattern_of
from widgets.model_form.shape import ABSENT, SCALARS, Path, Shape, child, fits
from widgets.model_form.values import NOT_SET, compact, default_text, element_name, masked, shown, summary

RowKind = Literal["group", "heading", "field", "pair", "entry", "add", "variant", "unknown"]
RowKey = tuple[Path, str]
"""A place, and which of the rows of that place: "" its own, else a group's title or one of the marks below."""

ADD: Final = "+"
VARIANT: Final = "?"
VALUE: Final = "="
_DEEPEST: Final = 24
_MOST_ROWS: Final = 5_000


@dataclass(frozen=True, slots=True)
class FormCell:
    """What can be edited of a row. ``path`` None: the key of a map's entry. ``muted``: nobody has set it."""

    path: Path | None
    shape: Shape
    text: str
    tone: Literal["", "muted", "warn", "bad"] = ""


@dataclass(frozen=True, slots=True)
class FormRow:
    """One line.

    Attributes:
        path: the place that it is about; for ``add`` the list or map.
        key: tells it from every other row, whatever is folded.
        cells: what can be edited: one, or two for a pair and for an entry of a map; headings have none.
        summary: of a heading, in a few words; when it is unfolded only where the owner has words for it.
        findings: at this place; when it is folded also those below.
    """

    kind: RowKind
    path: Path
    key: RowKey
    depth: int
    label: str
    shape: Shape
    cells: tuple[FormCell, ...] = ()
    summary: str = ""
    foldable: bool = False
    open: bool = False
    absent: bool = False
    findings: tuple[FormFinding, ...] = ()


@dataclass(slots=True)
class View:
    """What decides the rows beside the document.

    Attributes:
        folds: rows that somebody has folded (False) or unfolded (True).
        query: only rows whose label or name has this in it, with what is above and below them.
        ghost: an element or entry that is about to be added, and shown before it is there.
        revealed: whether secrets are shown.
    """

    folds: dict[RowKey, bool] = field(default_factory=dict)
    query: str = ""
    ghost: Path | None = None
    revealed: bool = False
    findings: Sequence[FormFinding] = ()


def rows_of(shape: Shape, document: Any, hints: FormHints, view: View) -> list[FormRow]:
    """All rows that are to be seen, in order; 5,000 at the most."""
    found: list[FormRow] = []
    for row in _Builder(hints, view).members(shape, document, (), 0, matched=not view.query):
        found.append(row)
        if len(found) >= _MOST_ROWS:
            break
    return found


class _Builder:
    def __init__(self, hints: FormHints, view: View) -> None:
        self._hints = hints
        self._view = view
        self._query = view.query.casefold()
        self._findings = _by_place(view.findings)

    # --- objects ---------------------------------------------------------------------------------------------------

    def members(self, shape: Shape, value: Any, path: Path, depth: int, *, matched: bool) -> Iterator[FormRow]:
        """The members of an object, in their groups; then those that the model does not know."""
        shape = shape.alternative(value)
        if depth > _DEEPEST:
            return
        left = dict(shape.members)
        for group in self._hints.groups.get(pattern_of(path), ()):
            own = [left.pop(name) for name in group.members if name in left]
            if len(own) == 1 and own[0].kind not in SCALARS:
                member = own[0]
                yield from self._place(
                    member, child(value, member.name), (*path, member.name), depth, group.title, matched=matched,
                    opened=group.open,
                )  # fmt: skip
            elif own:
                yield from self._group(group, own, value, path, depth, matched=matched)
        for name, member in left.items():
            yield from self._place(
                member, child(value, name), (*path, name), depth, self._hints.label(name), matched=matched
            )
        yield from self._unknown(shape, value, path, depth, matched=matched)

    def _group(
        self, group: Group, own: Sequence[Shape], value: Any, path: Path, depth: int, *, matched: bool
    ) -> Iterator[FormRow]:
        key = (path, group.title)
        within = matched or self._matches(group.title)
        opened = self._is_open(key, default=group.open)

        def rows() -> Iterator[FormRow]:
            for member in own:
                yield from self._place(
                    member, child(value, member.name), (*path, member.name), depth + 1,
                    self._hints.label(member.name), matched=within,
                )  # fmt: skip

        below = list(rows()) if opened else []
        if not within and not below:
            return
        places = [(*path, member.name) for member in own]
        told = self._group_summary(own, value, path)
        yield FormRow(
            "group", path, key, depth, group.title, Shape("object", {}, {}), (), "" if opened else told, True, opened,
            told == NOT_SET, () if opened else tuple(f for place in places for f in self._below(place)),
        )  # fmt: skip
        yield from below

    def _group_summary(self, own: Sequence[Shape], value: Any, path: Path) -> str:
        parts = []
        for member in own:
            item = child(value, member.name)
            if item is ABSENT:
                continue
            word = self._hints.label(member.name).lower()
            text = (
                self._text(member.name, member, item)
                if member.kind in SCALARS
                else summary(member, item, (*path, member.name), self._hints)
            )
            parts.append(word if item is True else f"{word} {text}")
        return ", ".join(parts) or NOT_SET

    def _unknown(self, shape: Shape, value: Any, path: Path, depth: int, *, matched: bool) -> Iterator[FormRow]:
        if not isinstance(value, dict):
            return
        for name, item in value.items():
            if name not in shape.members and (matched or self._matches(name)):
                place = (*path, name)
                cell = FormCell(place, Shape("any", {}, {}, name), compact(item), "muted")
                yield FormRow(
                    "unknown", place, (place, ""), depth, name, cell.shape, (cell,), findings=self._below(place)
                )

    # --- one place -------------------------------------------------------------------------------------------------

    def _place(
        self, shape: Shape, value: Any, path: Path, depth: int, label: str, *, matched: bool, opened: bool = False
    ) -> Iterator[FormRow]:
        """A member or an element: a field, or a heading with what is below it."""
        within = matched or self._matches(label) or (isinstance(path[-1], str) and self._matches(path[-1]))
        if _is_field(shape, value):
            if within:
                yield self._field(shape, value, path, depth, label)
            return
        key: RowKey = (path, "")
        opened = self._is_open(key, default=opened)
        below = list(self._below_heading(shape, value, path, depth + 1, matched=within)) if opened else []
        if not within and not below:
            return
        told = (
            "" if opened and pattern_of(path) not in self._hints.summaries else summary(shape, value, path, self._hints)
        )
        if value is ABSENT and shape.required and not opened:
            told = "required"
        yield FormRow(
            "heading", path, key, depth, label, shape, (), told, True, opened, value is ABSENT,
            self._at(path) if opened else self._below(path),
        )  # fmt: skip
        yield from below

    def _below_heading(self, shape: Shape, value: Any, path: Path, depth: int, *, matched: bool) -> Iterator[FormRow]:
        if shape.kind == "union":
            chosen = shape.alternative(value)
            if matched:
                cell = FormCell(path, shape, chosen.title, "muted" if value is ABSENT else "")
                yield FormRow("variant", path, (path, VARIANT), depth, "Kind", shape, (cell,))
            shape = chosen
        if shape.kind in SCALARS and matched:  # a union of which one alternative is no more than a value
            yield FormRow("field", path, (path, VALUE), depth, "Value", shape, (self._cell(shape, value, path, ""),))
        elif shape.kind == "object":
            if not self._recurs(shape, value, path, depth):
                yield from self.members(shape, value, path, depth, matched=matched)
        elif shape.kind == "list":
            yield from self._elements(shape, value, path, depth, matched=matched)
        elif shape.kind == "map":
            yield from self._entries(shape, value, path, depth, matched=matched)

    def _recurs(self, shape: Shape, value: Any, path: Path, depth: int) -> bool:
        """A search goes into members that are not there; a model that contains itself must not keep it busy."""
        return bool(self._query) and value is ABSENT and depth > 6

    def _field(self, shape: Shape, value: Any, path: Path, depth: int, label: str) -> FormRow:
        cell = self._cell(shape, value, path, label if isinstance(path[-1], int) else str(path[-1]))
        return FormRow(
            "field", path, (path, ""), depth, label, shape, (cell,), absent=value is ABSENT, findings=self._below(path)
        )

    def _cell(self, shape: Shape, value: Any, path: Path, name: Any) -> FormCell:
        if value is ABSENT:
            return FormCell(path, shape, "required" if shape.required else default_text(shape), _absent_tone(shape))
        tone: Literal["", "bad"] = "" if fits(shape, value) else "bad"
        return FormCell(path, shape, self._text(name, shape, value), tone)

    def _text(self, name: Any, shape: Shape, value: Any) -> str:
        return shown(shape, value) if self._view.revealed else masked(self._hints, name, shape, value)

    # --- lists and maps --------------------------------------------------------------------------------------------

    def _elements(self, shape: Shape, value: Any, path: Path, depth: int, *, matched: bool) -> Iterator[FormRow]:
        element = shape.element or Shape("any", {}, {})
        items = list(value) if isinstance(value, list) else []
        if self._view.ghost == (*path, len(items)):
            items.append(ABSENT)
        for index, item in enumerate(items):
            place = (*path, index)
            if element.pair is not None and (item is ABSENT or isinstance(item, dict)) and _no_more(element, item):
                row = self._pair(element, element.pair, item, place, depth)
                if matched or any(self._matches(cell.text) for cell in row.cells[:1]):
                    yield row
                continue
            label = element_name(element, item) or f"{index + 1}"
            yield from self._place(element, item, place, depth, label, matched=matched, opened=len(items) == 1)
        if matched:
            yield FormRow("add", path, (path, ADD), depth, "+ add", element)

    def _pair(self, element: Shape, names: tuple[str, str], item: Any, path: Path, depth: int) -> FormRow:
        first, second = names
        name = child(item, first)
        cells = (
            self._cell(element.members[first], name, (*path, first), first),
            self._cell(element.members[second], child(item, second), (*path, second), name),
        )
        return FormRow("pair", path, (path, ""), depth, "", element, cells, findings=self._below(path))

    def _entries(self, shape: Shape, value: Any, path: Path, depth: int, *, matched: bool) -> Iterator[FormRow]:
        element = shape.element or Shape("any", {}, {})
        entries = dict(value) if isinstance(value, dict) else {}
        ghost = self._view.ghost
        if ghost is not None and ghost[:-1] == path and ghost[-1] not in entries:
            entries[str(ghost[-1])] = ABSENT
        for key, item in entries.items():
            place = (*path, key)
            if not _is_field(element, item):
                yield from self._place(element, item, place, depth, key, matched=matched)
                continue
            if matched or self._matches(key):
                cells = (
                    FormCell(None, Shape("text", {}, {}), shown(element, key)),
                    self._cell(element, item, place, key),
                )
                yield FormRow("entry", place, (place, ""), depth, "", element, cells, findings=self._below(place))
        if matched:
            yield FormRow("add", path, (path, ADD), depth, "+ add", shape)

    # --- search, folds, findings -----------------------------------------------------------------------------------

    def _matches(self, text: str) -> bool:
        return bool(self._query) and self._query in text.casefold()

    def _is_open(self, key: RowKey, *, default: bool) -> bool:
        return bool(self._query) or self._view.folds.get(key, default)

    def _at(self, path: Path) -> tuple[FormFinding, ...]:
        return tuple(finding for finding in self._findings.get(path, ()) if finding.path == path)

    def _below(self, path: Path) -> tuple[FormFinding, ...]:
        return self._findings.get(path, ())


def _by_place(findings: Sequence[FormFinding]) -> Mapping[Path, tuple[FormFinding, ...]]:
    """Every finding under its place and all places above it."""
    found: dict[Path, list[FormFinding]] = {}
    for finding in findings:
        for length in range(len(finding.path) + 1):
            found.setdefault(finding.path[:length], []).append(finding)
    return {path: tuple(own) for path, own in found.items()}


def _is_field(shape: Shape, value: Any) -> bool:
    """Whether it is edited on its row. A value of another kind than the model's is, as JSON."""
    if shape.kind == "union":
        if all(alternative.kind in SCALARS for alternative in shape.alternatives):
            return True
        return value is not ABSENT and not fits(shape, value)
    return shape.kind in SCALARS or shape.kind == "any" or (value is not ABSENT and not fits(shape, value))


def _no_more(element: Shape, item: Any) -> bool:
    return item is ABSENT or all(name in element.members for name in item)


def _absent_tone(shape: Shape) -> Literal["muted", "warn"]:
    return "warn" if shape.required else "muted"
