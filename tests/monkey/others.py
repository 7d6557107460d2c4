"""Others at the same home: verbs in processes of their own, some killed at any moment, an agent, an editor of a file.

What was asked for and what was answered is kept: nothing that was answered may be lost, and no call may be done twice.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tests.cli.process import command
from tests.monkey.places import Place

CLUSTER = "prod"
_ONE_EDITOR = threading.Lock()
STEPS = (
    "after-record", "after-pull", "after-network", "between-creates", "after-create", "after-hold", "after-start-mark",
    "between-starts",
)  # fmt: skip
FAMILIES = ("web", "web", "pair", "port", "job", "nasty")
FAULT = 70
_ENDS_WITHIN = 240.0
"""Seconds in which any verb ends, whatever its hosts do."""
_KNOWN = 300


@dataclass(slots=True)
class Asked:
    """A run-task with a token: how many tasks it is about."""

    words: tuple[str, ...]
    count: int


@dataclass
class Told:
    """What came of it all. ``answered``: ids of tasks that a verb said to be there. ``faults``: of Moorage itself.

    ``asked``: by token. ``refusals``: why launches were not made, in the first words of it.
    """

    done: Counter[str] = field(default_factory=Counter)
    asked: dict[str, Asked] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    refusals: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


class Ended(NamedTuple):
    code: int
    out: str
    err: str


class Process:
    """Verbs of one home, with one environment."""

    def __init__(self, home: Path, environment: Mapping[str, str], told: Told) -> None:
        self._home, self._environment, self._told = home, dict(environment), told

    def begin(self, *argv: str, output: int = subprocess.PIPE, crashpoint: str = "") -> subprocess.Popen[str]:
        return subprocess.Popen(
            command(self._home, *argv),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**self._environment, "MOORAGE_CRASHPOINT": crashpoint},
            cwd=self._home.parent,
            text=True,
            errors="replace",
        )

    def end(self, process: subprocess.Popen[str], what: str, kill_after: float | None = None) -> Ended:
        """Killed when it takes longer than that."""
        try:
            out, err = process.communicate(timeout=_ENDS_WITHIN if kill_after is None else kill_after)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            if kill_after is None:
                self._told.faults.append(f"{what} does not end\n{err[-2000:]}")
        if process.returncode == FAULT or "Traceback" in err:
            self._told.faults.append(f"{what}: {process.returncode}\n{err[-3000:]}")
        return Ended(process.returncode, out, err)


class Others:
    """Works in threads until it is closed: two call verbs, one has an agent that comes and goes."""

    def __init__(self, home: Path, environment: Mapping[str, str], places: Sequence[Place], seed: int) -> None:
        self.told = Told()
        self._over = threading.Event()
        verbs = Process(home, environment, self.told)
        callers = [Caller(str(number), verbs, home, places, self.told, self._over, seed + number) for number in (1, 2)]
        works = [caller.work for caller in callers]
        works.append(partial(_attend, verbs, self.told, self._over, random.Random(seed)))
        self._threads = [threading.Thread(target=work, name="others", daemon=True) for work in works]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(_ENDS_WITHIN + 30)


class Caller:
    """One of those who call verbs, one after the other."""

    def __init__(
        self,
        name: str,
        verbs: Process,
        home: Path,
        places: Sequence[Place],
        told: Told,
        over: threading.Event,
        seed: int,
    ) -> None:
        self.told = told
        self._name, self._verbs, self._home, self._places, self._over = name, verbs, home, places, over
        self._chance = random.Random(seed)
        self._known: list[str] = []
        self._mine: list[Asked] = []
        self._number = 0

    def work(self) -> None:
        deeds: dict[Callable[[], None], int] = {
            self._run: 7, self._run_with_token: 3, self._run_at_once: 2, self._again: 2, self._start: 3, self._stop: 6,
            self._edit: 2, self._attributes: 1, self._mend: 1, self._look: 2,
        }  # fmt: skip
        while not self._over.wait(self._chance.uniform(0, 1.5)):
            (deed,) = self._chance.choices(list(deeds), list(deeds.values()))
            try:
                deed()
            except Exception as error:  # noqa: BLE001 - a fault here is told with the others
                self.told.faults.append(f"{deed.__name__}: {error!r:.2000}")
                return
            self.told.done[deed.__name__.strip("_").replace("_", " ")] += 1

    def _verb(self, *argv: str, kill_after: float | None = None, crashpoint: str = "") -> Ended:
        return self._verbs.end(self._verbs.begin(*argv, crashpoint=crashpoint), " ".join(argv), kill_after)

    def _run(self) -> None:
        words, _ = self._words()
        self._launch(words)

    def _run_with_token(self) -> None:
        self._launch(self._ask().words)

    def _run_at_once(self) -> None:
        """As two do who share a token."""
        asked = self._ask()
        both = [self._verbs.begin(*asked.words) for _ in range(2)]
        for process in both:
            self._hear(self._verbs.end(process, " ".join(asked.words)))

    def _again(self) -> None:
        """As one does who got no answer."""
        if self._mine:
            self._launch(self._chance.choice(self._mine[-5:]).words)

    def _start(self) -> None:
        name = self._chance.choice(self._places).name
        self._launch(
            ("start-task", "--cluster", CLUSTER, "--task-definition", "web", "--container-instances", name, "--yes")
        )

    def _words(self) -> tuple[tuple[str, ...], int]:
        family, count = self._chance.choice(FAMILIES), self._chance.choice((1, 1, 1, 2, 4))
        words = ("run-task", "--cluster", CLUSTER, "--task-definition", family, "--count", str(count), "--yes")
        return words, count

    def _ask(self) -> Asked:
        self._number += 1
        words, count = self._words()
        token = f"caller-{self._name}-{self._number}"
        asked = Asked((*words, "--client-token", token), count)
        self.told.asked[token] = asked
        self._mine.append(asked)
        return asked

    def _launch(self, words: tuple[str, ...]) -> None:
        """A third are killed: after a while, wherever they are by then, or at a step."""
        draw = self._chance.random()
        if draw < 0.17:
            self._hear(self._verb(*words, kill_after=self._chance.uniform(0.5, 6)))
        elif draw < 0.34:
            self._hear(self._verb(*words, crashpoint=self._chance.choice(STEPS)))
        else:
            self._hear(self._verb(*words))

    def _hear(self, ended: Ended) -> None:
        self.told.done["launches called"] += 1
        if ended.code == -signal.SIGKILL:
            self.told.done["launches killed"] += 1
            return
        if ended.code == 1:
            self.told.refusals[re.sub(r"[\d'].*", "", ended.err.strip().splitlines()[-1])[:70]] += 1
        with suppress(ValueError, KeyError):
            ids = [str(task["taskArn"]).rpartition("/")[2] for task in json.loads(ended.out)["tasks"]]
            self.told.answered.update(ids)
            self._known = [*self._known, *ids][-_KNOWN:]

    def _stop(self) -> None:
        if not self._known:
            return
        task = self._known.pop(self._chance.randrange(len(self._known)))
        killed = self._chance.uniform(0.3, 2) if self._chance.random() < 0.3 else None
        self._verb("stop-task", "--cluster", CLUSTER, "--task", task, "--yes", kill_after=killed)

    def _look(self) -> None:
        ended = self._verb("list-tasks", "--cluster", CLUSTER)
        if ended.code == 0:
            self._known = [arn.rpartition("/")[2] for arn in json.loads(ended.out)["taskArns"]][-_KNOWN:]

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
        # One at a time: a second would take what the first has cut off for the file, and in the end nothing is left.
        with _ONE_EDITOR:
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


def _attend(verbs: Process, told: Told, over: threading.Event, chance: random.Random) -> None:
    """An agent comes, is stopped for a while at times, and goes: as it is told to, or killed."""
    while not over.wait(chance.uniform(0, 12)):
        agent = verbs.begin("agent", output=subprocess.DEVNULL)
        over.wait(chance.uniform(5, 40))
        if agent.poll() is not None:
            told.faults.append(f"an agent has ended by itself: {agent.returncode}")
        if chance.random() < 0.3:
            agent.send_signal(signal.SIGSTOP)
            over.wait(chance.uniform(2, 8))
            agent.send_signal(signal.SIGCONT)
        end = chance.choice((signal.SIGTERM, signal.SIGKILL))
        agent.send_signal(end)
        try:
            agent.wait(60)
        except subprocess.TimeoutExpired:
            told.faults.append("an agent that was told to end does not")
            agent.kill()
            agent.wait()
        told.done[f"agents ended by {end.name}"] += 1
