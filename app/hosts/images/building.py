"""A build on one engine: its context goes there, and what the engine tells comes back.

It is the builder that every engine has behind ``POST /build`` (version 1): BuildKit wants a session of its own.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Event
from typing import Final
from urllib.parse import urlencode

from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.images.build_reading import BuildReading
from app.hosts.images.exchange import Exchange
from app.hosts.images.registry_header import config_headers
from app.hosts.json_stream import JsonLines
from app.hosts.reading import own_labels
from app.model.build_progress import BuildProgress, BuildStep, TellBuild
from app.model.errors import MoorageError
from app.model.registry import Credential
from app.model.safe_text import SafeText

SEND_SILENCE: Final = 90.0
"""Seconds that an engine may take nothing of the context."""
PING_EVERY: Final = 10.0
"""A step may be silent for hours; the engine has to answer meanwhile."""
LOST_PINGS: Final = 3
_TELL_EVERY: Final = 0.1
_TICK: Final = 1.0
"""The time of the step that runs is told so often."""
_LEFT_ALONE: Final = 5.0
"""Seconds that an engine has to end a step that was broken off, before its container is removed."""
_LOOK_AGAIN: Final = 0.2
_CLOCKS_DIFFER: Final = timedelta(seconds=2)


class BuildError(MoorageError):
    """A build that failed: in one line why; ``step``: the one that did, None before the first.

    ``lines``: the last that the step wrote. ``code``: its command's exit code, None where it was something else.
    """

    def __init__(
        self,
        message: str,
        step: BuildStep | None = None,
        lines: tuple[SafeText, ...] = (),
        exit_code: int | None = None,
    ) -> None:
        self.step = step
        self.lines = lines
        self.exit_code = exit_code
        super().__init__(message)


class BuildStoppedError(MoorageError):
    """A person has broken it off; nothing of it is left but the cache of its steps."""

    def __init__(self) -> None:
        super().__init__("the build was stopped")


@dataclass(frozen=True, slots=True)
class BuildOrder:
    """``dockerfile``: its path in the context. ``arguments``: the build's, by name."""

    tags: Sequence[str]
    dockerfile: str
    arguments: Mapping[str, str] = field(default_factory=dict, repr=False)
    target: str = ""
    platform: str = ""
    no_cache: bool = False
    pull: bool = False
    credentials: Sequence[Credential] = ()

    def path(self) -> str:
        members: list[tuple[str, str]] = [("t", tag) for tag in self.tags]
        members += [("dockerfile", self.dockerfile), ("version", "1"), ("rm", "1"), ("forcerm", "1")]
        members += [("target", self.target)] if self.target else []
        members += [("platform", self.platform)] if self.platform else []
        members += [("nocache", "1")] if self.no_cache else []
        members += [("pull", "1")] if self.pull else []
        members += [("buildargs", json.dumps(dict(self.arguments)))] if self.arguments else []
        return "/build?" + urlencode(members)


@dataclass(frozen=True, slots=True)
class BuildResult:
    image_id: str
    steps: tuple[BuildStep, ...]


def run_build(
    engine: Engine,
    order: BuildOrder,
    context: Iterable[tuple[bytes, int]],
    begun: BuildProgress,
    tell: TellBuild,
    stop: Event | None = None,
) -> BuildResult:
    """Build, and stay until it is over.

    Args:
        context: the tar, piece by piece, each with the bytes of files in it.
        begun: the event that the others follow, "sending" and with the total.
        tell: is not told how it ends: that is the caller's.

    Raises BuildError, BuildStoppedError, HostError when the engine is gone, and what ``context`` raises.
    """
    engine.gate("build")
    build = _Build(engine, begun, tell, stop)
    since = engine.now() - _CLOCKS_DIFFER
    try:
        with contextlib.closing(
            Exchange(engine, "POST", order.path(), "the build", build.check, config_headers(order.credentials))
        ) as exchange:
            build.send(exchange, context)
            build.follow(exchange)
        build.find_image(order.tags[0])
    except BaseException:
        # An engine that is gone has nothing to be tidied up by us.
        build.reading.end(failed=True)
        with contextlib.suppress(MoorageError):
            build.tell_now()
            _remove_left(engine, build.reading.container, since)
        raise
    return build.result()


class _Build:
    def __init__(self, engine: Engine, begun: BuildProgress, tell: TellBuild, stop: Event | None) -> None:
        self._engine = engine
        self._progress = begun
        self._tell = tell
        self._stop = stop
        self._told_at = self._heard_at = time.monotonic()
        self._lost = 0
        self._lines = JsonLines()
        self.reading = BuildReading()

    def check(self) -> None:
        """Called by the exchange while it waits, a few times a second."""
        if self._stop is not None and self._stop.is_set():
            raise BuildStoppedError
        now = time.monotonic()
        if now - self._told_at > _TICK:
            self.tell_now()
        if self._progress.state == "building" and now - self._heard_at > PING_EVERY:
            self._ping()

    def send(self, exchange: Exchange, context: Iterable[tuple[bytes, int]]) -> None:
        self.tell_now()
        try:
            for piece, count in context:
                if piece and not exchange.send(piece, SEND_SILENCE):
                    return
                self._progress = replace(self._progress, sent=min(self._progress.sent + count, self._progress.total))
                self._tell_at_times()
            exchange.send(b"", SEND_SILENCE)
        except HostError:
            # What it has said of itself is the better reason.
            with contextlib.suppress(HostError):
                self._feed(exchange.taken())
            self._raise_if_failed()
            raise

    def follow(self, exchange: Exchange) -> None:
        self._progress = replace(self._progress, state="building", sent=self._progress.total)
        self._heard_at = time.monotonic()
        self.tell_now()
        while data := exchange.read(float("inf")):
            self._heard_at, self._lost = time.monotonic(), 0
            self._feed(data)
            self._tell_at_times()
        for frame in self._lines.end():
            self.reading.feed(frame)
        self._raise_if_failed()
        self.reading.end()
        self.tell_now()

    def find_image(self, tag: str) -> None:
        """An engine that told only a part of the image's id has given it the name."""
        reading = self.reading
        if not reading.image_id and reading.built:
            named = str(self._engine.image(tag).get("Id", ""))
            reading.image_id = named if named.removeprefix("sha256:").startswith(reading.built) else ""
        if not reading.image_id:
            raise HostError("the engine ended the build without a word of an image", "failed")

    def result(self) -> BuildResult:
        return BuildResult(self.reading.image_id, tuple(self.reading.steps))

    def tell_now(self) -> None:
        self._told_at = time.monotonic()
        self._progress = replace(self._progress, steps=self.reading.now(), lines=self.reading.taken())
        self._tell(self._progress)

    def _tell_at_times(self) -> None:
        if time.monotonic() - self._told_at > _TELL_EVERY:
            self.tell_now()

    def _feed(self, data: bytes) -> None:
        for frame in self._lines.feed(data):
            if self.reading.begins_step(frame):
                # What the step before has written is told as its own.
                self.reading.end()
                self.tell_now()
            self.reading.feed(frame)

    def _raise_if_failed(self) -> None:
        if self.reading.error:
            self.reading.end(failed=True)
            step = self.reading.steps[-1] if self.reading.steps else None
            raise BuildError(self.reading.error, step, self.reading.last_lines, self.reading.code)

    def _ping(self) -> None:
        try:
            self._engine.ping()
        except HostError as error:
            self._lost += 1
            if self._lost >= LOST_PINGS:
                raise HostError(f"the engine does not answer any more: {error.message}", "unreachable") from error
        else:
            self._lost = 0
        self._heard_at = time.monotonic()


def _remove_left(engine: Engine, container: str, since: datetime) -> None:
    """Remove the container of a step that was broken off, if the engine has not done it by itself.

    What runs in a build could have told us any id: it goes only if it was made since the build began, and is no task's.
    """
    if not container:
        return
    until = time.monotonic() + _LEFT_ALONE
    while (found := engine.inspect(container)) and time.monotonic() < until:  # HostError: it is gone
        time.sleep(_LOOK_AGAIN)
    with contextlib.suppress(ValueError):
        made = datetime.fromisoformat(str(found.get("Created", ""))[:19] + "+00:00")
        if made >= since and not own_labels(found.get("Config") or {}):
            engine.remove_container(str(found.get("Id")))
