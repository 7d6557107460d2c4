"""One service over another, as ``extends`` wants it: mappings merge, lists grow, the rest is replaced."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import Any

from app.interop.compose.values import merged_pairs

_REPLACED = frozenset({"command", "entrypoint", "test"})
_PAIRS = frozenset({"environment", "labels", "sysctls", "annotations", "options"})
_NAMES = frozenset({"depends_on", "networks"})
_BY_TARGET = frozenset({"volumes", "devices"})
_ONE_OR_LIST = frozenset({"env_file", "label_file", "dns", "dns_search", "tmpfs"})

Spend = Callable[[int], None]


def over(base: Any, child: Any, key: str, spend: Spend) -> Any:
    """The value of a key from two places. ``spend`` is told how much is copied."""
    if child is None:
        return base
    if key in _PAIRS:
        base, child = merged_pairs(base), merged_pairs(child)
    if key in _NAMES:
        base, child = _named(base, key), _named(child, key)
    if key in _ONE_OR_LIST:
        base, child = _list(base), _list(child)
    if isinstance(base, dict) and isinstance(child, dict):
        spend(len(base) + len(child))
        if key == "logging" and base.get("driver") != child.get("driver") and "driver" in child and "driver" in base:
            return child
        return {**base, **{name: over(base.get(name), item, name, spend) for name, item in child.items()}}
    if isinstance(base, list) and isinstance(child, list) and key not in _REPLACED:
        spend(len(base) + len(child))
        kept = base
        if key in _BY_TARGET:
            targets = {_target(item) for item in child}
            kept = [item for item in base if _target(item) not in targets]
        return [*kept, *(item for item in child if not _is_in(item, kept))]
    return child


def rebased(service: dict[str, Any], folder: str) -> dict[str, Any]:
    """A service of a file in another folder, its relative paths told from the project's own."""

    def moved(path: Any) -> Any:
        relative = isinstance(path, str) and not path.startswith(("/", "~"))
        return f"./{posixpath.join(folder, path)}" if relative else path

    found = dict(service)
    for key in ("env_file", "label_file"):
        if key in found:
            found[key] = [
                {**item, "path": moved(item.get("path"))} if isinstance(item, dict) else moved(item)
                for item in _list(found[key])
            ]
    if isinstance(found.get("volumes"), list):
        found["volumes"] = [_moved_mount(item, moved) for item in found["volumes"]]
    return found


def _moved_mount(item: Any, moved: Callable[[Any], Any]) -> Any:
    if isinstance(item, dict):
        return {**item, "source": moved(item.get("source"))} if item.get("type") == "bind" else item
    if isinstance(item, str) and item.startswith(".") and ":" in item:
        source, _, rest = item.partition(":")
        return f"{moved(source)}:{rest}"
    return item


def _named(value: Any, key: str) -> Any:
    empty = {"condition": "service_started"} if key == "depends_on" else None
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return dict.fromkeys(value, empty)
    return value


def _list(value: Any) -> Any:
    return value if isinstance(value, list) else [] if value is None else [value]


def _target(item: Any) -> Any:
    if isinstance(item, dict):
        return item.get("target")
    parts = item.split(":") if isinstance(item, str) else [None]
    return parts[1] if len(parts) > 1 else parts[0]


def _is_in(item: Any, others: list[Any]) -> bool:
    # Scalars alone: comparing objects with all others takes too long in a file that is made for it.
    return isinstance(item, str) and len(others) < 1000 and item in others
