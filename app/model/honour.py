"""How far each member is honoured, read from the metadata of the models (see ``document.about``)."""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Union, cast, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from app.model.document import Level


@dataclass(frozen=True, slots=True)
class Honour:
    """A member's path (``containerDefinitions[].cpu``), how far it is honoured, and what happens instead."""

    path: str
    level: Level
    note: str
    description: str


def told(field: FieldInfo) -> tuple[Level | None, str]:
    """Level and note of one member as they stand at it; None: as far as what it is a part of."""
    extra = field.json_schema_extra
    found = extra if isinstance(extra, dict) else {}
    return cast("Level | None", found.get("level")), str(found.get("note", ""))


def honours(model: type[BaseModel], path: str = "", part_of: tuple[Level, str] | None = None) -> Iterator[Honour]:
    """Every member of a document, depth first; a member without a level of its own has that of its parent.

    Raises LookupError for a member at the top that has no level.
    """
    for name, field in model.model_fields.items():
        level, note = told(field)
        if level is None:
            if part_of is None:
                raise LookupError(f"{model.__name__}.{name} has no level")
            level, inherited = part_of
            note = note or (inherited if level != "honoured" else "")
        where = f"{path}{field.alias or name}"
        yield Honour(where, level, note, field.description or "")
        plain = plain_type(field.annotation)
        brackets = ""
        if get_origin(plain) is list:
            plain, brackets = plain_type(get_args(plain)[0]), "[]"
        if isinstance(plain, type) and issubclass(plain, BaseModel):
            yield from honours(plain, f"{where}{brackets}.", (level, note))


def plain_type(annotation: Any) -> Any:
    """An annotation without Annotated and ``| None``."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in (Union, types.UnionType):
            annotation = next(part for part in get_args(annotation) if part is not type(None))
        else:
            return annotation
