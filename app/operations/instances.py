"""Container instances: register, deregister, drain, list, describe, attributes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from pydantic.alias_generators import to_camel

from app.fleet.fleet import Fleet, InstanceState
from app.hosts.reading import engine_info
from app.model.cluster import (
    BUILT_IN_ATTRIBUTE_PREFIX,
    MAX_CUSTOM_ATTRIBUTES,
    ClusterFile,
    InstanceEntry,
    attribute_problem,
)
from app.model.endpoint import Endpoint
from app.model.errors import MoorageError, NotFoundError
from app.model.ids import instance_arn, new_id, short_id
from app.model.instance import InstanceKey
from app.model.requests import (
    Attribute,
    DeleteAttributesRequest,
    DescribeContainerInstancesRequest,
    ListContainerInstancesRequest,
    PutAttributesRequest,
    RegisterContainerInstanceRequest,
    UpdateContainerInstanceRequest,
    UpdateContainerInstancesStateRequest,
)
from app.operations.candidates import instance_facts
from app.operations.deeds import failed_words, kept
from app.operations.draining import Say, activate, drain, plan_shape, quiet, save, tell_untold
from app.operations.endpoints import endpoint_of, endpoint_with_files
from app.operations.policy import ask_first
from app.operations.preflight import examine
from app.operations.session import Session, find_entry, instances_of
from app.operations.shapes import attribute_shape, drain_words, instance_shape
from app.operations.staying import stays
from app.placement.evaluation import evaluate
from app.placement.expressions import ExpressionError, parse

_INVALID = "InvalidParameterException"


def _named(_: Any, answer: dict[str, Any]) -> str:
    return str(answer["containerInstance"]["name"])


def _state_words(request: UpdateContainerInstancesStateRequest, answer: dict[str, Any]) -> str:
    names = ", ".join(shape["name"] for shape in answer["containerInstances"])
    return f"{request.status} {names}{failed_words(answer['failures'])}"


@kept("register-container-instance", _named)
def register_container_instance(
    session: Session, request: RegisterContainerInstanceRequest, tell: Say = quiet, beware: Say | None = None
) -> dict[str, Any]:
    """Add a Docker Engine to a cluster. It has to answer, to be fit for tasks, and not to be in the cluster yet.

    ``tell`` gets a line when another operator drains it; ``beware`` one for each thing on the host that a person should
    know (default: ``tell``).
    """
    cluster = session.cluster(request.cluster)
    if not request.endpoint:
        raise MoorageError("endpoint is required, as in --endpoint unix:///var/run/docker.sock", code=_INVALID)
    way = endpoint_of(request)
    endpoint, engine = way.url, session.engine(way)
    try:
        info, checks = engine_info(engine.info(), engine.version()), examine(engine, disk=False)
    except MoorageError as error:
        raise MoorageError(f"cannot register {endpoint}: {error.message}", code="ServerException") from error
    if unfit := next((check for check in checks if check.status == "failed"), None):
        raise MoorageError(f"cannot register {endpoint}: {unfit}")
    name = request.name or re.sub(r"[^A-Za-z0-9._-]", "-", info.hostname).strip("-._")[:63] or "local"
    for attribute in request.attributes:
        _check_attribute(attribute.name, attribute.value)
    _check_number({attribute.name for attribute in request.attributes})
    _check_new(session, cluster, endpoint, info.engine_id)
    entry = InstanceEntry(
        name=name,
        id=new_id(),
        endpoint=endpoint,
        insecure=way.insecure,
        **_files(way),
        registered_at=session.now().replace(microsecond=0),
        attributes={attribute.name: attribute.value for attribute in request.attributes},
        **_reserved(request),
    )

    def add(current: ClusterFile) -> ClusterFile:
        if any(other.name == name for other in current.instances):
            raise MoorageError(
                f"cluster {current.name!r} has a container instance {name!r} already; choose another with --name",
                code=_INVALID,
            )
        return current.with_instance(entry)

    state = _state(session.survey(session.clusters.update(cluster.name, add)), cluster.name, entry)
    if state.drain is not None:
        tell(f"{name} is DRAINING ({drain_words(state.drain)}): it takes no tasks until it is made ACTIVE")
    for check in checks:
        if check.status == "warning":
            (beware or tell)(f"{name}: {check}")
    return {"containerInstance": instance_shape(state)}


def _files(way: Endpoint) -> dict[str, Any]:
    """The members of an entry that name them."""
    if way.tls is None:
        return {}
    return {"ca": way.tls.ca, "cert": way.tls.cert, "key": way.tls.key, "tls_name": way.tls.name}


def _check_new(session: Session, cluster: ClusterFile, endpoint: str, engine_id: str) -> None:
    for state in session.survey(cluster).of_cluster(cluster.name):
        if state.instance.endpoint == endpoint or (state.info and state.info.engine_id == engine_id):
            raise MoorageError(
                f"this engine is in cluster {cluster.name!r} already, as {state.instance.key.name!r}",
                code=_INVALID,
            )


@kept("update-container-instance", _named)
def update_container_instance(session: Session, request: UpdateContainerInstanceRequest) -> dict[str, Any]:
    """Change what an instance keeps for its host, or its TLS files. Tasks that run already stay, whatever they hold.

    With other files its engine has to answer.
    """
    cluster = session.cluster(request.cluster)
    entry = find_entry(cluster, request.container_instance)
    members = _reserved(request)
    way = endpoint_with_files(entry, request)
    if way is not None:
        if why_not := session.probe(way):
            raise MoorageError(f"cannot update {entry.name}: {why_not}; its files stay as they were")
        members |= {**_files(way), "insecure": False}
    if not members:
        raise MoorageError(
            "nothing to change: --reserved-memory, --reserved-ports, --reserved-ports-udp, or one of --ca, --cert, "
            "--key and --tls-name is needed",
            code=_INVALID,
        )
    saved = save(session, cluster.name, {entry.name: members})
    return {"containerInstance": _shape(session.survey(saved), saved.name, find_entry(saved, entry.name))}


def _reserved(request: RegisterContainerInstanceRequest | UpdateContainerInstanceRequest) -> dict[str, Any]:
    """The members of an entry that say what is kept for the host, as far as they are given."""
    members: dict[str, Any] = {}
    if request.reserved_memory is not None:
        members["reserved_memory"] = request.reserved_memory
    for name, ports in (
        ("reserved_ports", request.reserved_ports),
        ("reserved_ports_udp", request.reserved_ports_udp),
    ):
        if ports is not None:
            if 0 in ports and len(ports) > 1:
                raise MoorageError(f"{to_camel(name)}: 0 means none, beside others it means nothing", code=_INVALID)
            members[name] = sorted(set(ports) - {0})
    return members


@kept("update-container-instances-state", _state_words, asks=False)
def update_container_instances_state(
    session: Session, request: UpdateContainerInstancesStateRequest, tell: Say = quiet
) -> dict[str, Any]:
    """DRAINING: nothing new is placed there; what runs stays. ACTIVE again at any time.

    ``tell`` gets the lines that say what stays, who drains it already, and who can't see it yet.
    """
    cluster = session.cluster(request.cluster)
    found, failures = _split(cluster, request.container_instances)
    fleet = session.survey(cluster)
    states = [_state(fleet, cluster.name, entry) for entry in found]
    if request.dry_run:
        tell("nothing was changed")
        return {**plan_shape(states), "failures": failures}
    ask_first(session, f"{request.status} of instances", cluster.name, lambda: _touched(states))
    if request.status == "DRAINING":
        change = drain(session, fleet, states, request.reason)
    else:
        change = activate(session, fleet, states)
    saved = save(session, cluster.name, change.members)
    fleet.register([cluster.name], instances_of(saved, cluster.name))
    for line in change.told:
        tell(line)
    left = [entry for entry in found if saved.find(entry.id) is None]
    failures += change.failures
    failures += [
        _missing(cluster.name, entry.id, f"{entry.name} has left cluster {cluster.name!r} meanwhile") for entry in left
    ]
    refused = {failure["arn"] for failure in failures}
    changed = [entry for entry in found if instance_arn(cluster.name, entry.id) not in refused]
    return {"containerInstances": [_shape(fleet, cluster.name, entry) for entry in changed], "failures": failures}


def _touched(states: Iterable[InstanceState]) -> list[str]:
    """The instances, and the tasks that stay on each."""
    return [line for state in states for line in (state.instance.key.name, *stays(state))]


def list_container_instances(session: Session, request: ListContainerInstancesRequest) -> dict[str, Any]:
    cluster = session.cluster(request.cluster)
    chosen = list(cluster.instances)
    if request.filter or request.status:
        chosen = _selected(session, cluster, request)
    return {"containerInstanceArns": [instance_arn(cluster.name, entry.id) for entry in chosen]}


def _selected(session: Session, cluster: ClusterFile, request: ListContainerInstancesRequest) -> list[InstanceEntry]:
    """Those with a status, and that an expression selects.

    Of one that does not answer nothing else is known than what the cluster's file says.
    """
    try:
        expression = parse(request.filter) if request.filter else None
    except ExpressionError as error:
        raise MoorageError(f"filter: {error.message}", code=_INVALID) from None
    fleet = session.survey(cluster)
    tell_untold(session, fleet)
    chosen = []
    for entry in cluster.instances:
        state = _state(fleet, cluster.name, entry)
        if request.status in (None, "DRAINING" if state.draining else "ACTIVE") and (
            expression is None or evaluate(expression, instance_facts(state))
        ):
            chosen.append(entry)
    return chosen


def describe_container_instances(session: Session, request: DescribeContainerInstancesRequest) -> dict[str, Any]:
    cluster = session.cluster(request.cluster)
    found, failures = _split(cluster, request.container_instances)
    fleet = session.survey(cluster)
    tell_untold(session, fleet)
    return {"containerInstances": [_shape(fleet, cluster.name, entry) for entry in found], "failures": failures}


@kept("put-attributes", lambda request, _: ", ".join(one.name for one in request.attributes))
def put_attributes(session: Session, request: PutAttributesRequest) -> dict[str, Any]:
    for attribute in request.attributes:
        _check_attribute(attribute.name, attribute.value)

    def put(attributes: dict[str, str], attribute: Attribute) -> None:
        attributes[attribute.name] = attribute.value

    return _change_attributes(session, request.cluster, request.attributes, put)


@kept("delete-attributes", lambda request, _: ", ".join(one.name for one in request.attributes))
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
        raise MoorageError(f"the instance {problem}", code=_INVALID)


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
            failures.append(_missing(cluster.name, name, error.message))
    return found, failures


def _missing(cluster: str, id_or_arn: str, detail: str) -> dict[str, str]:
    return {"arn": instance_arn(cluster, short_id(id_or_arn)), "reason": "MISSING", "detail": detail}


def _shape(fleet: Fleet, cluster: str, entry: InstanceEntry) -> dict[str, Any]:
    return instance_shape(_state(fleet, cluster, entry))


def _state(fleet: Fleet, cluster: str, entry: InstanceEntry) -> InstanceState:
    return fleet.instances[InstanceKey(cluster, entry.name)]
