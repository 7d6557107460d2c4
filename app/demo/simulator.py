"""Starting and ending the process that simulates the engines, from the process that shows them."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType

from app.demo.options import DemoOptions
from app.model.errors import MoorageError
from app.store.home import SIMULATED_MARK, Home, is_simulated

READY = "ready"
KEEP, REMOVE = "keep", "remove"
SOCKETS = "engines"
_ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 120.0
_END_SECONDS = 3.0
_LONGEST_SOCKET = 107
_MARK_TEXT = "The clusters of this home are simulated: moorage demo made them. Nothing of it runs anywhere.\n"


def demo_home(folder: Path) -> Home:
    """The home whose files are all below ``folder``."""
    return Home(folder / "config.toml", folder / "clusters", folder / "task-definitions", folder / "state")


class Simulator:
    """A demo fleet for as long as the context lasts; ``folder`` is its home.

    ``keep``: a folder that stays, with its clusters, definitions and history; it is made if need be. Without it the
    folder is a private one of its own, and is gone afterwards, however this process ends.

    Raises MoorageError: ``keep`` is something else than a demo's home, or the simulator does not start.
    """

    def __init__(self, options: DemoOptions, keep: str | None = None) -> None:
        self._options = options
        self._keep = keep
        self._process: subprocess.Popen[bytes] | None = None
        self.folder = Path()

    def __enter__(self) -> Simulator:
        self.folder = Path(tempfile.mkdtemp(prefix="moorage-demo-")) if self._keep is None else _kept(self._keep)
        try:
            self._mark()
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def process_id(self) -> int | None:
        return self._process.pid if self._process else None

    def close(self) -> None:
        """End the simulator, and take away what is not to stay."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()  # type: ignore[union-attr]
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()  # type: ignore[union-attr]
        if self._keep is None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _mark(self) -> None:
        state = demo_home(self.folder).state
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        (state / SIMULATED_MARK).write_text(_MARK_TEXT)

    def _start(self) -> None:
        longest = len(os.fsencode(self.folder / SOCKETS)) + 20
        if longest > _LONGEST_SOCKET:
            raise MoorageError(f"{self.folder} has too long a path for sockets; set TMPDIR to a shorter one")
        code = f"import sys; sys.path.insert(0, {str(_ROOT)!r}); from app.demo.process import main; main()"
        argv = [sys.executable, "-c", code, str(self.folder), self._options.to_json()]
        self._process = subprocess.Popen(
            [*argv, KEEP if self._keep is not None else REMOVE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._await_ready(self._process)

    def _await_ready(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        deadline = time.monotonic() + _START_SECONDS
        told = b""
        while READY.encode() not in told:
            if not select.select([process.stdout], [], [], max(deadline - time.monotonic(), 0))[0]:
                raise MoorageError(f"the simulated engines did not answer within {_START_SECONDS:.0f} s")
            data = os.read(process.stdout.fileno(), 4096)
            if not data:
                raise MoorageError("the simulator ended before its engines were there; its own words are above")
            told += data


def _kept(folder: str) -> Path:
    path = Path(os.path.abspath(Path(folder).expanduser()))
    if path.is_dir() and any(path.iterdir()) and not is_simulated(demo_home(path)):
        raise MoorageError(f"{path} is not empty and no home of a demo: name a new folder")
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path
