"""The import of a root file system: its bytes are counted, and nobody looks into them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace

from app.demo.engine.connection import Channel
from app.demo.engine.engine import SimulatedEngine
from app.demo.engine.http import Request
from app.demo.engine.images import Image
from app.demo.engine.instructions import configured
from app.demo.engine.layers import Layer
from app.demo.engine.times import SECOND

IMPORTED = "import/"
"""Begins the seed of a layer that somebody brought along: only small programs are known to be in it."""


async def import_(engine: SimulatedEngine, request: Request, channel: Channel) -> None:
    """Raises Refused."""
    # ``tag`` is stronger than one that ``repo`` has.
    before, slash, last = request.last("repo").rpartition("/")
    name, _, tag = last.partition(":")
    reference = f"{before}{slash}{name}:{request.last('tag') or tag or 'latest'}"
    digest, size = hashlib.sha256(), 0
    while data := await channel.body.read():
        digest.update(data)
        size += len(data)
    image = Image(reference, environment=(), any_program=False, layers=(Layer(IMPORTED + digest.hexdigest(), size),))
    image = _changed(image, request.query.get("changes", ()))
    kept = engine.add_image(replace(image, created=engine.now() // SECOND))
    engine.machine.events.add(engine.now(), "image", "tag", kept.id, {"name": reference})
    engine.machine.events.add(engine.now(), "image", "import", kept.id, {"name": kept.id})
    channel.begin()
    channel.send(json.dumps({"status": kept.id}).encode() + b"\r\n")


def _changed(image: Image, changes: Sequence[str]) -> Image:
    """With the lines of a Dockerfile that an import may have. Raises Refused."""
    for line in changes:
        word, _, rest = line.strip().partition(" ")
        image = configured(image, word.upper(), rest.strip())
    return image
