"""Compose as the front end of a cluster: a project's tasks are those of the group ``compose:PROJECT``."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.fleet.fleet import Fleet
from app.interop.compose import ComposeOptions, Surroundings, is_compose, name_of_project
from app.model.cluster import ClusterFile
from app.model.equality import same_definition
from app.model.errors import DocumentError, Finding, MoorageError
from app.model.progress import Tell
from app.model.requests import RunTaskRequest
from app.model.task import Task
from app.operations.blueprint import make_blueprint
from app.operations.compose_folder import DEFAULT_FILES, ComposeFolder
from app.operations.deeds import told_if_failed
from app.operations.definition_shape import registered_members
from app.operations.importing import Imported, ImportOptions, checked, parsed, register_imported
from app.operations.launch import Launched, accepted, run_task
from app.operations.policy import ask_first
from app.operations.session import Session
from app.operations.tasks import stop_found_task, unanswered
from app.store.definitions import StoredRevision

OVERRIDES = ("compose.override.yaml", "compose.override.yml", "docker-compose.override.yaml",
             "docker-compose.override.yml")  # fmt: skip
_REPLACED = "replaced by moorage up"
_DOWN = "moorage down"
_MOST_AT_ONCE = 10
"""What one run-task starts."""

Say = Callable[[str], object]


@dataclass(slots=True)
class Up:
    """``launched`` holds the tasks that are up now, those that were so before among them."""

    stored: StoredRevision
    warnings: tuple[Finding, ...] = ()
    stopped: list[Task] = field(default_factory=list)
    launched: Launched = field(default_factory=Launched)


def default_file() -> str:
    """The Compose file of the current folder, by Compose's own order. Raises MoorageError."""
    for name in DEFAULT_FILES:
        if os.path.lexists(name):
            return name
    raise MoorageError(f"there is no {DEFAULT_FILES[0]} here; name the file with -f")


def group_of(project: str) -> str:
    return f"compose:{project}"


def project_of(data: bytes, source: str, neighbours: ComposeFolder, options: ImportOptions) -> str:
    """The project of a Compose file, whose services need not be right. Raises DocumentError."""
    value, _ = parsed(data, source)
    if not is_compose(value):
        raise DocumentError(source, [Finding("", "is no Compose file", "name one with -f")])
    around = Surroundings(os.environ, neighbours.folder, neighbours.read)
    return name_of_project(value, source, ComposeOptions(project_name=options.project_name), around)


def bring_up(session: Session, imported: Imported, cluster_name: str, tell: Tell, say: Say) -> Up:
    """Register what changed, stop the project's tasks of other revisions, run what is missing.

    A task of this very revision stays as it is. ``say`` is told in lines what is done, and what is not known.

    Raises MoorageError before anything is stopped, or for a task that cannot be stopped.
    """
    cluster = session.cluster(cluster_name)
    stored, warnings = registered(session, imported, say)
    reference, group = f"{stored.family}:{stored.revision}", group_of(imported.project)
    count = min(imported.replicas, _MOST_AT_ONCE)
    if count < imported.replicas:
        say(f"{imported.replicas} tasks are wanted; at most {_MOST_AT_ONCE} are started at once")
    request = RunTaskRequest(cluster=cluster.name, task_definition=reference, group=group, count=count)
    with told_if_failed(session, "up", cluster=cluster.name):
        ask_first(session, "up", cluster.name, [f"run {count} of {reference}, in place of what runs of {group}"])
        accepted(session, make_blueprint(session, request))  # what cannot be run must not take down what runs
    fleet = session.survey(cluster)
    running = tasks_of(fleet, cluster.name, group)
    current = [task for task in running if (task.family, task.revision) == (stored.family, stored.revision)]
    up = Up(stored, warnings)
    for failure in unanswered(fleet, cluster).get("failures", ()):
        say(f"{failure['arn']} does not answer; what runs there of {group} stays")
    replaced = [task for task in running if task not in current]
    for task in replaced:
        say(f"stopping task {told(task)}: {reference} replaces it")
    up.stopped = stop_all(session, fleet, replaced, _REPLACED, tell)
    for task in current:
        say(f"task {told(task)} is {task.last_status} already")
    if len(current) < count:
        missing = request.model_copy(update={"count": count - len(current)})
        up.launched = run_task(session, missing, tell)
        fleet = settle(session, cluster, up, group, count, tell, say)
    up.launched.tasks[:0] = current
    up.launched.instance_ids.update({key: state.instance.id for key, state in fleet.instances.items()})
    return up


def take_down(session: Session, project: str, cluster_name: str, tell: Tell, say: Say) -> tuple[list[Task], Fleet]:
    """Stop the project's tasks, and no other's; the tasks as they ended. Raises MoorageError."""
    cluster = session.cluster(cluster_name)
    fleet = session.survey(cluster)
    group = group_of(project)
    running = tasks_of(fleet, cluster.name, group)
    for failure in unanswered(fleet, cluster).get("failures", ()):
        say(f"{failure['arn']} does not answer; what runs there of {group} goes on")
    if not running:
        say(f"nothing runs of {group} in cluster {cluster.name}")
    else:
        with told_if_failed(session, "down", cluster=cluster.name):
            ask_first(session, "down", cluster.name, [f"stop task {told(task)}" for task in running])
    for task in running:
        say(f"stopping task {told(task)}")
    return stop_all(session, fleet, running, _DOWN, tell), fleet


def settle(session: Session, cluster: ClusterFile, up: Up, group: str, count: int, tell: Tell, say: Say) -> Fleet:
    """Two ups at the same time each run what both found missing. Both look again, and agree on what goes.

    The newest revision stays, and of it the tasks that were there first; each up stops its own that come after these,
    and whatever is of an older revision.
    """
    fleet = session.survey(cluster)
    family, revision = up.stored.family, up.stored.revision
    running = [task for task in tasks_of(fleet, cluster.name, group) if task.family == family]
    newest = max((task.revision for task in running), default=revision)
    kept = sorted((task for task in running if task.revision == newest), key=lambda task: (task.created_at, task.id))
    mine = {task.id for task in up.launched.tasks}
    surplus = [task for task in running if task.revision < newest]
    if newest == revision:
        surplus += [task for task in kept[count:] if task.id in mine]
        kept = kept[:count]
    for task in surplus:
        say(f"stopping task {told(task)}: another moorage up was at work")
    ends = {task.id: task for task in stop_all(session, fleet, surplus, _REPLACED, tell)}
    up.launched.tasks = [ends.get(task.id, task) for task in up.launched.tasks]
    if mine & ends.keys():
        up.launched.tasks += [task for task in kept if task.id not in mine]
    return fleet


def told(task: Task) -> str:
    return f"{task.id[:8]} of {task.family}:{task.revision} on {task.instance.name}"


def tasks_of(fleet: Fleet, cluster: str, group: str) -> list[Task]:
    """The group's tasks that are not stopping already."""
    return [task for task in fleet.tasks(cluster) if task.group == group and task.desired_status == "RUNNING"]


def stop_all(session: Session, fleet: Fleet, tasks: Sequence[Task], reason: str, tell: Tell) -> list[Task]:
    """Stop tasks at the same time; they come back as they ended. Raises the first MoorageError, once all are done."""
    ends: list[Task] = list(tasks)
    errors: list[MoorageError] = []

    def stop(index: int, task: Task) -> None:
        try:
            endpoint = fleet.instances[task.instance].instance.reached_by
            ends[index] = stop_found_task(session, endpoint, task, reason, tell)
        except MoorageError as error:
            errors.append(error)

    threads = [threading.Thread(target=stop, args=pair, daemon=True) for pair in enumerate(tasks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            thread.join(0.2)
    if errors:
        raise errors[0]
    return ends


def registered(session: Session, imported: Imported, say: Say) -> tuple[StoredRevision, tuple[Finding, ...]]:
    """The latest ACTIVE revision when it says the same, else a new one."""
    warnings = checked(imported).warnings
    if (latest := saying_the_same(session, imported)) is not None:
        say(f"{latest.family}:{latest.revision} says the same already; no new revision")
        return latest, warnings
    (new,) = register_imported(session, [imported])
    say(f"registered {new.stored.family}:{new.stored.revision}")
    return new.stored, warnings


def saying_the_same(session: Session, imported: Imported) -> StoredRevision | None:
    """The latest ACTIVE revision of its family, if nothing would change by registering."""
    if imported.family not in session.definitions.families():
        return None
    latest = session.definitions.latest_active(imported.family)
    return latest if latest is not None and same_definition(imported.members, _members(latest)) else None


def _members(stored: StoredRevision) -> dict[str, object]:
    try:
        return registered_members(stored)
    except DocumentError:
        return {}  # a broken one is never the same
