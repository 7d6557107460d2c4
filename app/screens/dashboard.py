"""The dashboard: the Textual App. It only wires: themes, modes, keys that work everywhere, and the one pump."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from textual.actions import ActionParseResult
from textual.await_complete import AwaitComplete
from textual.dom import DOMNode
from textual.events import Event, InputEvent, MouseDown
from textual.notifications import Notify, SeverityLevel
from textual.screen import Screen
from textual.worker import WorkerFailed

from app.fleet.changes import ChangeSet
from app.fleet.fleet import Fleet
from app.model.instance import InstanceKey
from app.model.safe_text import safe
from app.operations.monitor import Monitor
from app.operations.session import Session
from app.operations.stopping import stop_without_streams
from app.operations.supervision import Supervision
from app.screens.actions import checked_keys
from app.screens.alerts.watch import AlertWatch
from app.screens.asking import ask_from_threads
from app.screens.desk import Desk, Jobs, LaunchBoard
from app.screens.doors import AllDoors
from app.screens.ending import LastResort
from app.screens.first_frame.opening import Opening
from app.screens.frame import WIDE, FrameScreen
from app.screens.help import HelpScreen, help_lines
from app.screens.images.leaving import leave
from app.screens.tidying import Tidier
from app.screens.warming import Loader, warm, warm_forms, warm_watching
from themes.derive import variable_defaults
from themes.own import STYLESHEET, THEMES
from widgets.line_filter import install_safe_filter
from widgets.notice import Notice, Notices
from widgets.presence import can_act, can_be_clicked
from widgets.steady_styles import SteadyStylesheet
from widgets.styles_in_sight import StylesInSight
from widgets.terminal import doubtful_clipboard, no_clipboard, set_mouse

if TYPE_CHECKING:
    from app.operations.journal import Journal

PUMP_EVERY = 0.05
PUMP_REST = 3
"""How many times as long as the pump took it rests: however much comes, three quarters of the time are for keys."""
PUMP_MOST = 3_000
"""Containers and records: they take a twentieth of a second."""
TICK_EVERY = 1.0
WATCH_AFTER = 0.1
"""Seconds after the first paint of what is known at a glance; to load what watches takes as long again."""
WARM_AFTER = 0.5
FORMS_AFTER = 0.3
"""Seconds after the first key or the first movement of the mouse."""
MOST_COMING = 10
"""Hosts that have not answered yet, beside which forms are loaded."""
LEAVE_WITHIN = 0.25
"""Seconds for what is being read from hosts."""
HOME = "fleet"
MOST_TOLD = 3


class Dashboard(StylesInSight):
    TITLE = "moorage"
    CSS_PATH = [STYLESHEET, STYLESHEET.with_name("screens.tcss")]  # noqa: RUF012 - as Textual declares it
    ENABLE_COMMAND_PALETTE = False  # ours is a part of each screen
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012 - as Textual declares it

    def __init__(self, session: Session, last_resort: LastResort | None = None, opening: Opening | None = None) -> None:
        # Made before App's own __init__, which asks for the theme's variables.
        self._session = session
        self._last_resort = last_resort
        self._opening = opening or Opening(session.config.screen, Fleet())
        # Without colours only if Textual knows from the start that it must not turn the terminal's own into RGB.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        for theme in THEMES:
            self.register_theme(theme)
        # Before anything is parsed: colours that change later have every rule parsed a second time.
        wanted = "ansi-dark" if self.no_color else session.config.theme
        self.theme = wanted if wanted in self.available_themes else "moorage-dark"
        self.stylesheet = SteadyStylesheet(variables=self.get_css_variables())
        install_safe_filter(self)
        self._notifications = Notices()
        self._calls: deque[Callable[[], None]] = deque()
        self._event_loop: asyncio.AbstractEventLoop | None = None
        self._pump_at = 0.0
        self._pump_due = False
        self._done: list[str] = []
        self._mouse_on = session.config.mouse
        self.demo_wanted = False
        self._doubts: set[str] = set()
        self._somebody_types = False
        self._loader = Loader()
        self.fault: BaseException | None = None
        """What ended it, if that was a fault of ours."""
        self.tidier: Tidier | None = None
        """Where the process is the dashboard's own."""
        jobs = Jobs(self.post, lambda message: self.notify(message, severity="error", markup=False, timeout=8))
        session.ask = ask_from_threads(self.push_screen, self.post)
        session.complain = jobs.complain
        monitor = Monitor(session, self.wake, journal=self._journal, fleet=self._opening.fleet)
        self.desk = Desk(session, monitor, jobs, LaunchBoard())
        self._supervision = Supervision(session, self._supervised, self._complained, self.desk.tell)
        self._alerts = AlertWatch(self.desk, self.bell if session.config.bell else None)
        doors = AllDoors(self.desk)
        modes: dict[str, Callable[[], Screen[None]]] = {
            "first": doors.first_run,
            HOME: doors.fleet,
            "tasks": doors.tasks,
            "instances": doors.instances,
            "definitions": doors.definitions,
            "events": doors.events,
        }
        for name, factory in modes.items():
            self.add_mode(name, factory)

    # --- start and end ---------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        self._event_loop = asyncio.get_running_loop()
        # The first frame shows the names alone: the files behind them are read when it is painted.
        fleet = self.desk.fleet
        if not fleet.clusters:
            fleet.register(self._session.clusters.names(), [])
        textuals = signal.getsignal(signal.SIGTSTP)
        if callable(textuals):  # not without a terminal
            stop_without_streams(self.desk.monitor, self._resumed, textuals)
        self.app_resume_signal.subscribe(self, self._somebody_is_back, immediate=True)
        self.switch_mode(self._opening.screen if fleet.clusters else "first")
        self.call_after_refresh(self._begin)
        self.set_interval(TICK_EVERY, self._tick)
        self.set_timer(WARM_AFTER, lambda: self.desk.jobs.run(warm, lambda _: None))
        if not self._session.config.motion:
            self.animation_level = "none"
        keys, findings = checked_keys(self._session.config.keys)
        self.set_keymap(keys)
        if views := self._session.config.views.values():
            from app.screens.tables.views import checked_views

            findings += checked_views(views)[1]
        for finding in (*self._session.config_findings, *findings):
            self.notify(f"{self._session.home.config_file}: {finding}", severity="warning", markup=False, timeout=10)

    def _begin(self) -> None:
        """Keys that were typed at the first frame come first: what watches hosts takes a tenth of a second to load."""
        if self.desk.fleet.instances and WATCH_AFTER:
            self.set_timer(WATCH_AFTER, lambda: self.desk.jobs.run(warm_watching, self._watch))
        else:
            self._tick()

    def _watch(self, _: object) -> None:
        # Not at once: what a job's end takes keeps the pump from its next turn, and the first tick takes long.
        self.call_later(self._tick)

    def on_unmount(self) -> None:
        if self._last_resort is not None:
            self._last_resort.arm(self.return_code or 0)
        self.desk.works.stop_all(LEAVE_WITHIN)
        self.desk.monitor.stop()
        self.desk.stats.close()
        # Whoever quits does not wait for hosts that hang.
        self._supervision.close(LEAVE_WITHIN)
        self.desk.events.close()

    def end(self, code: int) -> None:
        """Leave with this exit code. From any thread, and from a signal handler."""
        loop = self._event_loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(partial(self.exit, None, code))

    # --- a fault of ours -------------------------------------------------------------------------------------------

    def _handle_exception(self, error: Exception) -> None:
        self.fault = self.fault or (error.error if isinstance(error, WorkerFailed) else error)
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """Textual would print the calls with the values of all variables, secrets among them. It is told like the fault

        of a verb instead: a line, and a report without values.
        """
        self._close_messages_no_wait()

    def _resumed(self) -> None:
        """Out of ctrl-z: Textual has the terminal again, and does not paint by itself."""

        def paint() -> None:
            self.refresh(layout=True)

        self.post(paint)

    @property
    def listens_to_mouse(self) -> bool:
        return self._mouse_on

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults(self.current_theme)

    # --- the one pump ----------------------------------------------------------------------------------------------

    def post(self, call: Callable[[], None]) -> None:
        """Have a call made on this thread, soon. From any thread."""
        self._calls.append(call)
        self.wake()

    def wake(self) -> None:
        """There is news. From any thread."""
        loop = self._event_loop
        if loop is not None and not loop.is_closed():
            try:
                loop.call_soon_threadsafe(self._schedule)
            except RuntimeError:
                return  # the loop was closed in this very moment: nobody is left to tell

    def _schedule(self) -> None:
        if self._pump_due or self._event_loop is None:
            return
        self._pump_due = True
        wait = max(self._pump_at - time.monotonic(), 0)
        # The loop's own timer: Textual's needs to know the app, and a call from another thread's context does not.
        self._event_loop.call_later(wait, self.call_later, self._pump)

    def _pump(self) -> None:
        self._pump_due = False
        began, worked = time.monotonic(), time.thread_time()
        changes = self.desk.monitor.pump(PUMP_MOST)
        for _ in range(len(self._calls)):
            # Not those that come meanwhile: a thread that posts as fast as it is heard would keep all keys waiting.
            self._calls.popleft()()
        if changes:
            self._supervision.consider(self.desk.fleet, self.desk.in_hand)
            self._alerts.consider(changes)
            self.desk.board.consider(self.desk.fleet, changes)
        self._show(changes)
        # Not by the clock: while other threads read hosts, most of that is waiting for Python.
        self._pump_at = max(began + PUMP_EVERY, time.monotonic() + (time.thread_time() - worked) * PUMP_REST)

    def _tick(self) -> None:
        """Once a second: ages move on, files may have changed, and what is due by time alone is done."""
        self._tell_done()
        if self.tidier is not None:
            self.tidier.tick()
        changes = self.desk.monitor.refresh()
        self._supervision.consider(self.desk.fleet, self.desk.in_hand)
        self._alerts.tick()
        self._show(None if changes else ChangeSet())

    def work_unseen(self) -> None:
        """What goes on while a shell has the terminal: hosts are watched, and what is due on tasks is done."""
        self.desk.monitor.refresh()
        self.desk.monitor.pump()
        self._supervision.consider(self.desk.fleet, self.desk.in_hand)

    def _journal(self) -> Journal:
        return self.desk.events.journal()

    def _show(self, changes: ChangeSet | None) -> None:
        # With a dialog open, the screen below it goes on living.
        frames = [screen for screen in self.screen_stack if isinstance(screen, FrameScreen)]
        if frames:
            frames[-1].refresh_now(changes)

    def _supervised(self, instance: InstanceKey, done: str) -> None:
        self.post(partial(self._done.append, f"{instance.name}: {done}"))

    def _complained(self, problem: str) -> None:
        self.post(partial(self.notify, problem, severity="warning", markup=False, timeout=10))

    def _tell_done(self) -> None:
        """What supervision did since the last tick, as one notice: thirty tasks may end at once."""
        if self._done:
            more = f"\nand {len(self._done) - MOST_TOLD} more" if len(self._done) > MOST_TOLD else ""
            self.notify("\n".join(self._done[:MOST_TOLD]) + more, markup=False, timeout=6)
            self._done.clear()

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Do what a key is for, unless it is of a screen that is not there yet: keys come faster than screens do."""
        target, _, _ = self._parse_action(action, default_namespace or self, namespaces)
        if isinstance(action, str) and can_act(target):
            await self._loader.load_for(action)
        return can_act(target) and await super().run_action(action, default_namespace, namespaces)

    async def on_event(self, event: Event) -> None:
        if isinstance(event, InputEvent):
            if self.tidier is not None:
                self.tidier.typed()
            if not self._somebody_types:
                self._somebody_types = True
                self.set_timer(FORMS_AFTER, self._load_forms)
        if not isinstance(event, MouseDown) or can_be_clicked(self.screen, event.x, event.y):
            await super().on_event(event)

    def _load_forms(self) -> None:
        """Not while a whole fleet comes in: that takes all the time that Python has."""
        if sum(state.freshness.reach == "connecting" for state in self.desk.fleet.instances.values()) > MOST_COMING:
            self.set_timer(FORMS_AFTER, self._load_forms)
        else:
            self.desk.jobs.run(warm_forms, lambda _: None)

    def _somebody_is_back(self, _: object) -> None:
        """A shell that had the terminal was no calm: whoever leaves it types on, here."""
        if self.tidier is not None:
            self.tidier.typed()

    def pop_screen(self) -> AwaitComplete:
        if self.tidier is not None:
            self.tidier.screen_left()
        return super().pop_screen()

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """As Textual's own, but of a notice that may run out at any moment. From any thread."""
        lasts = self.NOTIFICATION_TIMEOUT if timeout is None else timeout
        self.post_message(Notify(Notice(message, title, severity, lasts, markup)))

    # --- keys that work everywhere ---------------------------------------------------------------------------------

    async def action_go(self, mode: str) -> None:
        """To a main view itself, not to what was opened from it."""
        if mode == HOME and not self.desk.fleet.clusters:
            mode = "first"
        await self.switch_mode(mode)
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def action_up(self) -> None:
        """What esc does on the first screen of a mode: to the fleet; there nothing, as it must not end the program."""
        if self.current_mode not in (HOME, "first"):
            self.switch_mode(HOME)

    def action_home(self) -> None:
        """What q does on the first screen of a mode: to the fleet; there it quits."""
        if self.current_mode in (HOME, "first") and not (self.current_mode == "first" and self.desk.fleet.clusters):
            leave(self, self.desk.works, self.exit)
        else:
            self.switch_mode(HOME)

    async def action_quit(self) -> None:
        leave(self, self.desk.works, self.exit)

    def action_demo(self) -> None:
        """Leave, and have the demo fleet opened in the place of this one."""
        self.demo_wanted = True
        self.exit()

    def action_mouse(self) -> None:
        """The mouse to the terminal, so that it selects text; or back to the screen."""
        wanted = not self._mouse_on
        if not set_mouse(self, wanted):
            self.notify("This terminal's mouse cannot be switched while the program runs", markup=False, timeout=4)
            return
        self._mouse_on = wanted
        words = "The mouse is for the screen again" if wanted else "The mouse selects text now; the same key ends it"
        self.notify(words, markup=False, timeout=4)

    def copy_to_clipboard(self, text: str) -> None:
        """By OSC 52, which nobody answers: where it may not arrive this is told, once."""
        text = safe(text)  # it is pasted into shells
        super().copy_to_clipboard(text)
        doubt = "" if no_clipboard(os.environ) else doubtful_clipboard(os.environ, len(text.encode()))
        if doubt and doubt not in self._doubts:
            self._doubts.add(doubt)
            self.notify(f"If it is not in the clipboard: {doubt}", markup=False, timeout=8)

    def action_help(self) -> None:
        if can_act(self.screen):
            self.push_screen(HelpScreen(help_lines(self.screen.active_bindings.values())))
