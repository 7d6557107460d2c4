"""What an engine still remembers of its events: the last 256 or so, until it is started again."""

from __future__ import annotations

from datetime import datetime
from itertools import islice

from app.hosts.engine import CONTAINER_EVENTS, Engine, Json
from app.hosts.errors import translated
from app.hosts.json_stream import JsonStream

MOST_PAST_EVENTS = 1000
DEADLINE = 10.0
"""Seconds for all of them: an engine that has no more to tell ends its answer."""


def past_events(engine: Engine, since: datetime) -> list[Json]:
    """Container events from a moment (the host's time) until now, oldest first; a call that ends. Raises HostError."""
    from docker import utils

    filters = {"type": ["container"], "event": list(CONTAINER_EVENTS)}
    params = {
        "filters": utils.convert_filters(filters),
        "since": f"{since.timestamp():.6f}",
        # A moment that is still to come would have us wait for it.
        "until": f"{engine.now().timestamp():.6f}",
    }
    with translated("reading past events"):
        api = engine.api()
        response = api._get(api._url("/events"), params=params, stream=True, timeout=DEADLINE)
        try:
            api._raise_for_status(response)
            frames = islice(JsonStream(response, DEADLINE), MOST_PAST_EVENTS)
            return [frame for frame in frames if isinstance(frame, dict)]
        finally:
            response.close()
