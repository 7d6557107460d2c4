"""What a person may set about work on hosts; the ECS agent has the same as ECS_* variables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from app.model.names import ImagePullBehavior


@dataclass(frozen=True, slots=True)
class HostSettings:
    """``pull``: when images are pulled (ECS_IMAGE_PULL_BEHAVIOR).

    ``host_ports``: first and last of those that are given out for dynamic mappings (ECS_DYNAMIC_HOST_PORT_RANGE).

    ``retention``: how long a stopped task's containers are kept for their logs
    (ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION).

    ``in_place``: images that were put on the hosts for this very launch, as its definition names them: they are not
    pulled, as a registry may have an older one of that name.
    """

    pull: ImagePullBehavior = "default"
    host_ports: tuple[int, int] = (49153, 65535)
    retention: timedelta = timedelta(hours=3)
    in_place: frozenset[str] = frozenset()

    def pull_of(self, image: str) -> ImagePullBehavior:
        return "prefer-cached" if image in self.in_place else self.pull
