"""What becomes of an engine's answer to a login; a real registry is asked in tests/engine/test_private_registry."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.images.logging_in import try_login
from app.model.registry import Credential

ME = Credential("registry.lan", "me", "secret")


class Answering:
    """An engine that gives the same answer to each login, and keeps what it was asked."""

    def __init__(self, content: bytes = b"", error: Exception | None = None) -> None:
        self._content, self._error = content, error
        self.asked: list[tuple[str, Any]] = []
        self.pinged = 0

    def api(self) -> Any:
        return SimpleNamespace(_url=str, _post_json=self._post, _raise_for_status=self._raise)

    def ping(self) -> None:
        self.pinged += 1

    def _post(self, url: str, data: Any, timeout: float) -> Any:
        assert 0 < timeout < 60
        self.asked.append((url, data))
        return SimpleNamespace(content=self._content)

    def _raise(self, _: Any) -> None:
        if self._error is not None:
            raise self._error


def tried(engine: Answering) -> str:
    return try_login(cast("Engine", engine), "registry.lan", ME)


@pytest.mark.parametrize(
    ("answer", "token"),
    [
        (b"", ""),
        (b'{"Status": "Login Succeeded"}', ""),
        (b'{"Status": "Login Succeeded", "IdentityToken": ""}', ""),
        (b'{"IdentityToken": "T"}', "T"),
        (b'{"IdentityToken": 7}', ""),
        (b"[]", ""),
        (json.dumps({"IdentityToken": "T" * 20_000}).encode(), ""),
    ],
)
def test_a_token_is_given_where_the_registry_has_one(answer: bytes, token: str) -> None:
    engine = Answering(answer)
    assert tried(engine) == token
    body = {"username": "me", "password": "secret", "serveraddress": "registry.lan"}
    assert engine.asked == [("/auth", body)]


def test_a_registry_that_is_silent_is_told_apart_from_an_engine_that_is() -> None:
    engine = Answering(error=HostError("no answer to the login in time", "timeout"))
    with pytest.raises(HostError, match="did not answer within 45 s"):
        tried(engine)
    assert engine.pinged == 1


def test_an_engine_that_is_not_there_is_no_fault_of_the_registry() -> None:
    with pytest.raises(HostError, match="no Docker Engine is listening there: connection refused"):
        tried(Answering(error=HostError("no Docker Engine is listening there: connection refused", "unreachable")))


def test_an_answer_that_cannot_be_read_is_told_without_the_password() -> None:
    with pytest.raises(HostError, match="does not answer as a registry") as refused:
        tried(Answering(b"{"))
    assert "secret" not in refused.value.message
