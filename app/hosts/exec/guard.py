"""The guard: ends what we started in a container when we are gone, however we went.

Docker has no call that ends a process of an exec, and lets it go on when its client's connection is cut. So a second,
tiny process runs beside it, a shell script whose stdin is a connection of ours. When that connection ends without the
word that all is well, whatever the reason (kill -9 here, a cable), the script does what a terminal does that is hung
up: SIGHUP to all of the session, and after two seconds SIGKILL. Programs that left the session (``setsid``), and in a
terminal those in the background that ignore SIGHUP (``nohup``), go on, as under ssh.

What remains: a container without ``/bin/sh`` has no guard, and its process goes on. When dockerd itself is killed and
its containers outlive it (live restore), nobody closes the guard's stdin; ``hang_up`` ends both once it is back.
"""

from __future__ import annotations

import threading

from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.exec.process import ExecProcess, start_process

MARK = "MOORAGE_SESSION"
"""A variable in the environment of what we start: by its value the guard finds it."""

# Only what every shell has built in, sleep apart. Processes begin near each other, so the nearest ids come first;
# ${20} is the moment of the start: an id that was given out again is not ours.
SCRIPT = """
exec 2>/dev/null
token=$1 mode=$2
stat_of() {
  read -r line <"/proc/$1/stat" || return 1
  set -- ${line##*) }
  group=$3 session=$4 front=$6 birth=${20}
}
marked() {
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in *"MOORAGE_SESSION=$token"*) return 0 ;; esac
  done <"/proc/$1/environ"
  return 1
}
leads() { [ -r "/proc/$1/stat" ] && stat_of "$1" && [ "$session" = "$1" ] && marked "$1"; }
find() {
  try=$$ count=0
  while [ $count -lt 200 ] && [ $try -gt 1 ] && [ -z "$leader" ]; do
    try=$((try - 1)) count=$((count + 1))
    leads $try && leader=$try
  done
  for folder in /proc/[0-9]*; do
    [ -n "$leader" ] && break
    leads "${folder#/proc/}" && leader=${folder#/proc/}
  done
  [ -n "$leader" ] && stat_of "$leader" && born=$birth
}
leader=
while read -r word; do
  [ "$word" = done ] && exit 0
  find
done
waited=0
while ! find && [ $waited -lt 3 ]; do
  sleep 1
  waited=$((waited + 1))
done
[ -n "$leader" ] || leader=none
stat_of "$leader" && [ "$birth" = "$born" ] && fore=$front
each() {
  for folder in /proc/[0-9]*; do
    id=${folder#/proc/}
    stat_of "$id" || continue
    [ "$session" = "$leader" ] || continue
    [ "$id" = "$leader" ] && [ "$birth" != "$born" ] && exit 0
    "$1"
  done
}
hang_up() { kill -HUP "$id"; kill -CONT "$id"; }
end() {
  if [ "$mode" = pipe ] || [ "$id" = "$leader" ] || [ "$group" = "$fore" ]; then kill -KILL "$id"; fi
}
each hang_up
sleep 2
each end
for folder in /proc/[0-9]*; do
  id=${folder#/proc/}
  [ "$id" = $$ ] && continue
  IFS= read -r line <"$folder/cmdline"
  case $line in *"moorage-guard$token"*) kill -KILL "$id" ;; esac
done
"""
_SET_WITHIN = 5.0


class Guard:
    """Guards what is started with ``MARK`` set to ``token``. Sets itself in a thread, at the same time.

    ``look`` is called once the process runs, and then one of ``release`` and ``strike``, from one thread.
    """

    def __init__(self, engine: Engine, container_id: str, token: str, *, tty: bool) -> None:
        self._lock = threading.Lock()
        self._words: list[bytes] = []
        self._over = False
        self._process: ExecProcess | None = None
        # The script comes last: whoever lists the processes sees first whose it is, and so do other guards.
        argv = ["/bin/sh", "-c", 'eval "$3"', "moorage-guard", token, "tty" if tty else "pipe", SCRIPT]
        self._thread = threading.Thread(target=self._set, args=(engine, container_id, argv), name="guard", daemon=True)
        self._thread.start()

    def _set(self, engine: Engine, container_id: str, argv: list[str]) -> None:
        try:
            process = start_process(engine, container_id, argv, stdin=True)
        except HostError:
            return  # no shell, no room for another process, no engine: then it goes without
        with self._lock:
            self._process = process
            self._send()

    def _send(self) -> None:
        if self._process is not None:
            self._process.duplex.write(b"".join(self._words))
            self._words.clear()
            if self._over:
                self._process.duplex.close()

    def look(self) -> None:
        """It runs: remember which process it is, before it takes on another environment."""
        with self._lock:
            self._words.append(b"look\n")
            self._send()

    def release(self) -> None:
        """It has ended by itself: there is nothing to do any more."""
        with self._lock:
            self._words.append(b"done\n")
        self.strike()

    def strike(self) -> None:
        """Have it ended: the same that happens when we are gone. Waits a moment for a guard that is on its way."""
        with self._lock:
            self._over = True
            self._send()
        # This program may end next; a guard that was made and not started would stay in the engine's lists.
        self._thread.join(_SET_WITHIN)

    @property
    def set(self) -> bool:
        """Does it stand, or did it?"""
        self._thread.join(_SET_WITHIN)
        return self._process is not None


def hang_up(engine: Engine, container_id: str, token: str, *, tty: bool) -> bool:
    """End what was started with this token, from anew: for a guard that was lost with its engine. Never raises."""
    guard = Guard(engine, container_id, token, tty=tty)
    guard.strike()
    return guard.set
