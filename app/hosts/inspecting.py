"""Containers inspected, many in a row, over a connection that is kept."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator

from app.hosts.documents import document
from app.hosts.engine import Engine, Json
from app.hosts.errors import HostError
from app.hosts.pipeline import Pipeline
from app.hosts.reading import inspect_or_none
from app.hosts.wire import Answer


class Inspector:
    """Inspects containers of one engine; used by one thread. Whoever makes it closes it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._pipeline: Pipeline | None = None

    def inspect(self, containers: Iterable[str]) -> Iterator[tuple[str, Json | None]]:
        """Each with what ``docker inspect`` tells of it, in order; None when it is gone. Raises HostError."""
        left = deque(containers)
        while left:
            for answer in self._answers(left):
                container = left.popleft()
                yield container, self._detail(container, answer)
            if left and self._pipeline is None:
                # A connection that nobody used for a while may have been closed, and an answer may be too large for a
                # pipeline: the ordinary call tells what is the matter.
                container = left.popleft()
                yield container, inspect_or_none(self._engine, container)

    def close(self) -> None:
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            pipeline.close()

    def _answers(self, containers: Iterable[str]) -> Iterator[Answer]:
        """The answers as far as they come; without a pipeline afterwards if there is something the matter with it."""
        asked_at = time.monotonic()
        try:
            if self._pipeline is None:
                self._pipeline = self._engine.pipeline()
            answers = self._pipeline.ask([self._engine.inspect_path(container) for container in containers])
            while True:
                asked_at = time.monotonic()
                answer = next(answers, None)
                if answer is None:
                    break
                yield answer
        except HostError:
            self.close()
            if time.monotonic() - asked_at >= self._engine.timeout:
                raise
        else:
            if self._pipeline.last:
                self.close()

    def _detail(self, container: str, answer: Answer) -> Json | None:
        if answer.status == 404:
            return None
        try:
            detail = document(answer.body)
        except HostError:
            detail = None
        if answer.status != 200 or not isinstance(detail, dict):
            return inspect_or_none(self._engine, container)
        return detail
