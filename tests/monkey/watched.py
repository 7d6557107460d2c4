"""The dashboard with a heartbeat: ``python -m tests.monkey.watched HOME FD`` tells on FD how it is, a JSON line each.

``{"key": …, "screen": …, "keys": […]}`` when a key was handled: the keys are those that the screen has now.
``{"stall": s, "own": s, "screen": …, "stack": …}`` when the loop stood still; ``own`` is without the time in which the
machine ran others, and ``garbage`` the part of it in which Python looked for garbage. ``{"error": …}`` for an exception
wherever it is. ``{"handed": bool}`` while a shell or an editor has the terminal, ``{"leaving": true}`` when it is to
end: how long that takes is a figure of its own, and no stall any more. On SIGUSR1 the stacks of all threads
are written to HOME.stacks, on SIGUSR2 what the tasks of the loop wait for to HOME.tasks.
"""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from textual import events

import moorage
from app.model.errors import MoorageError
from app.screens import dashboard
from app.screens.desk import Jobs

BEAT = 0.02
TOLD_FROM = 0.1
_LOOK_AFTER = 0.15
_BASE_EVERY = 5
_LONG_SEARCH = 0.03
_LONG_TURN = 0.005
_MOST_TURNS = 5


class Reporter:
    """Lines to the monkey; from any thread."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._lock = threading.Lock()

    def tell(self, **members: Any) -> None:
        line = json.dumps(members).encode() + b"\n"
        with self._lock, suppress(BrokenPipeError):
            while line:
                line = line[os.write(self._fd, line) :]

    def error(self, error: BaseException) -> None:
        self.tell(error="".join(traceback.format_exception(error))[-6000:])


class Heart:
    """Beats on the loop; a thread beside it looks what the loop is at when a beat is late."""

    def __init__(self, reporter: Reporter, where: Callable[[], str]) -> None:
        self._reporter, self._where = reporter, where
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._due = self._loop.time() + BEAT
        self._before: dict[str, tuple[float, float]] = {}
        self._used = time.thread_time()
        self._garbage = self._garbage_since = 0.0
        self._beats = 0
        self._stack = self._searches = ""
        self.paused = self.ended = False
        gc.callbacks.append(self._garbage_sought)
        self._turns: list[tuple[float, str]] = []
        _time_turns(self._turns)
        self._loop.call_later(BEAT, self._beat)
        threading.Thread(target=self._look, name="heart", daemon=True).start()

    def _beat(self) -> None:
        now = self._loop.time()
        stall = now - self._due
        if self.ended:
            return
        if stall >= TOLD_FROM and not self.paused:
            own = max(time.thread_time() - self._used, stall - self._waited())
            where, garbage = self._where(), self._garbage
            stack = f"{self._searches}{self._longest_turns()}{self._others()}\n{self._stack}"
            self._reporter.tell(stall=stall, own=own, garbage=garbage, screen=where, stack=stack)
        self.paused = False
        self._beats += 1
        if self._beats % _BASE_EVERY == 0 or stall >= TOLD_FROM:
            self._before = thread_seconds()
        self._stack = self._searches = ""
        self._turns.clear()
        self._garbage, self._used = 0.0, time.thread_time()
        self._due = self._loop.time() + BEAT
        self._loop.call_later(BEAT, self._beat)

    def _waited(self) -> float:
        """Seconds for which the machine ran others though some thread of ours was ready.

        That of all threads together: each of them may have had what the loop waits for, one after the other.
        """
        return sum(waited for _, waited in self._since().values())

    def _others(self) -> str:
        """What the loop's thread did itself, and who had Python's lock beside it."""
        names = {str(one.native_id): one.name for one in threading.enumerate()}
        most = sorted(((ran, thread) for thread, (ran, _) in self._since().items()), reverse=True)[:4]
        told = ", ".join(f"{names.get(thread, thread)} {seconds * 1000:.0f}" for seconds, thread in most)
        return f"ms of each thread since the last look: {told}"

    def _longest_turns(self) -> str:
        """Of what the loop called since the last beat, what it had to wait for most."""
        told = [f"{seconds * 1000:.0f} ms: {what}\n" for seconds, what in sorted(self._turns, reverse=True)]
        return "".join(told[:_MOST_TURNS])

    def _since(self) -> dict[str, tuple[float, float]]:
        """Of each thread what it ran and waited since the last look."""
        now, nothing = thread_seconds(), (0.0, 0.0)
        return {
            thread: (ran - self._before.get(thread, nothing)[0], waited - self._before.get(thread, nothing)[1])
            for thread, (ran, waited) in now.items()
        }

    def _garbage_sought(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._garbage_since = time.monotonic()
            return
        took = time.monotonic() - self._garbage_since
        self._garbage += took
        if took >= _LONG_SEARCH:
            self._searches += (
                f"{info['collected']} objects of generation {info['generation']} in {took * 1000:.0f} ms\n"
            )

    def _look(self) -> None:
        look_after = _LOOK_AFTER
        while not self.ended:
            time.sleep(BEAT)
            late = time.monotonic() - self._due
            if late < _LOOK_AFTER:
                look_after = _LOOK_AFTER
            elif late > look_after and not self.paused:
                # Once more the longer it lasts: what it is at in the end is often not what it was at first.
                look_after *= 5
                frame = sys._current_frames().get(self._thread)
                if frame is not None:
                    self._stack += f"after {late:.2f} s:\n{''.join(traceback.format_stack(frame)[-20:])}"


def _time_turns(found: list[tuple[float, str]]) -> None:
    """Note from now on what each call of the loop that takes long is for, and how long."""
    run = asyncio.Handle._run

    def timed(self: asyncio.Handle) -> None:
        began = time.perf_counter()
        run(self)
        if (took := time.perf_counter() - began) >= _LONG_TURN:
            callback = getattr(self, "_callback", None)  # None once it is cancelled
            task = getattr(callback, "__self__", callback)
            found.append((took, task.get_name() if isinstance(task, asyncio.Task) else str(callback)))

    asyncio.Handle._run = timed  # type: ignore[method-assign]


def thread_seconds() -> dict[str, tuple[float, float]]:
    """Of each thread of this process the seconds that it ran, and those that it was ready to while others did."""
    found = {}
    for thread in os.listdir("/proc/self/task"):
        with suppress(OSError, IndexError, ValueError), open(f"/proc/self/task/{thread}/schedstat") as file:
            ran, waited = file.read().split()[:2]
            found[thread] = int(ran) / 1e9, int(waited) / 1e9
    return found


class Watched(dashboard.Dashboard):
    reporter: Reporter
    home = ""
    heart: Heart | None = None

    def on_mount(self) -> None:
        super().on_mount()
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._loop_failed)
        self.heart = Heart(self.reporter, self._where_of_how_many)
        loop.add_signal_handler(signal.SIGUSR2, self._write_tasks)

    def _where(self) -> str:
        stack = self._screen_stacks.get(self._current_mode)
        return type(stack[-1]).__name__ if stack else "none"

    def _where_of_how_many(self) -> str:
        return f"{self._where()}, with {sum(map(len, self._screen_stacks.values()))} screens open"

    def _write_tasks(self) -> None:
        with open(f"{self.home}.tasks", "w") as file:
            file.write(
                f"{self.screen_stack}, {self.screen.focused} has the focus, {self._message_queue.qsize()} wait\n"
            )
            for task in asyncio.all_tasks():
                task.print_stack(file=file)

    def _loop_failed(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, Exception):
            self.reporter.error(error)
        else:
            self.reporter.tell(error=str(context.get("message")))

    def _handle_exception(self, error: Exception) -> None:
        self.reporter.error(error)
        super()._handle_exception(error)

    async def on_event(self, event: events.Event) -> None:
        await super().on_event(event)
        if isinstance(event, events.Key):
            # Twice: the widget that has the focus takes the key from a queue of its own, after this one.
            self.call_later(self.call_later, partial(self._answered, event.key))

    def _answered(self, key: str) -> None:
        keys = []
        with suppress(Exception):  # a screen that is just going
            keys = sorted(self.screen.active_bindings)
        self.reporter.tell(key=key, screen=self._where(), keys=keys)

    def exit(self, *arguments: Any, **named: Any) -> None:
        if self.heart is not None and not self.heart.ended:
            self.heart.ended = True
            self.reporter.tell(leaving=True)
        super().exit(*arguments, **named)

    def action_suspend_process(self) -> None:
        super().action_suspend_process()
        if self.heart is not None:
            self.heart.paused = True

    @contextmanager
    def suspend(self) -> Iterator[None]:
        self.reporter.tell(handed=True)
        try:
            with super().suspend():
                yield
        finally:
            if self.heart is not None:
                self.heart.paused = True
            self.reporter.tell(handed=False)


def _watch_jobs(reporter: Reporter) -> None:
    """A bug in a job is shown as a notification, and would not be noticed here."""
    run = Jobs.run

    def watched(self: Jobs, work: Callable[[], Any], *more: Any, **named: Any) -> None:
        def checked() -> Any:
            try:
                return work()
            except MoorageError:
                raise
            except Exception as error:
                reporter.error(error)
                raise

        run(self, checked, *more, **named)

    Jobs.run = watched  # type: ignore[method-assign]


def main() -> None:
    home, fd = sys.argv[1], int(sys.argv[2])
    os.set_inheritable(fd, False)
    faulthandler.register(signal.SIGUSR1, file=open(f"{home}.stacks", "w"))  # noqa: SIM115 - open to the end
    reporter = Reporter(fd)
    Watched.reporter, Watched.home = reporter, home
    dashboard.Dashboard = Watched  # type: ignore[misc]
    threading.excepthook = lambda failure: reporter.error(failure.exc_value or RuntimeError("a thread failed"))
    _watch_jobs(reporter)
    sys.argv[1:] = ["--home", home]
    moorage.main()  # with the end of the program itself, which is part of what quitting takes


if __name__ == "__main__":
    main()
