"""What the Run form says of images: which hosts have them, and which are missing where. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.model.instance import InstanceKey
from app.model.safe_text import safe_line
from app.operations.images.presence import Presence
from app.screens import formats
from widgets.cells import Cell, cell

_NAMED: Final = 3
_DIGEST: Final = 12


@dataclass(frozen=True, slots=True)
class Missing:
    """One image, who has it, and who of those that are meant lacks it."""

    image: str
    having: tuple[InstanceKey, ...]
    lacking: tuple[InstanceKey, ...]


def missing_images(presence: Presence | None, only: Sequence[str] = ()) -> list[Missing]:
    """What is not everywhere.

    Args:
        only: names of the instances that are meant; empty: all.
    """
    found = []
    for image in presence.images if presence is not None else ():
        assert presence is not None
        lacking = tuple(key for key in presence.lacking(image) if not only or key.name in only)
        if lacking:
            found.append(Missing(image, presence.having(image), lacking))
    return found


def images_cell(presence: Presence | None, only: Sequence[str] = ()) -> Cell:
    """``2 of 3 hosts have app:8``."""
    if presence is None:
        return cell(formats.NOTHING, "muted")
    hosts = [key for key in presence.answered if not only or key.name in only]
    if not hosts:
        return cell("no host answers", "muted")
    missing = missing_images(presence, only)
    if not missing:
        moved = next((image for image in presence.images if image in presence.unlike), "")
        if moved:
            return cell(f"{short_image(moved)} is not the same on all hosts", "warn")
        return cell(f"on all {len(hosts)} hosts" if len(hosts) > 1 else "on the host", "muted")
    first = missing[0]
    image, count = short_image(first.image), len(hosts) - len(first.lacking)
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    have = f"{count} of {len(hosts)} hosts have" if count else ("no host has" if len(hosts) > 1 else "the host lacks")
    return cell(f"{have} {image}{more}")


def images_note(presence: Presence | None, only: Sequence[str] = ()) -> Cell:
    """What can be done about what is missing."""
    missing = missing_images(presence, only)
    return cell("[copy…]" if missing[0].having else "[pull…]", "accent") if missing else ()


def short_image(image: str) -> str:
    """``app:8`` of ``registry.lan/team/app:8``: registries are long, and all of it is told below the form."""
    last, at, digest = image.rpartition("/")[2].partition("@sha256:")
    return safe_line(f"{last}{'@' if at else ''}{digest[:_DIGEST]}")


def images_help(presence: Presence | None, only: Sequence[str] = ()) -> str:
    """All that is missing, in a sentence or two."""
    missing = missing_images(presence, only)
    if not missing:
        return "Which hosts have the images of the definition. A launch pulls what is missing, by default always."
    told = [f"{safe_line(one.image)} is not on {named(one.lacking)}" for one in missing]
    does = "b copies it from another host, or pulls it" if missing[0].having else "b pulls it"
    return f"{'; '.join(told)}. A launch pulls it; {does} before."


def named(keys: Sequence[InstanceKey]) -> str:
    """``edge-1, edge-2, edge-3 and 4 more``."""
    names = ", ".join(safe_line(key.name) for key in keys[:_NAMED])
    return f"{names} and {len(keys) - _NAMED} more" if len(keys) > _NAMED else names
