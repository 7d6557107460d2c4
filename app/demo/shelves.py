"""The images of the demo fleet: those that can be pulled, and what has gathered on the hosts in the course of time.

All from a seed. Images of one repository share most of their layers, as they do where people build them every week.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from app.demo.company import FAMILIES, REGISTRY, Document
from app.demo.deploying import Ground
from app.demo.engine.images import Image, repository
from app.demo.engine.layers import Layer, layers_of
from app.demo.engine.registry import Registry
from app.demo.engine.times import SECOND, written
from app.demo.plan import OTHER_IMAGES

WITH_SHELL: Final = (
    "busybox:latest", "busybox:1.37", "alpine:latest", "alpine:3.21", "alpine:3.22", "ubuntu:24.04",
)  # fmt: skip
_SAMPLES = ("adminer:5", "nginx:1.28-alpine", "postgres:17-alpine", "redis:8-alpine", "hello-world:latest")
VAULT: Final = "vault.halyard.example"
"""The one registry that wants a password: the demo shows what a pull without one says."""
_VAULT_LOGINS: Final = {"shop": "harbor-4711"}
_SECRET_IMAGE = f"{VAULT}/fraud-model:3"
_REBUILT = f"{REGISTRY}/payments:2.1.0"
"""Somebody pushed it again under the same tag: where it was pulled since, tasks run what the tag no longer means."""

_MEBIBYTE, _DAY = 1 << 20, 86_400
_BASES = {"alpine": (3_500_000,), "debian": (29_700_000,)}
_TINY = {"busybox": (2_200_000,), "alpine": (3_600_000,), "ubuntu": (29_700_000,), "hello-world": (9_000,)}
_RUNTIMES = (("node", 46.0), ("python", 38.0), ("jre", 71.0))
_FIRST_AGE, _AGE_OF_A_REVISION = (18.0, 40.0), (25.0, 60.0)
"""In days: nothing has been running for longer than its image exists."""
_CACHES = (("RUN npm ci", 214, 3), ("RUN go build ./...", 388, 9), ("COPY . .", 12, 9))
"""What it was, MiB, days."""


def images(now: int) -> dict[str, Image]:
    """Everything that can be pulled without a password, by reference; ``now``: nanoseconds since 1970."""
    ages: dict[str, float] = {}
    for family in FAMILIES:
        rng = random.Random(f"age/{family.name}")
        age = rng.uniform(*_FIRST_AGE)
        for document in reversed(family.documents):
            for reference in _images_of(document):
                ages.setdefault(reference, age)
            age += rng.uniform(*_AGE_OF_A_REVISION)
    for reference in (*WITH_SHELL, *_SAMPLES, *OTHER_IMAGES):
        ages.setdefault(reference, random.Random(f"age/{reference}").uniform(95, 400))
    return {reference: _image(reference, now // SECOND - int(age * _DAY)) for reference, age in sorted(ages.items())}


def registry(found: Mapping[str, Image], now: int) -> Registry:
    """With these images, and with what the fleet does not have yet."""
    made = Registry(found, hosts=[REGISTRY], passwords={VAULT: _VAULT_LOGINS})
    made.put(_REBUILT, _rebuilt(found, now))
    made.put(_SECRET_IMAGE, _image(_SECRET_IMAGE, now // SECOND - 12 * _DAY))
    return made


def _image(reference: str, created: int) -> Image:
    name, rng = repository(reference), random.Random(reference)
    command = ("sh",) if reference in WITH_SHELL else ("serve",)
    if name in _TINY:
        return Image(reference, command=command, created=created, layers=layers_of(reference, _TINY[name]))
    base = "alpine" if "alpine" in reference else "debian"
    layers = list(layers_of(base, _BASES[base]))
    shared = random.Random(name)
    if name.startswith(REGISTRY):
        runtime, size = shared.choice(_RUNTIMES)
        layers += layers_of(runtime, (int(size * _MEBIBYTE),))
    layers += layers_of(name, [int(shared.uniform(2, 34) * _MEBIBYTE) for _ in range(shared.randrange(1, 3))])
    layers += layers_of(reference, (int(rng.uniform(0.5, 12) * _MEBIBYTE), rng.randrange(200, 9_000)))
    return Image(reference, command=command, created=created, layers=tuple(layers))


def _rebuilt(found: Mapping[str, Image], now: int) -> Image:
    before = found[_REBUILT]
    top = Layer(f"{_REBUILT}/again", before.layers[-1].size + 1_731_000)
    return replace(before, created=now // SECOND - 2 * _DAY, layers=(*before.layers[:-1], top))


# --- what has gathered on hosts ---------------------------------------------------------------------------------------


def gather(grounds: Sequence[Ground], found: Mapping[str, Image], now: int, seed: int) -> None:
    """Earlier releases that nobody took away, images without a name, a tag that has moved, caches of builds."""
    rng = random.Random(f"{seed}/shelves")
    for ground in grounds:
        _leave_earlier_releases(ground, found, rng)
    for place, ground in enumerate(grounds):
        if place % 5 == 1:
            _leave_nameless(ground, found, now, rng)
    for ground in grounds:
        if ground.engine.machine.images.find(_REBUILT) is not None:
            ground.engine.add_image(_rebuilt(found, now), _REBUILT, pulled=True)
            break
    builder = next((ground for ground in grounds if ground.host.cluster == "staging"), grounds[0])
    builder.engine.machine.build_caches = [_cache(words, mib, days, now) for words, mib, days in _CACHES]


def _leave_earlier_releases(ground: Ground, found: Mapping[str, Image], rng: random.Random) -> None:
    images = ground.engine.machine.images
    for family in FAMILIES:
        for before, after in pairwise(family.documents):
            for earlier, later in zip(_images_of(before), _images_of(after), strict=True):
                if earlier != later and images.find(later) is not None and rng.random() < 0.4:
                    ground.engine.add_image(found[earlier], pulled=True)


def _images_of(document: Document) -> list[str]:
    return [str(container["image"]) for container in document["containerDefinitions"]]


def _leave_nameless(ground: Ground, found: Mapping[str, Image], now: int, rng: random.Random) -> None:
    """Somebody builds ``latest`` there again and again."""
    tool = found["alpine:3.21"]
    for days in (rng.uniform(6, 20), rng.uniform(0.5, 5)):
        made = now // SECOND - int(days * _DAY)
        layers = (*tool.layers, *layers_of(f"toolbox/{ground.host.name}/{made}", (rng.randrange(4, 40) * _MEBIBYTE,)))
        ground.engine.add_image(replace(tool, reference="toolbox:latest", created=made, layers=layers))


def _cache(words: str, mebibytes: int, days: int, now: int) -> dict[str, object]:
    at = written(now - days * _DAY * SECOND)
    return {
        "ID": f"{random.Random(words).getrandbits(96):024x}",
        "Parent": "",
        "Type": "regular",
        "Description": words,
        "InUse": False,
        "Shared": False,
        "Size": mebibytes * _MEBIBYTE,
        "CreatedAt": at,
        "LastUsedAt": at,
        "UsageCount": 1,
    }
