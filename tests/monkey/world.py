"""What is there when the monkey comes: a cluster on engines, definitions small and large, a past, odd files."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.model.event import Event, event_key
from app.model.safe_text import SafeText
from app.operations.session import Session
from app.store.events import EventStore
from app.store.history import HistoryStore
from tests.monkey.churn import NASTY
from tests.tui.screens.driving import register, session_with
from tests.unit.store.past_tasks import past_container, past_task

EDITOR = """#!/bin/sh
# What a person does in an editor, and what a slip of the finger leaves.
case $(($(date +%s) % 3)) in
0) sed -i 's/"memory": [0-9]*/"memory": 24/' "$1" ;;
1) echo '}' >>"$1" ;;
esac
"""


def make_world(folder: Path, endpoints: Sequence[str], *, large: bool) -> Session:
    """``large``: with a past of thousands and documents of megabytes, which take a while to make."""
    home = folder / "home"
    session = session_with(home, *endpoints)
    for document in (_small("web", 3), _small("job", 0), _pair(), _port(), nasty_definition()):
        for memory in (16, 20, 24):
            document["containerDefinitions"][0]["memory"] = memory
            register(session, json.dumps(document).encode())
    fill_past(session, 5000 if large else 50)
    if large:
        register(session, json.dumps(_huge()).encode())
        for revision in range(300):
            register(
                session, json.dumps({**_small("many", 0), "tags": [{"key": "n", "value": str(revision)}]}).encode()
            )
    editor = folder / "editor"
    editor.write_text(EDITOR)
    editor.chmod(0o700)
    contexts = folder / "docker" / "contexts" / "meta" / "ab"
    contexts.mkdir(parents=True)
    meta = {"Name": NASTY, "Metadata": {}, "Endpoints": {"docker": {"Host": f"unix:///{NASTY}"}}}
    (contexts / "meta.json").write_text(json.dumps(meta))
    return session


def environment_of(folder: Path) -> dict[str, str]:
    """Of the dashboard: nothing of this machine's own, and an editor that ends by itself."""
    names = ("PATH", "LANG", "LC_ALL", "HOME", "USER", "LOGNAME", "SSL_CERT_FILE")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    return {
        **kept,
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
        "EDITOR": str(folder / "editor"),
        "DOCKER_CONFIG": str(folder / "docker"),
        "DOCKER_HOST": f"unix://{folder}/nowhere.sock",
        # An escape is told from the start of a sequence by waiting; that wait is no answer of ours.
        "ESCDELAY": "10",
    }


def _small(family: str, stop_timeout: int) -> dict[str, Any]:
    container = {"name": "main", "image": "busybox", "memory": 16, "command": ["sh", "-c", "echo up; exec sleep 1000"]}
    secret = [{"name": "DB_PASSWORD", "value": "hunter2"}]
    return {
        "family": family,
        "containerDefinitions": [{**container, "stopTimeout": max(stop_timeout, 2), "environment": secret}],
    }


def _pair() -> dict[str, Any]:
    """Two that have a network and a volume of their own."""
    one = {"image": "busybox", "memory": 16, "stopTimeout": 2, "command": ["sh", "-c", "exec sleep 1000"]}
    web = {**one, "name": "web", "links": ["db"], "portMappings": [{"containerPort": 80}]}
    db = {**one, "name": "db", "mountPoints": [{"sourceVolume": "data", "containerPath": "/data"}]}
    return {"family": "pair", "containerDefinitions": [web, db], "volumes": [{"name": "data"}]}


def _port() -> dict[str, Any]:
    """One that a host has room for once."""
    document = _small("port", 2)
    document["containerDefinitions"][0]["portMappings"] = [{"containerPort": 80, "hostPort": 18080}]
    return document


def nasty_definition() -> dict[str, Any]:
    document = _small("nasty", 0)
    document["containerDefinitions"][0] |= {
        "command": ["sh", "-c", f"echo '{NASTY}'; exit 4"],
        "environment": [{"name": f"E{NASTY}", "value": NASTY}, {"name": "EMPTY", "value": ""}],
        "dockerLabels": {NASTY: NASTY},
    }
    return document


def _huge() -> dict[str, Any]:
    pairs = [{"name": f"PASSWORD_{number}", "value": "secret" * 40} for number in range(300)]
    return {
        "family": "huge",
        "containerDefinitions": [
            {"name": f"c{number}", "image": "busybox", "memory": 16, "environment": pairs} for number in range(10)
        ],
    }


def fill_past(session: Session, count: int) -> None:
    now = datetime.now(UTC)
    history = HistoryStore(session.home)
    nasty = SafeText(NASTY)
    for number in range(count // 10):
        ended = now - timedelta(minutes=number)
        part = past_container("main", exit_code=number % 3, finished_at=ended, last_lines=(nasty,) * 3)
        task = past_task(id=SafeText(f"{number:032x}"), cluster=SafeText("prod"), containers=(part,))
        history.remember(replace(task, created_at=ended - timedelta(minutes=5), stopped_at=ended, stopped_reason=nasty))
    events = [
        Event(
            key=event_key("monkey", number),
            at=now - timedelta(seconds=number),
            what=("started", "died", "oom", "renamed")[number % 4],
            source="event",
            cluster=SafeText("prod"),
            instance=SafeText("edge-1"),
            container=nasty if number % 7 == 0 else SafeText(f"ape-{number}"),
            detail=nasty,
        )
        for number in range(count)
    ]
    EventStore(session.home).add(events)
