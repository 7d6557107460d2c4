"""A push from its first frame to the digest that the registry gives the image."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

from app.hosts.engine import Engine, Json
from app.hosts.errors import HostError, checked, translated
from app.hosts.images.breaking import Break
from app.hosts.images.layers import Layers
from app.hosts.images.pulling import Going, explained
from app.hosts.json_stream import JsonStream
from app.model.image_reference import ImageReference

PUSH_SILENCE = 180.0
"""Seconds without a word after which a push is given up: a registry may take its time over the end of a large layer."""
_NOBODY: Final = {"X-Registry-Auth": "e30="}
"""{}, in base64: engines of before 2023 refuse a push that says nothing of who pushes."""


def push(engine: Engine, reference: ImageReference, going: Going | None = None, breaking: Break | None = None) -> str:
    """Push a name with its tag, and stay until the registry has it; the digest that it has there.

    Args:
        reference: with a tag; a digest names what a registry has already.
        breaking: ends it from another thread. What the registry got by then has no name there.

    Raises BrokenOffError, and HostError: failed also when the registry falls silent.
    """
    layers = Layers()
    breaking = breaking or Break()
    try:
        with breaking.answers():
            for frame in _frames(engine, reference):
                changed = layers.take(frame)
                if going is not None:
                    going(layers, changed)
    except HostError as error:
        if error.kind != "timeout":
            if (trouble := explained(engine, str(reference), error, "push")) is not None:
                raise trouble from error
            raise
        # The registry's silence, if the engine still answers. Whatever it got has no name there before its last word.
        engine.ping()
        raise HostError(f"{reference}: {error.message}", "failed") from error
    if not layers.digest:
        raise HostError(f"{reference}: the push ended before the registry has told a digest; push again", "failed")
    return layers.digest


def _frames(engine: Engine, reference: ImageReference) -> Iterator[Json]:
    """Errors of a push are frames of an answer that is well; they are raised."""
    api = engine.gate("push")
    headers = engine.registry_auth(reference.place) or _NOBODY
    with translated("push"):
        url, params = api._url("/images/{0}/push", reference.name), {"tag": reference.tag}
        response = api._post(url, params=params, headers=headers, stream=True, timeout=PUSH_SILENCE)
        api._raise_for_status(response)
        with contextlib.closing(response):
            yield from checked(JsonStream(response))
