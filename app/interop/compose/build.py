"""``build`` of a service → the image that ``moorage deploy`` builds for it (design: ECS semantics 6)."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from app.interop.compose import values
from app.interop.compose.notes import Notes
from app.interop.compose.project import Project
from app.model.deployment import ImageBuild
from app.model.locations import Location, short

_TAKEN = frozenset({"context", "dockerfile", "args", "target", "platforms", "no_cache", "pull"})
_LOST: Mapping[str, tuple[str, str]] = {
    "additional_contexts": ("one folder is sent alone", "copy into it what the build needs"),
    "cache_from": ("the cache is the engine's own", "remove it"),
    "cache_to": ("the cache is the engine's own", "remove it"),
    "entitlements": ("builds get no privileges", "remove it"),
    "extra_hosts": ("builds have the names that the engine knows", "remove it"),
    "isolation": ("it is for Windows", "remove it"),
    "labels": ("images get no labels from here", "write LABEL into the Dockerfile"),
    "network": ("builds have the engine's own network", "remove it"),
    "privileged": ("builds get no privileges", "remove it"),
    "provenance": ("no attestations are made", "remove it"),
    "sbom": ("no attestations are made", "remove it"),
    "secrets": ("builds get no secrets", "fetch what is secret when the container starts"),
    "shm_size": ("builds have the engine's own size", "remove it"),
    "ssh": ("builds get no keys", "fetch the sources before the build"),
    "tags": ("it gets the name of the service's image alone", "name others with moorage tag"),
    "ulimits": ("builds have the engine's own limits", "remove it"),
}


def image_name(project: Project, service: str) -> str:
    """What Compose calls an image that is built and has no name of its own."""
    return f"{project.name}-{service}".lower()


def builds_of(project: Project, folder: str, notes: Notes) -> tuple[ImageBuild, ...]:
    """One for each image; services that share an image and its build share one. Mistakes go into ``notes``."""
    found: dict[str, ImageBuild] = {}
    for name, service in project.services.items():
        if service.get("build") is None:
            continue
        at: Location = ("services", name, "build")
        build = _build(project, name, folder, at, notes)
        if found.setdefault(build.image, build) != build:
            notes.error(at, "another service builds the same image otherwise", "give it an image of its own")
    return tuple(found.values())


def _build(project: Project, name: str, folder: str, at: Location, notes: Notes) -> ImageBuild:
    service = project.services[name]
    value = service["build"]
    if isinstance(value, str):
        value = {"context": value}
    if isinstance(value, dict) and value.get("dockerfile_inline") is not None:
        notes.error((*at, "dockerfile_inline"), "is not taken", "write it into a file, and name that as dockerfile")
    given = notes.fields(value, at, _TAKEN | _LOST.keys() | {"dockerfile_inline"})
    for key in given.keys() & _LOST.keys():
        if given[key] not in (None, False, [], {}):
            notes.lose((*at, key), *_LOST[key])
    context = _text(given, "context", at, notes) or "."
    if "://" in context or context.startswith("git@"):
        notes.error((*at, "context"), "is no folder of this machine", "fetch it, and write its folder")
    path = posixpath.normpath(posixpath.join(folder, context))
    dockerfile = _text(given, "dockerfile", at, notes)
    image = values.as_text(service.get("image")) if service.get("image") is not None else None
    return ImageBuild(
        image=image or image_name(project, name),
        context=path,
        dockerfile=posixpath.normpath(posixpath.join(path, dockerfile)) if dockerfile else "",
        args=_args(project, given, at, notes),
        target=_text(given, "target", at, notes) or "",
        platform=_platform(service, given, at, notes),
        no_cache=_flag(given, "no_cache", at, notes),
        pull=_flag(given, "pull", at, notes),
    )


def _text(given: Mapping[str, Any], key: str, at: Location, notes: Notes) -> str | None:
    return values.text(given[key], (*at, key), notes) if given.get(key) is not None else None


def _flag(given: Mapping[str, Any], key: str, at: Location, notes: Notes) -> bool:
    return given.get(key) is not None and bool(values.boolean(given[key], (*at, key), notes))


def _args(project: Project, given: Mapping[str, Any], at: Location, notes: Notes) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name, (value, here) in values.located_pairs(given.get("args"), (*at, "args"), notes).items():
        known = project.environment.get(name) if value is None else value
        if known is None:
            notes.lose(here, "has no value, here or in the environment", "the Dockerfile's own holds")
        else:
            found[name] = known
    return found


def _platform(service: Mapping[str, Any], given: Mapping[str, Any], at: Location, notes: Notes) -> str:
    platforms = values.texts(given.get("platforms"), (*at, "platforms"), notes, one=True)
    if len(platforms) > 1:
        notes.error((*at, "platforms"), "names several", f"one is built at a time; write {short(platforms[0])} alone")
    return platforms[0] if platforms else values.as_text(service.get("platform")) or ""
