"""Which of the images of a launch are on which instances: what is not there has to be pulled or copied first."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from app.hosts.errors import HostError
from app.hosts.images.ensuring import platform_of
from app.hosts.images.likeness import ImageFacts, facts
from app.model.errors import MoorageError
from app.model.instance import Instance, InstanceKey
from app.model.safe_text import SafeText, safe_line
from app.model.task_definition import TaskDefinition
from app.operations.session import LOGIN_SECONDS, SURVEY_DEADLINE, Session


@dataclass(frozen=True, slots=True)
class Presence:
    """Which of some images are where, as the instances have answered.

    Attributes:
        images: as they were asked for, each once.
        here: by image and instance, the image's id there; instances that lack it are left out.
        asked: all instances that were asked, in order.
        silent: those that did not answer, and why: nobody knows what they have.
        elsewhere: images that are on an instance for another processor than a task of it needs, with that platform.
        unlike: images that are not the same everywhere. Ids alone do not tell: engines that keep images in different
            ways call the same one differently.
    """

    images: tuple[str, ...] = ()
    here: Mapping[str, Mapping[InstanceKey, str]] = field(default_factory=dict)
    asked: tuple[InstanceKey, ...] = ()
    silent: Mapping[InstanceKey, SafeText] = field(default_factory=dict)
    elsewhere: Mapping[tuple[str, InstanceKey], SafeText] = field(default_factory=dict)
    unlike: frozenset[str] = frozenset()

    @property
    def answered(self) -> tuple[InstanceKey, ...]:
        return tuple(key for key in self.asked if key not in self.silent)

    def having(self, image: str) -> tuple[InstanceKey, ...]:
        return tuple(key for key in self.asked if key in self.here.get(image, ()))

    def lacking(self, image: str) -> tuple[InstanceKey, ...]:
        """Those that answered and do not have it."""
        return tuple(key for key in self.answered if key not in self.here.get(image, ()))


def image_presence(
    session: Session, images: Iterable[str], instances: Iterable[Instance], platform: str = ""
) -> Presence:
    """Ask each instance for each image, all instances at the same time; what does not answer in time is silent.

    The engine itself is asked by name, as a launch asks it, and reads the name as it always does: nothing is read of
    it here that it could read otherwise.

    Args:
        platform: as in linux/arm64: an image for another one counts as missing; "" for any.
    """
    wanted, asked = tuple(dict.fromkeys(images)), tuple(instances)
    looks = [_Look(session, instance, wanted, platform) for instance in asked]
    for look in looks:
        look.start()
    seconds = SURVEY_DEADLINE + (LOGIN_SECONDS if any(one.reached_by.is_ssh for one in asked) else 0)
    until = time.monotonic() + seconds
    for look in looks:
        look.join(max(until - time.monotonic(), 0))
    found = [(look.key, look.answer()) for look in looks]
    facts_of = {
        image: {key: answer.here[image] for key, answer in found if image in answer.here and not answer.silent}
        for image in wanted
    }
    return Presence(
        wanted,
        {image: {key: one.id for key, one in each.items()} for image, each in facts_of.items()},
        tuple(instance.key for instance in asked),
        {key: answer.silent for key, answer in found if answer.silent},
        {(image, key): words for key, answer in found for image, words in answer.elsewhere.items()},
        frozenset(image for image, each in facts_of.items() if _are_unlike([*each.values()])),
    )


def _are_unlike(copies: Sequence[ImageFacts]) -> bool:
    return any(not copies[0].same_as(other) for other in copies[1:])


def images_of(definition: TaskDefinition) -> tuple[str, ...]:
    """The images of its containers, each once, in order."""
    return tuple(dict.fromkeys(part.image for part in definition.container_definitions))


def definition_presence(session: Session, definition: TaskDefinition, instances: Iterable[Instance]) -> Presence:
    """Of the images of a definition, for the platform that it asks for."""
    return image_presence(session, images_of(definition), instances, platform_of(definition))


def missing_words(presence: Presence, placed: Sequence[InstanceKey]) -> list[tuple[str, str]]:
    """What instances that get tasks lack and others have, in words, and what can be done about it before a launch.

    What none has yet is not told: the first launch of an image pulls it, as ever.
    """
    found = []
    for image in presence.images:
        lacking = [key.name for key in dict.fromkeys(placed) if key in presence.lacking(image)]
        if lacking and (having := presence.having(image)):
            copy = f"moorage copy-image {image} --cluster {having[0].cluster} --from {having[0].name} --to"
            does = f"the launch pulls it; without a registry: {copy} {' '.join(lacking)}"
            found.append((f"{image} is on {having[0].name}, and not on {', '.join(lacking)}", does))
    return found


@dataclass(slots=True)
class _Answer:
    here: dict[str, ImageFacts] = field(default_factory=dict)
    elsewhere: dict[str, SafeText] = field(default_factory=dict)
    silent: SafeText = SafeText("")


class _Look:
    """What one instance has of them, asked in a thread of its own."""

    def __init__(self, session: Session, instance: Instance, images: Sequence[str], platform: str) -> None:
        self.key = instance.key
        self._session = session
        self._instance = instance
        self._images = images
        self._platform = platform
        self._found: _Answer | None = None
        self._thread = threading.Thread(target=self._ask, name=f"images-{instance.key.name}", daemon=True)
        self.start = self._thread.start
        self.join = self._thread.join

    def answer(self) -> _Answer:
        """What came in time."""
        return self._found or _Answer(silent=SafeText("no answer in time"))

    def _ask(self) -> None:
        found = _Answer()
        try:
            engine = self._session.engine(self._instance.reached_by)
            for image in self._images:
                try:
                    told = engine.image(image)
                except HostError as error:
                    # refused: the text is no name of an image to Docker.
                    if error.kind not in ("not-found", "refused"):
                        raise
                    continue
                seen = facts(told)
                if self._platform and seen.processor and seen.platform != self._platform:
                    found.elsewhere[image] = safe_line(seen.platform[:40])
                else:
                    found.here[image] = seen
        except MoorageError as error:
            found = _Answer(silent=safe_line(error.message))
        self._found = found
