"""The terminal is handed to a shell in a container, and the dashboard comes back when that ends."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Protocol

from textual.app import App, ComposeResult, SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from app.model.safe_text import safe_line
from app.screens.frame import FrameScreen
from widgets.dialog import Dialog
from widgets.presence import is_on_top

if TYPE_CHECKING:
    from app.operations.shell.ending import Outcome
    from app.operations.shell.opening import Opened
    from app.operations.shell.target import Target

NO_TERMINAL = "this terminal cannot be handed over"


class WorksUnseen(Protocol):
    """What the dashboard goes on doing while it is not on the screen."""

    def work_unseen(self) -> None: ...


class OpeningDialog(Dialog["Opened | None"]):
    """Stays until the shell is there, so that no key that is meant for it is taken for a command here."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "cancel", id="opening.cancel", tooltip="Do not wait for the shell"),
    ]

    def __init__(self, where: str) -> None:
        super().__init__()
        self._where = where

    def compose(self) -> ComposeResult:
        dialog = Vertical(classes="dialog")
        dialog.border_title = "Opening a shell"
        with dialog:
            yield Static(Content(self._where))
            yield Static(Content("esc does not wait for it"), classes="form-keys")

    def action_cancel(self) -> None:
        self.dismiss(None)


def open_in_terminal(screen: FrameScreen, target: Target) -> None:
    """Open a shell and hand the terminal to it."""
    from app.operations.shell.terminal import standard_terminal, terminal_size

    terminal = standard_terminal()
    if terminal is None:
        screen.say(f"No shell: {NO_TERMINAL}; {target.command('/bin/sh', interactive=True)}", bad=True)
        return
    session, app = screen.desk.session, screen.app
    dialog = OpeningDialog(target.where)
    size = terminal_size(terminal[1])

    def work() -> Opened:
        from app.hosts.errors import HostError
        from app.operations.shell.opening import describe_failure, open_shell

        try:
            return open_shell(session, target, size)
        except HostError as error:
            raise describe_failure(error, target) from error

    def done(opened: Opened) -> None:
        if is_on_top(dialog):
            dialog.dismiss(opened)
        else:
            screen.desk.jobs.run(lambda: opened.close(ended=False), lambda _: None)

    def failed(message: str) -> None:
        if is_on_top(dialog):
            dialog.dismiss(None)
        screen.say(message, bad=True)

    def closed(opened: Opened | None) -> None:
        if opened is not None:
            app.call_later(_hand_over, screen, opened, terminal)

    app.push_screen(dialog, closed)
    screen.desk.jobs.run(work, done, failed)


def _hand_over(screen: FrameScreen, opened: Opened, terminal: tuple[int, int]) -> None:
    from app.model.errors import MoorageError
    from app.operations.shell.terminal import hand_on

    try:
        outcome = suspended(screen.app, lambda: _talk(screen, opened, terminal))
    except (MoorageError, OSError) as error:
        opened.close(ended=False)
        screen.say(f"The shell was cut off: {safe_line(error)}", bad=True)
        return
    if outcome is None:
        opened.close(ended=False)
        screen.say(f"No shell: {NO_TERMINAL}", bad=True)
        return
    if outcome.number == signal.SIGINT:
        hand_on(outcome.number)
    if outcome.lost:
        opened.hang_up_later()
    if outcome.note:
        screen.say(outcome.note, bad=True)
    screen.refresh_now(None)


def _talk(screen: FrameScreen, opened: Opened, terminal: tuple[int, int]) -> Outcome:
    from app.operations.shell.terminal import hand_on
    from app.operations.shell.working import talk_in_terminal

    app = screen.app
    unseen: Callable[[], None] | None = getattr(app, "work_unseen", None)
    print(banner(opened.target, app.size.width), file=sys.__stdout__, flush=True)
    outcome = talk_in_terminal(opened, *terminal, idle=unseen)
    if outcome.number:
        # It was meant for the whole program, which could not hear it; before it tries to write to a terminal again.
        hand_on(outcome.number)
    return outcome


def banner(target: Target, columns: int) -> str:
    """Where one is, how to come back, and the command that would do the same; a line each, dim."""
    command = safe_line(target.command("/bin/sh", interactive=True))
    lines = (f"── {target.where} ── exit or ctrl-d comes back", f"   {command}")
    return "\n" + "\n".join(f"\x1b[2m{line[: max(columns - 1, 20)]}\x1b[0m" for line in lines)


def suspended(app: App[object], work: Callable[[], Outcome]) -> Outcome | None:
    """Do ``work`` while the app is off the screen; None where that cannot be. Nothing may be awaited meanwhile."""
    from app.operations.shell.terminal import without_interrupts

    result: Outcome | None = None
    failure: Exception | None = None
    try:
        # A ctrl-c too many at the end of a shell must not end the dashboard, which has no raw terminal yet.
        with without_interrupts(), app.suspend():
            # Textual would not come back to the screen after an exception.
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 - raised again as soon as the dashboard is back
                failure = error
    except SuspendNotSupported:
        return None
    if failure is not None:
        raise failure
    return result
