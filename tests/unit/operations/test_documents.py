"""What is stored of a document that is registered, what ECS answers for it, and what is exported."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.model.equality import same_definition
from app.model.errors import DocumentError, MoorageError, UsageError
from app.operations.definition_shape import definition_response, definition_shape
from app.operations.definitions import find_definition, parsed, register_task_definition
from app.operations.documents import export_definition, read_incoming
from app.operations.session import Session
from app.store.definitions import StoredRevision
from app.store.home import resolve_home
from app.store.revision_files import Template
from tests.unit.aws_client import READ_ONLY, SAMPLES, refused_by_aws

CONTAINER: dict[str, Any] = {"name": "a", "image": "busybox", "memory": 16}
SMALL: dict[str, Any] = {"family": "web", "containerDefinitions": [CONTAINER]}
TEMPLATE = b"""Resources:
  Web:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions: [{Name: a, Image: busybox, Memory: '16'}]
"""


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(resolve_home(str(tmp_path / "home"), {}))


def encoded(value: Any) -> bytes:
    return json.dumps(value, indent=1).encode()


def shape(**members: Any) -> dict[str, Any]:
    return definition_shape(stored(encoded({**SMALL, **members})))


def container_shape(mode: str = "bridge", **members: Any) -> dict[str, Any]:
    (container,) = shape(networkMode=mode, containerDefinitions=[{**CONTAINER, **members}])["containerDefinitions"]
    return dict(container)


def stored(document: bytes) -> StoredRevision:
    return StoredRevision("web", 7, document, "ACTIVE", datetime(2025, 1, 31, tzinfo=UTC), "ops", None)


# --- in ---------------------------------------------------------------------------------------------------------------


DIALECTS = [
    SMALL,
    {**SMALL, **READ_ONLY},
    {"taskDefinition": {**SMALL, **READ_ONLY}, "tags": [{"key": "k", "value": "v"}]},
    {**SMALL, **READ_ONLY, "cpu": None, "tags": []},
    [CONTAINER],
]


@pytest.mark.parametrize("value", DIALECTS)
def test_every_dialect_is_stored_byte_for_byte_and_read_again(session: Session, value: Any) -> None:
    document = encoded(value) + b"\r\n\r\n"
    registered = register_task_definition(session, document, "t", {"family": "web"})
    found = find_definition(session, "web")
    assert found == registered.stored
    assert found.document == document == export_definition(found, session, "stored")
    assert parsed(found).definition.family == "web"
    assert registered.shape()["taskDefinition"]["containerDefinitions"][0]["essential"] is True
    exported = json.loads(export_definition(found, session, "ecs"))
    assert refused_by_aws(exported) == ""
    assert {name: exported[name] for name in SMALL} == SMALL


def test_a_bare_array_without_a_family_stores_nothing(session: Session) -> None:
    with pytest.raises(DocumentError, match="names no family; give it with --family NAME"):
        register_task_definition(session, encoded([CONTAINER]), "t")
    assert session.definitions.families() == []


def test_what_is_given_goes_over_the_document() -> None:
    incoming = read_incoming(encoded({**SMALL, **READ_ONLY, "cpu": "1"}), "t", {"family": "api", "memory": "512"})
    assert json.loads(incoming.document) == {**SMALL, "family": "api", "cpu": "1", "memory": "512"}
    assert incoming.template is None
    of_array = read_incoming(encoded([CONTAINER]), "t", {"family": "web", "cpu": "2"})
    assert json.loads(of_array.document) == {**SMALL, "cpu": "2"}
    assert json.loads(read_incoming(None, "flags", SMALL).document) == SMALL


def test_of_a_template_the_register_input_and_the_template_itself_are_stored(session: Session) -> None:
    register_task_definition(session, TEMPLATE, "t.yaml")
    found = find_definition(session, "Web:1")
    assert json.loads(found.document) == {**SMALL, "family": "Web"}
    assert session.definitions.template("Web", 1) == Template(TEMPLATE, "yaml")
    assert export_definition(found, session, "stored") == TEMPLATE
    register_task_definition(session, TEMPLATE, "t.yaml", {"family": "api"})
    assert json.loads(find_definition(session, "api").document) == {**SMALL, "family": "api"}


def test_a_template_as_json(session: Session) -> None:
    resource = {"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": []}}
    incoming = read_incoming(encoded({"Resources": {"A": resource, "B": resource}}), "t", {}, "B")
    assert json.loads(incoming.document) == {"family": "B", "containerDefinitions": []}
    assert incoming.template is not None
    assert incoming.template.suffix == "json"
    with pytest.raises(MoorageError, match=r"t: has several task definitions: A, B; choose one with --logical-id"):
        read_incoming(encoded({"Resources": {"A": resource, "B": resource}}), "t")
    with pytest.raises(UsageError, match="--logical-id chooses from a CloudFormation template, and t is none"):
        read_incoming(encoded(SMALL), "t", {}, "B")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b"", "the document is empty"),
        (b"family", "not JSON"),
        (b"{family: web}", "not JSON"),
        (b'"family": "web"}', "line 1, column 9: not JSON"),
        (b"family: web", "is YAML, and no CloudFormation template; write it as JSON"),
        (b"Resources: [a\n", "not YAML"),
        (b"Resources: {A: {Type: 'AWS::ECS::Service'}}", "there is no AWS::ECS::TaskDefinition"),
        (b"\xff\xfe", "not UTF-8"),
        (b"1", "not a JSON object"),
    ],
)
def test_what_is_no_definition_is_told(session: Session, document: bytes, words: str) -> None:
    with pytest.raises(DocumentError, match=words):
        register_task_definition(session, document, "t")
    assert session.definitions.families() == []


# --- what ECS answers -------------------------------------------------------------------------------------------------


def test_golden_1_defaults_are_echoed() -> None:
    assert container_shape(portMappings=[{"containerPort": 80}]) == {
        **CONTAINER,
        "cpu": 0,
        "essential": True,
        "portMappings": [{"containerPort": 80, "hostPort": 0, "protocol": "tcp"}],
        "environment": [],
        "mountPoints": [],
        "volumesFrom": [],
        "systemControls": [],
    }


def test_the_echo_has_what_only_the_answer_has() -> None:
    answer = definition_shape(stored(encoded({**SMALL, "unknown": 1, "pidMode": None})))
    assert answer["taskDefinitionArn"] == "arn:aws:ecs:local-1:000000000000:task-definition/web:7"
    assert (answer["revision"], answer["status"], answer["registeredBy"]) == (7, "ACTIVE", "ops")
    assert answer["registeredAt"].startswith("2025-01-3")
    assert (answer["volumes"], answer["placementConstraints"]) == ([], [])
    assert answer["requiresAttributes"] == [{"name": "com.amazonaws.ecs.capability.docker-remote-api.1.18"}]
    assert answer["unknown"] == 1
    assert not {"pidMode", "networkMode", "requiresCompatibilities", "deregisteredAt"} & answer.keys()


def test_the_read_only_members_of_another_account_are_not_echoed() -> None:
    answer = shape(**READ_ONLY)
    assert answer["taskDefinitionArn"].startswith("arn:aws:ecs:local-1:")
    assert (answer["revision"], answer["registeredBy"]) == (7, "ops")
    assert "deleteRequestedAt" not in answer


@pytest.mark.parametrize(
    ("mode", "mapping", "host_port"),
    [
        ("bridge", {"containerPort": 80}, 0),
        ("bridge", {"containerPort": 80, "hostPort": 8080}, 8080),
        ("awsvpc", {"containerPort": 80}, 80),
        ("host", {"containerPort": 80, "hostPort": 80}, 80),
        ("bridge", {"containerPortRange": "80-90"}, None),
    ],
)
def test_the_host_port_of_the_echo(mode: str, mapping: dict[str, Any], host_port: int | None) -> None:
    (echoed,) = container_shape(mode, portMappings=[mapping])["portMappings"]
    assert echoed.get("hostPort") == host_port
    assert echoed["protocol"] == "tcp"


def test_golden_5_sizes_of_the_task_are_echoed_in_units() -> None:
    answer = shape(cpu="1 vCPU", memory="2 GB")
    assert (answer["cpu"], answer["memory"]) == ("1024", "2048")
    assert shape(cpu="256")["cpu"] == "256"
    assert "cpu" not in shape()


def test_tags_stand_beside_the_definition() -> None:
    tags = [{"key": "a", "value": "b"}]
    answer = definition_response(stored(encoded({**SMALL, "tags": tags})))
    assert answer["tags"] == tags
    assert "tags" not in answer["taskDefinition"]
    assert definition_response(stored(encoded(SMALL)))["tags"] == []


def test_compatibilities() -> None:
    assert shape()["compatibilities"] == ["EXTERNAL", "EC2"]
    assert shape(networkMode="awsvpc")["compatibilities"] == ["EC2"]
    fargate = shape(networkMode="awsvpc", requiresCompatibilities=["FARGATE"])
    assert fargate["compatibilities"] == ["EC2", "FARGATE"]


@pytest.mark.parametrize("containers", [1, [1], [{"portMappings": 1}], [{"portMappings": [1]}], [{"name": "a"}]])
def test_what_this_version_would_refuse_is_echoed_all_the_same(containers: Any) -> None:
    answer = shape(containerDefinitions=containers, cpu="many")
    assert answer["cpu"] == "many"
    assert "requiresAttributes" not in answer
    assert answer["status"] == "ACTIVE"


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(CONTAINER)), inner, max_size=3),
    max_leaves=5,
)
_MEMBERS = ["containerDefinitions", "networkMode", "requiresCompatibilities", "volumes", "tags", "cpu", "placement"]


@settings(max_examples=100)
@given(st.dictionaries(st.sampled_from(_MEMBERS), _ANYTHING))
def test_any_json_object_is_echoed_and_equals_itself(members: dict[str, Any]) -> None:
    assert definition_response(stored(encoded(members)))["taskDefinition"]["family"] == "web"
    assert same_definition(members, members)


def test_a_document_that_somebody_broke_says_where() -> None:
    with pytest.raises(DocumentError, match=r"web/7\.json: line 1, column 2"):
        definition_shape(stored(b"{broken"))
    with pytest.raises(DocumentError, match=r"web/7\.json: family: is 'api', not 'web'"):
        definition_shape(stored(encoded({**SMALL, "family": "api"})))


# --- out --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_the_samples_survive_every_form(session: Session, path: Path) -> None:
    original = json.loads(path.read_bytes())
    revision = register_task_definition(session, path.read_bytes(), path.name).stored
    assert same_definition(json.loads(export_definition(revision, session, "ecs")), original)
    for as_yaml in (False, True):
        template = export_definition(revision, session, "cloudformation", as_yaml=as_yaml)
        again = register_task_definition(session, template, "template").stored
        assert same_definition(json.loads(again.document), original)
        assert again.revision > revision.revision
