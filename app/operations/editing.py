"""What the editor of task definitions begins with: a text to edit, and the revision that it came from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.model.errors import DocumentError, Finding
from app.model.strict_json import decode_utf8, parse_json
from app.operations.definition_shape import registered_members
from app.store.definitions import StoredRevision

BLANK = """{
  "family": "",
  "containerDefinitions": []
}
"""


@dataclass(frozen=True, slots=True)
class EditStart:
    """A text to begin with.

    Attributes:
        text: JSON of RegisterTaskDefinition, as far as it is right.
        base: family and revision that it came from; None for a new definition.
        losses: what could not be taken over from where it came.
    """

    text: str
    base: tuple[str, int] | None = None
    losses: tuple[Finding, ...] = ()


def edit_blank() -> EditStart:
    """A definition from scratch."""
    return EditStart(BLANK)


def edit_revision(stored: StoredRevision) -> EditStart:
    """A revision's own text where that is what registering takes; else the JSON of its members.

    A document that somebody broke by hand is taken as it is, to be mended. Raises DocumentError where it is no text.
    """
    source, base = f"{stored.family}/{stored.revision}.json", (stored.family, stored.revision)
    text = decode_utf8(stored.document, source)
    try:
        members = registered_members(stored)
        if parse_json(stored.document, source) == members:
            return EditStart(text, base)
    except DocumentError:
        return EditStart(text, base)
    return EditStart(rendered(members), base)


def edit_members(members: Mapping[str, Any], losses: tuple[Finding, ...] = ()) -> EditStart:
    """A new definition from members that were made elsewhere: from a container, a Compose file, a template."""
    return EditStart(rendered(members), None, losses)


def rendered(members: Any) -> str:
    """Members as the text of a document: indented, in the characters that people wrote."""
    return json.dumps(members, indent=2, ensure_ascii=False) + "\n"
