"""An image as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.model.ids import task_arn

if TYPE_CHECKING:
    from app.operations.images.listing import ImageRow
    from app.screens.frame import FrameScreen


def show_image(screen: FrameScreen, cluster: str, row: ImageRow | None) -> None:
    """Open it on a screen; nothing when there is none."""
    if row is not None:
        crumbs = [cluster, "images", str(row.name) or row.copies[0].id, "JSON"]
        screen.app.push_screen(screen.desk.doors.json(crumbs, image_shape(row, cluster)))


def image_shape(row: ImageRow, cluster: str) -> Mapping[str, Any]:
    """As list-images tells it, with each copy; sizes in bytes."""
    return {
        "name": str(row.name),
        "size": row.size,
        "createdAt": row.created.isoformat() if row.created else None,
        "copies": [
            {
                "containerInstance": copy.instance.name,
                "imageId": copy.id,
                "names": list(map(str, copy.names)),
                "digests": list(map(str, copy.digests)),
                "size": copy.size,
                "createdAt": copy.created.isoformat() if copy.created else None,
                "containers": list(copy.containers),
            }
            for copy in row.copies
        ],
        "missingOn": [key.name for key in row.missing],
        "taskArns": [task_arn(cluster, task) for task in row.tasks],
        "movedTaskArns": [task_arn(cluster, task) for task in row.moved],
    }
