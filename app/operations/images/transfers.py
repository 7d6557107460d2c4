"""What is done with one image on many instances at once, each in a thread of its own; what fails is told by name."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.hosts.engine import Engine
from app.hosts.images.breaking import Break, BrokenOffError
from app.model.cluster import ClusterFile
from app.model.errors import MoorageError
from app.model.ids import instance_arn
from app.model.image_progress import TellTransfer, TransferProgress, TransferVerb
from app.model.instance import Instance, InstanceKey
from app.model.safe_text import SafeText, safe_line
from app.operations.deeds import failed_words
from app.operations.session import Session, find_entry, instances_of, no_instances

AT_ONCE = 16
"""Instances at a time. What moves goes between host and registry and we only read of it, so a thread costs little; but
a registry that is asked for the same layers by a hundred hosts in one moment refuses some of them."""
_TURN = 0.1
_LAST_WORDS = 3.0
"""Seconds for all of them to end once they were cut."""
_FAULT = "a fault of Moorage"


@dataclass(frozen=True, slots=True)
class Transferred:
    """How it ended, for each image and instance. ``warnings``: lines of what went well and is odd all the same."""

    results: tuple[TransferProgress, ...]
    warnings: tuple[SafeText, ...] = ()
    instance_ids: tuple[tuple[InstanceKey, str], ...] = ()

    @property
    def succeeded(self) -> bool:
        return all(result.state in ("done", "present") for result in self.results)

    @property
    def partly(self) -> bool:
        """Has anything come of it?"""
        return any(result.state in ("done", "present") for result in self.results)

    def shape(self) -> dict[str, Any]:
        """JSON of ours: ``{"images": [{image, containerInstance, state, detail}], "failures": [{arn, reason, …}]}``."""
        ids = dict(self.instance_ids)
        images, failures = [], []
        for result in self.results:
            entry = {"image": str(result.image), "containerInstance": result.instance.name}
            if result.state in ("done", "present"):
                images.append({**entry, "state": result.state, "detail": str(result.detail)})
            else:
                arn = instance_arn(result.instance.cluster, ids.get(result.instance, result.instance.name))
                reason = "STOPPED" if result.state == "stopped" else "FAILED"
                failures.append({"arn": arn, "reason": reason, **entry, "detail": str(result.detail)})
        return {"images": images, "failures": failures}

    def words(self) -> str:
        """``web:7: 2 done, 1 present; 1 failed: FAILED``, for the log."""
        states = Counter(result.state for result in self.results if result.state in ("done", "present"))
        images = ", ".join(dict.fromkeys(result.image for result in self.results))
        told = ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "nothing done"
        return f"{images}: {told}{failed_words(self.shape()['failures'])}"

    def with_silent(self, cluster: ClusterFile, failures: Mapping[InstanceKey, SafeText]) -> Transferred:
        """The same, and of instances that did not answer beforehand that nothing was done there."""
        like = self.results[0]
        silent = [TransferProgress(like.verb, like.image, key, "failed", why) for key, why in failures.items()]
        ids = tuple((InstanceKey(cluster.name, entry.name), entry.id) for entry in cluster.instances)
        return replace(self, results=(*self.results, *silent), instance_ids=ids)


def transferred_words(_: object, answer: Transferred) -> str:
    return answer.words()


def chosen_instances(cluster: ClusterFile, names: Sequence[str]) -> list[Instance]:
    """Those that are named, each once, else all. Raises NotFoundError, and MoorageError when the cluster has none."""
    if not cluster.instances:
        raise no_instances(cluster)
    wanted = {find_entry(cluster, name).name for name in names}
    every = instances_of(cluster, cluster.name)
    return [instance for instance in every if not wanted or instance.key.name in wanted]


Work = Callable[[Engine, TransferProgress, TellTransfer, Break], TransferProgress]
"""On one engine: from the event that it begins with to the one that it ends with; it may tell others in between.

Raises MoorageError when it fails, BrokenOffError when the Break has ended it.
"""


def on_each(
    session: Session,
    cluster: ClusterFile,
    names: Sequence[str],
    work: Work,
    *,
    verb: TransferVerb,
    image: str,
    tell: TellTransfer,
    stop: threading.Event | None = None,
) -> Transferred:
    """Do ``work`` on each of the instances, at most AT_ONCE at the same time, and stay until all have ended.

    An instance that fails or does not answer is a result "failed" with the reason in its detail; the others go on.

    Args:
        names: of instances; empty: all of the cluster.
        tell: gets every event of every instance, from their threads.
        stop: breaks off what goes on once it is set, and nothing more begins.

    Raises MoorageError before anything is done.
    """
    instances = chosen_instances(cluster, names)
    each = _Each(session, work, tell, stop)
    begun = [TransferProgress(verb, safe_line(image), instance.key, "waiting") for instance in instances]
    results = each.run(list(zip(instances, begun, strict=True)))
    return Transferred(results, instance_ids=tuple((instance.key, instance.id) for instance in instances))


class _Each:
    def __init__(self, session: Session, work: Work, tell: TellTransfer, stop: threading.Event | None) -> None:
        self._session = session
        self._work = work
        self._tell = tell
        self._stop = stop
        self._break = Break()
        self._turns = threading.Semaphore(AT_ONCE)
        self._ends: dict[InstanceKey, TransferProgress] = {}

    def run(self, jobs: Iterable[tuple[Instance, TransferProgress]]) -> tuple[TransferProgress, ...]:
        jobs = list(jobs)
        # Daemon threads: a second ctrl-c leaves at once.
        threads = [
            threading.Thread(target=self._one, args=job, name=f"{job[1].verb}-{job[1].instance.name}", daemon=True)
            for job in jobs
        ]
        for _, waiting in jobs:
            self._tell(waiting)
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                while thread.is_alive():
                    thread.join(_TURN)
                    if self._stop is not None and self._stop.is_set():
                        self._break.now()
        except BaseException:
            # ctrl-c: the connections are cut, so that engines let go of what they had begun; then each tells its end.
            self._break.now()
            until = time.monotonic() + _LAST_WORDS
            for thread in threads:
                thread.join(max(until - time.monotonic(), 0))
            raise
        return tuple(self._ends[waiting.instance] for _, waiting in jobs)

    def _one(self, instance: Instance, waiting: TransferProgress) -> None:
        last = waiting

        def tell(progress: TransferProgress) -> None:
            nonlocal last
            last = progress
            self._tell(progress)

        self._ends[waiting.instance] = waiting.ended("failed", SafeText(_FAULT))
        with self._turns:
            try:
                if self._break.broken:
                    raise BrokenOffError
                working = replace(waiting, state="working")
                tell(working)
                end = self._work(self._session.engine(instance.reached_by), working, tell, self._break)
            except BrokenOffError as error:
                end = last.ended("stopped", safe_line(error.message))
            except MoorageError as error:
                end = last.ended("failed", safe_line(error.message))
        self._ends[waiting.instance] = end
        self._tell(end)
