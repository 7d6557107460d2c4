"""What holds for the body of any definition, made up from the models themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings

from app.hosts.labels import PREFIX, container_name, labels_of, read_tag
from app.hosts.translate import TaskPlan, create_body, needs_network, needs_pause, pause_body, pause_tag, tag_for
from app.model.container import TaskTag
from app.model.environment import ContainerEnvironment
from app.model.names import PAUSE
from app.model.task_definition import TaskDefinition
from tests.unit.builders import TASK_ID, tag
from tests.unit.generated import definitions

SECRET = "hunter2-hunter2"


def mended(document: dict[str, Any]) -> TaskDefinition:
    """The definition with what the rules of registration see to: links, mounts and ranges lead somewhere."""
    volumes, containers = document.get("volumes", ()), document["containerDefinitions"]
    for container in containers:
        container["links"] = [f"{containers[-1]['name']}:alias" for _ in container.get("links", ())]
        container["mountPoints"] = [
            {**mount, "sourceVolume": volumes[-1]["name"]} for mount in container.get("mountPoints", ()) if volumes
        ]
        for mapping in container.get("portMappings", ()):
            if "containerPortRange" in mapping:
                mapping["containerPortRange"] = "90-92"
    return TaskDefinition.model_validate(document)


def bodies(plan: TaskPlan) -> Iterator[tuple[TaskTag, dict[str, Any]]]:
    for container in plan.definition.container_definitions:
        yield tag_for(plan, container), create_body(plan, container)
    if needs_pause(plan.definition):
        yield pause_tag(plan), pause_body(plan, "pause")


def plan_of(made: TaskDefinition) -> TaskPlan:
    resolved = ContainerEnvironment((("TOKEN", SECRET),), {"splunk-token": SECRET})
    names = [container.name for container in made.container_definitions]
    return TaskPlan(made, tag(""), "net" if needs_network(made) else "", dict.fromkeys(names, resolved))


ANY = given(definitions())
PATIENT = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@PATIENT
@ANY
def test_a_body_is_json_and_its_labels_are_believed_and_hold_no_secret(document: dict[str, Any]) -> None:
    for marked, body in bodies(plan_of(mended(document))):
        assert json.loads(json.dumps(body)) == body
        assert SECRET not in json.dumps(body["Labels"])
        assert (read_tag(container_name(marked), body["Labels"]), marked.task_id) == (marked, TASK_ID)
        ours = {key: value for key, value in body["Labels"].items() if key.startswith(PREFIX)}
        assert ours == labels_of(marked)


@PATIENT
@ANY
def test_a_body_names_nothing_outside_its_task(document: dict[str, Any]) -> None:
    plan = plan_of(mended(document))
    made = plan.definition
    others = {container_name(tag(name)) for name in _names(made)}
    pause = container_name(tag(PAUSE))
    folders = {volume.host.source_path for volume in made.volumes if volume.host}
    shared = {volume.name for volume in made.volumes if volume.docker_volume_configuration}
    for _, body in bodies(plan):
        host = body["HostConfig"]
        modes = {host[mode] for mode in ("NetworkMode", "PidMode", "IpcMode") if mode in host}
        assert modes <= {"default", "bridge", "host", "none", "net", "shareable", f"container:{pause}"}
        assert {source.removesuffix(":ro") for source in host.get("VolumesFrom", ())} <= others
        for endpoint in body.get("NetworkingConfig", {}).get("EndpointsConfig", {}).values():
            assert {link.partition(":")[0] for link in endpoint["Links"] or ()} <= others
        sources = {bind.partition(":")[0] for bind in host.get("Binds", ())}
        assert all(source.startswith(f"moorage-volume-{TASK_ID[:12]}-") for source in sources - folders - shared)
        assert host["RestartPolicy"] == {"Name": "no"}


@PATIENT
@ANY
def test_what_docker_refuses_in_a_shared_network_is_never_asked_for_there(document: dict[str, Any]) -> None:
    plan = plan_of(mended({**document, "networkMode": "awsvpc"}))
    for marked, body in bodies(plan):
        if marked.container != PAUSE:
            assert not {"Hostname", "ExposedPorts", "NetworkingConfig"} & body.keys()
            assert not {"Dns", "DnsSearch", "ExtraHosts", "PortBindings", "Links"} & body["HostConfig"].keys()


def _names(made: TaskDefinition) -> set[str]:
    """Every container that the definition speaks of; that each exists is a rule of registration."""
    containers = made.container_definitions
    sources = {source.source_container for container in containers for source in container.volumes_from}
    return sources | {container.name for container in containers}
