"""What people call an image, as an engine is told it."""

from __future__ import annotations

import pytest

from app.hosts.images.naming import image_name
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
