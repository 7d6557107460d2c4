"""docker-py's client as far as it is trusting: what an engine answers is bounded, checked, and never followed."""

from __future__ import annotations

from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final

import docker
import requests
from docker.errors import APIError
from docker.utils import config as docker_files

from app.hosts.api_version import is_wrong_version, negotiated
from app.hosts.bounded import answered_within, limits_of
from app.hosts.documents import document
from app.hosts.errors import HostError

_LONGEST_EXPLANATION: Final = 2000
"""Characters of an error; Docker's longest name a few paths."""


def _no_file(_: str | None = None) -> None:
    """docker-py reads config.json whole for each client, with every secret in it, and waits for ever on a pipe.

    Who is shown to registries is for ``app.store.docker_auth``.
    """


docker_files.find_config_file = _no_file


class CarefulClient(docker.APIClient):  # type: ignore[misc]
    """Every answer within the limits of ``app.hosts.bounded``, if its adapters have those pools."""

    def send(self, request: Any, **options: Any) -> Any:
        """The one way of every request. Raises HostError, and what requests raises."""
        with answered_within(limits_of(request.path_url, goes_on=bool(options.get("stream")))):
            response = super().send(request, **options)
            spoken = f"/v{getattr(self, '_version', '')}/"
            if spoken in request.url and is_wrong_version(response.status_code, _refusal(response)):
                # The engine was replaced by another one. It refused the question, so it may be asked again.
                self._version = self._retrieve_server_version()
                anew = request.copy()
                anew.url = request.url.replace(spoken, f"/v{self._version}/", 1)
                response = super().send(anew, **options)
        if 300 <= response.status_code < 400 and response.status_code != requests.codes.not_modified:
            response.close()
            raise HostError("the engine sends us to another address, where nothing of ours is taken", "failed")
        return response

    def _retrieve_server_version(self) -> str:
        return negotiated(self.version(api_version=False))

    def get_redirect_target(self, resp: Any) -> str | None:
        """None: with a redirect the body of a create, secrets and all, would go to wherever the engine says."""
        return None

    def trust_nothing(self) -> None:
        """Neither the environment nor what an engine would have us remember. Before the first request."""
        self.trust_env = False
        self.max_redirects = 0
        self.headers["Accept-Encoding"] = "identity"
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    # docker-py takes any object for an error's message, and requests guesses the character set of megabytes.

    def _raise_for_status(self, response: Any) -> None:
        if response.status_code >= 400:
            raise APIError(f"{response.status_code}", response=response, explanation=_explanation(response))

    def _result(self, response: Any, json: bool = False, binary: bool = False) -> Any:
        self._raise_for_status(response)
        if json:
            return document(response.content)
        return response.content if binary else response.content.decode("utf-8", "replace")


def _explanation(response: Any) -> str:
    body: bytes = response.content
    try:
        told = document(body)
    except HostError:
        told = None
    message = told.get("message") if isinstance(told, dict) else None
    text = message if isinstance(message, str) else body[: 4 * _LONGEST_EXPLANATION].decode("utf-8", "replace").strip()
    return text[:_LONGEST_EXPLANATION]


def _refusal(response: Any) -> bytes:
    """The body of an answer that says no; of any other it may be a stream, and is not read."""
    return response.content if response.status_code == requests.codes.bad_request else b""
