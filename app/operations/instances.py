"""Container instances: register, deregister, drain, list, describe, attributes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from app.fleet.fleet import Fleet, InstanceState
from app.hosts.endpoint import parse_endpoint
from app.hosts.reading import engine_info
from app.model.cluster import (
    BUILT_IN_ATTRIBUTE_PREFIX,
    MAX_CUSTOM_ATTRIBUTES,
    ClusterFile,
    InstanceEntry,
    attribute_problem,
)
from app.model.errors import MoorageError, NotFoundError
from app.model.ids import instance_arn, new_id
from app.model.instance import InstanceKey
from app.model.requests import (
    Attribute,
    DeleteAttributesRequest,
    DeregisterContainerInstanceRequest,
    DescribeContainerInstancesRequest,
    ListContainerInstancesRequest,
    PutAttributesRequest,
    RegisterContainerInstanceRequest,
    UpdateContainerInstancesStateRequest,
)
from app.operations.candidates import instance_facts
from app.operations.session import Session, find_entry
from app.operations.shapes import attribute_shape, instance_shape
from app.placement.evaluation import evaluate
from app.placement.expressions import ExpressionError, parse


def register_container_instance(session: Session, request: RegisterContainerInstanceRequest) -> dict[str, Any]:
    """Add a Docker Engine to a cluster. It has to answer, and not to be in the cluster yet."""
    cluster = session.cluster(request.cluster)
    if not request.endpoint:
        raise MoorageError(
            "endpoint is required, as in --endpoint unix:///var/run/docker.sock", code="InvalidParameterException"
        )
    endpoint = parse_endpoint(request.endpoint).url
    engine = session.engine(endpoint)
    try:
        info = engine_info(engine.info(), engine.version())
    except MoorageError as error:
        raise MoorageError(f"cannot register {endpoint}: {error.message}", code="ServerException") from error
    if info.os_type not in ("linux", ""):
        raise MoorageError(f"cannot register {endpoint}: it runs {info.os_type} containers; Linux engines only")
    name = request.name or re.sub(r"[^A-Za-z0-9._-]", "-", info.hostname).strip("-._")[:63] or "local"
    for attribute in request.attributes:
        _check_attribute(attribute.name, attribute.value)
    _check_number({attribute.name for attribute in request.attributes})
    _check_new(session, cluster, endpoint, info.engine_id)
    entry = InstanceEntry(
        name=name,
        id=new_id(),
        endpoint=endpoint,
        registered_at=session.now().replace(microsecond=0),
        attributes={attribute.name: attribute.value for attribute in request.attributes},
    )

    def add(current: ClusterFile) -> ClusterFile:
        if any(other.name == name for other in current.instances):
            raise MoorageError(
                f"cluster {current.name!r} has a container instance {name!r} already; choose another with --name",
                code="InvalidParameterException",
            )
        return current.with_instance(entry)

    return _described(session, session.clusters.update(cluster.name, add), entry)


def _check_new(session: Session, cluster: ClusterFile, endpoint: str, engine_id: str) -> None:
    for state in session.survey(cluster).of_cluster(cluster.name):
        if state.instance.endpoint == endpoint or (state.info and state.info.engine_id == engine_id):
            raise MoorageError(
                f"this engine is in cluster {cluster.name!r} already, as {state.instance.key.name!r}",
                code="InvalidParameterException",
            )


def deregister_container_instance(session: Session, request: DeregisterContainerInstanceRequest) -> dict[str, Any]:
    """Take an instance out of a cluster. Its tasks, if any, go on: Moorage only stops watching them."""
    cluster = session.cluster(request.cluster)
    entry = find_entry(cluster, request.container_instance)
    fleet = session.survey(cluster)
    state = fleet.instances[InstanceKey(cluster.name, entry.name)]
    running = [task for task in state.tasks.values() if task.last_status != "STOPPED" and task.cluster == cluster.name]
    if running and not request.force:
        raise MoorageError(
            f"{entry.name!r} still has {len(running)} tasks; stop them first, or use --force to leave them unwatched",
            code="InvalidParameterException",
        )
    if not state.live and not request.force:
        raise MoorageError(
            f"{entry.name!r} does not answer ({state.freshness.reason}), so nobody knows what runs there; use --force",
            code="InvalidParameterException",
        )
    session.clusters.update(cluster.name, lambda current: current.without_instance(entry.id))
    return {"containerInstance": {**instance_shape(state), "status": "INACTIVE"}}


def update_container_instances_state(session: Session, request: UpdateContainerInstancesStateRequest) -> dict[str, Any]:
    """DRAINING: nothing new is placed there; what runs stays. ACTIVE again at any time."""
    cluster = session.cluster(request.cluster)
    found, failures = _split(cluster, request.container_instances)

    def change(current: ClusterFile) -> ClusterFile:
        for entry in found:
            fresh = current.find(entry.id)
            if fresh is not None:
                current = current.with_instance(fresh.model_copy(update={"status": request.status}))
        return current

    fleet = session.survey(session.clusters.update(cluster.name, change))
    return {"containerInstances": [_shape(fleet, cluster.name, entry) for entry in found], "failures": failures}


def list_container_instances(session: Session, request: ListContainerInstancesRequest) -> dict[str, Any]:
    cluster = session.cluster(request.cluster)
    chosen = [entry for entry in cluster.instances if request.status in (None, entry.status)]
    if request.filter:
        chosen = _selected(session, cluster, chosen, request.filter)
    return {"containerInstanceArns": [instance_arn(cluster.name, entry.id) for entry in chosen]}


def _selected(session: Session, cluster: ClusterFile, entries: list[InstanceEntry], text: str) -> list[InstanceEntry]:
    """Those that an expression selects. One that does not answer has no other attributes than the cluster's file."""
    try:
        expression = parse(text)
    except ExpressionError as error:
        raise MoorageError(f"filter: {error.message}", code="InvalidParameterException") from None
    fleet = session.survey(cluster)
    return [entry for entry in entries if evaluate(expression, instance_facts(_state(fleet, cluster.name, entry)))]


def describe_container_instances(session: Session, request: DescribeContainerInstancesRequest) -> dict[str, Any]:
    cluster = session.cluster(request.cluster)
    found, failures = _split(cluster, request.container_instances)
    fleet = session.survey(cluster)
    return {"containerInstances": [_shape(fleet, cluster.name, entry) for entry in found], "failures": failures}


def put_attributes(session: Session, request: PutAttributesRequest) -> dict[str, Any]:
    for attribute in request.attributes:
        _check_attribute(attribute.name, attribute.value)

    def put(attributes: dict[str, str], attribute: Attribute) -> None:
        attributes[attribute.name] = attribute.value

    return _change_attributes(session, request.cluster, request.attributes, put)


def delete_attributes(session: Session, request: DeleteAttributesRequest) -> dict[str, Any]:
    def delete(attributes: dict[str, str], attribute: Attribute) -> None:
        if attribute.name not in attributes:
            kind = f"attribute of {attribute.target_id!r}"
            raise NotFoundError(kind, attribute.name, attributes, code="TargetNotFoundException")
        del attributes[attribute.name]

    return _change_attributes(session, request.cluster, request.attributes, delete)


def _change_attributes(
    session: Session,
    cluster_name: str,
    wanted: list[Attribute],
    change_one: Callable[[dict[str, str], Attribute], None],
) -> dict[str, Any]:
    cluster = session.cluster(cluster_name)

    def change(current: ClusterFile) -> ClusterFile:
        for attribute in wanted:
            entry = find_entry(current, attribute.target_id)
            attributes = dict(entry.attributes)
            change_one(attributes, attribute)
            _check_number(attributes)
            current = current.with_instance(entry.model_copy(update={"attributes": attributes}))
        return current

    updated = session.clusters.update(cluster.name, change)
    return {
        "attributes": [
            attribute_shape(attribute.name, attribute.value, cluster.name, find_entry(updated, attribute.target_id).id)
            for attribute in wanted
        ]
    }


def _check_attribute(name: str, value: str) -> None:
    if problem := attribute_problem(name, value):
        raise MoorageError(f"the instance {problem}", code="InvalidParameterException")


def _check_number(names: Iterable[str]) -> None:
    custom = sum(not name.startswith(BUILT_IN_ATTRIBUTE_PREFIX) for name in names)
    if custom > MAX_CUSTOM_ATTRIBUTES:
        raise MoorageError(
            f"an instance has at most {MAX_CUSTOM_ATTRIBUTES} custom attributes, and would have {custom}: "
            "delete-attributes takes away those that are not needed",
            code="AttributeLimitExceededException",
        )


def _split(cluster: ClusterFile, names: list[str]) -> tuple[list[InstanceEntry], list[dict[str, str]]]:
    found, failures = [], []
    for name in names:
        try:
            found.append(find_entry(cluster, name))
        except NotFoundError as error:
            arn = instance_arn(cluster.name, name)
            failures.append({"arn": arn, "reason": "MISSING", "detail": error.message})
    return found, failures


def _shape(fleet: Fleet, cluster: str, entry: InstanceEntry) -> dict[str, Any]:
    return instance_shape(_state(fleet, cluster, entry))


def _state(fleet: Fleet, cluster: str, entry: InstanceEntry) -> InstanceState:
    return fleet.instances[InstanceKey(cluster, entry.name)]


def _described(session: Session, cluster: ClusterFile, entry: InstanceEntry) -> dict[str, Any]:
    return {"containerInstance": _shape(session.survey(cluster), cluster.name, entry)}
