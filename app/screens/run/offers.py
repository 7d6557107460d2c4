"""What the Run form offers for strategies, constraints and overrides: of the cluster and the definition at hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from app.model.container_definition import ContainerDefinition
from app.model.masking import MASK, Masker, looks_secret
from app.model.safe_text import safe_line
from app.model.task_definition import TaskDefinition
from app.placement.evaluation import InstanceFacts
from app.screens import formats
from app.screens.run.overrides import OF_A_CONTAINER, OF_THE_TASK, TASK, command_text
from widgets.line_model import Offer, Offers

ZONE = "ecs.availability-zone"
_CAPABILITIES = ("com.amazonaws.ecs.capability", "ecs.capability")
_MOST_VALUES = 12
_WORDS = (
    "memberOf",
    "distinctInstance",
    "agentConnected",
    "agentVersion",
    "ec2InstanceId",
    "registeredAt",
    "runningTasksCount",
    "task:group",
    "exists",
    "matches",
)
"""Words of the cluster query language that are long to type."""


def known_attributes(facts: Sequence[InstanceFacts]) -> dict[str, Counter[str]]:
    """What tells instances apart: by attribute, how many have which value. Custom ones first, no capabilities."""
    found: dict[str, Counter[str]] = {}
    for one in facts:
        for name, value in one.attributes.items():
            if not name.startswith(_CAPABILITIES):
                found.setdefault(name, Counter())[value] += 1
    apart = [name for name in found if not (name.startswith("ecs.") and _same_everywhere(found[name], len(facts)))]
    return {name: found[name] for name in sorted(apart, key=lambda name: (name.startswith("ecs."), name))}


def _same_everywhere(values: Counter[str], count: int) -> bool:
    return len(values) == 1 and values.total() == count


def strategy_offers(facts: Sequence[InstanceFacts], *, alone: bool) -> Offers:
    """Each strategy; for the first line of a chain also whole chains."""
    attributes = known_attributes(facts)
    singles = [
        Offer("spread instanceId", "as evenly over instances as can be"),
        Offer("binpack memory", "fill the fullest first, by memory"),
        Offer("binpack cpu", "fill the fullest first, by CPU"),
        *(
            Offer(f"spread attribute:{name}", f"{len(values)} value{'s' * (len(values) > 1)}")
            for name, values in attributes.items()
        ),
        Offer("random", "by chance"),
        Offer("spread attribute:", "another attribute"),
    ]
    zones = [name for name in attributes if "zone" in name][:1] or [ZONE]
    chains = [
        Offer(f"spread attribute:{zones[0]}, then spread instanceId", "balanced over zones"),
        Offer(f"spread attribute:{zones[0]}, then binpack memory", "zones even, hosts full"),
    ]
    words = tuple(f"attribute:{name}" for name in _all_attributes(facts))
    return Offers((*singles[:3], *(chains if alone else ()), *singles[3:]), first=True, words=words)


def constraint_offers(facts: Sequence[InstanceFacts], chosen: Sequence[str]) -> Offers:
    """distinctInstance, an expression of one's own, and one for each attribute and value that there is."""
    distinct = [] if "distinctInstance" in chosen else [Offer("distinctInstance", "no two of a group on one instance")]
    found = [*distinct, Offer("memberOf ", "an expression: attribute:gpu exists and not (…)")]
    for name, values in known_attributes(facts).items():
        valued = [(value, count) for value, count in sorted(values.items()) if value]
        found += [
            Offer(f"memberOf attribute:{name} == {_literal(value)}", f"{count} of {len(facts)}")
            for value, count in valued[:_MOST_VALUES]
        ]
        having = values.total()
        if having < len(facts):
            found.append(Offer(f"memberOf attribute:{name} exists", f"{having} of {len(facts)}"))
            found.append(Offer(f"memberOf attribute:{name} !exists", f"{len(facts) - having} of {len(facts)}"))
    return Offers(tuple(found), words=(*_WORDS, *(f"attribute:{name}" for name in _all_attributes(facts))))


def _all_attributes(facts: Sequence[InstanceFacts]) -> list[str]:
    names = {name for one in facts for name in one.attributes if not name.startswith(_CAPABILITIES)}
    return sorted(names, key=lambda name: (name.startswith("ecs."), name))


def override_offers(definition: TaskDefinition, *, revealed: bool) -> Offers:
    """Each member of each container that can be overridden, its variables by name, with what it is now."""
    found: list[Offer] = []
    names = [container.name for container in definition.container_definitions]
    for container in definition.container_definitions:
        for pair in container.environment:
            masked = looks_secret(pair.name, pair.value) and not revealed
            now = MASK if masked else pair.value
            found.append(Offer(f"{container.name} environment {pair.name}=", f"now {safe_line(now)[:30]}"))
        found += [
            Offer(f"{container.name} {member} ", _now(container, member, revealed=revealed))
            for member in OF_A_CONTAINER
        ]
    if TASK not in names:
        own = {"cpu": definition.cpu, "memory": definition.memory}
        found += [Offer(f"{TASK} {member} ", f"now {own[member]}" if own[member] else "") for member in OF_THE_TASK]
    return Offers(tuple(found))


def _now(container: ContainerDefinition, member: str, *, revealed: bool) -> str:
    if member == "environment":
        return "NAME=value, a new one"
    if member == "command":
        text = command_text(container.command) if container.command else ""
        return f"now {safe_line(text if revealed else Masker().text(text))[:30]}" if text else "of the image"
    value = {
        "cpu": container.cpu,
        "memory": container.memory,
        "memoryReservation": container.memory_reservation,
    }[member]
    if not value:
        return ""
    return f"now {formats.cpu_units(value)}" if member == "cpu" else f"now {formats.mebibytes(value)}"


def _literal(value: str) -> str:
    """A value as an expression can have it."""
    plain = value.replace("-", "").replace("_", "").replace(".", "").isalnum() and value.isascii()
    if plain:
        return value
    return f'"{value}"' if '"' not in value else f"'{value}'"
