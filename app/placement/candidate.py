"""An instance as the planner sees it, and what a task asks of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from app.model.instance import InstanceKey
from app.model.resources import Resources
from app.placement.evaluation import InstanceFacts


@dataclass(frozen=True, slots=True)
class Candidate:
    """An instance as the planner sees it. ``barred``: why it takes no task at all now, "" when it may.

    ``group_tasks``: how many tasks of each group it has that are not STOPPED.
    """

    key: InstanceKey
    registered: Resources
    reserved: Resources
    barred: str = ""
    barred_words: str = ""
    id: str = ""
    facts: InstanceFacts = field(default_factory=InstanceFacts)
    group_tasks: Mapping[str, int] = field(default_factory=dict)

    def tasks_of(self, group: str) -> int:
        return self.group_tasks.get(group, 0)

    def with_tasks(self, count: int, wanted: Resources, group: str) -> Candidate:
        """As it is once it has ``count`` more tasks of a group, each with that reservation."""
        if not count:
            return self
        facts = replace(self.facts, running_tasks=self.facts.running_tasks + count, groups=self.facts.groups | {group})
        return replace(
            self,
            reserved=sum([wanted] * count, self.reserved),
            facts=facts,
            group_tasks={**self.group_tasks, group: self.tasks_of(group) + count},
        )
