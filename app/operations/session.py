"""What every operation needs: the files of this home, engines by endpoint, and a look at a cluster's hosts."""

from __future__ import annotations

import getpass
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from app.fleet.fleet import Fleet
from app.hosts.endpoint import Endpoint, checked
from app.hosts.engine import Engine
from app.hosts.inspecting import Inspector
from app.hosts.listing import read_host
from app.hosts.reading import engine_info
from app.hosts.settings import HostSettings
from app.model.errors import DocumentError, MoorageError, NotFoundError
from app.model.ids import new_id, short_id
from app.model.instance import Freshness, Instance, InstanceKey
from app.model.safe_text import safe_line
from app.model.update import FreshnessTold, HostRead, HostUpdate, InfoRead
from app.operations.policy import Ask, Policies, nobody
from app.store.clusters import ClusterStore
from app.store.config import read_config
from app.store.definitions import DefinitionStore
from app.store.home import Home, is_simulated
from app.store.local_sources import LocalSources

if TYPE_CHECKING:
    from app.model.cluster import ClusterFile, InstanceEntry
    from app.model.registry import Credential
    from app.store.docker_auth import DockerAuth

SURVEY_DEADLINE = 8.0
"""Seconds after which an instance that has not answered is left out of a survey."""
LOGIN_SECONDS = 10.0
"""More of them where there are hosts of SSH: some ask others first who may come in, or look names up in vain."""


class Session:
    """One run of Moorage. Safe to share between threads. ``owner`` tells this process from all others.

    ``simulated``: the engines of this home are no real ones.
    """

    def __init__(self, home: Home) -> None:
        self.home = home
        self.simulated = is_simulated(home)
        self.clusters = ClusterStore(home)
        self.policies = Policies(self.clusters)
        self.ask: Ask = nobody
        """Who answers before a change that wants a yes."""
        self.complain: Callable[[str], object] = lambda _: None
        """Is told, from any thread, what did not end an operation and is worth a line."""
        self.definitions = DefinitionStore(home)
        self.config, self.config_findings = read_config(home.config_file)
        self.settings = HostSettings(
            self.config.image_pull_behavior, self.config.dynamic_host_ports, self.config.stopped_task_retention
        )
        self.sources = LocalSources(self.config, home.config_file.parent, os.environ)
        self.operator = _operator()
        self.owner = f"{self.operator}-{new_id()[:8]}"
        self._engines: dict[Endpoint, Engine] = {}
        self._docker_auth: DockerAuth | None = None
        self._complained: set[str] = set()
        self._lock = threading.Lock()

    @staticmethod
    def now() -> datetime:
        return datetime.now(UTC)

    # --- registered ------------------------------------------------------------------------------------------------

    def cluster_name(self, name_or_arn: str) -> str:
        return short_id(name_or_arn) or self.config.default_cluster

    def cluster(self, name_or_arn: str) -> ClusterFile:
        """An ACTIVE cluster. Raises NotFoundError (ClusterNotFoundException) or DocumentError."""
        name = self.cluster_name(name_or_arn)
        found = self.clusters.read(name)
        if found.status != "ACTIVE":
            raise NotFoundError("cluster", name, self.active_clusters(), code="ClusterNotFoundException")
        return found

    def active_clusters(self) -> list[str]:
        return [name for name, found in self.clusters.read_all()[0].items() if found.status == "ACTIVE"]

    def registered(self) -> tuple[list[str], list[Instance], dict[str, DocumentError]]:
        """ACTIVE clusters, their instances, and the cluster files that cannot be read."""
        files, broken = self.clusters.read_all()
        active = {name: found for name, found in files.items() if found.status == "ACTIVE"}
        return list(active), [inst for name, found in active.items() for inst in instances_of(found, name)], broken

    # --- hosts -----------------------------------------------------------------------------------------------------

    def engine(self, endpoint: Endpoint) -> Engine:
        """The engine of an endpoint, shared. Raises MoorageError when the endpoint is not one."""
        with self._lock:
            if endpoint not in self._engines:
                self._engines[endpoint] = Engine(
                    checked(endpoint),
                    rule=partial(self.policies.rule, endpoint.url),
                    sockets=self.home.state / "ssh",
                    credentials=self.credential_for,
                )
            return self._engines[endpoint]

    def engines(self) -> dict[Endpoint, Engine]:
        """Those that were asked for so far, by endpoint."""
        with self._lock:
            return dict(self._engines)

    @property
    def docker_environ(self) -> Mapping[str, str]:
        """The environment by which Docker's configuration is found. A demo has its own: nothing of it is real."""
        return {**os.environ, "DOCKER_CONFIG": str(self.home.state / "docker")} if self.simulated else os.environ

    def credential_for(self, registry: str) -> Credential | None:
        """What a registry is shown, from the docker configuration of this machine; None: nothing.

        One that cannot be read is none, and ``complain`` is told why, once: the image may be for everybody.
        """
        with self._lock:
            if self._docker_auth is None:
                from app.store.docker_auth import DockerAuth

                self._docker_auth = DockerAuth(self.docker_environ)
            known = self._docker_auth
        try:
            return known.credential(registry)
        except MoorageError as error:
            with self._lock:
                new = error.message not in self._complained
                self._complained.add(error.message)
            if new:
                self.complain(error.message)
            return None

    def survey(self, cluster: ClusterFile) -> Fleet:
        """Ask every instance of a cluster once, all at the same time; what does not answer is unreachable, and why."""
        fleet = Fleet()
        instances = list(instances_of(cluster, cluster.name))
        fleet.register([cluster.name], instances)
        updates: list[HostUpdate] = []
        seconds = self.ask_all(instances, lambda instance: self._ask(instance, updates))
        fleet.apply(list(updates))
        silent = Freshness("unreachable", self.now(), safe_line(f"no answer within {seconds:g} s"))
        unheard = [key for key, state in fleet.instances.items() if state.freshness.reach == "connecting"]
        fleet.apply([FreshnessTold(key, silent) for key in unheard])
        return fleet

    def ask_all(self, instances: Sequence[Instance], ask: Callable[[Instance], None]) -> float:
        """Call ``ask`` for each, all at the same time, each in a thread; whoever takes too long is not waited for.

        Returns the seconds after which that was so.
        """
        threads = [
            threading.Thread(target=ask, args=(instance,), name=f"ask-{instance.key.name}", daemon=True)
            for instance in instances
        ]
        for thread in threads:
            thread.start()
        seconds = SURVEY_DEADLINE + (LOGIN_SECONDS if any(one.reached_by.is_ssh for one in instances) else 0)
        deadline = time.monotonic() + seconds
        for thread in threads:
            thread.join(max(deadline - time.monotonic(), 0))
        return seconds

    def _ask(self, instance: Instance, updates: list[HostUpdate]) -> None:
        began = self.now()
        try:
            engine = self.engine(instance.reached_by)
            asked = self.now()
            info = engine.info()
            engine.measure_clock(info, asked)
            inspector = Inspector(engine)
            try:
                reading = read_host(engine, inspector)
            finally:
                inspector.close()
            version = engine.version()
        except MoorageError as error:
            reason = safe_line(error.message)
            updates.append(FreshnessTold(instance.key, Freshness("unreachable", began, reason)))
            return
        updates += [
            InfoRead(instance.key, engine_info(info, version), engine.now() - self.now()),
            HostRead(instance.key, reading.containers, reading.records, reading.drains),
            FreshnessTold(instance.key, Freshness("live", began)),
        ]

    def probe(self, endpoint: Endpoint) -> str:
        """Is an engine there? "" if it answers, else why not."""
        try:
            self.engine(endpoint).ping()
        except MoorageError as error:
            return error.message
        return ""


def instances_of(cluster: ClusterFile, name: str) -> Iterable[Instance]:
    for entry in cluster.instances:
        yield Instance(
            key=InstanceKey(name, entry.name),
            id=entry.id,
            endpoint=entry.endpoint,
            tls=entry.tls,
            insecure=entry.insecure,
            status=entry.status,
            registered_at=entry.registered_at,
            attributes=tuple(sorted(entry.attributes.items())),
            reserved_memory=entry.reserved_memory,
            drain_recorded=entry.drain_recorded,
            drain_reason=safe_line(entry.drain_reason),
            reserved_ports=frozenset(entry.reserved_ports),
            reserved_ports_udp=frozenset(entry.reserved_ports_udp),
        )


def no_instances(cluster: ClusterFile) -> MoorageError:
    """Why nothing can be done in a cluster that is empty."""
    return MoorageError(
        "No Container Instances were found in your cluster. Add one: "
        f"moorage register-container-instance --cluster {cluster.name} --endpoint unix:///var/run/docker.sock",
        code="InvalidParameterException",
    )


def find_entry(cluster: ClusterFile, name_id_or_arn: str) -> InstanceEntry:
    """A container instance of a cluster. Raises NotFoundError with the nearest name."""
    entry = cluster.find(short_id(name_id_or_arn))
    if entry is None:
        names = [known.name for known in cluster.instances]
        raise NotFoundError(f"container instance of cluster {cluster.name!r}", short_id(name_id_or_arn), names)
    return entry


def _operator() -> str:
    """Who works here, in the characters that startedBy allows."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "unknown"
    return re.sub(r"[^A-Za-z0-9_/-]", "-", name)[:36]
