"""Verbs of tasks."""

from __future__ import annotations

import sys
from collections.abc import Callable

from app.cli.arguments import Parser
from app.cli.command import Call, Command, answering
from app.cli.outcome import FAILED, complain, telling_what_exists, warn
from app.cli.progress import ProgressPrinter
from app.model.progress import Tell
from app.model.requests import (
    DescribeTasksRequest,
    ListTasksRequest,
    RunTaskRequest,
    StartTaskRequest,
    StopTaskRequest,
)
from app.operations import launch, tasks
from app.operations.launch import Launched
from app.operations.waiting import WaiterError, essential_exit_code, stay_until_stopped, wait_for_tasks

WAIT_FAILED = 255
"""As ``aws ecs wait``."""


def _wait_flag(parser: Parser) -> None:
    parser.add_argument(
        "--wait",
        action="store_true",
        help="Stay until the tasks have stopped; exit with the essential container's code.",
    )


def _run_task(call: Call) -> int:
    return _launch(call, lambda tell: launch.run_task(call.session, call.request, tell), wait=call.options.wait)


def _start_task(call: Call) -> int:
    return _launch(call, lambda tell: launch.start_task(call.session, call.request, tell), wait=False)


def _launch(call: Call, begin: Callable[[Tell], Launched], *, wait: bool) -> int:
    cluster = call.session.cluster_name(call.request.cluster)
    progress = ProgressPrinter(sys.stderr)
    codes: list[int] = []
    with telling_what_exists(lambda: left_behind(progress, cluster)):
        launched = begin(progress.tell)
        if wait:
            codes = _stay(call, cluster, launched, progress)
    progress.close()
    for finding in launched.warnings:
        warn(str(finding))
    call.show(launched.shape())
    if not launched.succeeded:
        tell_reasons(launched)
        return FAILED
    return next((code for code in codes if code), 0)


def _stay(call: Call, cluster: str, launched: Launched, progress: ProgressPrinter) -> list[int]:
    """Until all are STOPPED; their exit codes. ``launched`` then has the tasks as they ended."""
    ends = stay_until_stopped(call.session, cluster, launched.tasks, progress.tell, warn)
    launched.tasks = [end or task for end, task in zip(ends, launched.tasks, strict=True)]
    return [essential_exit_code(end) for end in ends]


def tell_reasons(launched: Launched) -> None:
    """Why tasks did not come up, on stderr."""
    for failure in launched.failures:
        reason, detail = failure["reason"], failure.get("detail", failure["arn"])
        complain(f"{reason}: {detail}")
    for task in launched.tasks:
        if task.stop_code == "TaskFailedToStart":
            complain(f"task {task.id[:8]} on {task.instance.name}: {task.stopped_reason}")


def left_behind(progress: ProgressPrinter, cluster: str) -> list[str]:
    """What an interrupted launch leaves, in lines. The progress is told no more."""
    progress.close()
    lines = []
    for step in progress.unfinished:
        last = f"{step.step} {step.container}".strip()
        lines.append(f"task {step.task_id[:8]} on {step.instance.name} is not up yet; its last step was: {last}")
    if lines:
        lines.append(
            "a launch that was cut off is finished or undone by the next Moorage that watches: the dashboard, or "
            f"moorage agent --cluster {cluster}"
        )
    lines += [f"task {step.task_id[:8]} on {step.instance.name} is RUNNING and goes on" for step in progress.running]
    if lines:
        lines.append(f"to stop one: moorage stop-task --cluster {cluster} --task TASK")
    return lines


def left_stopping(progress: ProgressPrinter) -> list[str]:
    """What becomes of a task whose stop was interrupted. The progress is told no more."""
    progress.close()
    return ["a task that was told to stop is stopped by the next Moorage that watches: the dashboard, or moorage agent"]


def _stop_task(call: Call) -> int:
    progress = ProgressPrinter(sys.stderr)
    with telling_what_exists(lambda: left_stopping(progress)):
        shape = tasks.stop_task(call.session, call.request, progress.tell)
    progress.close()
    call.show(shape)
    return 0


def _goal(parser: Parser) -> None:
    parser.add_argument("goal", choices=("tasks-running", "tasks-stopped"), help="What to wait for.")


def _wait(call: Call) -> int:
    try:
        wait_for_tasks(call.session, call.request, "RUNNING" if call.options.goal == "tasks-running" else "STOPPED")
    except WaiterError as error:
        complain(error.message)
        return WAIT_FAILED
    return 0


COMMANDS = {
    "run-task": Command(RunTaskRequest, _run_task, "taskDefinition", _wait_flag),
    "start-task": Command(StartTaskRequest, _start_task, "taskDefinition"),
    "stop-task": Command(StopTaskRequest, _stop_task, "task"),
    "list-tasks": Command(ListTasksRequest, answering(tasks.list_tasks)),
    "describe-tasks": Command(DescribeTasksRequest, answering(tasks.describe_tasks), "tasks"),
    "wait": Command(DescribeTasksRequest, _wait, "", _goal),
}
