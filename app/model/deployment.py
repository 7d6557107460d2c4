"""From source to running: what a deploy is asked for by its file, and what it tells as it goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from app.model.build_progress import BuildProgress
from app.model.image_progress import TransferProgress
from app.model.progress import Progress
from app.model.safe_text import SafeText

Delivery = Literal["copy", "push", "none"]
"""How an image that was built reaches the other instances: from engine to engine through us; through its registry; or
not at all, and its tasks run where it was built."""


@dataclass(frozen=True, slots=True)
class ImageBuild:
    """One image to build.

    Attributes:
        image: its name with a tag, as the definition has it.
        context: absolute path of the folder that is sent.
        dockerfile: absolute path, "" for the context's own.
        args: build arguments; None takes the value from the environment. In no repr: there are secrets among them.
        on: the instance that builds; "" leaves it to Moorage.
    """

    image: str
    context: str
    dockerfile: str = ""
    args: Mapping[str, str | None] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    target: str = ""
    platform: str = ""
    on: str = ""
    no_cache: bool = False
    pull: bool = False


@dataclass(frozen=True, slots=True)
class DeployFile:
    """What a ``moorage.toml`` says. ``document``: absolute path of the task definition or Compose file."""

    document: str
    cluster: str = ""
    count: int | None = None
    deliver: Delivery = "copy"
    builds: tuple[ImageBuild, ...] = ()


DeployKind = Literal["check", "build", "push", "pull", "copy", "register", "stop", "run"]
DeployState = Literal["waiting", "working", "done", "nothing", "failed", "stopped"]
"""nothing: there was nothing to do. stopped: broken off by a person."""


@dataclass(frozen=True, slots=True)
class DeployStep:
    """One step of a plan. ``words``: what it does; ``subject``: the image it is about, "" for the others."""

    work: DeployKind
    words: SafeText
    subject: SafeText = SafeText("")

    @property
    def name(self) -> str:
        """In short: ``copy registry.lan/web:7``."""
        return f"{self.work} {self.subject}".strip()


@dataclass(frozen=True, slots=True)
class DeployProgress:
    """Where a deploy is. A step begins with "working" and ends once; what comes between has one of the inner events.

    ``detail``: what came of the step, or why it failed, in one line.
    """

    step: DeployStep
    state: DeployState
    detail: SafeText = SafeText("")
    build: BuildProgress | None = None
    transfer: TransferProgress | None = None
    launch: Progress | None = None


TellDeploy = Callable[[DeployProgress], None]
"""Called from the working threads; may be called often."""
