"""The way back: a Compose file with the definition that it was made from, which somebody may have edited since.

What Compose can say is taken from the services, whatever else from ``x-ecs``: the import of the services as they were
exported is compared with the import of what they are now, and what differs goes over the definition.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_ABSENT: Any = object()
_BY = {
    "containerDefinitions": "name",
    "environment": "name",
    "volumes": "name",
    "mountPoints": "containerPath",
    "dependsOn": "containerName",
    "ulimits": "name",
    "systemControls": "namespace",
}
"""Lists whose entries are told apart by a member."""

Members = Mapping[str, Any]


def with_edits(original: Members, exported: Members, edited: Members) -> tuple[dict[str, Any], list[str]]:
    """The definition with the edits in place, and what was edited: ``web.image``, ``volumes`` …

    Args:
        exported: the import of the services as ``original`` was exported; ``edited``: of the services as they are.
    """
    names = _volume_names(original, exported)
    before, after = _renamed(exported, names), _renamed(edited, names)
    merged: dict[str, Any] = _merged("", original, before, after)
    _forget_replaced_secrets(merged, before, after)
    return merged, list(dict.fromkeys(_changes(before, after)))


def _merged(key: str, original: Any, before: Any, after: Any) -> Any:
    if before == after:
        return original
    if all(isinstance(value, Mapping) for value in (original, before, after)):
        return _merged_objects(original, before, after)
    lists = [value for value in (original, before, after) if value is not _ABSENT]
    if key in _BY and all(isinstance(value, list) for value in lists):
        return list(_merged_objects(*(_by(_BY[key], value) for value in (original, before, after))).values())
    return after


def _merged_objects(original: Members, before: Members, after: Members) -> dict[str, Any]:
    found = {}
    for name in dict.fromkeys([*original, *after]):
        value = _merged(name, *(part.get(name, _ABSENT) for part in (original, before, after)))
        if value is not _ABSENT:
            found[name] = value
    return found


def _by(member: str, value: Any) -> dict[str, Any]:
    return {} if value is _ABSENT else {str(item.get(member)): item for item in value}


def _volume_names(original: Members, exported: Members) -> dict[str, str]:
    """Names that an import gives to volumes → those that they have in the definition: what is mounted at one place."""
    mounts = _mounted(original)
    return {volume: mounts[place] for place, volume in _mounted(exported).items() if place in mounts}


def _mounted(members: Members) -> dict[tuple[str, str], str]:
    return {
        (container["name"], mount["containerPath"]): mount["sourceVolume"]
        for container in members["containerDefinitions"]
        for mount in container.get("mountPoints", [])
    }


def _renamed(members: Members, names: Mapping[str, str]) -> dict[str, Any]:
    def of_container(container: Members) -> dict[str, Any]:
        if "mountPoints" not in container:
            return dict(container)
        points = [
            {**mount, "sourceVolume": names.get(mount["sourceVolume"], mount["sourceVolume"])}
            for mount in container["mountPoints"]
        ]
        return {**container, "mountPoints": points}

    found = {**members, "containerDefinitions": [of_container(item) for item in members["containerDefinitions"]]}
    if "volumes" in members:
        found["volumes"] = [{**item, "name": names.get(item["name"], item["name"])} for item in members["volumes"]]
    return found


def _forget_replaced_secrets(merged: dict[str, Any], before: Members, after: Members) -> None:
    """A variable that was a secret and now has a value in the file is no secret any more."""
    known = {item["name"]: _by("name", item.get("environment", [])) for item in before["containerDefinitions"]}
    given = {item["name"]: _by("name", item.get("environment", [])) for item in after["containerDefinitions"]}
    for index, container in enumerate(merged["containerDefinitions"]):
        name = container.get("name")
        was, now = known.get(name, {}), given.get(name, {})
        secrets = [
            item
            for item in container.get("secrets", [])
            if item.get("name") not in now or now[item["name"]] == was.get(item["name"])
        ]
        if "secrets" in container and len(secrets) != len(container["secrets"]):
            merged["containerDefinitions"][index] = {**container, "secrets": secrets}


def _changes(before: Members, after: Members) -> Iterator[str]:
    for key in dict.fromkeys([*before, *after]):
        old, new = before.get(key, _ABSENT), after.get(key, _ABSENT)
        if old == new:
            continue
        if key != "containerDefinitions":
            yield key
            continue
        olds, news = _by("name", old), _by("name", new)
        for name in dict.fromkeys([*olds, *news]):
            if name not in olds or name not in news:
                yield name
                continue
            members = dict.fromkeys([*olds[name], *news[name]])
            yield from (
                f"{name}.{one}" for one in members if olds[name].get(one, _ABSENT) != news[name].get(one, _ABSENT)
            )
