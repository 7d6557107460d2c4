"""Definitions as the Run form reads them: small ones at once, large ones in a job, so that no key waits for them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from app.model.definition_document import DefinitionDocument
from app.model.errors import MoorageError
from app.operations.definitions import find_definition, parsed
from app.placement.constraints import check_expressions

if TYPE_CHECKING:
    from app.screens.desk import Desk
    from app.store.definitions import StoredRevision

LARGE: Final = 100_000
"""Bytes, which take a hundredth of a second to parse."""


class Documents:
    """Each is read once. On the screen's thread.

    Args:
        changed: called when a large one was read.
    """

    def __init__(self, desk: Desk, changed: Callable[[], None]) -> None:
        self._desk = desk
        self._changed = changed
        self._known: dict[str, DefinitionDocument | str] = {}

    def get(self, name: str) -> DefinitionDocument | str:
        """A definition by family:revision, or why it cannot be run; of a large one at first that it is being read."""
        if name not in self._known:
            self._known[name] = self._begin(name)
        return self._known[name]

    def _begin(self, name: str) -> DefinitionDocument | str:
        try:
            stored = find_definition(self._desk.session, name)
        except MoorageError as error:
            return error.message
        if len(stored.document) < LARGE:
            return _read(stored, name)
        self._desk.jobs.run(partial(_read, stored, name), partial(self._take, name))
        return f"{name} is being read"

    def _take(self, name: str, document: DefinitionDocument | str) -> None:
        self._known[name] = document
        self._changed()


def _read(stored: StoredRevision, name: str) -> DefinitionDocument | str:
    try:
        document = parsed(stored)
        check_expressions(document.definition, name)
    except MoorageError as error:
        return error.message
    return document
