"""What plain Docker can't honour of the definition that a task was launched with, told again from its record."""

from __future__ import annotations

import functools

from app.model.definition_document import definition_from
from app.model.errors import DocumentError, Finding
from app.model.manifest import read_manifest


@functools.lru_cache(maxsize=64)
def unhonoured(manifest: str) -> tuple[Finding, ...]:
    """The warnings of the definition in a manifest; () for one that cannot be read."""
    try:
        return definition_from(read_manifest(manifest).definition, "manifest").warnings
    except DocumentError:
        return ()
