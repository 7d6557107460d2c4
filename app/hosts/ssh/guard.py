"""What ends our tunnels when we cannot: a shell that waits for the end of this process, however that comes.

PDEATHSIG would be the kernel's way, but it comes when the *thread* ends that started a process, and macOS has none. One
small process waits on a pipe that only we can write to: at its end, after a kill -9 too, it ends what it was told of.
"""

from __future__ import annotations

import contextlib
import subprocess
import threading
from pathlib import Path
from typing import Final

_SCRIPT: Final = """
while read -r sign pid path; do
  if [ "$sign" = + ]; then
    set -- "$@" "$pid" "$path"
    continue
  fi
  left=$#
  while [ "$left" -gt 0 ]; do
    [ "$1" = "$pid" ] || set -- "$@" "$1" "$2"
    shift 2
    left=$((left - 2))
  done
done
while [ $# -gt 0 ]; do
  kill -KILL "-$1"
  rm -f -- "$2"
  shift 2
done
"""


class Guard:
    """Ends process groups, and removes their sockets, when this process is gone. Safe to share between threads."""

    def __init__(self) -> None:
        self._held: dict[int, Path] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def hold(self, group: int, socket: Path) -> None:
        with self._lock:
            self._held[group] = socket
            if self._process is None or not self._say(f"+ {group} {socket}"):
                self._start()

    def release(self, group: int) -> None:
        """It has ended: its number may be somebody else's from now on."""
        with self._lock:
            if self._held.pop(group, None) is not None and not self._say(f"- {group}"):
                self._start()

    def _start(self) -> None:
        """Begin, or begin again after somebody has killed it. Without a shell there is no guard; tunnels work."""
        with contextlib.suppress(OSError):
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _SCRIPT, "moorage-tunnels"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )
            for group, socket in self._held.items():
                self._say(f"+ {group} {socket}")

    def _say(self, line: str) -> bool:
        """False: nobody is there to hear it."""
        process = self._process
        if process is None or process.stdin is None or process.poll() is not None:
            return False
        try:
            process.stdin.write(line.encode(errors="surrogateescape") + b"\n")
            process.stdin.flush()
        except OSError:
            return False
        return True


GUARD: Final = Guard()
"""The one of this process."""
