"""Whether two engines have the same image, whether one can run it, and what is not copied."""

from __future__ import annotations

from typing import Any

import pytest

from app.hosts.errors import HostError
from app.hosts.images.likeness import check_fit_to_copy, facts
from app.hosts.labels import PREFIX

LAYERS = ["sha256:" + "a" * 64, "sha256:" + "b" * 64]


def _told(image_id: str = "1", **members: Any) -> dict[str, Any]:
    config = {"Cmd": ["sh"], "Env": ["A=1"], "Labels": {"a": "1", "b": "2"}}
    plain = {"Id": f"sha256:{image_id * 64}", "Size": 100, "Os": "linux", "Architecture": "amd64"}
    return {**plain, "RootFS": {"Layers": LAYERS}, "Config": config, "RepoTags": ["web:7"], **members}


def test_the_same_by_id_or_by_what_is_in_it() -> None:
    one = facts(_told())
    assert one.same_as(facts(_told(RootFS=None)))
    turned = {"Labels": {"b": "2", "a": "1"}, "Env": ["A=1"], "Cmd": ["sh"], "Image": "x", "Entrypoint": None}
    assert one.same_as(facts(_told("2", Config=turned)))
    assert not one.same_as(facts(_told("2", Config={**turned, "Cmd": ["ash"]})))
    assert not one.same_as(facts(_told("2", RootFS={"Layers": LAYERS[:1]})))
    assert not one.same_as(facts(_told("2", Architecture="arm64")))
    nothing = facts({"Id": "sha256:1"})
    assert not nothing.same_as(facts({"Id": "sha256:2"}))


@pytest.mark.parametrize(
    ("processor", "host", "words"),
    [
        ("amd64", "amd64", ""),
        ("386", "amd64", ""),
        ("arm64", "amd64", "the image is for linux/arm64, and this host is linux/amd64"),
        ("amd64", "arm64", "the image is for linux/amd64, and this host is linux/arm64"),
        ("", "arm64", ""),
        ("amd64", "", ""),
    ],
)
def test_for_which_hosts_it_is(processor: str, host: str, words: str) -> None:
    assert facts(_told(Architecture=processor)).not_for({"Os": "linux", "Arch": host}) == words


def test_what_has_no_name_of_its_own_is_not_copied() -> None:
    check_fit_to_copy("docker.io/library/web:7", _told())
    for image in ("web@sha256:" + "c" * 64, "1" * 12, "sha256:" + "1" * 64, "web:8"):
        with pytest.raises(HostError, match="give it one first"):
            check_fit_to_copy(image, _told())
    with pytest.raises(HostError, match="give it one first"):
        check_fit_to_copy("web:7", _told(RepoTags=None))


def test_labels_of_ours_do_not_travel() -> None:
    forged = _told(Config={"Labels": {f"{PREFIX}task": "x"}})
    with pytest.raises(HostError, match="only Moorage may set"):
        check_fit_to_copy("web:7", forged)
