"""AWS::ECS::TaskDefinition ⇄ RegisterTaskDefinition: the same tree in PascalCase (design: ECS semantics 9)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from app.interop.intrinsics import Resolver, is_intrinsic
from app.model.errors import DocumentError, Finding, NotFoundError, shown
from app.model.member_tree import Kind, Member, as_wanted, definition_tree

RESOURCE_TYPE = "AWS::ECS::TaskDefinition"

# (the member that it stands in, its name) → its name in a template, where that is not the same with a capital letter.
_EXCEPTIONS = {
    ("volumes", "efsVolumeConfiguration"): "EFSVolumeConfiguration",
    ("volumes", "fsxWindowsFileServerVolumeConfiguration"): "FSxWindowsFileServerVolumeConfiguration",
    ("volumes", "s3filesVolumeConfiguration"): "S3FilesVolumeConfiguration",
    ("efsVolumeConfiguration", "fileSystemId"): "FilesystemId",
    ("authorizationConfig", "iam"): "IAM",
    ("proxyConfiguration", "properties"): "ProxyConfigurationProperties",
}


def is_template(value: Any) -> bool:
    """Is the parsed document a CloudFormation template?"""
    return isinstance(value, dict) and isinstance(value.get("Resources"), dict) and "containerDefinitions" not in value


def logical_ids(template: Mapping[str, Any]) -> list[str]:
    """The task definitions of a template, in its order."""
    resources = template["Resources"].items()
    return [name for name, item in resources if isinstance(item, dict) and item.get("Type") == RESOURCE_TYPE]


def from_template(template: Mapping[str, Any], source: str, logical_id: str = "") -> list[tuple[str, dict[str, Any]]]:
    """The task definitions of a template as (logical id, members of RegisterTaskDefinition).

    Numbers and booleans that are written as texts become what the model wants. A family that is not given is the
    logical id. Members that are not known are kept.

    Args:
        logical_id: only this one; "" for all.

    Raises:
        NotFoundError: there is no such task definition, or none at all.
        DocumentError: a function that is not resolved here, or a member given twice; as many as are shown at once.
    """
    known = logical_ids(template)
    if not known:
        raise DocumentError(source, [Finding("Resources", f"there is no {RESOURCE_TYPE}", "add one")])
    if logical_id and logical_id not in known:
        raise NotFoundError(f"{source}: task definition", logical_id, known, code="ClientException")
    resolver = Resolver(template)
    found = [(name, _members(template, name, resolver)) for name in known if logical_id in ("", name)]
    if resolver.findings:
        raise DocumentError(source, shown(resolver.findings, len(resolver.findings)))
    return found


def to_template(members: Mapping[str, Any]) -> dict[str, Any]:
    """A template with the one task definition; its members' order is kept.

    Raises:
        DocumentError: a map that a template would read as a function, as ``{"Ref": "x"}`` among labels.
    """
    findings: list[Finding] = []
    properties = _renamed(dict(members), _places(), "", findings, outward=True)
    if findings:
        raise DocumentError("template", shown(findings, len(findings)))
    resource = {"Type": RESOURCE_TYPE, "Properties": properties}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {_logical_id(str(members.get("family", ""))): resource},
    }


def _logical_id(family: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", family)
    return "".join(word[0].upper() + word[1:] for word in words) or "TaskDefinition"


def _members(template: Mapping[str, Any], name: str, resolver: Resolver) -> dict[str, Any]:
    path = f"Resources.{name}.Properties"
    properties = template["Resources"][name].get("Properties")
    if not isinstance(properties, dict) or is_intrinsic(properties):
        resolver.findings.append(Finding(path, "is no object", "write the properties of the task definition"))
        return {}
    resolved = resolver.resolve(properties, path)
    renamed = _renamed(resolved, _places(), path, resolver.findings, outward=False)
    members: dict[str, Any] = as_wanted(renamed, definition_tree())
    return members if members.get("family") else {**members, "family": name}


@dataclass(frozen=True, slots=True)
class _Place:
    """One place of the tree with its members' names both ways: the one table for both directions."""

    kind: Kind
    to_template: Mapping[str, str]
    from_template: Mapping[str, str]
    below: Mapping[str, _Place]
    element: _Place | None


@cache
def _places() -> _Place:
    return _place("", definition_tree())


def _place(name: str, member: Member) -> _Place:
    names = {key: _EXCEPTIONS.get((name, key), key[:1].upper() + key[1:]) for key in member.members}
    return _Place(
        member.kind,
        names,
        {there: here for here, there in names.items()},
        {key: _place(key, item) for key, item in member.members.items()},
        _place(name, member.element) if member.element else None,
    )


def _renamed(value: Any, place: _Place | None, path: str, findings: list[Finding], *, outward: bool) -> Any:
    """The value with its members' names in the other way of writing; below unknown members by the plain rule."""
    if isinstance(value, list):
        inner = place.element if place else None
        return [_renamed(item, inner, f"{path}[{i}]", findings, outward=outward) for i, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    result: dict[str, Any] = {}
    for name, item in value.items():
        other = _other_name(name, place, outward=outward)
        below, here = _below(place, name if outward else other), f"{path}.{name}".lstrip(".")
        if other in result:
            findings.append(Finding(here, "is given twice, by names that mean the same", "keep one of them"))
        result[other] = _renamed(item, below, here, findings, outward=outward)
    if outward and is_intrinsic(result):
        findings.append(Finding(path, "a template would read this map as a function", "add or rename a key"))
    return result


def _other_name(name: str, place: _Place | None, *, outward: bool) -> str:
    if place is not None and place.kind == "map":
        return name
    table: Mapping[str, str] = {} if place is None else place.to_template if outward else place.from_template
    change = str.upper if outward else str.lower
    return table.get(name) or change(name[:1]) + name[1:]


def _below(place: _Place | None, key: str) -> _Place | None:
    if place is None:
        return None
    return place.element if place.kind == "map" else place.below.get(key)
