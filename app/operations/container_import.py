"""From a running container to a task definition: any container on an instance, whoever made it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.fleet.fleet import Fleet, InstanceState
from app.hosts.as_definition import as_definition, read_surroundings, with_some_memory
from app.hosts.engine import Engine, Json
from app.hosts.errors import HostError
from app.hosts.reading import container_from_inspect
from app.hosts.task_objects import task_records
from app.model.container import Container, TaskTag
from app.model.definition_document import definition_from
from app.model.dialects import recognise
from app.model.endpoint import Endpoint
from app.model.errors import DocumentError, Finding, MoorageError, NotFoundError
from app.model.manifest import Manifest, read_manifest
from app.model.names import PAUSE
from app.model.overrides import with_overrides
from app.model.record import TaskRecord
from app.model.requests import TaskOverride, parse_request
from app.operations.definitions import parsed
from app.operations.session import Session, find_entry
from app.operations.tasks import OutOfSightError

Imported = tuple[dict[str, Any], tuple[Finding, ...]]

_MOST_ROUNDS = 5
_CONTAINER = "containerDefinitions[0]"
_NEEDED = ("name", "image")


def members_of_container(session: Session, cluster: str, container_instance: str, container: str) -> Imported:
    """The definition that a container amounts to, and what of it could not be taken over.

    Args:
        container_instance: name, id or ARN; "" asks all instances of the cluster at the same time.
        container: id, the beginning of an id that only one container has, or name.

    Raises:
        MoorageError: no such container, several, or its host does not answer.
    """
    known = session.cluster(cluster)
    if container_instance:
        known = known.model_copy(update={"instances": [find_entry(known, container_instance)]})
    state, found = find_container(session.survey(known), known.name, container)
    try:
        return members_on_instance(session, state.instance.reached_by, found.id)
    except HostError as error:
        raise HostError(f"{state.instance.key.name}: {error.message}", error.kind) from error


def find_container(fleet: Fleet, cluster: str, wanted: str) -> tuple[InstanceState, Container]:
    """By id, then by name, then by the beginning of an id. Raises MoorageError."""
    states = fleet.of_cluster(cluster)
    name = wanted.removeprefix("/")
    everything = [(state, container) for state in states for container in state.containers.values()]
    ways = (
        [pair for pair in everything if pair[1].id == wanted],
        [pair for pair in everything if pair[1].name == name],
        [pair for pair in everything if wanted and pair[1].id.startswith(wanted)],
    )
    found = next((pairs for pairs in ways if pairs), [])
    if len(found) == 1:
        return found[0]
    if found:
        places = ", ".join(f"{pair[1].id[:12]} on {pair[0].instance.key.name}" for pair in found[:5])
        raise MoorageError(
            f"container {wanted!r} is not clear: {places}; give its id, and the container instance",
            code="InvalidParameterException",
        )
    silent = [f"{state.instance.key.name} ({state.freshness.reason})" for state in states if not state.live]
    if silent:
        raise OutOfSightError(
            f"container {wanted!r} is on no instance that answers; {', '.join(silent)} did not: try again when it does"
        )
    raise NotFoundError(f"container of cluster {cluster!r}", wanted, [pair[1].name for pair in everything])


def members_on_instance(session: Session, endpoint: Endpoint, container_id: str) -> Imported:
    """As ``members_of_container``, of a container that is known already. Takes a few calls; raises HostError.

    Of a container that Moorage started the whole task's definition is given, as its record has it: that says more than
    any container, and names secrets where the container has their values.
    """
    engine = session.engine(endpoint)
    detail = engine.inspect(container_id)
    tag = container_from_inspect(detail).tag
    if tag is None:
        return _of_stranger(engine, detail)
    manifest = manifest_of(engine, tag.task_id)
    if manifest is not None:
        return _of_task(manifest)
    if tag.container == PAUSE:
        raise MoorageError(
            "it holds the namespaces of a task whose record is gone; name one of the task's other containers"
        )
    members, findings = _of_stranger(engine, detail)
    (container,) = members["containerDefinitions"]
    members["family"], container["name"] = tag.family, tag.container
    _refer_to_secrets(session, tag, container)
    gone = Finding(
        "", "the record of its task is gone", "values of its secrets may stand among its environment now", "warning"
    )
    return members, (gone, *findings)


def _refer_to_secrets(session: Session, tag: TaskTag, container: dict[str, Any]) -> None:
    """Without a record the revision of that name, if it is registered here, tells which variables are secrets."""
    try:
        definition = parsed(session.definitions.read(tag.family, tag.revision)).definition
        secrets = definition.container(tag.container).secrets
    except (MoorageError, KeyError):
        return
    names = {secret.name for secret in secrets}
    environment = [pair for pair in container.pop("environment", ()) if pair["name"] not in names]
    if environment:
        container["environment"] = environment
    if secrets:
        container["secrets"] = [secret.model_dump(by_alias=True, exclude_unset=True) for secret in secrets]


def manifest_of(engine: Engine, task_id: str) -> Manifest | None:
    """The definition and the overrides that a task was launched with; None when its record does not tell."""
    for record in task_records(engine, task_id):
        if isinstance(record, TaskRecord) and (manifest := read_manifest(record.manifest)).definition:
            return manifest
    return None


def _of_task(manifest: Manifest) -> Imported:
    members = recognise(manifest.definition, "the task's record").members
    if not manifest.overrides:
        return members, ()
    overrides = parse_request(TaskOverride, manifest.overrides)
    document = with_overrides(definition_from(members, "the task's record").definition, overrides)
    told = Finding("", "the overrides that its task was launched with are in it", "", "warning")
    return document.definition.model_dump(by_alias=True, exclude_unset=True), (told,)


def _of_stranger(engine: Engine, detail: Json) -> Imported:
    found = as_definition(detail, read_surroundings(engine, detail))
    container, assumed = with_some_memory(found.container)
    members = {
        "family": container["name"],
        **found.task,
        "containerDefinitions": [container],
        **({"volumes": found.volumes} if found.volumes else {}),
    }
    refused = tuple(_mended(members, str(container["name"])))
    return members, (*found.findings, *assumed, *refused)


def _mended(members: dict[str, Any], source: str) -> Iterator[Finding]:
    """Take out what Docker takes and ECS's rules do not, and tell it. Raises DocumentError for what must stay."""
    for _ in range(_MOST_ROUNDS):
        try:
            definition_from(members, source)
        except DocumentError as error:
            for finding in _removable(error):
                yield Finding(finding.path, finding.problem, "it is not taken over", "warning")
            for path in sorted({finding.path for finding in _removable(error)}, reverse=True):
                _remove(members, path)
        else:
            return
    definition_from(members, source)


def _removable(error: DocumentError) -> list[Finding]:
    found = []
    for finding in error.findings:
        member = finding.path.removeprefix(f"{_CONTAINER}.").partition(".")[0].partition("[")[0]
        if not finding.path or member in _NEEDED or member in ("containerDefinitions", "family"):
            raise error
        found.append(finding)
    return found


def _remove(members: dict[str, Any], path: str) -> None:
    """The element of a list that the path leads to, else the member of the container or of the task."""
    holder, rest = members, path
    if path.startswith(f"{_CONTAINER}."):
        holder, rest = members["containerDefinitions"][0], path.removeprefix(f"{_CONTAINER}.")
    member, _, below = rest.partition("[")
    number = below.partition("]")[0]
    name = member.partition(".")[0]
    if number.isdigit() and "." not in member and isinstance(holder.get(name), list):
        del holder[name][int(number) : int(number) + 1]
        if not holder[name]:
            del holder[name]
    else:
        holder.pop(name, None)
