"""The one error of the hosts' room, and how whatever docker-py, requests and urllib3 raise becomes one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from app.model.errors import MoorageError

Kind = Literal["unreachable", "timeout", "not-found", "conflict", "refused", "failed"]

CALL_TIMEOUT = 5.0
"""Seconds that an ordinary call may take."""


class HostError(MoorageError):
    """A call to an engine that did not do what was asked.

    ``kind``: unreachable (no connection), timeout (sent, no answer: the outcome is unknown and must be read back),
    not-found (404), conflict (409), refused (another 4xx), failed (5xx, or an answer that cannot be read).
    """

    code = "ServerException"

    def __init__(self, message: str, kind: Kind) -> None:
        self.kind: Kind = kind
        super().__init__(message)

    @property
    def unanswered(self) -> bool:
        """Whether no answer came: nothing follows from that for what was asked."""
        return self.kind in ("unreachable", "timeout")


@contextlib.contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn whatever docker-py, requests and urllib3 raise into one HostError that says what was being done."""
    try:
        yield
    except MoorageError:
        raise
    except RecursionError as error:
        raise HostError(f"{what}: the answer cannot be read: it is nested too deeply", "failed") from error
    except Exception as error:
        # Here, because the module that knows docker-py's exceptions imports it: a tenth of a second of a start.
        from app.hosts.connection import host_error

        known = host_error(what, error)
        if known is None:
            raise
        _let_go(error)
        try:
            raise known from error
        finally:
            del known  # or the error would hold this frame, and the frame the error


def _let_go(error: BaseException) -> None:
    """Drop the tracebacks of what led to an error: urllib3's own frames hold on to it, and to their sockets, until

    Python looks for circles. Where a host flaps, these are many.
    """
    links: list[BaseException | None] = [error]
    while links:
        link = links.pop()
        if link is not None and link.__traceback__ is not None:
            link.__traceback__ = None
            links += [link.__cause__, link.__context__]


def checked(frames: Iterable[object]) -> Iterator[dict[str, Any]]:
    """The frames of an engine's progress report, which tells a failure by a frame; it is raised as HostError failed."""
    for frame in frames:
        if isinstance(frame, dict):
            if "error" in frame:
                raise HostError(str(frame["error"]), "failed")
            yield frame
