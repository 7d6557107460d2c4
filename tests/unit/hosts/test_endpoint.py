"""Endpoints: taken, or refused with the reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.hosts.endpoint import local_endpoint, parse_endpoint
from app.model.errors import MoorageError


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("unix:///var/run/docker.sock", "unix:///var/run/docker.sock"),
        ("/var/run/docker.sock", "unix:///var/run/docker.sock"),
        ("tcp://127.0.0.1:2375", "tcp://127.0.0.1:2375"),
        ("tcp://127.9.9.9:2375/", "tcp://127.9.9.9:2375"),
        ("tcp://localhost:2375", "tcp://localhost:2375"),
        ("tcp://[::1]:2375", "tcp://[::1]:2375"),
    ],
)
def test_taken(text: str, url: str) -> None:
    endpoint = parse_endpoint(text)
    assert endpoint.url == url
    assert endpoint.is_unix == url.startswith("unix:")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no scheme"),
        ("docker.sock", "no scheme"),
        ("unix://docker.sock", "absolute path"),
        ("unix:///" + "x" * 107, "107 bytes"),
        ("unix:///" + "ä" * 54, "107 bytes"),
        ("unix:///a\0b", "NUL"),
        ("unix:///\ud800", "cannot be written"),
        ("tcp://127.0.0.1", "tcp://HOST:PORT"),
        ("tcp://127.0.0.1:x", "Port could not"),
        ("tcp://127.0.0.1:99999", "out of range"),
        ("tcp://[::1", "IPv6"),
        ("tcp://me@127.0.0.1:1", "tcp://HOST:PORT"),
        ("tcp://127.0.0.1:1/path", "tcp://HOST:PORT"),
        ("tcp://192.168.0.1:2375", "plain TCP to another machine"),
        ("tcp://127.0.0.1.evil.example:2375", "plain TCP to another machine"),
        ("tcp://2130706433:2375", "plain TCP to another machine"),
        ("ssh://host", "does not speak yet"),
        ("https://127.0.0.1:1", "does not speak yet"),
        ("fd://3", "unknown scheme"),
    ],
)
def test_refused(text: str, why: str) -> None:
    with pytest.raises(MoorageError, match=why) as caught:
        parse_endpoint(text)
    assert caught.value.code == "InvalidParameterException"


ALPHABET = st.sampled_from([*"unixtcp:/@[]127.0.0.1:?#%", "\ud800", "\x1b", "ä"])


@given(st.text() | st.text(ALPHABET) | st.text(ALPHABET).map("tcp://127.0.0.1".__add__))
def test_any_text_is_taken_or_refused(text: str) -> None:
    try:
        endpoint = parse_endpoint(text)
    except MoorageError as error:
        assert error.message.startswith("endpoint ")
    else:
        assert endpoint.url.startswith(("unix:///", "tcp://"))


def test_the_local_engine() -> None:
    assert local_endpoint({}) == "unix:///var/run/docker.sock"
    assert local_endpoint({"DOCKER_HOST": "tcp://127.0.0.1:1"}) == "tcp://127.0.0.1:1"
