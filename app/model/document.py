"""What the shapes of the ECS API have in common, and the one place where a member's metadata is made.

Ranges, patterns, units, help and how far a member is honoured live with the member, once; the validator, the form, the
command line and docs/compatibility.md read them there.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Level = Literal["honoured", "emulated", "kept"]
"""honoured: as ECS does; emulated: something near to it happens; kept: stored and given back, without effect."""


def about(description: str, level: Level | None = None, note: str = "", *, unit: str = "") -> Any:
    """Field metadata, to stand in ``Annotated`` beside the limits.

    Args:
        description: our short help.
        level: how far the member is honoured; absent: as far as the member that it is a part of.
        note: a few words on what happens instead, or where the limit lies.
        unit: what a number is shown and typed in.
    """
    extra = {"level": level, "note": note, "unit": unit}
    return Field(description=description, json_schema_extra={key: value for key, value in extra.items() if value})


class Document(BaseModel):
    """A shape of the ECS API: camelCase members, strict types, unknown members kept.

    Absent is not empty: ``model_fields_set`` has the members that were given, whatever the defaults say.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="allow",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )
