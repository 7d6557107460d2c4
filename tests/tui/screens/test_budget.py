""":budget: what hosts are asked from here, as the engines' own ledgers have it, and what Moorage itself uses."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.model.endpoint import Endpoint
from app.screens.budget.screen import BudgetScreen
from app.screens.dashboard import Dashboard
from tests.tui.screens.driving import SIZE, screen_text, session_with, until, until_gone, until_shown
from tests.tui.screens.still import still_dashboard

if TYPE_CHECKING:
    from tests.engine_bed import Daemon


async def test_what_a_real_engine_is_asked_is_what_stands_there(
    fresh_engine: Callable[..., Daemon], tmp_path: Path
) -> None:
    daemon = fresh_engine(name="edge-1")
    made = daemon.run(["sleep", "1000"], name="by-hand")
    session = session_with(tmp_path, daemon.endpoint)
    app = Dashboard(session)
    async with app.run_test(size=SIZE) as pilot:
        await until_shown(pilot, r"● 1 live")
        await pilot.press("colon", *"budget", "enter")
        await until_shown(pilot, r"moorage › budget .* 1 stream ")
        await until_shown(pilot, r"▌edge-1 prod +● live +\d")
        ledger = session.engines()[Endpoint(daemon.endpoint)].ledger

        def agrees() -> bool:
            before = ledger.costs().asked
            app.screen.refresh_now(None)  # type: ignore[attr-defined]
            row = re.search(r"▌edge-1 prod .*", screen_text(app))
            return row is not None and before == ledger.costs().asked and f" {before:,} " in row[0] and before > 5

        await until(pilot, agrees, "as many as the ledger has")
        daemon.api.kill(made)
        await until_shown(pilot, r"▌edge-1 prod +● live .* 0\.[1-9] ")
        await until_shown(pilot, r"CPU \d+(\.\d)?% of a core, \d+ s so far")
        await until_shown(pilot, r"MEM \d+M \(PSS\), \d+M resident|MEM \d+M resident|MEM - resident")
        await until_shown(pilot, r"CPU by what threads are for +\w+ \d")
        await until_shown(pilot, r"loop is late .* p95 \d")
        await until_shown(pilot, r"threads .* \d+ +open files .* \d+")
        daemon.kill()
        await until_shown(pilot, r"▌edge-1 prod +◐ stale .*(next try in|trying now)")
        await pilot.press("enter")
        await until_shown(pilot, r"moorage › prod › edge-1 .*◐ stale")
        screen = app.screen_stack[-2]
        assert isinstance(screen, BudgetScreen)
        assert screen._probe._timer is None, "a covered screen measures nothing"


async def test_hosts_are_filtered_and_sorted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    for number, asked in enumerate((300, 900, 600), 1):
        ledger = app.desk.session.engine(Endpoint(f"unix:///run/edge-{number}.sock")).ledger
        for _ in range(asked):
            ledger.asked()
    app.desk.session.engine(Endpoint("unix:///run/gone.sock")).ledger.asked()
    async with app.run_test(size=(120, 24)) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        await pilot.press("ctrl+p")
        await until_shown(pilot, r"› a command")
        await pilot.press(*"budget")
        await until_shown(pilot, r"budget")
        await pilot.press("enter")
        await until_shown(pilot, r"moorage › budget")
        await until_shown(pilot, r"edge-1 (.|\n)*edge-2 (.|\n)*edge-3 (.|\n)*not registered .*unix:///run/gone")
        await pilot.press("colon", *"sort total", "enter")
        await until_shown(pilot, r"edge-2 (.|\n)*edge-3 (.|\n)*edge-1 (.|\n)*not registered")
        await pilot.press("slash", *"state:stale", "enter")
        await until_gone(pilot, r"edge-1 ")
        await until_shown(pilot, r"1 of 4 /state:stale")
        await until_shown(pilot, r"edge-3 prod +◐ stale 38s .*next try in 9s")
