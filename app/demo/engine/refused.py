"""The one error of a simulated engine: what Docker would answer."""

from __future__ import annotations


class Refused(Exception):
    """``status``: of HTTP; 304 says that there was nothing to do. ``message``: in Docker's own words."""

    def __init__(self, status: int, message: str = "") -> None:
        self.status = status
        self.message = message
        super().__init__(f"{status} {message}")
