"""Failures that an engine tells in the middle of a report of progress."""

from __future__ import annotations

from typing import get_args

import docker
import pytest
import requests

from app.hosts.errors import HostError, Kind, checked, translated


@pytest.mark.parametrize("kind", get_args(Kind))
def test_no_answer_is_told_from_a_bad_one(kind: Kind) -> None:
    assert HostError("x", kind).unanswered == (kind in {"unreachable", "timeout"})


def test_a_failure_among_the_frames_is_raised_after_what_came_before_it() -> None:
    frames = checked([{"status": "Importing"}, "no frame", {"error": "no space \x1b[31mleft"}, {"status": "never"}])
    assert next(frames) == {"status": "Importing"}
    with pytest.raises(HostError) as caught:
        next(frames)
    assert (caught.value.kind, caught.value.message) == ("failed", "no space ␛[31mleft")


def refused_by_the_engine(status: int, words: str) -> HostError:
    response = requests.Response()
    response.status_code = status
    with pytest.raises(HostError) as caught, translated("create"):
        raise docker.errors.APIError("Server Error", response=response, explanation=words)
    return caught.value


@pytest.mark.parametrize(
    "words",
    [
        'container create: the container name "one" is already in use by 615d16a9: that name is already in use',
        "network name tasks already used: network already exists",
        "can only create exec sessions on running containers: container state improper",
        'unable to delete image "ceccd269" by ID with more than one tag ([a:1 b:1]): please force removal\n',
    ],
)
def test_podman_tells_of_conflicts_with_500(words: str) -> None:
    assert refused_by_the_engine(500, words).kind == "conflict"
    assert refused_by_the_engine(400, words).kind == "refused"


def test_a_500_is_a_failure_whatever_it_tells_of_before_its_end() -> None:
    assert refused_by_the_engine(500, "that name is already in use: no space left on device").kind == "failed"
