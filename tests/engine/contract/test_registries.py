"""Registries: pushes, pulls, logins, and what they are refused for.

A real registry beside a real engine is asked, and a simulated one. Of words about a network only the end is compared.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.contract.asking import Heard, Subject, refusal
from tests.engine.contract.test_builds import build, context
from tests.engine.contract.test_images import failure, frames, imported, listed, names
from tests.engine_bed import Daemon
from tests.engine_bed.registry import HOST
from tests.engine_bed.simulated import Simulated

_USER, _PASSWORD = "ops", "harbor 4711"
_AT_ONCE = ["--rate", "0"]


@pytest.fixture(params=["simulated", "real"])
def open_(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    """An engine whose registry asks nobody."""
    if request.param == "real":
        engine: Daemon = request.getfixturevalue("engine")
        request.getfixturevalue("registry")
        yield engine
        return
    made = Simulated(tmp_path, options=["--registry", HOST, *_AT_ONCE])
    yield made
    made.close()


@pytest.fixture(params=["simulated", "real"])
def closed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    """An engine whose registry wants a password."""
    if request.param == "real":
        engine: Daemon = request.getfixturevalue("engine")
        request.getfixturevalue("registry").require(_USER, _PASSWORD)
        yield engine
        return
    made = Simulated(tmp_path, options=["--private", f"{HOST}={_USER}:{_PASSWORD}", *_AT_ONCE])
    yield made
    made.close()


def shown(user: str = _USER, password: str = _PASSWORD) -> dict[str, str]:
    told = {"username": user, "password": password, "serveraddress": HOST}
    return {"X-Registry-Auth": base64.urlsafe_b64encode(json.dumps(told).encode()).decode()}


def push(subject: Subject, name: str, tag: str, headers: dict[str, str] | None = None, body: str = "{}") -> Any:
    answer = subject.api._post(
        subject.api._url("/images/{0}/push", name), params={"tag": tag}, headers=headers, data=body, stream=True
    )
    return frames(subject.api._stream_helper(answer, decode=True))


def pull(subject: Subject, name: str, tag: str, headers: dict[str, str] | None = None) -> Any:
    answer = subject.api._post(
        subject.api._url("/images/create"), params={"fromImage": name, "tag": tag}, headers=headers, stream=True
    )
    return frames(subject.api._stream_helper(answer, decode=True))


def of_layer(told: list[dict[str, Any]], number: int = 0) -> list[str]:
    """What was told of one layer, each word once."""
    ids = list(dict.fromkeys(frame["id"] for frame in told if "progressDetail" in frame and "id" in frame))
    return list(dict.fromkeys(frame["status"] for frame in told if frame.get("id") == ids[number]))


APP = f"{HOST}/team/app"


def test_what_is_pushed_can_be_pulled(open_: Subject) -> None:
    heard = Heard(open_)
    made = imported(open_, APP, "7")
    told = push(open_, APP, "7")
    assert told[0] == {"status": f"The push refers to repository [{APP}]"}
    assert of_layer(told)[0] == "Preparing" and of_layer(told)[-1] == "Pushed"
    assert set(of_layer(told)) <= {"Preparing", "Waiting", "Pushing", "Pushed"}
    summary = told[-1]["aux"]
    assert summary["Tag"] == "7" and summary["Digest"].startswith("sha256:") and summary["Size"] > 0
    assert told[-2]["status"] == f"7: digest: {summary['Digest']} size: {summary['Size']}"
    digest = f"{APP}@{summary['Digest']}"
    assert open_.api.inspect_image(made)["RepoDigests"] == [digest]
    again = push(open_, APP, "7")
    assert of_layer(again) == ["Preparing", "Layer already exists"] and again[-1]["aux"] == summary
    assert open_.api.remove_image(f"{APP}:7")[:2] == [{"Untagged": f"{APP}:7"}, {"Untagged": digest}]
    assert listed(open_) == {}

    told = pull(open_, APP, "7")
    assert told[0] == {"status": "Pulling from team/app", "id": "7"}
    assert of_layer(told)[0] == "Pulling fs layer" and of_layer(told)[-1] == "Pull complete"
    assert set(of_layer(told)) <= {
        "Pulling fs layer", "Waiting", "Downloading", "Verifying Checksum", "Download complete", "Extracting",
        "Pull complete",
    }  # fmt: skip
    assert told[-2:] == [
        {"status": f"Digest: {summary['Digest']}"},
        {"status": f"Status: Downloaded newer image for {APP}:7"},
    ]
    assert open_.api.inspect_image(f"{APP}:7")["Id"] == made, "the same image, by the same id"
    assert digest in [name for entry in open_.api.images() for name in names(entry, "RepoDigests")]
    told = pull(open_, APP, "7")
    assert told[-1] == {"status": f"Status: Image is up to date for {APP}:7"}
    told = heard.events("push", "pull", kind="image")
    assert [(event["Action"], event["Actor"]["ID"], event["Actor"]["Attributes"]["name"]) for event in told] == [
        ("push", f"{APP}:7", APP), ("push", f"{APP}:7", APP), ("pull", f"{APP}:7", APP), ("pull", f"{APP}:7", APP)
    ]  # fmt: skip


def test_an_image_is_pulled_by_its_digest(open_: Subject) -> None:
    made = imported(open_, APP)
    digest = push(open_, APP, "1")[-1]["aux"]["Digest"]
    open_.api.remove_image(made, force=True)
    told = pull(open_, APP, digest)
    assert told[0] == {"status": "Pulling from team/app", "id": f"{APP}@{digest}"}
    assert told[-1]["status"] == f"Status: Downloaded newer image for {APP}@{digest}"
    image = open_.api.inspect_image(f"{APP}@{digest}")
    assert (image["Id"], image["RepoTags"], image["RepoDigests"]) == (made, [], [f"{APP}@{digest}"])
    assert listed(open_) == {made: []}


def test_a_pull_takes_the_name_from_what_had_it(open_: Subject) -> None:
    new = imported(open_, APP)
    push(open_, APP, "1")
    open_.api.remove_image(new, force=True)
    old = imported(open_, APP)
    assert pull(open_, APP, "1")[-1]["status"].startswith("Status: Downloaded newer image")
    assert listed(open_) == {old: [], new: [f"{APP}:1"]}


def test_layers_that_are_there_are_not_pulled_again(open_: Subject) -> None:
    imported(open_, APP, "1")
    build(open_, context(f"FROM {APP}:1\nCOPY Dockerfile /\n"), f"{APP}:2")
    push(open_, APP, "2")
    open_.api.remove_image(f"{APP}:2")
    told = pull(open_, APP, "2")
    assert of_layer(told) == ["Already exists"] and of_layer(told, 1)[-1] == "Pull complete"


def test_what_is_not_there_cannot_be_moved(open_: Subject) -> None:
    assert failure(push(open_, APP, "nope")) == f"An image does not exist locally with the tag: {APP}"
    imported(open_, APP, "1")
    push(open_, APP, "1")
    status, words = refusal(lambda: pull(open_, APP, "nope"))
    assert status == 404 and words == f"manifest for {APP}:nope not found: manifest unknown: manifest unknown"
    imported(open_, APP, "here")
    status, words = refusal(lambda: pull(open_, APP, "here"))
    assert status == 404 and words.endswith("manifest unknown: manifest unknown"), "what is here is no answer"
    status, words = refusal(lambda: pull(open_, f"{HOST}/nope", "1"))
    assert status == 404 and words == f"manifest for {HOST}/nope:1 not found: manifest unknown: manifest unknown"


def test_a_push_needs_a_header_or_a_body(open_: Subject) -> None:
    imported(open_, APP)
    status, words = refusal(lambda: push(open_, APP, "1", body=""))
    assert status == 400 and words == "Bad parameters and missing X-Registry-Auth: EOF"


# --- passwords --------------------------------------------------------------------------------------------------------


def test_who_has_the_password_may_push_and_pull(closed: Subject) -> None:
    made = imported(closed, APP)
    assert push(closed, APP, "1", shown())[-1]["aux"]["Tag"] == "1"
    closed.api.remove_image(made, force=True)
    assert "Downloaded newer image" in pull(closed, APP, "1", shown())[-1]["status"]


def test_others_may_not(closed: Subject) -> None:
    made = imported(closed, APP)
    assert failure(push(closed, APP, "1")) == "no basic auth credentials"
    assert failure(push(closed, APP, "1", shown(password="wrong"))) == "unauthorized: authentication required"
    push(closed, APP, "1", shown())
    closed.api.remove_image(made, force=True)
    status, words = refusal(lambda: pull(closed, APP, "1"))
    assert status == 500 and words.endswith('/v2/team/app/manifests/1": no basic auth credentials')
    status, words = refusal(lambda: pull(closed, APP, "1", shown(password="wrong")))
    assert status == 500 and words.endswith("unauthorized: authentication required")
    status, words = refusal(lambda: pull(closed, APP, "nope", shown()))
    assert status == 404 and "manifest unknown" in words
    assert listed(closed) == {}


def test_a_build_shows_the_password_for_its_base_image(closed: Subject) -> None:
    made = imported(closed, APP)
    push(closed, APP, "1", shown())
    closed.api.remove_image(made, force=True)
    known = {HOST: {"username": _USER, "password": _PASSWORD, "serveraddress": HOST}}
    header = {"X-Registry-Config": base64.urlsafe_b64encode(json.dumps(known).encode()).decode()}
    data = context(f"FROM {APP}:1\nLABEL a=b\n")
    assert failure(build(closed, data)).endswith("no basic auth credentials")
    told = build(closed, data, "web:1", headers=header)
    assert "Pull complete" in of_layer(told) and {"stream": "Successfully tagged web:1\n"} in told
    assert sorted(listed(closed).values()) == [[f"{APP}:1"], ["web:1"]]
    again = build(closed, data, "web:1", headers=header, pull=1)
    assert f"Status: Image is up to date for {APP}:1" in [frame.get("status") for frame in again]


def test_login(closed: Subject) -> None:
    def login(user: str, password: str) -> Any:
        told = {"username": user, "password": password, "serveraddress": HOST}
        return closed.api._result(closed.api._post_json(closed.api._url("/auth"), data=told), json=True)

    assert login(_USER, _PASSWORD) == {"IdentityToken": "", "Status": "Login Succeeded"}
    status, words = refusal(lambda: login(_USER, "wrong"))
    assert (status, words) == (500, f"login attempt to http://{HOST}/v2/ failed with status: 401 Unauthorized")
