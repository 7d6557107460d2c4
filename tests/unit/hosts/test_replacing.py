"""An answer of inspect → the body that makes the same container again."""

from __future__ import annotations

from typing import Any

from app.hosts.replacing import bindings_of, body_from, port_bindings
from app.model.container import PortBinding

ID = "0123456789ab" + "c" * 52


def detail(mode: str = "default", *, config: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    return {
        "Id": ID,
        "Name": "/moorage-web-1-web-000000000000",
        "Config": {
            "Image": "app:1",
            "Hostname": ID[:12],
            "Env": ["A=1"],
            "Cmd": ["sh"],
            "Entrypoint": None,
            **(config or {}),
        },
        "HostConfig": {"NetworkMode": mode, "Memory": 8 << 20, "PortBindings": {}},
        "NetworkSettings": {"Networks": {mode: {}}},
        **members,
    }


def test_what_docker_filled_in_is_not_asked_for() -> None:
    body = body_from(detail())
    assert body == {
        "Image": "app:1",
        "Env": ["A=1"],
        "Cmd": ["sh"],
        "HostConfig": {"NetworkMode": "default", "Memory": 8 << 20, "PortBindings": {}},
    }


def test_a_host_name_of_its_own_is_kept() -> None:
    assert body_from(detail(config={"Hostname": "web"}))["Hostname"] == "web"


def test_in_the_network_of_another_it_asks_for_no_name_and_no_ports() -> None:
    named = {"Hostname": "pause", "ExposedPorts": {"80/tcp": {}}}
    body = body_from(detail(f"container:{ID}", config=named, NetworkSettings={"Networks": {}}))
    assert not {"Hostname", "ExposedPorts", "NetworkingConfig"} & set(body)
    assert body["HostConfig"]["NetworkMode"] == f"container:{ID}"


def test_links_and_aliases_of_a_network_are_kept_without_the_old_id() -> None:
    """Before API 1.44 the short id is among the aliases."""
    endpoint = {"Links": ["db-container:sql"], "Aliases": ["web", ID[:12]], "IPAMConfig": None}
    body = body_from(detail("n" * 64, NetworkSettings={"Networks": {"moorage-1": endpoint}}))
    assert body["NetworkingConfig"]["EndpointsConfig"] == {
        "n" * 64: {"Links": ["db-container:sql"], "Aliases": ["web"], "IPAMConfig": None}
    }


def test_its_own_answer_is_not_changed() -> None:
    before = detail()
    body_from(before)["HostConfig"]["PortBindings"] = {"80/tcp": []}
    assert before == detail()


def test_bindings_are_read_as_they_are_written() -> None:
    bindings = (PortBinding(80, 8080), PortBinding(80, 8081), PortBinding(53, 53, "udp"))
    assert bindings_of({"HostConfig": {"PortBindings": port_bindings(bindings)}}) == bindings
    assert bindings_of({}) == ()
    assert bindings_of({"HostConfig": {"PortBindings": {"80/tcp": None, "81/tcp": [{"HostPort": ""}]}}}) == ()
