"""The dialog by which an engine becomes an instance, over TLS and without."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from app.screens.dashboard import Dashboard
from tests.engine_bed.certificates import Authority, needs_openssl
from tests.tui.screens.driving import SIZE, screen_text, session_with, until, until_gone, until_shown
from tests.tui.screens.still import still_dashboard

if TYPE_CHECKING:
    from tests.engine_bed import Daemon


def fill(pilot: Pilot[Any], **values: str) -> None:
    for name, value in values.items():
        pilot.app.screen.query_one(f"#field-{name}", Input).value = value


async def test_what_is_asked_depends_on_the_endpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("3", "a")
        await until_shown(pilot, r"Add a container instance")
        assert "Insecure" not in screen_text(app)
        fill(pilot, endpoint="tcp://edge:2376")
        await until_shown(pilot, r"TLS name")
        await until_shown(pilot, r"\[ \] no TLS")
        app.screen.query_one("#field-insecure").focus()
        await pilot.press("space")
        await until_gone(pilot, r"TLS name")
        await until_shown(pilot, r"\[x\] no TLS")
        fill(pilot, endpoint="ssh://edge")
        await until_gone(pilot, r"Insecure")


async def test_an_engine_over_tls_is_added(
    fresh_engine: Callable[..., Daemon], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_openssl()
    authority = Authority(tmp_path / "tls")
    daemon = fresh_engine(tcp=True, flags=authority.daemon_flags(*authority.signed("server", "IP:127.0.0.1")))
    files = authority.client()
    async with Dashboard(session_with(tmp_path / "home")).run_test(size=(160, 36)) as pilot:
        await pilot.press("3", "a")
        await until_shown(pilot, r"Add a container instance")
        fill(pilot, endpoint=daemon.tcp_endpoint)
        button = pilot.app.screen.query_one("#form-go")
        button.focus()
        await pilot.press("enter")
        await until_shown(pilot, r"it speaks TLS on this")
        await until(pilot, lambda: not button.has_class("-active"), "a button that can be pressed again")
        fill(pilot, ca=files.ca, cert=files.cert, key=files.key, name="edge-9")
        await pilot.press("enter")
        await until_shown(pilot, rf"edge-9 .*● live .*{daemon.tcp_endpoint}")
        assert "INSECURE" not in screen_text(pilot.app)  # type: ignore[arg-type]


async def test_one_without_tls_shows_it(fresh_engine: Callable[..., Daemon], tmp_path: Path) -> None:
    # For this machine alone, though nobody would know by the address.
    endpoint = fresh_engine(tcp=True).tcp_endpoint.replace("127.0.0.1", "0.0.0.0")
    async with Dashboard(session_with(tmp_path)).run_test(size=(160, 36)) as pilot:
        await pilot.press("3", "a")
        await until_shown(pilot, r"Add a container instance")
        fill(pilot, endpoint=endpoint, name="edge-9")
        pilot.app.screen.query_one("#form-go").focus()
        await pilot.press("enter")
        await until_shown(pilot, r"is plain TCP to another machine")
        pilot.app.screen.query_one("#field-insecure").focus()
        await pilot.press("space", "tab", "enter")
        await until_shown(pilot, rf"edge-9 .*● live .*INSECURE {endpoint}")
        await pilot.press("enter")
        await until_shown(pilot, r"edge-9.*\n.*● live +INSECURE|● live +INSECURE")
        await until_shown(pilot, r"INSECURE: no TLS")
