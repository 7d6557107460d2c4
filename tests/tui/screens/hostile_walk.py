"""``python -m tests.tui.screens.hostile_walk FOLDER NAME …``: the dashboard in this terminal, at these views in turn.

All text in it that comes from elsewhere is as nasty as can be, and has not been made safe: what is kept from the
terminal here is kept by the last wall. Before each view its name is printed, and at the end ``all seen``.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.screens.driving import until
from tests.tui.screens.views import NASTY, VIEWS, View, furnished, go_to


async def _look(pilot: Pilot[Any], view: View) -> None:
    await go_to(pilot, view)
    began = time.monotonic()
    # What comes from threads, and the next look of the clock, are drawn, too.
    await until(pilot, lambda: time.monotonic() - began > 0.3, "a moment later")
    pilot.app.copy_to_clipboard(NASTY)
    pilot.app.notify(NASTY, title=NASTY, markup=False)
    await pilot.pause(0.1)
    pilot.app.exit()


def main() -> int:
    folder, names = Path(sys.argv[1]), sys.argv[2:]
    for view in (view for view in VIEWS if view.name in names):
        print(f"\nview {view.name}", flush=True)
        patches = pytest.MonkeyPatch()
        failures: list[Exception] = []

        async def walk(pilot: Pilot[Any], view: View = view, failures: list[Exception] = failures) -> None:
            try:
                await _look(pilot, view)
            except Exception as failure:  # noqa: BLE001 - a walk that stops anyhow is told, and fails
                failures.append(failure)
                pilot.app.exit(return_code=3)

        try:
            app = furnished(folder / view.name, patches, NASTY)
            asyncio.run(app.run_async(auto_pilot=walk))
        finally:
            patches.undo()
        if failures or app.return_code:
            print(f"\nfailed at {view.name}: {failures[0] if failures else app.return_code}", flush=True)
            return 3
    print("\nall seen", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
