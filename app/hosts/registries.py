"""What an engine says to registries of who is asking, and which of them have just said no.

Imports late: whoever never pulls and never pushes, the first frame among them, pays nothing for it.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from app.hosts.errors import HostError
from app.model.errors import MoorageError

if TYPE_CHECKING:
    from app.hosts.images.refusals import Refusals
    from app.model.registry import Credential, CredentialFor


class Registries:
    """Of one engine. Safe to share between threads. Without ``credentials`` nobody is said to ask."""

    def __init__(self, credentials: CredentialFor | None) -> None:
        self._credentials = credentials
        self._refusals: Refusals | None = None
        self._lock = threading.Lock()

    def headers(self, place: str, credential: Credential | None = None) -> dict[str, str]:
        """Of a pull or a push: who asks, or nothing.

        Args:
            place: registry, or ``place`` of an ``ImageReference``: some images have a credential of their own.
            credential: instead of the usual one.
        """
        from app.hosts.images.registry_header import auth_headers

        return auth_headers(credential or self._usual(place))

    def headers_of(self, image: str, credential: Credential | None = None) -> dict[str, str]:
        """As ``headers``, by the name of an image. Raises HostError when it is none."""
        from app.model.image_reference import parse_reference

        try:
            return self.headers(parse_reference(image).place, credential)
        except MoorageError as error:
            raise HostError(error.message, "refused") from None

    def shown_as(self, place: str, credential: Credential | None = None) -> str:
        """Who a registry is told is asking, in words; "" when it is told nothing."""
        shown = credential or self._usual(place)
        return "" if shown is None else shown.username or "this login"

    def _usual(self, place: str) -> Credential | None:
        return None if self._credentials is None else self._credentials(place)

    def asking(self, *key: str) -> contextlib.AbstractContextManager[None]:
        """Around a question for an image, until it is let in or not: see ``Refusals.asking``."""
        with self._lock:
            if self._refusals is None:
                from app.hosts.images.refusals import Refusals

                self._refusals = Refusals()
        return self._refusals.asking(key)
