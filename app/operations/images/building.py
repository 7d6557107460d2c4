"""Building images on the instances of a cluster: ``moorage build``."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Event
from typing import Any

from app.model.build_progress import BuildStep, TellBuild
from app.model.errors import MoorageError
from app.model.image_requests import BuildImageRequest
from app.model.instance import InstanceKey
from app.model.safe_text import SafeText
from app.operations.session import Session


@dataclass(frozen=True, slots=True)
class Built:
    """A build that succeeded. ``tags``: as they were asked for; ``seconds``: of all of it, sending too."""

    image_id: str
    tags: tuple[str, ...]
    instance: InstanceKey
    seconds: float
    steps: tuple[BuildStep, ...]

    def shape(self) -> dict[str, Any]:
        """JSON of ours: ECS builds nothing."""
        return {
            "imageId": self.image_id,
            "tags": list(self.tags),
            "containerInstance": self.instance.name,
            "seconds": round(self.seconds, 1),
            "steps": [
                {
                    "step": step.number,
                    "instruction": step.words,
                    "cached": step.state == "cached",
                    "seconds": round(step.seconds, 1),
                }
                for step in self.steps
            ],
        }


class BuildError(MoorageError):
    """A build that failed: in one line why; ``step``: the one that did, None before the first.

    ``lines``: the last that the step wrote.
    """

    def __init__(self, message: str, step: BuildStep | None = None, lines: tuple[SafeText, ...] = ()) -> None:
        self.step = step
        self.lines = lines
        super().__init__(message)


class BuildStoppedError(MoorageError):
    """A person has broken it off; nothing of it is left but the cache of its steps."""


def build_image(session: Session, request: BuildImageRequest, tell: TellBuild, stop: Event | None = None) -> Built:
    """Send the context to an instance, build there, and name the image.

    Args:
        tell: called from this thread and others; its last event is done, failed or stopped.
        stop: breaks it off once it is set.

    Raises BuildError, BuildStoppedError, and MoorageError for what is found before anything is sent.
    """
    raise NotImplementedError
