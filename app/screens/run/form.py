"""The Run form's lines: what each shows, what is offered for it, and what an edit makes of the choice. No widgets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.model.definition_document import DefinitionDocument
from app.model.errors import MoorageError
from app.model.resources import Resources
from app.model.safe_text import safe_line
from app.operations.images.presence import Presence
from app.placement.evaluation import InstanceFacts, evaluate
from app.placement.expressions import parse
from app.screens import formats
from app.screens.run.choice import (
    CONSTRAINT,
    MEMBER_OF,
    OVERRIDE,
    STRATEGY,
    Reading,
    RunChoice,
    expression_of,
    read_choice,
)
from app.screens.run.images import images_cell, images_help, images_note, missing_images
from app.screens.run.offers import constraint_offers, override_offers, strategy_offers
from app.screens.run.overrides import masked_line
from widgets.cells import Cell, Span, cell
from widgets.line_model import FormLine, LineKind, Offer, Offers

RUN = "run"
IMAGES = "images"
MOST = {STRATEGY: 5, CONSTRAINT: 10, OVERRIDE: 100}
_LISTS = {STRATEGY: "strategies", CONSTRAINT: "constraints", OVERRIDE: "overrides"}
_LABELS = {STRATEGY: "Strategy", CONSTRAINT: "Constraint", OVERRIDE: "Overrides"}
_SPREAD_BY = "spread attribute:"
_LONG = 36
"""Characters of a line that may have no room; then it is told in full below."""
_HELP = {
    "cluster": "The cluster whose instances may take the tasks.",
    "count": "How many tasks, 1 to 10. Or mark instances in the picture with space: one task on each.",
    "reserves": "What each task takes on its instance: the definition's reservation, with the overrides.",
    STRATEGY: "Which instances are best: each strategy chooses among what the one above left. J and K move one.",
    CONSTRAINT: "Where tasks may go at all: distinctInstance, or memberOf and an expression.",
    OVERRIDE: "For these tasks alone: CONTAINER environment NAME=value, command, cpu, memory; task memory.",
    "scheduler": "Who chooses the instances. Others than the built-in one choose at the launch.",
    "group": "The tasks' group: spread and distinctInstance count by it.",
    "started_by": "Who or what started them: up to 128 letters, digits, - _ and /.",
    RUN: "Asks first, and tells the command.",
}


@dataclass(frozen=True, slots=True)
class RunWorld:
    """What the form is about, as the fleet and the store have it.

    Attributes:
        document: the chosen definition, or why there is none.
        facts: what expressions can ask of each of the cluster's instances.
        own_scheduler: the cluster's own, or the built-in one.
        operator: who a task is started by if nothing else is said.
    """

    definitions: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    schedulers: tuple[str, ...] = ()
    document: DefinitionDocument | str = ""
    facts: tuple[InstanceFacts, ...] = ()
    own_scheduler: str = ""
    operator: str = ""


class RunForm:
    """The ``LineModel`` of the Run form.

    Args:
        look: the world of a choice; asked again whenever the definition or the cluster is another one.
    """

    def __init__(self, choice: RunChoice, look: Callable[[RunChoice], RunWorld]) -> None:
        self.choice = choice
        self.revealed = False
        self.presence: Presence | None = None
        """Where the definition's images are, as far as it is known."""
        self._look = look
        self.look_again()

    def look_again(self) -> None:
        """The world may have changed."""
        self.world = self._look(self.choice)
        self.reading: Reading = read_choice(self.choice, self.world.document)

    # --- values ----------------------------------------------------------------------------------------------------

    @property
    def state(self) -> RunChoice:
        return self.choice

    def restore(self, state: RunChoice) -> None:
        before, self.choice = self.choice, state
        if (before.definition, before.cluster) != (state.definition, state.cluster):
            self.look_again()
        else:
            self.reading = read_choice(state, self.world.document)

    def text(self, key: str) -> str:
        section, index = _place(key)
        if section not in _LISTS:
            return str(getattr(self.choice, key))
        lines = self._lines_of(section)
        return lines[index] if 0 <= index < len(lines) else ""

    def set(self, key: str, text: str) -> None:
        section, index = _place(key)
        if section not in _LISTS:
            # Marks are of the instances of one cluster.
            marks = () if key == "cluster" and text != self.choice.cluster else self.choice.instances
            changed: Any = {key: text, "instances": marks}
            self.restore(replace(self.choice, **changed))
            return
        lines = list(self._lines_of(section))
        lines[index] = text
        self._put(section, lines)

    def take(self, key: str, text: str) -> str:
        section, index = _place(key)
        if section not in _LISTS:
            self.set(key, text.strip())
            return key
        if not text.strip():
            return self.remove(key) or key
        parts = _taken(section, text.strip())
        lines = list(self._lines_of(section))
        lines[index : index + 1] = parts
        self._put(section, lines)
        return f"{section}:{index + len(parts) - 1}"

    def add(self, key: str) -> str | None:
        section, _ = _place(key)
        if section not in _LISTS or self._greyed(section):
            return None
        lines = self._lines_of(section)
        if len(lines) >= MOST[section]:
            return None
        self._put(section, [*lines, ""])
        return f"{section}:{len(lines)}"

    def remove(self, key: str) -> str | None:
        section, index = _place(key)
        if section not in _LISTS or index < 0:
            return None
        lines = list(self._lines_of(section))
        del lines[index]
        self._put(section, lines)
        return f"{section}:{min(index, len(lines) - 1)}" if lines else f"{section}:+"

    def move(self, key: str, step: int) -> str | None:
        section, index = _place(key)
        if section not in _LISTS or index < 0:
            return None
        lines = list(self._lines_of(section))
        to = min(max(index + step, 0), len(lines) - 1)
        lines.insert(to, lines.pop(index))
        self._put(section, lines)
        return f"{section}:{to}"

    def _lines_of(self, section: str) -> tuple[str, ...]:
        found: tuple[str, ...] = getattr(self.choice, _LISTS[section])
        return found

    def _put(self, section: str, lines: Sequence[str]) -> None:
        changed: Any = {_LISTS[section]: tuple(lines)}
        self.restore(replace(self.choice, **changed))

    def _greyed(self, section: str) -> bool:
        return bool(self.choice.instances) and section in (STRATEGY, CONSTRAINT)

    # --- offers ----------------------------------------------------------------------------------------------------

    def offers(self, key: str) -> Offers:
        world = self.world
        section, _ = _place(key)
        match section:
            case "definition":
                return Offers(tuple(Offer(name) for name in world.definitions))
            case "cluster":
                return Offers(tuple(Offer(name) for name in world.clusters))
            case "scheduler":
                return Offers(tuple(Offer(name) for name in world.schedulers))
            case "strategy":
                return strategy_offers(world.facts, alone=len(self.choice.strategies) <= 1)
            case "constraint":
                return constraint_offers(world.facts, self.choice.constraints)
            case "override" if not isinstance(world.document, str):
                return override_offers(world.document.definition, revealed=self.revealed)
        return Offers()

    def help(self, key: str) -> str:
        section, index = _place(key)
        text = self._shown(section, self.text(key)) if index >= 0 else ""
        if len(text) > _LONG:
            return text
        if section == "definition":
            warnings = self.reading.warnings
            more = f" (and {len(warnings) - 1} more)" if len(warnings) > 1 else ""
            return f"▲ {warnings[0]}{more}" if warnings else self._containers()
        if section == IMAGES:
            return images_help(self.presence, self.choice.instances)
        return _HELP.get(section, "")

    def _containers(self) -> str:
        document = self.world.document
        if isinstance(document, str):
            return "A task definition, by family and revision."
        parts = [f"{part.name} ({part.image})" for part in document.definition.container_definitions]
        return f"Containers: {safe_line(', '.join(parts))}"

    # --- lines -----------------------------------------------------------------------------------------------------

    @property
    def lines(self) -> list[FormLine]:
        choice, world = self.choice, self.world
        return [
            self._definition(),
            self._line("cluster", "Cluster", cell(choice.cluster or "none", "strong"), kind="choice"),
            self._count(),
            FormLine("reserves", "Reserves", self._reserves(), kind="fixed"),
            *self._section(STRATEGY),
            *self._section(CONSTRAINT),
            *self._section(OVERRIDE),
            self._scheduler(),
            self._line("group", "Group", _or(choice.group, self._default_group())),
            self._line("started_by", "Started by", _or(choice.started_by, world.operator)),
            self._images(),
            FormLine(RUN, "", self._button(), kind="button", apart=True),
        ]

    def _line(
        self, key: str, label: str, value: Cell, note: Cell = (), kind: LineKind = "text", *, apart: bool = False
    ) -> FormLine:
        wrong = self.reading.wrong.get(key)
        text, at = (safe_line(wrong.text), wrong.at) if wrong else ("", None)
        return FormLine(key, label, value, note, text, at, kind, listed=":" in key, apart=apart)

    def _definition(self) -> FormLine:
        """With what is to be known of it: a later revision, and warnings."""
        name, warnings = self.choice.definition, len(self.reading.warnings)
        family = name.partition(":")[0]
        latest = next((known for known in self.world.definitions if known.partition(":")[0] == family), name)
        notes = [f"latest is {latest.rpartition(':')[2]}"] if latest != name else []
        notes += [f"▲ {warnings} warning{'s' * (warnings > 1)}"] if warnings else []
        note = cell("  ".join(notes), "warn") if notes else ()
        return self._line("definition", "Definition", cell(name or "none", "strong"), note, kind="choice")

    def _count(self) -> FormLine:
        marked = self.choice.instances
        if not marked:
            return replace(self._line("count", "Count", cell(self.choice.count, "strong")), number=True)
        value = (Span(str(len(marked)), "strong"), Span(f"  one on {', '.join(marked)}", "accent"))
        return FormLine("count", "Count", value, kind="fixed")

    def _reserves(self) -> Cell:
        demand = self.reading.demand
        return cell(reservation_words(demand.resources) if demand else formats.NOTHING, "muted")

    def _images(self) -> FormLine:
        only = self.choice.instances
        kind: LineKind = "button" if missing_images(self.presence, only) else "fixed"
        return FormLine(IMAGES, "Images", images_cell(self.presence, only), images_note(self.presence, only), kind=kind)

    def _scheduler(self) -> FormLine:
        if self.choice.instances:
            return FormLine("scheduler", "Scheduler", cell("start-task asks none", "muted"), kind="fixed", apart=True)
        name, own = self.choice.scheduler, self.world.own_scheduler
        value = cell(name) if name else (Span(own), Span("  the cluster's own", "muted"))
        return self._line("scheduler", "Scheduler", value, kind="choice", apart=True)

    def _section(self, section: str) -> list[FormLine]:
        label = _LABELS[section]
        if self._greyed(section):
            kept = len(self._lines_of(section))
            more = f"; {kept} kept for run-task" if kept else ""
            return [
                FormLine(f"{section}:+", label, cell(f"start-task takes none{more}", "muted"), kind="fixed", apart=True)
            ]
        found = []
        for index, text in enumerate(self._lines_of(section)):
            key = f"{section}:{index}"
            first = label if not index else ""
            note = self._note(section, text)
            found.append(self._line(key, first, cell(self._shown(section, text)), note, apart=not index))
        if len(found) < MOST[section]:
            without = self._without(section) if not found else ()
            add = (Span("+ add", "accent"), Span("  " if without else ""), *without)
            key, first = f"{section}:+", "" if found else label
            found.append(FormLine(key, first, add, kind="add", listed=True, apart=not found))
        return found

    def _shown(self, section: str, text: str) -> str:
        """A line of a list as it is shown, its secrets masked unless they are revealed."""
        return safe_line(masked_line(text) if section == OVERRIDE and not self.revealed else text)

    def _without(self, section: str) -> Cell:
        """What it is without any."""
        document = self.world.document
        if section == STRATEGY:
            return cell("without one by chance", "muted")
        if section == CONSTRAINT and not isinstance(document, str):
            own = len(document.definition.placement_constraints)
            return cell(f"the definition has {own} of its own" if own else "", "muted")
        return ()

    def _note(self, section: str, text: str) -> Cell:
        """On how many of the instances an expression holds, or an attribute is."""
        facts = self.world.facts
        if section == CONSTRAINT:
            expression = expression_of(text)
            if not expression:
                return ()
            try:
                tree = parse(expression)
            except MoorageError:
                return ()
            count = sum(evaluate(tree, one) for one in facts)
            return cell(f"on {count} of {len(facts)}", "muted" if count else "warn")
        name = text.strip().removeprefix(_SPREAD_BY)
        if section == STRATEGY and text.strip().startswith(_SPREAD_BY) and name:
            count = sum(name in one.attributes for one in facts)
            return cell(f"on {count} of {len(facts)}", "warn") if count < len(facts) else ()
        return ()

    def _default_group(self) -> str:
        return f"family:{self.choice.definition.partition(':')[0]}" if self.choice.definition else ""

    def _button(self) -> Cell:
        return cell(f"▶ Run {self.headline()}")

    def masked_overrides(self) -> list[str]:
        """The overrides, to be told to anybody."""
        return [safe_line(masked_line(line)) for line in self.choice.overrides if line.strip()]

    def unmet(self) -> list[str]:
        """The definition's constraints that do not hold on marked instances: start-task starts there all the same."""
        if self.reading.demand is None:
            return []
        marked = [one for one in self.world.facts if one.name in self.choice.instances]
        unmet = [(member, one) for one in marked for member in self.reading.demand.constraints.unmet(one)]
        return [f"{safe_line(member.text)} does not hold on {one.name}" for member, one in unmet]

    def headline(self) -> str:
        """``web:8 × 4 on prod``."""
        choice = self.choice
        marked = choice.instances
        where = ", ".join(marked) if marked else choice.cluster or "no cluster"
        return f"{choice.definition or 'nothing'} × {len(marked) or choice.count.strip() or '?'} on {where}"


CHAIN = ", then "


def _taken(section: str, text: str) -> list[str]:
    """The lines that a text makes: a chain of strategies is several, and an expression alone is a memberOf."""
    if section == STRATEGY:
        return text.split(CHAIN)
    expression = expression_of(text) if section == CONSTRAINT else None
    return [text if expression is None else f"{MEMBER_OF} {expression}"]


def reservation_words(wanted: Resources) -> str:
    """``256u CPU  512M  tcp 8080``."""
    ports = [f"tcp {port}" for port in sorted(wanted.ports)] + [f"udp {port}" for port in sorted(wanted.ports_udp)]
    gpus = [f"{wanted.gpus} GPU"] if wanted.gpus else []
    cpu = f"{wanted.cpu}u CPU" if wanted.cpu else "no CPU"
    memory = formats.mebibytes(wanted.memory) if wanted.memory else "no memory"
    return "  ".join([cpu, memory, *gpus, *ports])


def _place(key: str) -> tuple[str, int]:
    """``strategy:1`` → its list and its number there; -1 for a line that is no element."""
    section, _, index = key.partition(":")
    return section, int(index) if index.isdigit() else -1


def _or(text: str, default: str) -> Cell:
    return cell(safe_line(text)) if text else cell(safe_line(default), "muted")
