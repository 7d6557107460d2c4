"""``python -m tests.faults.crashing_dashboard WHERE HOME``: the dashboard of HOME, with a fault of ours in it.

WHERE: ``key`` (what a key does), ``timer``, ``worker`` or ``paint``. Its variables hold a secret.
"""

from __future__ import annotations

import sys
from typing import Any, NoReturn

from textual.worker import Worker

from app.main import main
from app.screens.dashboard import Dashboard
from app.screens.frame import FrameScreen
from tests.faults.canary import CANARY


def broken(*_: Any) -> NoReturn:
    password = f"secret {CANARY}"
    raise LookupError(f"a fault, {len(password)}")


async def broken_worker(*_: Any) -> NoReturn:
    broken()


def break_it(where: str) -> None:
    """By name, so that what is put in need not be of the same type."""

    def work(self: Dashboard) -> Worker[None]:
        return self.run_worker(broken_worker())

    def spoil(_: Dashboard) -> None:
        _put(FrameScreen, "refresh_now", broken)

    mount = Dashboard.on_mount

    def on_mount(self: Dashboard) -> None:
        mount(self)
        self.set_timer(1.0, broken)

    if where == "timer":
        _put(Dashboard, "on_mount", on_mount)
    else:
        _put(Dashboard, "action_help", {"key": broken, "worker": work, "paint": spoil}[where])


def _put(kind: type, name: str, what: object) -> None:
    setattr(kind, name, what)


if __name__ == "__main__":
    break_it(sys.argv[1])
    sys.exit(main(["--home", sys.argv[2]]))
