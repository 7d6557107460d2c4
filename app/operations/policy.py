"""What clusters allow, as their files say now, and the question before a change: who is asked answers it.

Guard rails, not walls: whoever may write the cluster's file may change it. They keep slips from happening.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from app.hosts.policy.rule import PolicyError, ReadOnlyError, Rule
from app.model.policy import DANGEROUS, DEFAULT_DANGEROUS, DEFAULT_POLICY, Dangerous, Policy
from app.store.clusters import ClusterStore

if TYPE_CHECKING:
    from app.hosts.policy.verdict import Verdict
    from app.model.cluster import ClusterFile
    from app.operations.session import Session


@dataclass(frozen=True, slots=True)
class ClusterPolicy:
    """``endpoints``: the URLs of its instances."""

    policy: Policy = DEFAULT_POLICY
    dangerous: Dangerous = DEFAULT_DANGEROUS
    endpoints: frozenset[str] = frozenset()

    @property
    def read_only(self) -> bool:
        return self.policy == "read-only"


@dataclass(frozen=True, slots=True)
class Question:
    """Before something is done: ``title`` asks, ``lines`` say what is touched or given.

    ``about``: a change of a cluster whose policy wants a yes, or containers that reach beyond their own walls.
    ``type_name``: what has to be typed instead of a yes, "" for a yes.
    """

    about: Literal["change", "dangerous"]
    cluster: str
    title: str
    lines: tuple[str, ...]
    type_name: str = ""

    @property
    def flag(self) -> str:
        """What says yes on a command line."""
        return f"--yes {self.type_name}" if self.type_name else "--yes"


Ask = Callable[[Question], bool]
"""Called in the thread of the operation, and may take as long as a person does. False: no."""


def nobody(_: Question) -> bool:
    """The answer where nobody can be asked."""
    return False


class Policies:
    """The policies of a home's clusters. Safe to share between threads; files are read again when they change.

    A file that is broken meanwhile says what it said last.
    """

    def __init__(self, clusters: ClusterStore) -> None:
        self._clusters = clusters
        self._lock = threading.Lock()
        self._fingerprint: object = None
        self._found: dict[str, ClusterPolicy] = {}

    def of(self, cluster: str) -> ClusterPolicy:
        """Of one cluster; of an unknown one what a new one has."""
        return self._now().get(cluster, ClusterPolicy())

    def rule(self, endpoint: str) -> Rule:
        """What all clusters together allow on an engine: the strictest of them counts."""
        these = {name: one for name, one in self._now().items() if endpoint in one.endpoints}
        read_only = next((name for name, one in sorted(these.items()) if one.read_only), "")
        strictest = max(these.items(), key=lambda item: DANGEROUS.index(item[1].dangerous), default=None)
        return Rule(read_only) if strictest is None else Rule(read_only, strictest[1].dangerous, strictest[0])

    def read_only(self) -> frozenset[str]:
        """The names of the clusters that are."""
        return frozenset(name for name, one in self._now().items() if one.read_only)

    def untouchable(self) -> frozenset[str]:
        """The URLs of engines of which a cluster is read-only."""
        return frozenset().union(*(one.endpoints for one in self._now().values() if one.read_only))

    def _now(self) -> dict[str, ClusterPolicy]:
        with self._lock:
            fingerprint = self._clusters.fingerprint()
            if fingerprint != self._fingerprint:
                files, broken = self._clusters.read_all()
                known = {name: one for name, one in self._found.items() if name in broken}
                self._found = known | {name: _policy_of(one) for name, one in files.items() if one.status == "ACTIVE"}
                self._fingerprint = fingerprint
            return self._found


def _policy_of(cluster: ClusterFile) -> ClusterPolicy:
    return ClusterPolicy(cluster.policy, cluster.dangerous, frozenset(one.endpoint for one in cluster.instances))


# --- before a change -----------------------------------------------------------------------------------------------


def ask_first(session: Session, verb: str, cluster: str, lines: Sequence[str] | Callable[[], Sequence[str]]) -> None:
    """Return if the verb may change the cluster; raises PolicyError.

    Args:
        lines: what it touches; called only if somebody is asked.
    """
    rule = session.policies.of(cluster)
    if rule.read_only:
        raise ReadOnlyError(verb, cluster)
    if rule.policy != "free":
        told = lines() if callable(lines) else lines
        _ask(session, verb, cluster, told, cluster if rule.policy == "type-name" else "")


def ask_always(session: Session, verb: str, cluster: str, lines: Sequence[str]) -> None:
    """As ``ask_first``, where nothing brings back what is taken away: a free cluster asks, too."""
    rule = session.policies.of(cluster)
    if rule.read_only:
        raise ReadOnlyError(verb, cluster)
    _ask(session, verb, cluster, lines, cluster if rule.policy == "type-name" else "")


def ask_for_change(session: Session, cluster: str, words: str) -> None:
    """As ``ask_first``, before the cluster itself is changed: a read-only one may be, by typing its name."""
    rule = session.policies.of(cluster)
    if rule.policy != "free":
        _ask(session, "update-cluster", cluster, [words], "" if rule.policy == "confirm" else cluster)


def _ask(session: Session, verb: str, cluster: str, lines: Sequence[str], type_name: str) -> None:
    question = Question("change", cluster, f"{verb} in cluster {cluster}?", tuple(lines), type_name)
    if not session.ask(question):
        who = f"cluster {cluster!r}" if session.policies.of(cluster).policy != "free" else "it"
        raise PolicyError(f"{verb} was not done: {who} wants a yes first; say it with {question.flag}")


def accepts(session: Session, cluster: str, title: str, verdict: Verdict, endpoints: Iterable[str]) -> bool:
    """Has somebody said yes to what containers reach beyond their own walls? False: nobody has to.

    Args:
        endpoints: of the engines that they may be made on; another cluster of theirs may be stricter.

    Raises PolicyError when the cluster denies it, when nobody says yes, or when nobody can tell what it gives.
    """
    from app.hosts.policy.verdict import refusal_words

    own = Rule("", session.policies.of(cluster).dangerous, cluster)
    if verdict.level == "allow":
        return False
    if own.dangerous == "deny" or (verdict.level == "deny" and own.dangerous != "allow"):
        raise PolicyError(refusal_words(verdict, own))
    if "confirm" not in {own.dangerous, *(session.policies.rule(endpoint).dangerous for endpoint in endpoints)}:
        return False
    lines = tuple(str(risk) for risk in verdict.risks)
    if not session.ask(Question("dangerous", cluster, title, lines)):
        raise PolicyError(refusal_words(verdict, own))
    return True
