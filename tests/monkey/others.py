"""Others at the same home: verbs in processes of their own, some killed at any moment, an agent, an editor of a file.

What was asked for and what was answered is kept: nothing that was answered may be lost, and no call may be done twice.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.cli.process import command
from tests.monkey.places import Place

CLUSTER = "prod"
FAULT = 70
_ENDS_WITHIN = 240.0
"""Seconds in which any verb ends, whatever its hosts do."""
_KNOWN = 300


@dataclass(slots=True)
class Asked:
    """A run-task with a token: how many tasks it is about, and how often it was called."""

    token: str
    words: tuple[str, ...]
    count: int
    calls: int = 0


@dataclass
class Told:
    """What came of it all. ``answered``: ids of tasks that a verb said to be there. ``faults``: of Moorage itself."""

    done: Counter[str] = field(default_factory=Counter)
    asked: dict[str, Asked] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)


class Process:
    """Verbs of one home, with one environment."""

    def __init__(self, home: Path, environment: Mapping[str, str], told: Told) -> None:
        self._home, self._environment, self._told = home, dict(environment), told

    def begin(self, *argv: str, output: int = subprocess.PIPE) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command(self._home, *argv),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=self._environment,
            cwd=self._home.parent,
            text=True,
            errors="replace",
        )

    def end(self, process: subprocess.Popen[str], what: str, kill_after: float | None = None) -> tuple[int, str]:
        """Its exit code and what it printed; killed when it takes longer than that."""
        try:
            out, err = process.communicate(timeout=_ENDS_WITHIN if kill_after is None else kill_after)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            if kill_after is None:
                self._told.faults.append(f"{what} does not end\n{err[-2000:]}")
        if process.returncode == FAULT or "Traceback" in err:
            self._told.faults.append(f"{what}: {process.returncode}\n{err[-3000:]}")
        return process.returncode, out


class Others:
    """Works in two threads until it is closed: one calls verbs, one has an agent that comes and goes."""

    def __init__(self, home: Path, environment: Mapping[str, str], places: Sequence[Place], seed: int) -> None:
        self.told = Told()
        self._home, self._places = home, places
        self._verbs = Process(home, environment, self.told)
        self._chance = random.Random(seed)
        self._known: list[str] = []
        self._number = 0
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._call, name="others", daemon=True),
            threading.Thread(target=self._attend, args=(random.Random(seed + 1),), name="agents", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(_ENDS_WITHIN + 30)

    # --- verbs -------------------------------------------------------------------------------------------------------

    def _call(self) -> None:
        deeds: dict[Callable[[], None], int] = {
            self._run: 8, self._run_at_once: 2, self._again: 3, self._start: 2, self._stop: 7,
            self._edit: 2, self._attributes: 1, self._mend: 2, self._look: 3,
        }  # fmt: skip
        while not self._over.wait(self._chance.uniform(0, 1.5)):
            (deed,) = self._chance.choices(list(deeds), list(deeds.values()))
            try:
                deed()
            except Exception as error:  # noqa: BLE001 - a fault here is told with the others
                self.told.faults.append(f"{deed.__name__}: {error!r:.2000}")
                return
            self.told.done[deed.__name__.strip("_").replace("_", " ")] += 1

    def _verb(self, *argv: str, kill_after: float | None = None) -> tuple[int, str]:
        return self._verbs.end(self._verbs.begin(*argv), " ".join(argv), kill_after)

    def _run(self) -> None:
        self._asked_for(self._ask())

    def _run_at_once(self) -> None:
        """As two do who share a token."""
        asked = self._ask()
        asked.calls += 2
        both = [self._verbs.begin(*asked.words) for _ in range(2)]
        for process in both:
            self._hear(*self._verbs.end(process, " ".join(asked.words)))

    def _again(self) -> None:
        """As one does who got no answer."""
        if self.told.asked:
            self._asked_for(self.told.asked[self._chance.choice(list(self.told.asked)[-5:])])

    def _ask(self) -> Asked:
        self._number += 1
        token, count = f"call-{self._number}", self._chance.choice((1, 1, 1, 2, 4))
        family = self._chance.choice(("web", "web", "pair", "port", "job", "nasty"))
        words = ("run-task", "--cluster", CLUSTER, "--task-definition", family, "--count", str(count))
        asked = Asked(token, (*words, "--client-token", token, "--yes"), count)
        self.told.asked[token] = asked
        return asked

    def _asked_for(self, asked: Asked) -> None:
        asked.calls += 1
        killed = self._chance.random() < 0.4
        self._hear(*self._verb(*asked.words, kill_after=self._chance.uniform(0.3, 3) if killed else None))

    def _start(self) -> None:
        name = self._chance.choice(self._places).name
        words = ("start-task", "--cluster", CLUSTER, "--task-definition", "web", "--container-instances", name, "--yes")
        self._hear(*self._verb(*words))

    def _hear(self, code: int, out: str) -> None:
        if code == -signal.SIGKILL:
            self.told.done["launches killed"] += 1
            return
        if code not in (0, 1):
            return
        with suppress(ValueError, KeyError):
            ids = [str(task["taskArn"]).rpartition("/")[2] for task in json.loads(out)["tasks"]]
            self.told.answered.update(ids)
            self._known = [*self._known, *ids][-_KNOWN:]

    def _stop(self) -> None:
        if not self._known:
            return
        task = self._known.pop(self._chance.randrange(len(self._known)))
        killed = self._chance.uniform(0.3, 2) if self._chance.random() < 0.3 else None
        self._verb("stop-task", "--cluster", CLUSTER, "--task", task, "--yes", kill_after=killed)

    def _look(self) -> None:
        code, out = self._verb("list-tasks", "--cluster", CLUSTER)
        if code == 0:
            self._known = [arn.rpartition("/")[2] for arn in json.loads(out)["taskArns"]][-_KNOWN:]

    def _attributes(self) -> None:
        name, value = self._chance.choice(self._places).name, self._chance.randrange(1000)
        self._verb(
            "put-attributes", "--cluster", CLUSTER, "--attributes", f"name=n,value={value},targetId={name}", "--yes"
        )

    def _mend(self) -> None:
        """What somebody at the keys has done to the cluster itself."""
        self._verb("create-cluster", "--cluster-name", CLUSTER)
        self._verb("update-cluster", "--cluster", CLUSTER, "--policy", "free", "--dangerous", "allow", "--yes", CLUSTER)
        for place in self._places:
            at = ("--cluster", CLUSTER, "--name", place.name, "--endpoint", place.endpoint, "--yes")
            self._verb("register-container-instance", *at)
            one = ("--cluster", CLUSTER, "--container-instance", place.name, "--yes")
            self._verb("update-container-instance", *one, "--reserved-memory", "0")
        names = [place.name for place in self._places]
        state = ("--cluster", CLUSTER, "--container-instances", *names, "--status", "ACTIVE", "--yes")
        self._verb("update-container-instances-state", *state)

    def _edit(self) -> None:
        """By hand: in place, so that it is cut off for a moment, or a new file in place of the old one."""
        path = self._home / "clusters" / f"{CLUSTER}.toml"
        if not path.exists():
            return
        lines = [line for line in path.read_text().splitlines() if not line.startswith("# by hand")]
        text = "\n".join([f"# by hand {self._number}", *lines, ""])
        if self._chance.random() < 0.5:
            path.write_text(text[: len(text) // 2])
            self._over.wait(0.3)
            path.write_text(text)
        else:
            new = path.with_name(f".{path.name}.hand")
            new.write_text(text)
            new.chmod(0o600)
            os.replace(new, path)

    # --- an agent ----------------------------------------------------------------------------------------------------

    def _attend(self, chance: random.Random) -> None:
        while not self._over.wait(chance.uniform(0, 12)):
            agent = self._verbs.begin("agent", output=subprocess.DEVNULL)
            self._over.wait(chance.uniform(5, 40))
            if agent.poll() is not None:
                self.told.faults.append(f"an agent has ended by itself: {agent.returncode}")
            if chance.random() < 0.3:
                agent.send_signal(signal.SIGSTOP)
                self._over.wait(chance.uniform(2, 8))
                agent.send_signal(signal.SIGCONT)
            end = chance.choice((signal.SIGTERM, signal.SIGKILL))
            agent.send_signal(end)
            try:
                agent.wait(60)
            except subprocess.TimeoutExpired:
                self.told.faults.append("an agent that was told to end does not")
                agent.kill()
                agent.wait()
            self.told.done[f"agents ended by {end.name}"] += 1
