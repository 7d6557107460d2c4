"""The sample definitions that come with Moorage."""

from __future__ import annotations

from pathlib import Path

from app.operations.definitions import register_task_definition
from app.operations.session import Session

# Beside `app`, in a checkout and in the installed package alike.
FOLDER = Path(__file__).resolve().parents[2] / "sample_defs"


def sample_files() -> list[Path]:
    return sorted(FOLDER.glob("*.json"))


def register_samples(session: Session) -> list[str]:
    """Register each sample whose family is not there yet; returns the families that are new."""
    from app.model.definition_document import parse_definition

    known, new = set(session.definitions.families()), []
    for path in sample_files():
        document = path.read_bytes()
        family = parse_definition(document, path.name).definition.family
        if family not in known:
            register_task_definition(session, document, path.name)
            new.append(family)
    return new
