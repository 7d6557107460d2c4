"""A build step by step, as the classic builder does it: what it tells, how long it takes, which images come of it."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.demo.engine.dockerfile import Instruction, Stage, words_of
from app.demo.engine.images import Image
from app.demo.engine.instructions import configured, expanded, variables_of
from app.demo.engine.layers import Layer
from app.demo.engine.machine import Machine
from app.demo.engine.refused import Refused
from app.demo.engine.tar_reader import Member

Json = dict[str, Any]
Told = Iterator[tuple[list[Json], float]]
"""Frames, and the seconds that pass after them."""
_SCRATCH = Image("scratch", environment=("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",))
_LARGEST_STEP = 24 << 20
_LONGEST_SLEEP = 30.0


class StepFailed(Exception):
    """``code``: of the program that failed; None when it was no program."""

    def __init__(self, message: str, code: int | None = None) -> None:
        self.message, self.code = message, code
        super().__init__(message)


@dataclass
class Building:
    """One build. ``context``: what was sent, by path. ``pull``: yields what a pull tells; then the image is there.

    ``seconds``: how long a step takes, about. ``tidy``: tell that containers of steps are removed. ``image``: what it
    has come to.
    """

    machine: Machine
    context: Mapping[str, Member]
    arguments: Mapping[str, str]
    pull: Callable[[str], Told]
    cache: bool
    seconds: float
    now: int
    tidy: bool = True
    image: Image = _SCRATCH
    base: Image = _SCRATCH
    _built: dict[str, Image] = field(default_factory=dict)
    _variables: dict[str, str] = field(default_factory=dict)

    def run(self, stages: Sequence[Stage]) -> Told:
        """Raises StepFailed; what was done until then is kept, without a name, as Docker does."""
        steps = sum(len(stage.instructions) for stage in stages)
        number = 0
        try:
            for place, stage in enumerate(stages):
                begun = False
                for instruction in stage.instructions:
                    number += 1
                    yield [_stream(f"Step {number}/{steps} : {instruction.text}"), _stream("\n")], 0.0
                    if instruction.word == "FROM":
                        yield from self._begin(stage)
                        begun = True
                    elif begun:
                        yield from self._step(instruction)
                    else:
                        continue
                    yield [_stream(f" ---> {self.image.short}\n")], 0.0
                self.keep()
                self._built[str(place)] = self._built[stage.name.lower() or str(place)] = self.image
        except StepFailed:
            self.keep()
            raise

    def keep(self) -> None:
        """On the shelf, and in the cache of later builds."""
        if self.image.id not in (_SCRATCH.id, self.base.id):
            parent = self.base if self.base.id != _SCRATCH.id else None
            self.image = self.machine.images.add(self.image, (), parent)

    # --- steps -----------------------------------------------------------------------------------------------------

    def _begin(self, stage: Stage) -> Told:
        self._variables = {}
        found = self._built.get(stage.base.lower())
        if stage.base == "scratch":
            found = _SCRATCH
        elif found is None:
            yield from self.pull(stage.base)
            found = self.machine.images.find(stage.base)
        if found is None:
            raise StepFailed(f"No such image: {stage.base}")
        self.image = self.base = found

    def _step(self, instruction: Instruction) -> Told:
        rest = instruction.rest if instruction.word == "RUN" else expanded(instruction.rest, self._known())
        if instruction.word == "ARG":
            name, _, value = rest.partition("=")
            self._variables[name] = self.arguments.get(name, value)
        sources = self._sources(instruction, rest) if instruction.word in ("COPY", "ADD") else []
        key = self._key(instruction, rest, sources)
        known = self._cached(key)
        if known is not None:
            yield [_stream(" ---> Using cache\n")], 0.0
            self.image = known
            return
        before, made = self.image, self.image
        if not sources:  # whatever it is, Docker makes a container for it
            yield [_stream(f" ---> Running in {key[:12]}\n")], 0.0
        if instruction.word == "RUN":
            yield from self._run(rest)
            made = replace(before, layers=(*before.layers, Layer(key, int(key[:6], 16) * _LARGEST_STEP >> 24)))
        elif sources:
            size = sum(source.size for source in sources)
            made = replace(before, layers=(*before.layers, Layer(key, size)))
            yield [], self.seconds / 4
        else:
            try:
                made = configured(before, instruction.word, rest)
            except (ValueError, Refused) as error:
                raise StepFailed(f"dockerfile parse error line {instruction.line}: {error}") from None
        if not sources and self.tidy:
            yield [_stream(f"Removing intermediate container {key[:12]}\n")], 0.0
        self.image = replace(made, original=b"", created=self.now, steps=(*before.steps, key))
        self.machine.images.steps[key] = self.image

    def _known(self) -> dict[str, str]:
        return {**self._variables, **variables_of(self.image)}

    def _key(self, instruction: Instruction, rest: str, sources: Sequence[Member]) -> str:
        arguments = sorted(self._variables.items()) if instruction.word == "RUN" else []
        made_of = [self.image.id, instruction.word, rest, sorted(instruction.flags.items()), arguments]
        told = json.dumps([*made_of, [(source.name, source.digest) for source in sources]])
        return hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()

    def _cached(self, key: str) -> Image | None:
        """As long as an image is here that was built by that step."""
        if not self.cache or not any(key in image.steps for image in self.machine.images.all()):
            return None
        return self.machine.images.steps.get(key)

    def _sources(self, instruction: Instruction, rest: str) -> list[Member]:
        """What is copied, in order. Raises StepFailed."""
        words = words_of(rest)
        if len(words) < 2:
            raise StepFailed(f"{instruction.word} requires at least two arguments, but only one was provided.")
        origin = instruction.flags.get("from")
        if origin is not None:
            image = self._built.get(origin.lower()) or self.machine.images.find(origin)
            if image is None:
                raise StepFailed(f"invalid from flag value {origin}: pull access denied for {origin}")
            return [Member(word, image.size // 8, image.id, b"", "", False) for word in words[:-1]]
        found: list[Member] = []
        for word in words[:-1]:
            if instruction.word == "ADD" and word.startswith(("http://", "https://")):
                found.append(Member(word, 1 << 20, word, b"", "", False))
                continue
            matching = [self.context[path] for path in sorted(self.context) if _is_below(path, word)]
            if not matching:
                path = word.strip("/").removeprefix("./")
                raise StepFailed(
                    f"{instruction.word} failed: file not found in build context or excluded by .dockerignore: stat "
                    f"{path}: file does not exist"
                )
            found += matching
        return found

    # --- programs --------------------------------------------------------------------------------------------------

    def _run(self, command: str) -> Told:
        """What it says, as far as a command shows it: ``echo``, ``sleep``, ``false``, ``exit``; all else goes well."""
        for part in command.replace("&&", "\n").replace(";", "\n").split("\n"):
            words = _split(expanded(part, self._known()))
            if not words:
                continue
            if words[0] == "echo":
                yield [_stream(f"{' '.join(words[1:])}\n")], 0.0
            elif words[0] == "sleep" and len(words) > 1:
                yield [], min(_number(words[1]), _LONGEST_SLEEP)
            elif words[0] in ("false", "exit"):
                code = 1 if words[0] == "false" else int(_number(words[1])) & 255 if len(words) > 1 else 0
                if code:
                    raise StepFailed(f"The command '/bin/sh -c {command}' returned a non-zero code: {code}", code)
                return
            elif words[0] not in ("true", ":", "set", "cd", "export"):
                pace = int(hashlib.sha256(part.encode("utf-8", "replace")).hexdigest()[:4], 16) / 0xFFFF
                yield [], self.seconds * (0.5 + pace)


def _is_below(path: str, wanted: str) -> bool:
    wanted = wanted.removeprefix("./").strip("/")
    return wanted in ("", ".") or path == wanted or path.startswith(f"{wanted}/") or fnmatch.fnmatchcase(path, wanted)


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _number(text: str) -> float:
    try:
        return max(float(text.rstrip("s")), 0.0)
    except ValueError:
        return 1.0


def _stream(text: str) -> Json:
    return {"stream": text}
