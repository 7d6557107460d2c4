"""What a context's file says, whatever is in it."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.interop.contexts import DEFAULT, StoredContext, current_context, read_context
from app.model.errors import DocumentError

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["Name", "Endpoints", "docker", "Host", "x"]), inner, max_size=4)
    ),
)


def folder_of(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def meta(name: Any = "edge", host: Any = "unix:///run/x.sock", **docker: Any) -> bytes:
    endpoints = {"docker": {"Host": host, "SkipTLSVerify": False, **docker}}
    return json.dumps({"Name": name, "Metadata": {"Description": "d"}, "Endpoints": endpoints}).encode()


def test_a_context_is_its_name_and_its_host() -> None:
    assert read_context(meta(), "f", folder_of("edge")) == StoredContext("edge", "unix:///run/x.sock")
    assert read_context(b'{"Name":"edge"}', "f", folder_of("edge")) == StoredContext("edge", "")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "f: line 1, column 1: the document is empty"),
        (b'{"Name": ', "f: line 1, column"),
        (b"[1]", "f: Name: is no name of a context"),
        (meta(""), "f: Name: is no name of a context"),
        (meta(7), "f: Name: is no name of a context"),
        (meta("other"), "f: Name: is not the context of this folder; remove the folder"),
        (meta("../../../etc/passwd"), "f: Name: is not the context of this folder"),
        (meta(host=["x"]), "f: Endpoints.docker.Host: is no endpoint"),
        (meta(host="x" * 5000), "f: Endpoints.docker.Host: is no endpoint"),
        (b"[" * 100_000, "f: line 1, column"),
    ],
)
def test_what_is_no_context_is_one_line_in_no_time(data: bytes, problem: str) -> None:
    began = time.monotonic()
    with pytest.raises(DocumentError) as caught:
        read_context(data, "f", folder_of("edge"))
    assert caught.value.message.startswith(problem)
    assert "\n" not in caught.value.message
    assert time.monotonic() - began < 1


@given(value=ANY_JSON)
def test_any_json_is_a_context_or_a_document_error(value: Any) -> None:
    try:
        found = read_context(json.dumps(value).encode(), "f", folder_of("edge"))
    except DocumentError:
        return
    assert found.name == "edge"


def test_the_current_context_is_the_one_that_is_chosen() -> None:
    assert current_context(None, "f") == DEFAULT
    assert current_context(b"", "f") == DEFAULT
    assert current_context(b'{"auths": {}}', "f") == DEFAULT
    assert current_context(b'{"currentContext": 7}', "f") == DEFAULT
    assert current_context(b'{"currentContext": "edge"}', "f") == "edge"
    with pytest.raises(DocumentError) as caught:
        current_context(b'{"auths": {"r": {"auth": "c2VjcmV0"}}, ', "config.json")
    assert "c2VjcmV0" not in caught.value.message
