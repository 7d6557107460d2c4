"""Definitions for tests, and a strategy that makes any of them from the models themselves."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, get_args, get_origin

from hypothesis import strategies as st
from pydantic import BaseModel

from app.model.definition_document import definition_from
from app.model.errors import DocumentError
from app.model.honour import plain_type
from app.model.task_definition import CPU_PATTERN, MEMORY_PATTERN, TaskDefinition

# Of each pattern of the models, a few texts that it takes.
_TEXTS = {
    r"^/[^:]*$": ["/", "/data", "/opt/é b"],
    r"^[A-Za-z0-9_:./#@-]+$": ["busybox", "registry.example:5000/a/b:1.2"],
    r"^[A-Za-z0-9_-]+$": ["a", "web-1", "B_2"],
    r"^[A-Za-z0-9][A-Za-z0-9_-]{0,254}$": ["a", "web-1", "B_2"],
    r"^[A-Z][A-Z0-9_]*$": ["ALL", "NET_ADMIN"],
    r"^[a-z0-9_][a-z0-9_-]*$": ["http", "a-1"],
    r"^[0-9]{1,5}-[0-9]{1,5}$": ["1-2", "8000-8010"],
    r"^[a-zA-Z0-9.-]{0,253}[a-zA-Z0-9]$": ["example.com", "a"],
    CPU_PATTERN: ["256", "1 vCPU", ".5 vcpu"],
    MEMORY_PATTERN: ["512", "2 GB", "0.5gb"],
    r"^credentialspec(?:domainless)?:.+$": ["credentialspec:x", "credentialspecdomainless:y"],
}


def container(name: str, **members: Any) -> dict[str, Any]:
    return {"name": name, "image": "busybox", "memory": 16, **members}


def definition(*containers: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"family": "web", "containerDefinitions": list(containers), **members}


def errors(*containers: dict[str, Any], **members: Any) -> list[tuple[str, str]]:
    """Path and problem of everything that a definition is refused for, in the order in which it is told."""
    try:
        definition_from(definition(*containers, **members), "t")
    except DocumentError as error:
        assert all(finding.remedy and finding.severity == "error" for finding in error.findings)
        return [(finding.path, finding.problem) for finding in error.findings]
    return []


def warnings(*containers: dict[str, Any], **members: Any) -> list[tuple[str, str]]:
    found = definition_from(definition(*containers, **members), "t").warnings
    assert all(finding.remedy and finding.severity == "warning" for finding in found)
    return [(finding.path, finding.problem) for finding in found]


@cache
def documents(model: type[BaseModel] = TaskDefinition) -> st.SearchStrategy[dict[str, Any]]:
    """JSON of any shape that the model takes; the rules across members may not hold."""
    required: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for name, field in model.model_fields.items():
        alias = field.alias or name
        made = _values(field.annotation, tuple(field.metadata))
        (required if field.is_required() else optional)[alias] = made
    unknown = st.dictionaries(st.sampled_from(["xyz", "port_mappings", "model_dump"]), st.integers(), max_size=1)
    known = st.fixed_dictionaries(required, optional=optional)
    return st.builds(lambda one, other: {**one, **other}, known, unknown)


def _values(annotation: Any, metadata: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    for part in (annotation, *get_args(annotation)):  # limits inside of "Annotated[…] | None"
        metadata += tuple(getattr(part, "__metadata__", ()))
    limits = [limit for item in metadata for limit in (getattr(item, "metadata", None) or [item])]
    plain = plain_type(annotation)
    if get_origin(plain) is Literal:
        return st.sampled_from(get_args(plain))
    if get_origin(plain) is list:
        least, most = _limit(limits, "min_length", 0), min(_limit(limits, "max_length", 3), 3)
        return st.lists(_values(get_args(plain)[0], ()), min_size=least, max_size=most)
    if get_origin(plain) is dict:
        return st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2)
    if issubclass(plain, BaseModel):
        return documents(plain)
    if plain is bool:
        return st.booleans()
    if plain is int:
        lowest = _limit(limits, "ge", -(2**31))
        return st.integers(lowest, _limit(limits, "le", lowest + 1000))
    assert plain is str
    pattern = next((found for limit in limits if (found := getattr(limit, "pattern", None))), None)
    return (
        st.sampled_from(_TEXTS[pattern]) if pattern else st.text(min_size=_limit(limits, "min_length", 0), max_size=9)
    )


def _limit(limits: list[Any], name: str, otherwise: int) -> int:
    found = [value for limit in limits if isinstance(value := getattr(limit, name, None), int)]
    return found[0] if found else otherwise
