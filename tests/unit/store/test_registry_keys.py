from __future__ import annotations

import pytest

from app.store.registry_keys import best_key, names_registry, server_of

HUB = "https://index.docker.io/v1/"


@pytest.mark.parametrize(
    ("registry", "server"),
    [
        ("", HUB),
        ("docker.io", HUB),
        ("index.docker.io", HUB),
        ("https://index.docker.io/v1/", HUB),
        ("registry-1.docker.io", HUB),
        ("registry.lan:5000", "registry.lan:5000"),
        ("https://registry.lan:5000/v2/", "registry.lan:5000"),
        ("http://Registry.LAN/", "registry.lan"),
        ("[::1]:5000", "[::1]:5000"),
    ],
)
def test_what_docker_calls_a_registry(registry: str, server: str) -> None:
    assert server_of(registry) == server


@pytest.mark.parametrize(
    ("keys", "registry", "repository", "key"),
    [
        (["registry.lan"], "registry.lan", "", "registry.lan"),
        (["https://registry.lan/v1/"], "registry.lan", "web", "https://registry.lan/v1/"),
        (["http://registry.lan"], "registry.lan", "", "http://registry.lan"),
        (["registry.lan"], "registry.lan:5000", "", None),
        (["registry.lan:5000"], "registry.lan", "", None),
        (["evil-registry.lan", "registry.lan.evil", "lan"], "registry.lan", "", None),
        ([HUB], "docker.io", "library/nginx", HUB),
        (["docker.io"], "docker.io", "", "docker.io"),
        (["index.docker.io", HUB], "docker.io", "", HUB),
        (
            ["https://index.docker.io/v1/access-token", "https://index.docker.io/v1/refresh-token"],
            "docker.io",
            "",
            None,
        ),
        # Of several the longest that covers the image, as the ECS agent has it.
        (["q.io", "q.io/team", "q.io/team/web"], "q.io", "team/web", "q.io/team/web"),
        (["q.io", "q.io/team", "q.io/team/web"], "q.io", "team/website", "q.io/team"),
        (["q.io", "q.io/team"], "q.io", "teams/web", "q.io"),
        (["q.io/team"], "q.io", "other/web", None),
        # Nobody says which image: the one for all of the registry, else any.
        (["q.io/team", "q.io"], "q.io", "", "q.io"),
        (["q.io/team"], "q.io", "", "q.io/team"),
        (["https://registry.lan", "registry.lan"], "registry.lan", "", "registry.lan"),
        ([], "registry.lan", "", None),
    ],
)
def test_which_key_is_for_an_image(keys: list[str], registry: str, repository: str, key: str | None) -> None:
    assert best_key(keys, registry, repository) == key
    assert best_key(reversed(keys), registry, repository) == key


def test_a_key_names_a_registry_however_it_is_written_and_no_part_of_it() -> None:
    for key in ("registry.lan", "https://registry.lan", "http://registry.lan/v2/"):
        assert names_registry(key, "registry.lan")
    for key in ("registry.lan/team", "registry.lan:5000", HUB):
        assert not names_registry(key, "registry.lan")
    assert names_registry(HUB, "docker.io")
    assert names_registry("docker.io", HUB)
