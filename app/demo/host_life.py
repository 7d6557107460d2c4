"""One host of the demo fleet: every container that runs there, whoever started it, is given a load and a voice."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

from app.demo.company import BY_NAME, Voice
from app.demo.deploying import Ground, moment_of
from app.demo.engine.engine import Json
from app.demo.engine.load import Load
from app.demo.engine.refused import Refused
from app.demo.voices import farewell, line
from app.demo.waves import Nature, climbing, wave

Trouble = Literal["hungry", "failing", "looping"]
"""Killed for its memory; ends by itself after a while; ends right after every start."""

_MEBIBYTE = 1 << 20
_LINES_OF_ONE = 0.5
"""A second, of one container."""
_QUIET = 0.05
_ENDS_AFTER: Mapping[Trouble, tuple[float, float]] = {
    "hungry": (80.0, 200.0),
    # Longer than the 60 s after which its restart policy starts it again.
    "failing": (66.0, 95.0),
    "looping": (2.0, 4.0),
}
_LAST_WORDS: Mapping[Trouble, str] = {
    "hungry": "cannot allocate 41943040 bytes",
    "failing": "model s3://models/2025-06 has no feature 'season': giving up",
    "looping": "no route to host mainframe.internal",
}
_ENDED = frozenset({"die", "destroy"})
_LABEL = "com.amazonaws.ecs."


@dataclass(frozen=True, slots=True)
class Part:
    """A container, as far as its life depends on it. ``family``: "" when it is no task's. ``limit``: bytes."""

    id: str
    name: str
    family: str
    container: str
    limit: int

    @property
    def voice(self) -> Voice:
        family = BY_NAME.get(self.family)
        return family.voices.get(self.container, "plain") if family else "plain"

    @property
    def nature(self) -> Nature:
        """Of its family; what nobody knows does a little."""
        family = BY_NAME.get(self.family)
        if family is None or self.container not in family.voices:
            return Nature(0.01, self.limit // 10, self.limit, daily=False)
        main = next(iter(family.voices)) == self.container
        return Nature(family.load if main else family.load / 8, int(self.limit * family.memory), self.limit)


def part_of(detail: Json) -> Part:
    """From what inspect says of a container."""
    labels = detail["Config"].get("Labels") or {}
    return Part(
        detail["Id"],
        detail["Name"].lstrip("/"),
        labels.get(f"{_LABEL}task-definition-family", ""),
        labels.get(f"{_LABEL}container-name", ""),
        int(detail["HostConfig"].get("Memory") or 0) or 256 * _MEBIBYTE,
    )


class HostLife:
    """``lines``: how many a second may be written here at most. ``troubles``: by the container's name."""

    def __init__(
        self,
        ground: Ground,
        clock: Callable[[], int],
        rng: random.Random,
        lines: float,
        troubles: Mapping[str, Trouble],
    ) -> None:
        self._engine = ground.engine
        self._clock = clock
        self._rng = rng
        self._lines = lines
        self._troubles = troubles
        self._talkers: dict[str, Part] = {}
        self._starts: dict[str, int] = {}
        self._due = False

    def begin(self) -> None:
        """Give a load and a voice to what runs already, and from now on to what is started."""
        for container in self._engine.running():
            self._started(container)
        self._engine.observe(self._happened)

    def _happened(self, action: str, container: str) -> None:
        if action == "start":
            self._started(container)
        elif action in _ENDED:
            self._talkers.pop(container, None)
            if action == "destroy":
                self._starts.pop(container, None)

    def _started(self, container: str) -> None:
        part = part_of(self._engine.inspect(container))
        self._talkers[part.id] = part
        trouble = self._troubles.get(part.name)
        if trouble is None:
            self._engine.set_load(part.id, wave(part.nature, self._rng))
        else:
            self._await_trouble(part, trouble)
        if not self._due:
            self._speak_later()

    # --- lines -----------------------------------------------------------------------------------------------------

    def _speak_later(self) -> None:
        """One appointment for all: what lines cost depends on how many there are, not on how many could write."""
        rate = min(len(self._talkers) * _LINES_OF_ONE, self._lines)
        self._due = rate > 0
        if self._due:
            self._engine.after(self._rng.expovariate(rate), self._speak)

    def _speak(self) -> None:
        if self._talkers:
            part = self._rng.choice(list(self._talkers.values()))
            # What nobody knows has less to tell than what serves people.
            if part.family or self._rng.random() < _QUIET:
                said = line(part.voice, self._rng, moment_of(self._clock()))
                self._engine.write_log(part.id, said.text, said.stream)
        self._speak_later()

    # --- trouble ---------------------------------------------------------------------------------------------------

    def _await_trouble(self, part: Part, trouble: Trouble) -> None:
        number = self._starts[part.id] = self._starts.get(part.id, 0) + 1
        seconds = self._rng.uniform(*_ENDS_AFTER[trouble])
        if trouble == "hungry":
            self._engine.set_load(part.id, climbing(part.nature, self._clock(), seconds, self._rng))
        else:
            self._engine.set_load(part.id, Load(cpu=0.3, memory=part.limit // 3, pids=6))
        self._engine.after(seconds, partial(self._trouble_comes, part, trouble, number))

    def _trouble_comes(self, part: Part, trouble: Trouble, number: int) -> None:
        """Unless it has ended, or was started once more, since the appointment was made."""
        if part.id in self._talkers and self._starts.get(part.id) == number:
            said = farewell(_LAST_WORDS[trouble], moment_of(self._clock()))
            with contextlib.suppress(Refused):
                self._engine.write_log(part.id, said.text, said.stream)
                self._engine.exit(part.id, 137 if trouble == "hungry" else 1, oom=trouble == "hungry")
