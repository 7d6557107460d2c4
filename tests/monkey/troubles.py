"""What goes wrong with engines and the ways to them, by chance with a seed: each trouble does harm, and heals it again.

A thread a place. Engines that it has started end with it (PDEATHSIG), so it stays until it is let go.
"""

from __future__ import annotations

import json
import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

from tests.engine_bed import Daemon, processes
from tests.engine_bed.chaos import Fault, answer, black_hole, cut, late, rewrite, stall, trickle
from tests.engine_bed.daemon import DaemonError
from tests.monkey.places import Place

_ROOM_LEFT = 48 << 10
"""Bytes that are still free on a disk that is full."""
_STARTS = 3
_ANY = ".*"
_REFUSED = answer(500, b'{"message":"out of order"}', "Content-Type: application/json\r\n")


class Spell:
    """How long a trouble lasts: by chance, and no longer once everything is to be well again."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self._over = threading.Event()

    def last(self, least: float, most: float) -> None:
        self._over.wait(self.chance.uniform(least, most))

    def end(self) -> None:
        self._over.set()

    @property
    def over(self) -> bool:
        return self._over.is_set()


class Trouble(Protocol):
    """Does harm to a place, for a spell, and makes it good."""

    __name__: str

    def __call__(self, place: Place, spell: Spell, /) -> None: ...


# --- of the engine ---------------------------------------------------------------------------------------------------


def dockerd_killed(place: Place, spell: Spell) -> None:
    place.daemon.kill()
    spell.last(0, 5)
    bring_up(place.daemon)


def host_restarted(place: Place, spell: Spell) -> None:
    """Where containers do not outlive dockerd they end with it."""
    place.daemon.terminate(within=60)
    spell.last(0, 2)
    bring_up(place.daemon)


def dockerd_frozen(place: Place, spell: Spell) -> None:
    place.daemon.pause()
    try:
        spell.last(1, 14)
    finally:
        place.daemon.resume()


def containerd_killed(place: Place, spell: Spell) -> None:
    for pid in place.daemon.pids():
        with suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as line:
            if os.path.basename(line.read().split(b"\0")[0]) == b"containerd":
                os.kill(pid, signal.SIGKILL)
    spell.last(1, 3)


def disk_full(place: Place, spell: Spell) -> None:
    used = int(_inside(place, "df", "--block-size=1", "--output=used", str(place.data)).split()[-1])
    _inside(place, "mount", "-o", f"remount,size={used + _ROOM_LEFT}", str(place.data))
    try:
        spell.last(2, 8)
    finally:
        _inside(place, "mount", "-o", "remount,size=50%", str(place.data))


def _inside(place: Place, *argv: str) -> str:
    ran = place.daemon.exec(argv)
    if ran.returncode:
        raise DaemonError(f"{' '.join(argv)} on {place.name}: {ran.stderr.strip()}")
    return ran.stdout


def bring_up(daemon: Daemon) -> None:
    """Until it runs: what a kill has left behind may end it once more at first."""
    for trial in range(_STARTS):
        try:
            daemon.start()
        except (DaemonError, AssertionError):
            if trial == _STARTS - 1:
                raise
            if daemon.alive:
                daemon.kill()
        else:
            return


# --- of the way ------------------------------------------------------------------------------------------------------


def _on_the_way(name: str, method: str, fault: Callable[[random.Random], Fault], path: str = _ANY) -> Trouble:
    def trouble(place: Place, spell: Spell) -> None:
        assert place.proxy is not None
        place.proxy.on(method, path, fault(spell.chance))
        try:
            spell.last(2, 9)
        finally:
            place.proxy.calm()
            # What was swallowed is let go of: its client is not to wait until the end of everything.
            place.proxy.hang_up()

    trouble.__name__ = name
    return trouble


def _shifted(chance: random.Random) -> Fault:
    shift = timedelta(seconds=chance.choice((-40, -5, 5, 40)))

    def change(body: bytes) -> bytes:
        info = json.loads(body)
        told = datetime.fromisoformat(info["SystemTime"][:26].rstrip("Z") + "+00:00") + shift
        return json.dumps({**info, "SystemTime": f"{told:%Y-%m-%dT%H:%M:%S.%fZ}"}).encode()

    return rewrite(change)


_ON_THE_WAY = (
    _on_the_way("slow", "", lambda chance: late(chance.uniform(0.2, 3), before=chance.random() < 0.5)),
    _on_the_way("drips", "GET", lambda _: trickle(200, 0.2), "/(containers|volumes|info).*"),
    _on_the_way("cut_off", "", lambda chance: cut(chance.choice((0, 1, 30, 200, -1)))),
    _on_the_way("unanswered", "POST", lambda _: stall(0)),
    _on_the_way("swallowed", "", lambda _: black_hole),
    _on_the_way("refused", "", lambda _: _REFUSED),
    _on_the_way("writes_refused", "POST", lambda _: _REFUSED),
    _on_the_way("clock_shifted", "GET", _shifted, "/info"),
)


def connections_reset(place: Place, spell: Spell) -> None:
    assert place.proxy is not None
    for _ in range(5):
        place.proxy.hang_up()
        spell.last(0.1, 1)


def sshd_killed(place: Place, spell: Spell) -> None:
    assert place.sshd is not None
    place.sshd.kill()
    spell.last(1, 8)
    place.sshd.start()


def sshd_frozen(place: Place, spell: Spell) -> None:
    assert place.sshd is not None
    place.sshd.signal(signal.SIGSTOP)
    try:
        spell.last(2, 20)
    finally:
        place.sshd.signal(signal.SIGCONT)


def sessions_killed(place: Place, spell: Spell) -> None:
    assert place.sshd is not None
    for pid in processes.living(place.sshd.sessions()):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    spell.last(0, 2)


_OF_ENGINES: tuple[Trouble, ...] = (dockerd_killed, dockerd_killed, dockerd_frozen, containerd_killed, disk_full)
_OF_LOGINS: tuple[Trouble, ...] = (sshd_killed, sshd_killed, sshd_frozen, sessions_killed)


def troubles_of(place: Place) -> Sequence[Trouble]:
    """What may happen to it."""
    if place.proxy is not None:
        return (*_ON_THE_WAY, connections_reset, host_restarted, dockerd_killed, disk_full)
    if place.sshd is not None:
        return (*_OF_LOGINS, dockerd_killed, dockerd_frozen)
    return _OF_ENGINES


class Troubles:
    """Begins at once. ``heal``: no more of them, and all is well again. ``let_go``: its threads end, once heal did.

    ``done`` counts them by place and name; ``failures``: what could not be healed.
    """

    def __init__(self, places: Sequence[Place], seed: int, rest: tuple[float, float] = (3, 15)) -> None:
        self.done: Counter[str] = Counter()
        self.failures: list[str] = []
        self._rest = rest
        self._spells = [Spell(random.Random(f"{seed} {place.name}")) for place in places]
        self._gone = threading.Event()
        self._healed = [threading.Event() for _ in places]
        for at, place in enumerate(places):
            threading.Thread(target=self._work, args=(place, at), name=f"trouble-{place.name}", daemon=True).start()

    def heal(self, within: float = 180) -> None:
        for spell in self._spells:
            spell.end()
        for place in self._healed:
            if not place.wait(within):
                self.failures.append(f"a trouble that does not end within {within:g} s")

    def let_go(self) -> None:
        self._gone.set()

    def _work(self, place: Place, at: int) -> None:
        spell, kinds = self._spells[at], troubles_of(place)
        try:
            while True:
                spell.last(*self._rest)
                if spell.over:
                    return
                if not place.daemon.alive:
                    self.done[f"{place.name} dockerd ended by itself"] += 1
                    bring_up(place.daemon)
                trouble = spell.chance.choice(kinds)
                trouble(place, spell)
                self.done[f"{place.name} {trouble.__name__}"] += 1
        except Exception as error:  # noqa: BLE001 - whatever it is, the run is not what it was meant to be
            self.failures.append(f"{place.name}: {error!r:.2000}")
        finally:
            with suppress(DaemonError, AssertionError):
                if not place.daemon.alive:
                    bring_up(place.daemon)
            self._healed[at].set()
            self._gone.wait()
