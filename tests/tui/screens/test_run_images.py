"""The Run form and images that hosts lack: said, and brought there by keys; on a still fleet and on a real one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from syrupy.assertion import SnapshotAssertion

from app.model.image_progress import TransferProgress
from app.model.image_requests import CopyImageRequest, PullImageRequest
from app.model.safe_text import SafeText
from app.operations.images.transfers import Transferred
from app.screens.dashboard import Dashboard
from app.screens.run import looking
from app.screens.run.choice import RunChoice
from app.screens.run.screen import RunScreen
from tests.engine.test_copying import make_image
from tests.tui.screens.driving import SIZE, register, session_with, still_text, until, until_gone, until_shown
from tests.tui.screens.still import HOSTS, still_dashboard
from tests.tui.screens.test_run import WEB

if TYPE_CHECKING:
    from tests.engine_bed import Daemon

COPY = "app.operations.images.copying.copy_image"
PULL = "app.operations.images.pulling.pull_image"


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dashboard:
    """nginx is on edge-1 alone; edge-2 lacks it, and edge-3 does not answer."""
    made = still_dashboard(tmp_path, monkeypatch)
    register(made.desk.session, json.dumps(WEB).encode())
    made.desk.session.clusters.create("prod")
    return made


def screen_of(app: Dashboard, **choice: Any) -> RunScreen:
    return RunScreen(app.desk, RunChoice("web:1", "prod", **choice))


def ended(*_: object) -> Transferred:
    done = TransferProgress("copy", SafeText("nginx:1.27"), HOSTS[1], "done", SafeText("abc"), done=9, total=9)
    return Transferred((done,))


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])
async def test_picture(app: Dashboard, snapshot: SnapshotAssertion, size: tuple[int, int]) -> None:
    async with app.run_test(size=size, notifications=True) as pilot:
        app.push_screen(screen_of(app))
        await until_shown(pilot, r"1 of 2 hosts have nginx:1\.27")
        await pilot.press("b")
        await until_shown(pilot, r"Images that are missing")
        assert await still_text(pilot) == snapshot


async def test_what_is_missing_is_copied_and_then_the_line_is_up_to_date(
    app: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[CopyImageRequest] = []

    def copy(_: object, request: CopyImageRequest, *rest: object) -> Transferred:
        asked.append(request)
        everywhere = vars(looking)["definition_presence"]

        def now(*args: Any) -> Any:
            found = everywhere(*args)
            return type(found)(
                found.images, {image: dict.fromkeys(found.asked, "x") for image in found.images}, found.asked
            )

        monkeypatch.setattr(looking, "definition_presence", now)
        return ended()

    monkeypatch.setattr(COPY, copy)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        app.push_screen(screen_of(app))
        await until_shown(pilot, r"1 of 2 hosts have nginx:1\.27")
        await pilot.press("b")
        await until_shown(pilot, r"▌copy to edge-2 +nginx:1\.27 from edge-1")
        await pilot.press("enter")
        await until(pilot, lambda: asked, "a copy that was begun")
        assert (asked[0].image, asked[0].from_, asked[0].to) == ("nginx:1.27", "edge-1", ["edge-2"])
        await until_shown(pilot, r"copy › nginx:1\.27")
        await pilot.press("escape")
        await until_shown(pilot, r"Images +on all 2 hosts")
        assert "images…" not in await still_text(pilot)
        await pilot.press("b")
        await until_gone(pilot, r"Images that are missing")


async def test_what_is_missing_is_pulled(app: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[PullImageRequest] = []

    def pull(_: object, request: PullImageRequest, *rest: object) -> Transferred:
        asked.append(request)
        return ended()

    monkeypatch.setattr(PULL, pull)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = screen_of(app)
        app.push_screen(screen)
        await until_shown(pilot, r"1 of 2 hosts have nginx:1\.27")
        screen._lines.focus_lines("images")
        await until_shown(pilot, r"nginx:1\.27 is not on edge-2\. A launch pulls it")
        await pilot.press("enter")
        await until_shown(pilot, r"pull on edge-2")
        await pilot.press("j", "enter")
        await until(pilot, lambda: asked, "a pull that was begun")
        assert (asked[0].image, asked[0].container_instances) == ("nginx:1.27", ["edge-2"])


@pytest.mark.parametrize(("policy", "shown"), [("read-only", "Nothing is changed"), ("confirm", r"Copy nginx:1\.27\?")])
async def test_a_cluster_that_wants_a_yes_or_nothing_at_all(
    app: Dashboard, monkeypatch: pytest.MonkeyPatch, policy: str, shown: str
) -> None:
    begun: list[object] = []
    monkeypatch.setattr(COPY, lambda *_: begun.append(1) or ended())  # type: ignore[func-returns-value]
    session = app.desk.session
    session.clusters.update("prod", lambda found: found.model_copy(update={"policy": policy}))
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = screen_of(app)
        app.push_screen(screen)
        await until_shown(pilot, r"1 of 2 hosts have nginx:1\.27")
        screen.action_bring_images()
        if policy == "confirm":
            await until_shown(pilot, r"copy to edge-2")
            await pilot.press("enter")
        await until_shown(pilot, shown)
        assert not begun
        if policy == "confirm":
            await until_shown(pilot, r"moorage copy-image --image nginx:1\.27 --cluster prod --from")
            await pilot.press("y")
            await until(pilot, lambda: begun, "a copy that was begun")


async def test_a_launch_that_is_over_may_have_pulled_what_was_missing(
    app: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    answers = vars(looking)["definition_presence"]

    def counted(*args: Any) -> Any:
        asked.append(args)
        return answers(*args)

    monkeypatch.setattr(looking, "definition_presence", counted)
    monkeypatch.setattr(looking, "EVERY", 3600.0)
    async with app.run_test(size=SIZE) as pilot:
        screen = screen_of(app)
        app.push_screen(screen)
        await until_shown(pilot, r"1 of 2 hosts have nginx:1\.27")
        before = len(asked)
        screen._over("1 task is RUNNING", bad=False)
        await until(pilot, lambda: len(asked) > before, "the hosts are asked again")


async def test_a_mistake_in_the_form_does_not_forget_the_images(app: Dashboard) -> None:
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        app.push_screen(screen_of(app))
        await until_shown(pilot, r"1 of 2 hosts have nginx:1\.27")
        await pilot.press("enter", "backspace", "0", "enter")
        await until_shown(pilot, r"greater than or equal to 1")
        assert "1 of 2 hosts have nginx:1.27" in await still_text(pilot)


async def test_an_image_is_copied_and_run_with_no_registry_by_keys_alone(engines: list[Daemon], tmp_path: Path) -> None:
    one, two = engines[:2]
    image = make_image(one, "shop:7", changes=["ENV SHOP=7"])
    session = session_with(tmp_path, one.endpoint, two.endpoint)
    part = {"name": "main", "image": "shop:7", "memory": 16, "command": ["sleep", "60"], "stopTimeout": 2}
    register(session, json.dumps({"family": "shop", "containerDefinitions": [part]}).encode())
    second = session.cluster("prod").instances[1].name
    app = Dashboard(session)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await until_shown(pilot, r"prod +2 +● 2")
        app.push_screen(RunScreen(app.desk, RunChoice("shop:1", "prod", instances=(second,))))
        await until_shown(pilot, r"the host lacks shop:7 +\[copy…\]")
        await pilot.press("b")
        await until_shown(pilot, rf"▌copy to {second}")
        await pilot.press("enter")
        await until_shown(pilot, r"copy › shop:7[\s\S]*● done")
        await pilot.press("escape")
        await until_shown(pilot, r"Images +on the host")
        await pilot.press("ctrl+r")
        await until_shown(pilot, r"Run shop:1\?")
        await pilot.press("y")
        await until_shown(pilot, r"● RUNNING")
        assert image in [container["ImageID"] for container in two.api.containers()]
