"""A definition with mistakes of shape, made right so that the rules can be asked too: all findings in one pass.

A wrong member is taken out; where one must stand, a placeholder stands in for it. What results is never kept.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from app.model.honour import plain_type
from app.model.locations import ANY, Location
from app.model.task_definition import TaskDefinition

# One round mends what it finds; a list that was too long shows the mistakes of its elements in the next.
_ROUNDS = 4
# With more mistakes than anybody reads, no rule needs to be asked.
_MOST_MISTAKES = 1_000
# ECS takes 10. The rest of a list this long is not looked at: it would take seconds.
_MOST_READ = 100
_CANDIDATES: dict[type, tuple[Any, ...]] = {
    str: ("0-stand-in-0", "X", "/x", "credentialspec:x"),
    int: (1, 21),
    bool: (False,),
}


def understand(members: dict[str, Any]) -> tuple[TaskDefinition | None, list[ErrorDetails]]:
    """The definition, mended where its shape is wrong, and every mistake of shape.

    None when it cannot be mended, or has too many mistakes for that. Without a mistake the definition is exactly that
    of the document.
    """
    mistakes: list[ErrorDetails] = []
    document = members = _without_a_flood(members)
    for _ in range(_ROUNDS):
        try:
            definition = TaskDefinition.model_validate(document, by_alias=True, by_name=False)
            _forget_what_was_not_given(definition, document)
            return definition, mistakes
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
        if len(found) > _MOST_MISTAKES:
            return None, found[:_MOST_MISTAKES]
        if not mistakes:
            document = _copied(members)
        mistakes += found
        for mistake in found:
            _mend(document, mistake)
    return None, mistakes


def _without_a_flood(members: dict[str, Any]) -> dict[str, Any]:
    containers = members.get("containerDefinitions")
    if not isinstance(containers, list) or len(containers) <= _MOST_READ:
        return members
    return {**members, "containerDefinitions": containers[:_MOST_READ]}


def _forget_what_was_not_given(model: BaseModel, members: dict[str, Any]) -> None:
    """pydantic takes an unknown member that is spelt like a Python name for the member itself: it was not given."""
    fields = type(model).model_fields
    for name in (model.model_extra or {}).keys() & fields.keys():
        if fields[name].alias not in members:
            model.model_fields_set.discard(name)
    for name in model.model_fields_set & fields.keys():
        value, below = getattr(model, name), members[fields[name].alias or name]
        if isinstance(value, BaseModel):
            _forget_what_was_not_given(value, below)
        elif isinstance(value, list):
            for item, given in zip(value, below, strict=True):
                if isinstance(item, BaseModel):
                    _forget_what_was_not_given(item, given)


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(member) for key, member in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _mend(document: Any, mistake: ErrorDetails) -> None:
    *above, last = mistake["loc"]
    parent = document
    for part in above:
        parent = parent[part]
    if mistake["type"] == "too_long":
        parent[last] = parent[last][: mistake["ctx"]["max_length"]]
        return
    required, placeholder = _stand_in(tuple(ANY if isinstance(part, int) else part for part in mistake["loc"]))
    if required:
        parent[last] = _copied(placeholder)
    else:
        del parent[last]


@lru_cache(maxsize=256)
def _stand_in(location: Location) -> tuple[bool, Any]:
    """Whether something must stand there, and what may. A map's value may always go."""
    annotation: Any = TaskDefinition
    required = True
    for part in location:
        plain = plain_type(annotation)
        if get_origin(plain) is list:
            annotation, required = get_args(plain)[0], True
        elif get_origin(plain) is dict:
            return False, None
        else:
            field = next(field for name, field in plain.model_fields.items() if (field.alias or name) == part)
            annotation, required = _annotation(field), field.is_required()
    return required, _placeholder(annotation) if required else None


def _annotation(field: FieldInfo) -> Any:
    return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation


def _placeholder(annotation: Any) -> Any:
    plain = plain_type(annotation)
    if get_origin(plain) is Literal:
        return get_args(plain)[0]
    if get_origin(plain) is list:
        return [_placeholder(get_args(plain)[0])]
    if issubclass(plain, BaseModel):
        fields = plain.model_fields.items()
        return {field.alias or name: _placeholder(_annotation(field)) for name, field in fields if field.is_required()}
    accepted = TypeAdapter(annotation)
    return next(value for value in _CANDIDATES[plain] if _fits(accepted, value))


def _fits(accepted: TypeAdapter[Any], value: Any) -> bool:
    try:
        accepted.validate_python(value)
    except ValidationError:
        return False
    return True
