"""The verdict on the body of a create call: what it gives a container beyond one of its own, and who has to agree.

Pure: it depends on the body alone. It is an allow-list: a member that is not known here, or a value that cannot be
read, is refused, so that what a later engine brings is no way around it. To add to a body never lowers its verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app.hosts.policy.members import CONFIG, HOST_CONFIG
from app.hosts.policy.mounts import risks_of_volume
from app.hosts.policy.reading import Risk, read_members
from app.hosts.policy.rule import PolicyError, Rule

Level = Literal["allow", "confirm", "deny"]
_MOST_TOLD = 8


@dataclass(frozen=True, slots=True)
class Verdict:
    """``risks``: each thing that the body gives, in the body's order; none for an ordinary container."""

    risks: tuple[Risk, ...] = ()

    @property
    def level(self) -> Level:
        if any(risk.unknown for risk in self.risks):
            return "deny"
        return "confirm" if self.risks else "allow"

    def __or__(self, other: Verdict) -> Verdict:
        return Verdict(tuple(dict.fromkeys((*self.risks, *other.risks))))

    @property
    def words(self) -> str:
        """All of it in one line."""
        told = [str(risk) for risk in self.risks[:_MOST_TOLD]]
        more = len(self.risks) - len(told)
        return "; ".join([*told, f"and {more} more"] if more else told)


def judge(body: Mapping[str, Any]) -> Verdict:
    """The verdict on the body of POST /containers/create."""
    return Verdict(tuple(dict.fromkeys(_risks(body))))


def judge_volume(driver: str, options: Mapping[str, Any] | None) -> Verdict:
    """The verdict on a volume that is to be made: options of the local driver can make any folder of the host one."""
    return Verdict(tuple(risks_of_volume("Volume", driver, options or {})))


def _risks(body: Mapping[str, Any]) -> Iterator[Risk]:
    yield from read_members(body, "", CONFIG)
    host = body.get("HostConfig")
    if isinstance(host, Mapping):
        yield from read_members(host, "HostConfig.", HOST_CONFIG)
    elif host is not None:
        yield Risk("HostConfig", "is no object", unknown=True)


def allowed(verdict: Verdict, rule: Rule, *, accepted: bool) -> None:
    """Return if a container with this verdict may be made; raises PolicyError.

    Args:
        accepted: somebody who was told of the risks has said yes.
    """
    if verdict.level == "allow" or rule.dangerous == "allow":
        return
    if verdict.level == "confirm" and rule.dangerous == "confirm" and accepted:
        return
    raise PolicyError(refusal_words(verdict, rule))


def refusal_words(verdict: Verdict, rule: Rule) -> str:
    """Why, and what may be done about it."""
    change = f"moorage update-cluster --cluster {rule.dangerous_of or 'CLUSTER'} --dangerous"
    if verdict.level == "deny":
        unknown = Verdict(tuple(risk for risk in verdict.risks if risk.unknown))
        return f"refused: {unknown.words}; nobody here knows what that gives; to allow all: {change} allow"
    if rule.dangerous == "deny":
        return (
            f"cluster {rule.dangerous_of!r} denies what reaches beyond a container: {verdict.words}; {change} confirm"
        )
    return f"it reaches beyond a container of its own: {verdict.words}; say yes with --yes, or: {change} allow"


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """What several bodies give together."""
    found = Verdict()
    for verdict in verdicts:
        found |= verdict
    return found
