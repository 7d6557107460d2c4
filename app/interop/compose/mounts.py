"""``volumes`` and ``tmpfs`` → volumes, mountPoints and tmpfs of ECS (design: ECS semantics 6)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any

from app.interop.compose import values
from app.interop.compose.notes import Notes, listed
from app.model.linux_rules import MOUNT_OPTIONS
from app.model.locations import Location

DEFAULT_TMPFS = 64
"""MiB. ECS wants a size; Docker's own is half of the memory."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_-]+")
_LONG = ("type", "source", "target", "read_only", "consistency", "bind", "volume", "tmpfs", "image", "cluster")
_OPTIONS = ("create_host_path", "labels", "mode", "nocopy", "propagation", "recursive", "selinux", "size", "subpath")
_OF_VOLUME = ("name", "driver", "driver_opts", "external", "labels")


class VolumeBook:
    """The volumes of one definition, each made when something first mounts it."""

    def __init__(self, project: str, declared: Mapping[str, Any], folder: str, home: str, notes: Notes) -> None:
        self.folder, self.home = folder, home
        self._project = project
        self._declared = declared
        self._notes = notes
        self._made: dict[str, dict[str, Any]] = {}
        self._names: dict[tuple[str, str], str] = {}

    def members(self) -> list[dict[str, Any]]:
        return list(self._made.values())

    def folder_of_host(self, path: str) -> str:
        stem = _NOT_IN_A_NAME.sub("-", path).strip("-")[-200:].strip("-") or "root"
        return self._add(("bind", path), stem, {"host": {"sourcePath": path}})

    def of_task(self, service: str, path: str) -> str:
        stem = _NOT_IN_A_NAME.sub("-", f"{service}{path}").strip("-")[:200]
        return self._add(("task", f"{service}:{path}"), stem, {})

    def named(self, name: str, at: Location) -> str | None:
        """A volume that is declared at the top. Shared, and called as Compose calls it, so that its data is found."""
        if name not in self._declared:
            remedy = f"declare it under volumes at the top; {listed(self._declared)}"
            self._notes.error(at, "mounts a volume that is not declared", remedy)
            return None
        if ("named", name) in self._names:
            return self._names["named", name]
        where: Location = ("volumes", name)
        real, configuration = self._configuration(self._declared[name], name, where)
        usable = real if _NAME.fullmatch(real) else _NOT_IN_A_NAME.sub("-", real).strip("-")[:255] or "volume"
        if usable != real:
            remedy = f"it is {usable}: copy the data of the one that Compose made"
            self._notes.lose(where, "has a name that ECS does not take", remedy)
        return self._add(("named", name), usable, {"dockerVolumeConfiguration": configuration})

    def _configuration(self, declared: Any, name: str, at: Location) -> tuple[str, dict[str, Any]]:
        notes = self._notes
        given = {} if declared is None else notes.fields(declared, at, _OF_VOLUME)
        external, own = given.get("external"), given.get("name")
        if isinstance(external, dict):  # the old way to name it
            own, external = notes.fields(external, (*at, "external"), ("name",)).get("name", own), True
        is_external = external is not None and bool(values.boolean(external, (*at, "external"), notes))
        default = name if is_external else f"{self._project}_{name}"
        real = default if own is None else values.text(own, (*at, "name"), notes) or default
        driver = given.get("driver")
        options = {
            key: values.as_text(item) or "" for key, item in values.pairs(given.get("driver_opts"), at, notes).items()
        }
        labels = {key: item or "" for key, item in values.pairs(given.get("labels"), (*at, "labels"), notes).items()}
        return real, {
            "scope": "shared",
            "autoprovision": not is_external,
            **({"driver": values.text(driver, (*at, "driver"), notes)} if driver is not None else {}),
            **({"driverOpts": options} if options else {}),
            **({"labels": labels} if labels else {}),
        }

    def _add(self, key: tuple[str, str], stem: str, members: dict[str, Any]) -> str:
        if key not in self._names:
            name, number = stem, 2
            while name in self._made:
                name, number = f"{stem}-{number}", number + 1
            self._names[key] = name
            self._made[name] = {"name": name, **members}
        return self._names[key]


class Mounts:
    """What one service mounts: ``points`` and ``tmpfs``, in ECS's shapes."""

    def __init__(self, service: str, book: VolumeBook, notes: Notes) -> None:
        self.points: list[dict[str, Any]] = []
        self.tmpfs: list[dict[str, Any]] = []
        self._service = service
        self._book = book
        self._notes = notes

    def volumes(self, value: Any, at: Location) -> None:
        for index, item in enumerate(values.items(value, at, self._notes)):
            if isinstance(item, dict):
                self._long(item, (*at, index))
            else:
                self._short(item, (*at, index))

    def in_memory(self, value: Any, at: Location) -> None:
        """The key ``tmpfs``: ``/run`` or ``/run:size=64m,mode=1777``."""
        lines = values.texts(value, at, self._notes, one=True)
        for index, line in enumerate(lines):
            path, _, options = line.partition(":")
            self._add_tmpfs(path, [option for option in options.split(",") if option], (*at, index))

    def _short(self, item: Any, at: Location) -> None:
        written = values.as_text(item)
        parts = written.split(":") if written else []
        if not 1 <= len(parts) <= 3 or not all(parts):
            self._notes.error(at, "is no mount", 'write "name:/path", "./folder:/path:ro" or "/path"')
            return
        if len(parts) == 1:
            self._mount(self._book.of_task(self._service, parts[0]), parts[0], at, read_only=False)
            return
        source, target, options = parts[0], parts[1], parts[2].split(",") if len(parts) == 3 else []
        for option in options:
            if option not in ("ro", "rw"):
                self._notes.lose(at, "ECS has no options of a mount but ro", "the rest of them is left out")
        name = self._bind(source, at) if source[0] in "/.~" else self._book.named(source, at)
        self._mount(name, target, at, read_only="ro" in options)

    def _long(self, item: Any, at: Location) -> None:
        notes = self._notes
        given = notes.fields(item, at, _LONG)
        kind = given.get("type")
        target = values.text(given.get("target"), (*at, "target"), notes)
        if target is None:
            return
        read_only = values.boolean(given.get("read_only", False), (*at, "read_only"), notes) or False
        self._lose_options(given, kind, at)
        if kind == "tmpfs":
            options = notes.fields(given.get("tmpfs") or {}, (*at, "tmpfs"), ("size", "mode"))
            words = [f"size={options['size']}"] if "size" in options else []
            words += [f"mode={_mode(options['mode'])}"] if "mode" in options else []
            self._add_tmpfs(target, [*words, *(["ro"] if read_only else [])], at)
        elif kind == "bind":
            source = values.text(given.get("source"), (*at, "source"), notes)
            self._mount(self._bind(source, at) if source else None, target, at, read_only=read_only)
        elif kind == "volume":
            source = values.as_text(given.get("source"))
            name = self._book.named(source, at) if source else self._book.of_task(self._service, target)
            self._mount(name, target, at, read_only=read_only)
        elif kind in ("image", "cluster", "npipe"):
            notes.lose(at, "ECS mounts folders and volumes alone", "nothing is mounted there: use a volume")
        else:
            notes.error((*at, "type"), "is no kind of mount", "write bind, volume or tmpfs")

    def _lose_options(self, given: Mapping[str, Any], kind: Any, at: Location) -> None:
        if "consistency" in given:
            self._notes.lose((*at, "consistency"), "it is for Docker Desktop", "remove it")
        if kind == "tmpfs":
            return
        for name in ("bind", "volume", "tmpfs", "image", "cluster"):
            options = self._notes.fields(given[name] or {}, (*at, name), _OPTIONS) if name in given else {}
            for option, value in options.items():
                if option != "create_host_path" or value is not True:
                    problem = "ECS mounts whole volumes" if option == "subpath" else "ECS has no such option"
                    self._notes.lose((*at, name, option), problem, "it is left out")

    def _bind(self, source: str, at: Location) -> str | None:
        if source == "~" or source.startswith("~/"):
            source = f"{self._book.home}{source[1:]}" if self._book.home else source
        base = self._book.folder
        path = posixpath.normpath(posixpath.join(base, source)) if source.startswith("/") or base else source
        path = "/" + path.lstrip("/") if path.startswith("/") else path
        if not path.startswith("/") or ":" in path or "\0" in path:
            self._notes.error(at, "mounts a folder that has no absolute path", "write one, without a colon")
            return None
        return self._book.folder_of_host(path)

    def _mount(self, name: str | None, target: str, at: Location, *, read_only: bool) -> None:
        if not target.startswith("/") or ":" in target:
            self._notes.error(at, "is mounted at no absolute path", "write one, without a colon")
        elif name is not None:
            self.points.append(
                {"sourceVolume": name, "containerPath": target, **({"readOnly": True} if read_only else {})}
            )

    def _add_tmpfs(self, path: str, options: list[str], at: Location) -> None:
        notes, size, kept = self._notes, None, []
        if not path.startswith("/") or ":" in path:
            notes.error(at, "is mounted at no absolute path", "write one, without a colon")
            return
        for option in options:
            name, _, value = option.partition("=")
            if name == "size":
                size = values.mebibytes(value, at, notes)
            elif name in MOUNT_OPTIONS:
                kept.append(option)
            else:
                notes.lose(at, "has an option that Docker does not know", "it is left out")
        if size is None:
            notes.lose(at, "has no size, and ECS wants one", f"{DEFAULT_TMPFS} MiB it is: write size=…")
        self.tmpfs.append(
            {"containerPath": path, "size": size or DEFAULT_TMPFS, **({"mountOptions": kept} if kept else {})}
        )


def _mode(value: Any) -> str:
    """A number in a long form is decimal once YAML has read it, unless it was written as text: 0755."""
    return f"{value:o}" if isinstance(value, int) and not isinstance(value, bool) else str(values.as_text(value))
