"""Disorder on engines: containers come, die, are renamed and go; an engine stands still for a while; files change."""

from __future__ import annotations

import random
import threading
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from docker.errors import DockerException
from requests.exceptions import RequestException

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.engine_bed import Daemon

NASTY = "[/x][@click=app.quit]q[/]\x1b]0;pwned\x07\x1b[2J\u009b31m\u202eevil\u0301\u0301\u0301\u0301\u0301\u0301"
_SCRIPTS = (
    "sleep 1000",
    "while :; do echo tick; sleep 0.3; done",
    "exit 3",
    'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo \'{"level":"error","msg":"no \'$i\'"}\'; done; sleep 1000',
    f"printf '%b\\n' '\\033[2J\\033]52;c;eA==\\007\\302\\233 \\377\\376 {'a' * 3000}'; sleep 1000",
    "head -c 3000000 /dev/zero | tr '\\0' 'x'; echo; sleep 1000",
    "sleep 0.5; kill -9 $$",
)
_MOST = 12


class Churn:
    """Works in a thread until it is closed. ``done`` counts what was done.

    ``freezes``: an engine stands still at times.
    """

    def __init__(self, daemons: Sequence[Daemon], seed: int, pause: float = 0.25, *, freezes: bool = True) -> None:
        self.done: Counter[str] = Counter()
        self._daemons, self._pause, self._freezes = daemons, pause, freezes
        self._chance = random.Random(seed)
        self._closed = threading.Event()
        self._number = 0
        self._thread = threading.Thread(target=self._work, name="churn", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        self._thread.join(60)

    def _work(self) -> None:
        while not self._closed.wait(self._pause * self._chance.random() * 2):
            daemon = self._chance.choice(self._daemons)
            # A monkey at the keys stops and removes the very same containers.
            with suppress(DockerException, RequestException):
                self.done[self._act(daemon)] += 1

    def _act(self, daemon: Daemon) -> str:
        api = daemon.api
        ours = [one["Id"] for one in api.containers(all=True, filters={"label": "monkey"})]
        draw = self._chance.random()
        if not ours or (draw < 0.35 and len(ours) < _MOST):
            self._number += 1
            labels = {"monkey": "1", "com.example.nasty": NASTY}
            if self._chance.random() < 0.2:
                labels["moorage.task"] = NASTY
            script = self._chance.choice(_SCRIPTS)
            daemon.run(["sh", "-c", script], name=f"ape-{self._number}", labels=labels, environment={"NASTY": NASTY})
            return "run"
        chosen = self._chance.choice(ours)
        if draw < 0.5:
            api.kill(chosen)
            return "kill"
        if draw < 0.65:
            api.start(chosen)
            return "start"
        if draw < 0.8:
            self._number += 1
            api.rename(chosen, f"ape-{self._number}")
            return "rename"
        if draw < 0.97 or not self._freezes or self._closed.is_set():
            api.remove_container(chosen, force=True)
            return "remove"
        daemon.pause()
        try:
            self._closed.wait(1 + 6 * self._chance.random())
        finally:
            daemon.resume()
        return "engine stopped and continued"
