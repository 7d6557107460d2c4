"""How long until something is there: the bare command, the first frame, the first container's name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from app.store.cluster_glance import glance_at_clusters
from app.store.home import resolve_home
from bench.pty_app import PtyApp
from bench.table import Figure, milliseconds, ratio, skipped

ROOT = Path(__file__).resolve().parent.parent
MOORAGE = (sys.executable, str(ROOT / "moorage.py"))
HELLO = (sys.executable, str(Path(__file__).with_name("hello.py")))
FIRST_FRAME = r"moorage › \w+"
NAME = r"svc-\d+"
ALLOWED_SECONDS = 0.150
"""What ``moorage --version`` may take beyond a bare Python."""


def command_figures(rounds: int) -> list[Figure]:
    """``python -c pass`` and ``moorage --version``, in turn."""
    bare, version, extra = [], [], []
    for turn in range(rounds + 1):
        one, other = _wall([sys.executable, "-c", "pass"]), _wall([*MOORAGE, "--version"])
        if turn:  # the first pair only warms the page cache and writes .pyc files
            bare.append(one)
            version.append(other)
            extra.append(other - one)
    return [
        milliseconds("python -c pass", bare, "the floor"),
        milliseconds("moorage --version", version, ratio(version, bare, "bare Python")),
        milliseconds("  beyond bare Python", extra, f"limit {ALLOWED_SECONDS * 1000:.0f} ms"),
    ]


def _wall(argv: Sequence[str]) -> float:
    began = time.monotonic()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "MOORAGE_HOME": "/nonexistent"})
    return time.monotonic() - began


def hello_starts(rounds: int) -> list[float]:
    """Seconds from exec to the first frame of a bare Textual app."""
    found = []
    for turn in range(rounds + 1):
        with PtyApp(HELLO) as app:
            moment = app.until_shown("hello", window=0.02)
            if turn:
                found.append(moment - app.began)
    return found


def start_figures(home: Path, count: int, rounds: int, hello: Sequence[float]) -> list[Figure]:
    """The dashboard's start with ``count`` containers on its one engine, beside what a list of them takes."""
    frames, names, taken, listed = [], [], [], []
    for turn in range(rounds + 1):
        # ``2`` is typed at the first frame, which is there before anything that could take it.
        with PtyApp([*MOORAGE, "--home", str(home)]) as app:
            frame = app.until_shown(FIRST_FRAME, window=0.02)
            app.press("2")
            key = app.until_shown(NAME, window=0.02)
            start = app.began
        with PtyApp([*MOORAGE, "--home", str(home), "--screen", "tasks"]) as app:
            name = app.until_shown(NAME, window=0.02) - app.began
        if turn:
            frames.append(frame - start)
            taken.append(key - start)
            names.append(name)
            listed += _docker_ps(home)
    title = f"{count} containers:"
    return [
        milliseconds(f"{title} start to first frame", frames, ratio(frames, hello, "hello Textual")),
        milliseconds(f"{title} start to first name", names, ratio(names, hello, "hello Textual")),
        milliseconds(f"{title} start to a key taken", taken, ratio(taken, hello, "hello Textual")),
        milliseconds(f"{title} docker ps", listed, "the same list, in Go and without a screen")
        if listed
        else skipped(f"{title} docker ps", "there is no docker command"),
    ]


def _docker_ps(home: Path) -> list[float]:
    """Seconds of ``docker ps`` on the engine of ``home``; nothing where there is no such command."""
    docker = shutil.which("docker")
    if docker is None:
        return []
    endpoint = glance_at_clusters(resolve_home(str(home), {}))[1][0].endpoint
    began = time.monotonic()
    subprocess.run([docker, "ps"], check=True, stdout=subprocess.DEVNULL, env={**os.environ, "DOCKER_HOST": endpoint})
    return [time.monotonic() - began]
