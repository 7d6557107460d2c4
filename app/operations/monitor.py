"""The fleet, live: a watcher for every registered instance, and one pump. For the dashboard and the agent."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.fleet.changes import ChangeSet
from app.fleet.fleet import Fleet
from app.fleet.inbox import Inbox
from app.hosts.engine import Engine
from app.hosts.watcher import Watcher
from app.model.endpoint import Endpoint
from app.model.errors import DocumentError, MoorageError
from app.model.instance import Freshness, InstanceKey
from app.model.safe_text import safe_line
from app.model.update import FreshnessTold, HostUpdate
from app.operations.session import Session

if TYPE_CHECKING:
    from app.operations.ear import Ear
    from app.operations.journal import Journal


class Monitor:
    """Call ``refresh`` and ``pump`` on one thread only. ``wake`` is called from any thread when there is news.

    ``journal`` makes the journal that keeps what watchers tell; asked for when the first of them begins.
    ``fleet``: what is known already, at a glance.
    """

    def __init__(
        self,
        session: Session,
        wake: Callable[[], None],
        clusters: frozenset[str] | None = None,
        journal: Callable[[], Journal] | None = None,
        fleet: Fleet | None = None,
    ) -> None:
        self._session = session
        self._journal = journal
        self._only = clusters
        self.fleet = fleet or Fleet()
        self.broken: dict[str, DocumentError] = {}
        self.read_only: frozenset[str] = frozenset()
        """The names of the clusters in which nothing may be changed, as their files said last."""
        self._inbox = Inbox(wake)
        self._watchers: dict[InstanceKey, tuple[Endpoint, Watcher]] = {}
        self._ears: dict[InstanceKey, Ear] = {}
        self._fingerprint: tuple[object, ...] | None = None

    def refresh(self) -> ChangeSet:
        """Take over what the cluster files say, if they have changed: by us, by others, or by an editor."""
        fingerprint = self._session.clusters.fingerprint()
        if fingerprint == self._fingerprint:
            return ChangeSet()
        self._fingerprint = fingerprint
        names, instances, self.broken = self._session.registered()
        self.read_only = self._session.policies.read_only()
        # A slip in a file must not blank a cluster that is being watched: what it said last stays.
        spoilt = [name for name in self.broken if self.fleet.of_cluster(name)]
        names += spoilt
        instances += [state.instance for name in spoilt for state in self.fleet.of_cluster(name)]
        if self._only is not None:
            names = [name for name in names if name in self._only]
            instances = [instance for instance in instances if instance.key.cluster in self._only]
        changes = self.fleet.register(names, instances)
        wanted = {instance.key: instance.reached_by for instance in instances}
        for key in [key for key, (endpoint, _) in self._watchers.items() if wanted.get(key) != endpoint]:
            self._watchers.pop(key)[1].stop()
            if (ear := self._ears.pop(key, None)) is not None:
                ear.close()
        for key, endpoint in wanted.items():
            if key not in self._watchers:
                self._watch(key, endpoint)
        return changes

    def _watch(self, key: InstanceKey, endpoint: Endpoint) -> None:
        try:
            engine = self._session.engine(endpoint)
        except MoorageError as error:
            freshness = Freshness("unreachable", self._session.now(), safe_line(error.message))
            self._inbox.put(FreshnessTold(key, freshness))
            return
        watcher = self._watcher(key, engine)
        self._watchers[key] = endpoint, watcher
        watcher.start()

    def _watcher(self, key: InstanceKey, engine: Engine) -> Watcher:
        if self._journal is None:
            return Watcher(key, engine, self._inbox.put)
        ear, put = self._journal().ear(key, engine), self._inbox.put
        self._ears[key] = ear

        def deliver(update: HostUpdate) -> None:
            ear.told(update)
            put(update)

        return Watcher(key, engine, deliver, ear.heard)

    def pump(self, most: int | None = None) -> ChangeSet:
        """Apply what watchers have told since the last time; ``most``: of how many objects, before ``wake`` follows."""
        return self.fleet.apply(self._inbox.drain(most))

    def pause(self, seconds: float) -> bool:
        """Let go of all event streams, as this process is about to be stopped: one that nobody reads slows its host.

        Waits at most so long; whether none is left.
        """
        watchers = [watcher for _, watcher in self._watchers.values()]
        for watcher in watchers:
            watcher.pause()
        deadline = time.monotonic() + seconds
        return all(watcher.rest(max(deadline - time.monotonic(), 0)) for watcher in watchers)

    def resume(self) -> None:
        """Take the streams up again, and list everything anew."""
        for _, watcher in self._watchers.values():
            watcher.resume()

    def stop(self) -> None:
        for _, watcher in self._watchers.values():
            watcher.stop()
        self._watchers.clear()
