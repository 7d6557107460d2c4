from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from app.model.cluster import (
    ClusterFile,
    InstanceEntry,
    attribute_problem,
    cluster_from_document,
    unknown_members,
)
from app.model.endpoint import Endpoint, TlsFiles
from app.model.errors import DocumentError
from app.model.names import RESOURCE_NAME

NOW = datetime(2025, 1, 31, 9, 30, tzinfo=UTC)
CANARY = "s3cr3t-canary"


def entry(number: int = 0, **others: Any) -> dict[str, Any]:
    values = {
        "name": f"edge-{number}",
        "id": f"{number:032x}",
        "endpoint": "unix:///run/docker.sock",
        "registered_at": NOW,
    }
    return values | others


def cluster(*entries: dict[str, Any], **others: Any) -> ClusterFile:
    return cluster_from_document({"name": "prod", "instance": list(entries)} | others, "prod.toml")


def test_defaults() -> None:
    found = cluster(entry())
    assert (found.name, found.status) == ("prod", "ACTIVE")
    (instance,) = found.instances
    assert (instance.status, instance.attributes, instance.reserved_memory, instance.insecure) == (
        "ACTIVE",
        {},
        0,
        False,
    )


def test_document_round_trip_keeps_unknown_members() -> None:
    found = cluster(entry(1, attributes={"gpu": "a100"}, later={"a": [1]}), entry(2), schedule="x")
    again = cluster_from_document(found.to_document(), "prod.toml")
    assert again == found
    assert again.to_document()["schedule"] == "x"
    assert again.to_document()["instance"][0]["later"] == {"a": [1]}


def test_what_is_empty_is_left_out_of_the_document() -> None:
    assert "instance" not in ClusterFile(name="a").to_document()
    (told,) = cluster(entry()).to_document()["instance"]
    assert not {"attributes", "drain_recorded", "drain_reason"} & set(told)
    (told,) = cluster(entry(status="DRAINING", drain_recorded=True, drain_reason="x")).to_document()["instance"]
    assert (told["drain_recorded"], told["drain_reason"]) == (True, "x")


def test_an_instance_is_reached_by_its_endpoint_with_its_files() -> None:
    (plain,) = cluster(entry()).instances
    assert plain.reached_by == Endpoint("unix:///run/docker.sock")
    assert not {"ca", "cert", "key", "tls_name"} & set(cluster(entry()).to_document()["instance"][0])
    files: dict[str, Any] = {"ca": "/ca.pem", "cert": "~/cert.pem", "key": "~/key.pem", "tls_name": "edge"}
    found = cluster(entry(endpoint="tcp://10.0.0.1:2376", **files))
    assert found.instances[0].reached_by == Endpoint("tcp://10.0.0.1:2376", TlsFiles(*files.values()))
    assert cluster_from_document(found.to_document(), "prod.toml") == found
    assert cluster(entry(insecure=True)).instances[0].reached_by.insecure


def test_ports_of_the_host_are_kept_unless_the_file_says_otherwise() -> None:
    (instance,) = cluster(entry()).instances
    assert (instance.reserved_ports, instance.reserved_ports_udp) == ([22, 2375, 2376], [])
    (instance,) = cluster(entry(reserved_ports=[], reserved_ports_udp=[53])).instances
    assert (instance.reserved_ports, instance.reserved_ports_udp) == ([], [53])


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        ({"id": "0" * 31}, "instance[0].id", "32 lower-case hex digits"),
        ({"id": "A" * 32}, "instance[0].id", "32 lower-case hex digits"),
        ({"id": "0" * 32 + "\n"}, "instance[0].id", "32 lower-case hex digits"),
        ({"name": ".hidden"}, "instance[0].name", "1 to 63"),
        ({"name": "a" * 64}, "instance[0].name", "1 to 63"),
        ({"name": "a/b"}, "instance[0].name", "1 to 63"),
        ({"endpoint": ""}, "instance[0].endpoint", "is empty"),
        ({"endpoint": "tcp://\x1b[31m"}, "instance[0].endpoint", "control character"),
        ({"endpoint": "x" * 2049}, "instance[0].endpoint", "too long"),
        ({"endpoint": 7}, "instance[0].endpoint", "should be a valid string"),
        ({"status": "active"}, "instance[0].status", "ACTIVE or DRAINING"),
        ({"registered_at": datetime(2025, 1, 31)}, "instance[0].registered_at", "no time zone"),
        ({"registered_at": "2025-01-31T09:30:00Z"}, "instance[0].registered_at", "no quotes"),
        ({"attributes": {"": "x"}}, "instance[0].attributes", "name ''"),
        ({"attributes": {"a b": "x"}}, "instance[0].attributes", "name 'a b'"),
        ({"attributes": {"a": "x" * 129}}, "instance[0].attributes", "129 characters"),
        ({"attributes": {"a": 1}}, "instance[0].attributes.a", "valid string"),
        ({"attributes": {f"a{n}": "x" for n in range(11)}}, "instance[0].attributes", "11 custom attributes"),
        ({"reserved_memory": -1}, "instance[0].reserved_memory", "MiB"),
        ({"reserved_memory": "512"}, "instance[0].reserved_memory", "MiB"),
        ({"reserved_ports": [0]}, "instance[0].reserved_ports[0]", "tcp ports"),
        ({"reserved_ports": [*range(1, 102)]}, "instance[0].reserved_ports", "at most 100"),
        ({"reserved_ports_udp": ["53"]}, "instance[0].reserved_ports_udp[0]", "udp ports"),
        ({"drain_recorded": 1}, "instance[0].drain_recorded", "Moorage writes it"),
        ({"drain_reason": "x" * 256}, "instance[0].drain_reason", "255 characters"),
        ({"reserved_memory": True}, "instance[0].reserved_memory", "MiB"),
        ({"insecure": "yes"}, "instance[0].insecure", "true"),
    ],
)
def test_a_bad_instance_is_told_with_path_and_remedy(change: dict[str, Any], path: str, words: str) -> None:
    with pytest.raises(DocumentError) as caught:
        cluster(entry(**change))
    (finding,) = caught.value.findings
    assert finding.path == path
    assert words in str(finding)
    assert finding.remedy


def test_every_finding_is_told_at_once_and_quotes_no_value() -> None:
    with pytest.raises(DocumentError) as caught:
        cluster(entry(endpoint=CANARY * 300, id=CANARY), {"name": "x"}, status=CANARY)
    paths = [finding.path for finding in caught.value.findings]
    assert paths == [
        "status", "instance[0].id", "instance[0].endpoint", "instance[1].id", "instance[1].endpoint",
        "instance[1].registered_at",
    ]  # fmt: skip
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("name", ["", "-a", "_a", "a b", "a/b", "..", "a" * 256, "a\n", "é", "a.b", "a\0"])
def test_bad_cluster_names(name: str) -> None:
    assert RESOURCE_NAME.fullmatch(name) is None
    with pytest.raises(ValidationError):
        ClusterFile(name=name)


@pytest.mark.parametrize("name", ["a", "0", "prod-eu_1", "A" * 255])
def test_good_cluster_names(name: str) -> None:
    assert ClusterFile(name=name).name == name


@pytest.mark.parametrize(("member", "value"), [("name", "edge-0"), ("id", f"{0:032x}")])
def test_names_and_ids_are_unique(member: str, value: str) -> None:
    with pytest.raises(DocumentError) as caught:
        cluster(entry(0), entry(1, **{member: value}))
    (finding,) = caught.value.findings
    assert finding.path == f"instance[1].{member}"
    assert "same as that of instance[0]" in finding.problem


def test_the_python_name_of_the_list_is_not_a_key_of_the_file() -> None:
    with pytest.raises(DocumentError, match=r"\[\[instance\]\]"):
        cluster_from_document({"name": "prod", "instances": [entry()]}, "prod.toml")


def test_built_in_attributes_do_not_count_as_custom() -> None:
    attributes = {f"ecs.a{n}": "x" for n in range(20)} | {f"a{n}": "x" for n in range(10)}
    assert cluster(entry(attributes=attributes)).instances[0].attributes == attributes


def test_attribute_names_may_hold_dots_and_slashes() -> None:
    assert attribute_problem("com.example/a\\b_c-1", "") == ""
    assert attribute_problem("a" * 129, "") != ""
    assert "control" in attribute_problem("a", "x\x1b")


def test_unknown_members_are_warned_of_with_the_nearest_name() -> None:
    found = unknown_members(cluster(entry(endpiont="x", zebra=1), statsu="ACTIVE"))
    assert [(f.path, f.severity) for f in found] == [
        ("statsu", "warning"),
        ("instance[0].endpiont", "warning"),
        ("instance[0].zebra", "warning"),
    ]
    assert "did you mean 'status'" in str(found[0])
    assert "did you mean 'endpoint'" in str(found[1])
    assert "kept" in str(found[2])


def test_changing_instances_makes_new_clusters() -> None:
    old = cluster(entry(0), entry(1))
    renamed = InstanceEntry.model_validate(entry(1, name="renamed"))
    assert [i.name for i in old.with_instance(renamed).instances] == ["edge-0", "renamed"]
    assert [i.name for i in old.with_instance(InstanceEntry.model_validate(entry(2))).instances][-1] == "edge-2"
    assert [i.name for i in old.without_instance(f"{0:032x}").instances] == ["edge-1"]
    assert [i.name for i in old.instances] == ["edge-0", "edge-1"]
    assert old.find("edge-1") is old.find(f"{1:032x}") is old.instances[1]
    assert old.find("nobody") is None


def test_models_are_frozen() -> None:
    with pytest.raises(ValidationError):
        cluster(entry()).status = "INACTIVE"  # type: ignore[misc]
