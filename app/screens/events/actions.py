"""What can be done with an event, the same wherever events are listed: open what it is about, JSON, copy."""

from __future__ import annotations

import shlex

from app.model.event import Event
from app.model.instance import InstanceKey
from app.operations.event_words import detail_words, subject_words
from app.screens.frame import FrameScreen


def open_event(screen: FrameScreen, event: Event) -> None:
    """The task, also one of the past; the instance; the container that nobody manages; else the event itself."""
    desk, doors = screen.desk, screen.desk.doors
    fleet = desk.fleet
    if event.task_id:
        task = fleet.find_task(event.task_id, event.cluster)
        door = doors.task(task.id, task.instance) if task else doors.past_task(event.task_id, event.cluster)
        screen.app.push_screen(door)
        return
    instance = InstanceKey(event.cluster, event.instance)
    if event.kind == "instance" and instance in fleet.instances:
        screen.app.push_screen(doors.instance(instance))
        return
    key = next((key for key, state in fleet.instances.items() if event.container_id in state.containers), None)
    if event.container_id and key is not None:
        screen.app.push_screen(doors.container(event.container_id))
    else:
        show_event(screen, event)


def show_event(screen: FrameScreen, event: Event) -> None:
    """As JSON, with its command in full."""
    # Here, as it brings along the models of documents, which the first frame need not wait for.
    from app.operations.event_shape import event_shape

    screen.app.push_screen(screen.desk.doors.json([event.cluster or "events", event.what, "JSON"], event_shape(event)))


def event_line(event: Event) -> str:
    """One event as a line of text, for the clipboard."""
    time = event.at.astimezone().isoformat(timespec="milliseconds")
    words = (time, event.what, f"{event.cluster}/{event.instance}", subject_words(event), detail_words(event))
    return "  ".join(word for word in words if word.strip("/"))


def event_command(event: Event | None, cluster: str | None) -> str:
    """What repeats a call; of any other event, and of none, what lists them."""
    if event is not None and event.command:
        return event.command
    words = ["moorage", "events", *(["--cluster", cluster] if cluster else [])]
    if event is not None and event.task_id:
        words += ["--cluster", event.cluster] if not cluster else []
        words += ["--task", event.task_id]
    return shlex.join(words)
