"""An image as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.operations.images.listing import ImageRow
    from app.screens.frame import FrameScreen


def show_image(screen: FrameScreen, cluster: str, row: ImageRow | None) -> None:
    """Open it on a screen; nothing when there is none."""
    if row is not None:
        crumbs = [cluster, "images", str(row.name) or row.copies[0].id, "JSON"]
        screen.app.push_screen(screen.desk.doors.json(crumbs, image_shape(row)))


def image_shape(row: ImageRow) -> Mapping[str, Any]:
    return {
        "image": str(row.name),
        "size": row.size,
        "created": row.created.isoformat() if row.created else None,
        "copies": [
            {
                "containerInstance": copy.instance.name,
                "imageId": copy.id,
                "names": list(map(str, copy.names)),
                "digests": list(map(str, copy.digests)),
                "size": copy.size,
                "created": copy.created.isoformat() if copy.created else None,
                "containers": list(copy.containers),
            }
            for copy in row.copies
        ],
        "missing": [key.name for key in row.missing],
        "tasks": list(row.tasks),
        "moved": list(row.moved),
    }
