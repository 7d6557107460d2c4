"""Inside containers: how soon a shell is there, what a command costs beyond Docker's own calls, how fast bytes go; and

whether a dashboard that was stopped by ctrl-z slows its host.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

from bench.pty_app import PtyApp
from bench.start import MOORAGE
from bench.table import Figure, milliseconds, ratio

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.engine_bed import Daemon

NAME = "aa-shell"
_MIB = 1 << 20


def shell_figures(daemon: Daemon, home: Path, app: PtyApp, rounds: int, seconds: float) -> list[Figure]:
    """``app`` is a dashboard on the table of tasks. Takes ``seconds`` three times for the churn."""
    container = daemon.run(["sleep", "1000000"], name=NAME, network_mode="none")
    figures = [*_opened(app, rounds), *_commands(daemon, home, container, rounds)]
    figures += _stopped(daemon, app, seconds)
    daemon.api.remove_container(container, force=True)
    return figures


def _opened(app: PtyApp, rounds: int) -> list[Figure]:
    there, back = [], []
    app.press(f"/{NAME}\r")
    app.until_shown(rf"^▌.*{NAME}")
    for _ in range(rounds):
        app.settle()
        pressed = app.press("s")
        there.append(app.until_shown(r"^/ [#$]") - pressed)
        app.settle()
        pressed = app.press("\x04")
        back.append(app.until_shown(rf"^▌.*{NAME}") - pressed)
    app.press("\x1b")
    return [
        milliseconds("s to the prompt of the shell", there, "Textual's own leave of the screen takes 100 to 200"),
        milliseconds("ctrl-d to the dashboard's rows", back, ""),
    ]


def _commands(daemon: Daemon, home: Path, container: str, rounds: int) -> list[Figure]:
    bare, ours = [], []
    argv = [*MOORAGE, "--home", str(home), "execute-command", "--cluster", "bench"]
    argv += ["--container", NAME, "--command"]
    for _ in range(rounds):
        bare.append(_timed(lambda: _raw_exec(daemon.api, container, ["true"])))
        ours.append(_timed(lambda: _run([*argv, "true"])))
    size = 64 * _MIB
    line = ["sh", "-c", f"head -c {size} /dev/zero"]
    raw = _timed(lambda: _raw_exec(daemon.api, container, line))
    through = _timed(lambda: _run([*argv, " ".join(("sh -c", f"'{line[2]}'"))]))
    return [
        milliseconds("execute-command true, as a program", ours, ratio(ours, bare, "docker-py's exec in a process")),
        Figure(
            "execute-command: output into a pipe",
            f"{size / _MIB / through:.0f} MiB/s",
            "64 MiB, n=1",
            f"docker-py {size / _MIB / raw:.0f} MiB/s",
        ),
    ]


def _stopped(daemon: Daemon, app: PtyApp, seconds: float) -> list[Figure]:
    watched = _churned(daemon, app, seconds)
    os.kill(app.process_id, signal.SIGTSTP)
    while _state(app.process_id) != "T":
        app.record(0.05)
    stopped = _churned(daemon, app, seconds)
    born = daemon.run(["sleep", "1000000"], name="aa-born", network_mode="none")
    app.settle(0.1)
    continued = time.monotonic()
    os.kill(app.process_id, signal.SIGCONT)
    right = app.until_shown("aa-born") - continued
    daemon.api.remove_container(born, force=True)
    return [
        Figure(
            f"containers made and removed, dashboard stopped {seconds:.0f} s",
            f"{stopped:.0f} /s",
            "the last fifth of it",
            f"{watched:.0f} /s while the dashboard runs",
        ),
        milliseconds("fg to what happened meanwhile on screen", [right], "the limit is a second"),
    ]


def _churned(daemon: Daemon, app: PtyApp, seconds: float) -> float:
    """Containers made and removed a second, in the last fifth of the time: an unread stream slows only when full."""
    found: list[float] = []

    def churn() -> None:
        ends = time.monotonic() + seconds
        late, count, began = ends - seconds / 5, 0, 0.0
        while (now := time.monotonic()) < ends:
            made = daemon.api.create_container("busybox:latest", ["true"])
            daemon.api.remove_container(made["Id"])
            if now >= late:
                began = began or now
                count += 1
        found.append(count / (time.monotonic() - began))

    thread = threading.Thread(target=churn, daemon=True)
    thread.start()
    while thread.is_alive():
        app.record(0.2)  # a terminal that takes nothing would hold the program up
    return found[0]


def _state(pid: int) -> str:
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0]


def _timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _raw_exec(api: Any, container: str, argv: list[str]) -> None:
    for _ in api.exec_start(api.exec_create(container, argv)["Id"], stream=True):
        pass


def _run(argv: list[str]) -> None:
    # A pipe that is read: a file would be another measure.
    subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
