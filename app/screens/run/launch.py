"""A launch from the Run form: each task's way to RUNNING, or the reason why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from app.model.errors import MoorageError
from app.model.progress import Progress
from app.model.requests import RunTaskRequest, StartTaskRequest
from app.model.safe_text import safe_line
from app.operations.launch import Launched, run_task, start_task
from app.screens import formats
from app.screens.desk import Desk
from app.screens.rows import progress_cell, task_detail
from widgets.cells import Column, Row, cell

LAUNCH_COLUMNS = (
    Column("task", "TASK", width=8),
    Column("instance", "INSTANCE", min_width=8, weight=1),
    Column("status", "STATUS", width=12),
    Column("step", "", min_width=12, weight=4),
)


@dataclass(slots=True)
class RunLaunch:
    """The launch that was begun last, if any was. It goes on when its screen is gone."""

    desk: Desk
    going: bool = False
    steps: dict[str, Progress] = field(default_factory=dict)
    launched: Launched | None = None
    problem: str = ""
    begun: bool = False

    def begin(
        self,
        request: RunTaskRequest | StartTaskRequest,
        told: Callable[[], None],
        over: Callable[[str, bool], None],
    ) -> None:
        """Launch in a job.

        Args:
            told: a task has come a step further.
            over: the end, in words, and whether something failed.
        """
        desk = self.desk

        def tell(progress: Progress) -> None:
            desk.tell(progress)
            desk.jobs.post(lambda: take(progress))

        def take(progress: Progress) -> None:
            self.steps[progress.task_id] = progress
            told()

        def work() -> Launched:
            if isinstance(request, StartTaskRequest):
                return start_task(desk.session, request, tell)
            return run_task(desk.session, request, tell)

        def done(launched: Launched) -> None:
            self._ended(launched)
            over(outcome(request.task_definition, launched), not launched.succeeded)

        def failed(message: str) -> None:
            self._ended(None)
            self.problem = message
            over(message, True)

        self.going, self.begun, self.launched, self.problem = True, True, None, ""
        self.steps.clear()
        desk.jobs.run(work, done, failed)

    def _ended(self, launched: Launched | None) -> None:
        """A launch that was cut off tells no last step: from now on its rows say what its host shows."""
        self.going, self.launched = False, launched
        for task_id in self.steps:
            self.desk.board.steps.pop(task_id, None)

    def rows(self) -> list[Row]:
        """Each task, and what was not placed."""
        found = [self._row(task_id, step) for task_id, step in self.steps.items()]
        for key, (name, why) in self._refusals().items():
            cells = (cell("-", "muted"), cell(name), cell("✕ not placed", "bad"), cell(why, "bad"))
            found.append(Row(key, cells))
        return found

    def why(self, key: str) -> str:
        """All that there is to say of a row that is no task's; "" for the others."""
        name, why = self._refusals().get(key, ("", ""))
        return safe_line(f"{name}: {why}" if name else why)

    def _refusals(self) -> dict[str, tuple[str, str]]:
        """The instance and the reason of what was not placed, by the keys of their rows."""
        found = {"problem": ("", self.problem)} if self.problem else {}
        for index, failure in enumerate(self.launched.failures if self.launched else ()):
            name, words = self._instance_of(failure), failure.get("detail", "")
            found[f"failure:{index}"] = name, f"{failure['reason']}  {words.removeprefix(f'{name}: ')}"
        return found

    def _instance_of(self, failure: Mapping[str, str]) -> str:
        """Its name; that of an unknown one stands in the ARN itself."""
        last = failure["arn"].rpartition("/")[2]
        ids = self.launched.instance_ids if self.launched else {}
        return next((key.name for key, instance_id in ids.items() if instance_id == last), last)

    def _row(self, task_id: str, step: Progress) -> Row:
        fleet = self.desk.fleet
        task = fleet.find_task(task_id)
        status = formats.task_status(task) if task else cell("◌ PENDING", "busy")
        words = progress_cell(step)
        if task is not None and task.last_status in ("RUNNING", "STOPPED"):
            words = task_detail(task, None, fleet.host_now(task.instance))
        return Row(task_id, (cell(task_id[:8], "accent"), cell(step.instance.name), status, words))

    def title(self) -> str:
        """How far it is."""
        tasks = [self.desk.fleet.find_task(task_id) for task_id in self.steps]
        running = sum(task is not None and task.last_status == "RUNNING" for task in tasks)
        return f"Launch  {running} of {len(tasks)} running" if tasks else "Launch"


def outcome(definition: str, launched: Launched) -> str:
    """The end of a launch in words."""
    well = sum(task.stop_code != "TaskFailedToStart" for task in launched.tasks)
    not_placed = f"; {len(launched.failures)} refusals" if launched.failures else ""
    failed = f", {len(launched.tasks) - well} failed" if well < len(launched.tasks) else ""
    return f"{definition}: {well} launched{failed}{not_placed}"


def first_definitions(desk: Desk, asked: str) -> tuple[str, ...]:
    """The latest ACTIVE revision of each family, and the one that is asked for: few, so that they are known at once."""
    store, found = desk.session.definitions, []
    wanted, _, number = asked.partition(":")
    for family in store.families():
        if (latest := store.latest_active(family)) is not None:
            found.append(f"{family}:{latest.revision}")
        if family == wanted and number.isdecimal() and asked not in found:
            with suppress(MoorageError):
                if store.read(family, int(number)).status == "ACTIVE":
                    found.append(asked)
    return tuple(found)


def known_definitions(desk: Desk) -> tuple[str, ...]:
    """ACTIVE revisions as family:revision, families by name, the latest first. Reads each: in a thread."""
    store, found = desk.session.definitions, []
    for family in store.families():
        for revision in sorted(store.revisions(family), reverse=True):
            try:
                if store.read(family, revision).status == "ACTIVE":
                    found.append(f"{family}:{revision}")
            except MoorageError:
                continue  # a broken one is told on the definitions screen
    return tuple(found)
