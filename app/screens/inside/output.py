"""A command in a container whose output is shown: scrolled, searched, with its exit code."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from app.fleet.changes import ChangeSet
from app.model.safe_text import safe_line
from app.screens.actions import INSIDE, bindings
from app.screens.desk import Desk
from app.screens.form_dialog import Field, FormDialog
from app.screens.frame import FrameScreen
from app.screens.json_screen import search_in
from widgets.cells import Cell, Span
from widgets.log_view import LogLine, LogView
from widgets.presence import is_here
from widgets.sgr import strip_sgr

if TYPE_CHECKING:
    from app.hosts.exec.frames import Lines, OutputName
    from app.operations.shell.ending import Outcome
    from app.operations.shell.minder import Minder
    from app.operations.shell.opening import Opened
    from app.operations.shell.target import Target
    from app.operations.shell.terminal import Wake

WAITING_LINES = 5_000
"""Lines that wait for the screen; then the command has to wait, and nothing is lost."""
KEPT_LINES = 20_000
LONGEST_CRUMB = 24
MOST_COPIED = 1_000_000
"""Characters; terminals take no more into their clipboard."""
EMPTY_OUTPUT = """No output yet.

What the command writes to stdout and stderr appears here."""


def _short(line: str) -> str:
    return line if len(line) <= LONGEST_CRUMB else f"{line[: LONGEST_CRUMB - 1]}…"


def ask_for_command(screen: FrameScreen, target: Target, line: str = "") -> None:
    """Ask for a command line and run it in the container."""
    desk, app = screen.desk, screen.app

    def work(values: dict[str, str]) -> partial[object]:
        return partial(
            app.push_screen, OutputScreen(desk, run_line(desk, target, values["command"]), values["command"])
        )

    field = Field("command", "Command", line, "a program and its arguments; pipes need sh -c '…'")
    app.push_screen(FormDialog(desk, "Run a command", [field], "Run", work, [target.where]))


def run_line(desk: Desk, target: Target, line: str) -> Opened:
    """In a thread. Raises MoorageError."""
    from app.hosts.errors import HostError
    from app.operations.shell.opening import describe_failure, open_command, split_command

    try:
        return open_command(desk.session, target, split_command(line), tty=False, stdin=False)
    except HostError as error:
        raise describe_failure(error, target) from error


class _Collector:
    """Takes one stream's bytes, in the talk's thread, and makes lines of them for the screen."""

    pending = False
    number = -1

    def __init__(self, stream: OutputName, output: _Output) -> None:
        self._stream: OutputName = stream
        self._output = output

    @property
    def full(self) -> bool:
        return len(self._output.waiting) >= WAITING_LINES

    def put(self, data: bytes) -> None:
        self._output.take(self._stream, data)

    def write(self) -> None:
        """Nothing is ever pending."""


class _Output:
    """The command's output, from the thread that reads it to the screen's. ``ended`` once it is known how it ended."""

    def __init__(self, desk: Desk, opened: Opened, screen: OutputScreen) -> None:
        from app.hosts.exec.frames import Lines

        self._desk = desk
        self._opened = opened
        self._screen = screen
        self._lines: Lines = Lines()
        self.waiting: deque[LogLine] = deque()
        self._announced = False
        self._stopped = False
        self._minder: Minder | None = None
        self._wake: Wake | None = None
        threading.Thread(target=self._run, name="output", daemon=True).start()

    # --- in its thread ---------------------------------------------------------------------------------------------

    def _run(self) -> None:
        from app.model.errors import MoorageError
        from app.operations.shell.ending import Outcome, outcome
        from app.operations.shell.minder import Minder
        from app.operations.shell.talk import Talk
        from app.operations.shell.terminal import Wake

        opened, found = self._opened, Outcome(1)
        wake = self._wake = Wake()
        minder = self._minder = Minder(opened.process, opened.target.instance.name, wake)
        if self._stopped:
            minder.stop()
        try:
            minder.start()
            outlets = {"stdout": _Collector("stdout", self), "stderr": _Collector("stderr", self)}
            end = Talk(opened.process, outlets, minder, wake).run()
            self._append(self._lines.end())
            found = outcome(opened, end)
        except MoorageError as error:
            found = Outcome(1, safe_line(error.message))
        finally:
            minder.close()
            opened.close(ended=found.ended)
            wake.close()
        if found.lost:
            opened.hang_up_later()
        self._desk.jobs.post(partial(self._screen.ended, found))

    def take(self, stream: OutputName, data: bytes) -> None:
        from app.hosts.exec.frames import Piece

        self._append(self._lines.feed(Piece(stream, data)))

    def _append(self, lines: Iterable[tuple[str, str]]) -> None:
        self.waiting.extend(LogLine(text, mark="stderr" if stream == "stderr" else "") for stream, text in lines)
        if self.waiting and not self._announced:
            self._announced = True
            self._desk.jobs.post(self._screen.take)

    # --- on the screen's thread ------------------------------------------------------------------------------------

    def taken(self) -> list[LogLine]:
        self._announced = False
        lines = [self.waiting.popleft() for _ in range(len(self.waiting))]
        if self._wake is not None:
            self._wake()
        return lines

    def stop(self) -> None:
        """End the command, if it still runs."""
        self._stopped = True
        if self._minder is not None:
            self._minder.stop()


class OutputScreen(FrameScreen):
    FILTER_HINT = "text  /regex/"
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "search", "execute", "copy.document", "copy.command", *INSIDE, execute="again…"
    )

    def __init__(self, desk: Desk, opened: Opened, line: str) -> None:
        super().__init__(desk)
        self._target = opened.target
        self._opened = opened
        self._line = line
        self._began = time.monotonic()
        self._took = 0.0
        self._count = 0
        self._outcome: Outcome | None = None
        self._output: _Output | None = None

    def crumbs(self) -> Iterable[str]:
        target = self._target
        middle = (target.definition, target.task_id[:8]) if target.task_id else ("unmanaged",)
        return (target.instance.cluster, *middle, target.name, _short(safe_line(self._line)))

    def status(self) -> Cell:
        lines = f"{self._count:,} lines" if self._count != 1 else "1 line"
        lines = f"{lines} ({KEPT_LINES:,} kept)" if self._count > KEPT_LINES else lines
        if self._outcome is None:
            return (Span(f"◌ running {time.monotonic() - self._began:.0f}s", "busy"), Span(f"  {lines}", "muted"))
        if self._outcome.note:
            return (Span(f"✕ {self._outcome.note}", "bad"), Span(f"  {lines}", "muted"))
        code = self._outcome.code
        said = Span(f"✕ exit {code}", "bad") if code else Span("● exit 0", "ok")
        return (said, Span(f"  {self._took:.1f}s  {lines}", "muted"))

    def content(self) -> ComposeResult:
        yield LogView(id="log", empty=EMPTY_OUTPUT, max_lines=KEPT_LINES)

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(LogView).focus()
        self._output = _Output(self.desk, self._opened, self)

    def on_unmount(self) -> None:
        if self._output is not None:
            self._output.stop()
        else:
            # It was left before it was there, and nobody else knows of what was opened for it.
            self.desk.jobs.run(lambda: self._opened.close(ended=False), lambda _: None)

    def sync(self, changes: ChangeSet | None) -> None:
        if changes is None:
            search_in(self.query_one(LogView), self.filter_text)

    def matches(self) -> int | None:
        return search_in(self.query_one(LogView), self.filter_text)

    # --- what the output has ---------------------------------------------------------------------------------------

    def take(self) -> None:
        lines = self._output.taken() if self._output is not None else []
        self._count += len(lines)
        if is_here(self):
            self.query_one(LogView).append(lines)
            self.refresh_now(ChangeSet())

    def ended(self, outcome: Outcome) -> None:
        self.take()
        self._took = time.monotonic() - self._began
        self._outcome = outcome
        if is_here(self):
            if not self._count:
                self.query_one(LogView).set_empty("It wrote nothing.")
            self.refresh_now(ChangeSet())

    # --- actions ---------------------------------------------------------------------------------------------------

    def action_execute(self) -> None:
        """The same command again, or another in the same container."""
        ask_for_command(self, self._target, self._line)

    def action_copy(self) -> None:
        text = strip_sgr("\n".join(line.text for line in self.query_one(LogView).lines))
        if len(text) > MOST_COPIED:
            self.say("Too long for a clipboard; Y copies the command, for a file: … > output.txt", bad=True)
            return
        self.app.copy_to_clipboard(text)
        self.say(f"Copied {self.query_one(LogView).line_count:,} lines")

    def action_copy_command(self) -> None:
        self.copy(self._target.command(self._line, interactive=False), "command")
