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

import contextlib

from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.exec.process import ExecProcess, start_process

MARK = "MOORAGE_SESSION"
"""A variable in the environment of what we start: by its value the guard finds it."""

# Only what every shell has built in, sleep apart. Processes begin near each other, so the nearest ids come first;
# ${20} is the moment of the start: an id that was given out again is not ours.
_SCRIPT = """
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
leader=
try=$$ count=0
while [ $count -lt 200 ] && [ $try -gt 1 ] && [ -z "$leader" ]; do
  try=$((try - 1)) count=$((count + 1))
  leads $try && leader=$try
done
if [ -z "$leader" ]; then
  for folder in /proc/[0-9]*; do
    leads "${folder#/proc/}" && leader=${folder#/proc/} && break
  done
fi
[ -n "$leader" ] || exit 3
stat_of "$leader"
born=$birth
echo ready
read -r word
[ "$word" = done ] && exit 0
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
_READY_WITHIN = 10.0


class Guard:
    """Guards a process that was started with ``MARK`` set to ``token``."""

    def __init__(self, process: ExecProcess) -> None:
        self._process = process

    def release(self) -> None:
        """The process has ended by itself: there is nothing to do any more."""
        self._process.duplex.write(b"done\n")
        self._process.duplex.half_close()
        # Its end is its answer: a connection that is closed before would mean to it that we are gone.
        self._process.duplex.read_all(0.5)
        self._process.duplex.close()

    def strike(self) -> None:
        """Have it end the process: the same that happens when we are gone."""
        self._process.duplex.close()


def hang_up(engine: Engine, container_id: str, token: str, *, tty: bool) -> bool:
    """End what was started with this token, from anew: for a guard that was lost with its engine. Never raises."""
    guard = set_guard(engine, container_id, token, tty=tty)
    if guard is not None:
        guard.strike()
    return guard is not None


def set_guard(engine: Engine, container_id: str, token: str, *, tty: bool) -> Guard | None:
    """A guard that stands; None where there can be none. Never raises."""
    with contextlib.suppress(HostError):
        # The script comes last: whoever lists the processes sees first whose it is, and so do other guards.
        argv = ["/bin/sh", "-c", 'eval "$3"', "moorage-guard", token, "tty" if tty else "pipe", _SCRIPT]
        process = start_process(engine, container_id, argv, stdin=True)
        if b"ready" in process.duplex.read_all(_READY_WITHIN, most=8):
            return Guard(process)
        process.duplex.close()
    return None
