"""What people call an image, as an engine is told it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import docker
import pytest
import requests

from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.images.naming import image_name, remove
from app.model.errors import MoorageError


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("web", "web:latest"),
        ("docker.io/library/web:7", "web:7"),
        (f"registry.lan:5000/web@sha256:{'a' * 64}", f"registry.lan:5000/web@sha256:{'a' * 64}"),
        (f"sha256:{'b' * 12}", f"sha256:{'b' * 12}"),
        ("sha256:7", "sha256:7"),
    ],
)
def test_a_name_or_an_id(text: str, wanted: str) -> None:
    assert image_name(text) == wanted


@pytest.mark.parametrize("text", ["", "Web", "web:", "b" * 64, "web 7", "../web"])
def test_what_is_neither(text: str) -> None:
    with pytest.raises(MoorageError):
        image_name(text)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (409, "conflict: unable to delete ceccd269 (must be forced) - image is referenced in multiple repositories"),
        (500, 'unable to delete image "ceccd269" by ID with more than one tag ([a:1 b:1]): please force removal'),
    ],
    ids=["Docker", "podman"],
)
def test_an_image_with_several_names_says_what_to_do(status: int, words: str) -> None:
    response = requests.Response()
    response.status_code = status

    def refuse(*_: object, **__: object) -> None:
        raise docker.errors.APIError("no", response=response, explanation=words)

    stub: Any = SimpleNamespace(gate=lambda _: SimpleNamespace(_url=str.format, _delete=refuse))
    with pytest.raises(HostError, match="has several names; take each of them away") as refused:
        remove(cast("Engine", stub), f"sha256:{'c' * 12}")
    assert refused.value.kind == "conflict"


@pytest.mark.parametrize("told", [f"sha256:{'d' * 64}", "d" * 64], ids=["Docker", "podman"])
def test_what_went_is_told_by_whole_ids(told: str) -> None:
    answer = [{"Untagged": "web:1"}, {"Deleted": told}]
    api = SimpleNamespace(_url=str.format, _delete=lambda *_, **__: None, _result=lambda *_: answer)
    stub: Any = SimpleNamespace(gate=lambda _: api)
    assert remove(cast("Engine", stub), "web:1") == (f"sha256:{'d' * 64}",)
