"""Calls about images in any order, made of both engines: what is refused and what is left must be the same."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from typing import Any

import docker
import pytest

from tests.engine.contract.asking import LIVE, Subject
from tests.engine.contract.test_builds import build, context
from tests.engine.contract.test_images import names, saved
from tests.engine_bed import Daemon
from tests.engine_bed.image import busybox_tar
from tests.engine_bed.simulated import Simulated

_NAMES = ("one:1", "one:2", "two:1")
_BASES = (*_NAMES, "busybox:latest")
"""Busybox itself stays as it is: the next test needs it."""
_CONTAINERS = ("x", "box", "web")
"""The first is no name: Docker wants two characters."""
_LENGTH = 50
Deed = Callable[[Subject], object]


def _deed(rng: random.Random, number: int) -> tuple[str, Deed]:
    """Something to be done, with what it is called."""
    name, other, base, container = (rng.choice(some) for some in (_NAMES, _NAMES, _BASES, _CONTAINERS))
    repository, _, tag = other.partition(":")
    force, by_id = rng.random() < 0.4, rng.random() < 0.4
    deeds: list[tuple[str, Deed]] = [
        (f"import {other}", lambda subject: _import(subject, repository, tag, number)),
        (f"tag {name} {other}", lambda subject: subject.api.tag(name, repository, tag)),
        (f"remove {name} {force} {by_id}", lambda subject: _remove(subject, name, force=force, by_id=by_id)),
        (f"remove {other} {force} {by_id}", lambda subject: _remove(subject, other, force=force, by_id=by_id)),
        (f"create {container} {base}", lambda subject: subject.api.create_container(base, LIVE, name=container)),
        (f"start {container}", lambda subject: subject.api.start(container)),
        (f"drop {container}", lambda subject: subject.api.remove_container(container, force=True)),
        (f"copy {other}", lambda subject: list(subject.api.load_image(saved(subject, other)))),
        (f"build {other} from {base}", lambda subject: _build(subject, base, other, number)),
        ("prune", lambda subject: subject.api.prune_images()),
    ]
    return rng.choice(deeds)


def _import(subject: Subject, repository: str, tag: str, number: int) -> None:
    """With the programs of busybox, and a label by which it is known."""
    changes = [f"LABEL n={number}", 'CMD ["sh"]', "ENV PATH=/bin"]
    subject.api.import_image_from_data(_programs(), repository=f"{repository}:{tag}", tag=tag, changes=changes)


@cache
def _programs() -> bytes:
    return busybox_tar()


def _remove(subject: Subject, name: str, *, force: bool, by_id: bool) -> None:
    subject.api.remove_image(subject.api.inspect_image(name)["Id"] if by_id else name, force=force)


def _build(subject: Subject, base: str, name: str, number: int) -> None:
    """Bases that are not there would be pulled, which the engines cannot."""
    subject.api.inspect_image(base)
    build(subject, context(f"FROM {base}\nLABEL n={number}\nCOPY file /\n", file=str(number).encode()), name)


def _outcome(subject: Subject, deed: Deed) -> int:
    """0, or the status with which it was refused."""
    try:
        deed(subject)
    except docker.errors.APIError as refused:
        assert refused.response is not None
        return int(refused.response.status_code)
    return 0


def _left(subject: Subject) -> dict[str, Any]:
    """What is there now; an image is known by its label, as its id differs from engine to engine."""
    called = {entry["Id"]: (entry["Labels"] or {}).get("n", "") for entry in subject.api.images()}
    found: dict[str, Any] = {f"image {called[entry['Id']]}": sorted(names(entry)) for entry in subject.api.images()}
    for entry in subject.api.containers(all=True):
        made_of = entry["Image"] if entry["Image"] in _BASES else f"image {called.get(entry['Image'])}"
        found[f"container {entry['Names'][0]}"] = (made_of, called.get(entry["ImageID"]), entry["State"])
    for entry in subject.api.df()["Images"]:
        found[f"use {called.get(entry['Id'])}"] = entry["Containers"]
    return found


@pytest.mark.parametrize("seed", range(3))
def test_the_same_calls_about_images_have_the_same_outcome(
    engine: Daemon, simulated_engine: Simulated, seed: int
) -> None:
    rng = random.Random(f"images/{seed}")
    done: list[str] = []
    try:
        for number in range(_LENGTH):
            words, deed = _deed(rng, number)
            done.append(words)
            real, simulated = _outcome(engine, deed), _outcome(simulated_engine, deed)
            assert simulated == real, done[::-1]
            assert _left(simulated_engine) == _left(engine), done[::-1]
    finally:
        simulated_engine.clean()
