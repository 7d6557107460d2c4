"""The screens that there are to go to. Screens know these doors, not each other; each is imported when first opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from app.model.instance import InstanceKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.screen import Screen

    from app.model.task import Task
    from app.operations.editing import EditStart
    from app.screens.desk import Desk
    from app.screens.images.works import Work
    from app.screens.log_targets import LogTarget
    from app.store.drafts import HeldDraft

CLUSTER_TASKS, CLUSTER_INSTANCES, CLUSTER_STOWAGE, CLUSTER_EVENTS, CLUSTER_IMAGES = range(5)
"""The panes of a cluster's screen."""


class Doors(Protocol):
    """Makes the screen behind each door; the caller pushes it."""

    def cluster(self, name: str, pane: int = CLUSTER_TASKS, *, at: str = "", wanted: str = "") -> Screen[None]:
        """``at``: the task or the instance to begin with; ``wanted``: a filter."""
        ...

    def alerts(self) -> Screen[None]: ...

    def tasks(self, wanted: str = "") -> Screen[None]: ...

    def definitions(self, family: str = "", revision: int = 0) -> Screen[None]: ...

    def task(self, task_id: str, instance: InstanceKey) -> Screen[None]: ...

    def past_task(self, task_id: str, cluster: str) -> Screen[None]:
        """A task that no instance has any more."""
        ...

    def events(self, *, at_away: bool = False) -> Screen[None]:
        """``at_away``: with the cursor where one's absence ended."""
        ...

    def logs(self, targets: Sequence[LogTarget]) -> Screen[None]: ...

    def container(self, container_id: str) -> Screen[None]: ...

    def instance(self, key: InstanceKey) -> Screen[None]: ...

    def budget(self) -> Screen[None]:
        """What hosts are asked from here, and what Moorage itself uses."""
        ...

    def image(self, cluster: str, key: str) -> Screen[None]:
        """An image of a cluster, by its name, or by its id where it has none."""
        ...

    def work(self, work: Work) -> Screen[None]:
        """How a pull, a push, a copy, a build or a deploy goes on."""
        ...

    def works(self) -> Screen[None]:
        """All that is under way, and what was of late."""
        ...

    def run(
        self, definition: str = "", cluster: str = "", again: Task | None = None, instances: Sequence[str] = ()
    ) -> Screen[None]:
        """``again``: a task to be run once more, with its overrides; ``instances``: names of those to start on."""
        ...

    def json(self, crumbs: Sequence[str], value: Any) -> Screen[None]: ...

    def editor(self, start: EditStart, held: HeldDraft | None = None) -> Screen[None]: ...

    def comparison(self, family: str, left: int | None, right: int) -> Screen[None]: ...


class AllDoors:
    """The doors of the dashboard."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    # --- main views ------------------------------------------------------------------------------------------------

    def first_run(self) -> Screen[None]:
        from app.screens.first_run import FirstRunScreen

        return FirstRunScreen(self._desk)

    def fleet(self) -> Screen[None]:
        from app.screens.fleet import FleetScreen

        return FleetScreen(self._desk)

    def tasks(self, wanted: str = "") -> Screen[None]:
        from app.screens.tasks import TasksScreen

        return TasksScreen(self._desk, wanted)

    def instances(self) -> Screen[None]:
        from app.screens.instances import InstancesScreen

        return InstancesScreen(self._desk)

    def definitions(self, family: str = "", revision: int = 0) -> Screen[None]:
        from app.screens.definitions import DefinitionsScreen

        return DefinitionsScreen(self._desk, family, revision)

    def events(self, *, at_away: bool = False) -> Screen[None]:
        from app.screens.events.screen import EventsScreen

        return EventsScreen(self._desk, at_away=at_away)

    def alerts(self) -> Screen[None]:
        from app.screens.alerts.screen import AlertsScreen

        return AlertsScreen(self._desk)

    # --- opened from others ----------------------------------------------------------------------------------------

    def cluster(self, name: str, pane: int = CLUSTER_TASKS, *, at: str = "", wanted: str = "") -> Screen[None]:
        from app.screens.cluster import ClusterScreen

        return ClusterScreen(self._desk, name, pane, at=at, wanted=wanted)

    def task(self, task_id: str, instance: InstanceKey) -> Screen[None]:
        from app.screens.task import TaskScreen

        return TaskScreen(self._desk, task_id, instance)

    def past_task(self, task_id: str, cluster: str) -> Screen[None]:
        from app.screens.events.past_task import PastTaskScreen

        return PastTaskScreen(self._desk, task_id, cluster)

    def logs(self, targets: Sequence[LogTarget]) -> Screen[None]:
        from app.screens.logs import LogsScreen

        return LogsScreen(self._desk, targets)

    def container(self, container_id: str) -> Screen[None]:
        from app.screens.container import ContainerScreen

        return ContainerScreen(self._desk, container_id)

    def instance(self, key: InstanceKey) -> Screen[None]:
        from app.screens.instance.screen import InstanceScreen

        return InstanceScreen(self._desk, key)

    def budget(self) -> Screen[None]:
        from app.screens.budget.screen import BudgetScreen

        return BudgetScreen(self._desk)

    def image(self, cluster: str, key: str) -> Screen[None]:
        from app.screens.images.page import ImageScreen

        return ImageScreen(self._desk, cluster, key)

    def work(self, work: Work) -> Screen[None]:
        from app.screens.images.build_screen import BuildScreen
        from app.screens.images.transfer_screen import TransferScreen
        from app.screens.images.works import BuildWork, Transfer

        if isinstance(work, BuildWork):
            return BuildScreen(self._desk, work)
        if isinstance(work, Transfer):
            return TransferScreen(self._desk, work)
        from app.screens.deploying.screen import DeployScreen
        from app.screens.deploying.work import DeployWork

        assert isinstance(work, DeployWork)
        return DeployScreen(self._desk, work)

    def works(self) -> Screen[None]:
        from app.screens.images.works_screen import WorksScreen

        return WorksScreen(self._desk)

    def run(
        self, definition: str = "", cluster: str = "", again: Task | None = None, instances: Sequence[str] = ()
    ) -> Screen[None]:
        from app.screens.run.choice import RunChoice, choice_of
        from app.screens.run.screen import RunScreen

        if again is not None:
            return RunScreen(self._desk, choice_of(again))
        return RunScreen(self._desk, RunChoice(definition, cluster, instances=tuple(instances)))

    def json(self, crumbs: Sequence[str], value: Any) -> Screen[None]:
        from app.screens.json_screen import JsonScreen

        return JsonScreen(self._desk, crumbs, value)

    def editor(self, start: EditStart, held: HeldDraft | None = None) -> Screen[None]:
        from app.screens.editor import EditorScreen

        return EditorScreen(self._desk, start, held)

    def comparison(self, family: str, left: int | None, right: int) -> Screen[None]:
        from app.screens.comparison import ComparisonScreen

        return ComparisonScreen(self._desk, family, left, right)
