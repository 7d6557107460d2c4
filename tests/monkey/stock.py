"""Taking stock once all is well again: what was asked for, what is there, and whether anything of it should not be."""

from __future__ import annotations

import json
import sqlite3
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.labels import TASK, network_name, volume_name
from app.hosts.reading import container_from_inspect, records_from
from app.hosts.settings import HostSettings
from app.hosts.supervisor import Hand, act, due
from app.hosts.task_objects import read_task
from app.model.instance import InstanceKey
from app.model.record import LEASE_TERM, RECORD_PREFIX, TaskRecord
from app.model.resources import Resources
from app.model.task import Task
from app.store.audit import AuditLog
from app.store.clusters import ClusterStore
from app.store.home import resolve_home
from tests.engine_bed import wait_until
from tests.monkey.others import CLUSTER, Told
from tests.monkey.places import Place

LATER = LEASE_TERM * 2
_SETTLED_WITHIN = 240.0
_SETTINGS = HostSettings()
_LAUNCHES = ("run-task", "start-task")


@dataclass
class Stock:
    """Counts of the end of a run. ``wrong``: everything that should not be, in words.

    ``unswept``: records that have outlived their task, and are swept when they are old enough.
    """

    asked: int = 0
    calls: int = 0
    running: int = 0
    stopped: int = 0
    cut_off: int = 0
    lost: int = 0
    doubled: int = 0
    orphans: int = 0
    unswept: int = 0
    damaged: int = 0
    foreign_touched: int = 0
    overcommitted: int = 0
    files: int = 0
    torn: int = 0
    audit_lines: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Found:
    """What is on one engine at the end. ``tasks``: by id, settled. ``last``: what came of the last thing due on one."""

    place: Place
    tasks: Mapping[str, Task]
    records: Mapping[str, TaskRecord]
    last: Mapping[str, str]


def settle(place: Place, later: timedelta = LATER) -> Found:
    """Do what an agent would, as if its clock stood later than all leases, until nothing is due; what is there then."""
    wait_until(place.daemon.api.ping, within=60, ignoring=(Exception,), what=f"{place.name} answers")
    engine, key = Engine(parse_endpoint(place.daemon.endpoint)), InstanceKey(CLUSTER, place.name)
    info = engine.info()
    engine.measure_clock(info)
    hand = Hand("stock", lambda _: None, Resources(info["NCPU"] * 1024, info["MemTotal"] >> 20), _SETTINGS)

    last: dict[str, str] = {}

    def settled() -> bool:
        open_ones = 0
        for task_id in _task_ids(engine):
            task = read_task(engine, key, task_id)
            what = due(task, engine.now() + later, _SETTINGS.retention) if task is not None else None
            if task is not None and what is not None:
                open_ones += 1
                try:
                    done = act(engine, task, what, hand)
                except HostError as error:
                    done = error.message
                last[task_id] = f"{what}: {done}"
        return not open_ones

    try:
        # What never settles is told by its state, with all the rest.
        with suppress(AssertionError):
            wait_until(settled, within=_SETTLED_WITHIN, ignoring=(HostError,))
        tasks = {task_id: task for task_id in _task_ids(engine) if (task := read_task(engine, key, task_id))}
        records = {one.task_id: one for one in records_from(engine.volumes(TASK)) if isinstance(one, TaskRecord)}
        return Found(place, tasks, records, last)
    finally:
        engine.close()


def _task_ids(engine: Engine) -> list[str]:
    named = {record.task_id for record in records_from(engine.volumes(TASK))}
    containers = (container_from_inspect(engine.inspect(one["Id"])) for one in engine.containers(TASK))
    return sorted(named | {one.tag.task_id for one in containers if one.tag is not None})


def take_stock(home: Path, told: Told, found: Sequence[Found]) -> Stock:
    """Of all engines and of the home."""
    stock = Stock(calls=told.done["launches called"])
    _count_tasks(stock, found, told)
    for one in found:
        _look_for_orphans(stock, one)
        gone = one.place.touched()
        stock.foreign_touched += len(gone)
        stock.wrong += gone
    _read_files(stock, home)
    return stock


# --- tasks -----------------------------------------------------------------------------------------------------------


def _count_tasks(stock: Stock, found: Sequence[Found], told: Told) -> None:
    tasks = [task for one in found for task in one.tasks.values()]
    for task in tasks:
        name = f"{task.id[:8]} on {task.instance.name}"
        if task.last_status == "RUNNING":
            stock.running += 1
        elif task.last_status == "STOPPED" and task.stop_code is not None:
            stock.stopped += 1
            stock.reasons[f"{task.stop_code}: {_kind(task)}"] += 1
            stock.cut_off += task.stopped_reason == "The launch was cut off and not resumed"
        else:
            stock.wrong.append(
                f"task {name} is {task.last_status}, to be {task.desired_status}: it never settles; {task}"
            )
            stock.wrong += [f"{name}: {one.last[task.id]}" for one in found if task.id in one.last]
    where: dict[str, list[str]] = {}
    for task in tasks:
        where.setdefault(task.id, []).append(f"{task.last_status} on {task.instance.name}: {task.stopped_reason}")
    by_token = Counter(task.client_token for task in tasks if task.client_token and task.last_status == "RUNNING")
    doubled = [f"task {task_id} is there twice: {places}" for task_id, places in where.items() if len(places) > 1]
    doubled += [
        f"{by_token[token]} tasks run for token {token}, of {asked.count}"
        for token, asked in told.asked.items()
        if by_token[token] > asked.count
    ]
    known = {task.id for task in tasks}
    lost = sorted(told.answered - known)
    stock.asked = len(known | told.answered)
    stock.doubled, stock.lost = len(doubled), len(lost)
    stock.wrong += [*doubled, *(f"task {task_id}, which a verb told of, is nowhere" for task_id in lost)]


def _kind(task: Task) -> str:
    """The reason, as far as it is not about one task alone."""
    return str(task.stopped_reason).partition(":")[0][:60]


# --- what is on an engine --------------------------------------------------------------------------------------------


def _look_for_orphans(stock: Stock, found: Found) -> None:
    """What is ours by name and label has to belong to a task; labels have to be whole, and no name be there twice."""
    api, where = found.place.daemon.api, found.place.name
    names: Counter[tuple[str, str]] = Counter()
    for entry in api.containers(all=True, filters={"label": TASK}):
        detail = api.inspect_container(entry["Id"])
        if "monkey" in detail["Config"]["Labels"]:
            continue  # made to look like ours, by the one who makes disorder
        container = container_from_inspect(detail)
        if container.tag is None:
            stock.damaged += 1
            stock.wrong.append(f"labels of {container.name} on {where} are not whole: {container.damage}")
            continue
        names[container.tag.task_id, container.tag.container] += 1
        task = found.tasks.get(container.tag.task_id)
        if container.tag.task_id not in found.records or task is None:
            _orphan(stock, f"container {container.name} on {where} has no record")
        elif task.last_status == "STOPPED" and not container.ever_started:
            _orphan(stock, f"container {container.name} on {where} never ran, and its task is STOPPED")
    twice = [f"container {name} of task {task_id} on {where} twice" for (task_id, name), n in names.items() if n > 1]
    stock.doubled += len(twice)
    stock.wrong += twice
    networks = {network_name(task_id) for task_id in found.records}
    for network in api.networks(filters={"label": TASK}):
        if network["Name"] not in networks:
            _orphan(stock, f"network {network['Name']} on {where} has no record")
    volumes = tuple(volume_name(task_id, "") for task_id in found.records)
    for volume in api.volumes(filters={"label": TASK})["Volumes"] or []:
        name = str(volume["Name"])
        if name.startswith(RECORD_PREFIX):
            stock.unswept += volume["Labels"][TASK] not in found.records
        elif not name.startswith(volumes):
            _orphan(stock, f"volume {name} on {where} has no record")


def _orphan(stock: Stock, words: str) -> None:
    stock.orphans += 1
    stock.wrong.append(words)


# --- files -----------------------------------------------------------------------------------------------------------


def _read_files(stock: Stock, home: Path) -> None:
    for path in sorted(home.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        stock.files += 1
        try:
            _read(path)
        except (ValueError, OSError, sqlite3.Error) as error:
            stock.torn += 1
            stock.wrong.append(f"{path.relative_to(home)} is torn: {error!r:.300}")
        if path.name.startswith("fault-"):
            stock.wrong.append(f"a fault was reported:\n{path.read_text('utf-8', 'replace')[-3000:]}")
        mode = path.stat().st_mode & 0o777
        if mode & 0o077:
            stock.wrong.append(f"{path.relative_to(home)} has mode {mode:o}")
    where = resolve_home(str(home), {})
    broken = ClusterStore(where).read_all()[1]
    stock.torn += len(broken)
    stock.wrong += [error.message for error in broken.values()]
    entries, lines_broken = AuditLog(where).read()
    stock.audit_lines = len(entries)
    stock.torn += lines_broken
    stock.wrong += [f"{lines_broken} lines of the audit log are not whole"] * bool(lines_broken)


def answered_by_keys(home: Path) -> set[str]:
    """Ids of the tasks of every launch that ended, by whomever, as the audit log has it."""
    entries, _ = AuditLog(resolve_home(str(home), {})).read()
    launches: Iterable[Mapping[str, Any]] = (entry for entry in entries if entry["verb"] in _LAUNCHES)
    return {task_id for entry in launches for task_id in entry.get("ids", ())}


def _read(path: Path) -> None:
    if path.suffix == ".toml":
        tomllib.loads(path.read_text("utf-8"))
    elif path.suffix == ".json":
        json.loads(path.read_bytes())
    elif path.suffix == ".jsonl":
        for line in path.read_bytes().splitlines():
            json.loads(line or b"{}")
    elif path.suffix == ".sqlite3":
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            told = database.execute("PRAGMA quick_check").fetchone()
        database.close()
        if told != ("ok",):
            raise ValueError(str(told))
