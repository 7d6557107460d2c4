"""Images by keys: what is where, each deed with its dialog and its command, and what is under way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from app.model.build_progress import BuildProgress, BuildStep
from app.model.errors import MoorageError
from app.model.image_progress import TransferProgress
from app.model.safe_text import SafeText
from app.operations.images import building, copying, listing, pruning, pulling, pushing, removing, tagging
from app.operations.images.listing import ImageSurvey
from app.operations.images.transfers import Transferred
from app.screens.dashboard import Dashboard
from app.screens.doors import CLUSTER_IMAGES
from app.screens.images import feed
from app.screens.images.work_screen import EVERY
from app.screens.images.works import MOST_GOING
from tests.tui.screens import imaging
from tests.tui.screens.driving import SIZE, screen_text, submit, until, until_gone, until_shown
from tests.tui.screens.imaging import EDGE_1, survey
from tests.tui.screens.still import still_dashboard


@dataclass
class Asked:
    """What operations were asked for. ``go``: until it is set they go on."""

    requests: list[Any] = field(default_factory=list)
    surveys: int = 0
    plans: list[Any] = field(default_factory=list)
    stops: list[threading.Event | None] = field(default_factory=list)
    go: threading.Event = field(default_factory=threading.Event)

    def words(self) -> list[dict[str, Any]]:
        return [request.model_dump(by_alias=True, exclude_unset=True) for request in self.requests]


def _transfer(asked: Asked, verb: str) -> Callable[..., Transferred]:
    def operate(_: object, request: Any, tell: Callable[[TransferProgress], None] = print, *more: Any) -> Transferred:
        asked.requests.append(request)
        asked.plans += [one for one in more if isinstance(one, pruning.Prune)]
        stop = next((one for one in more if isinstance(one, threading.Event)), None)
        asked.stops.append(stop)
        image = SafeText(getattr(request, "image", "images"))
        begun = TransferProgress(verb, image, EDGE_1, "working", SafeText("Downloading"), (), 40, 100, 5.0)  # type: ignore[arg-type]
        tell(begun)
        while not asked.go.wait(0.01):
            if stop is not None and stop.is_set():
                return Transferred((begun.ended("stopped"),))
        return Transferred((begun.ended("done", SafeText("sha256:feed")),))

    return operate


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    found = Asked()
    imaging.put_images(monkeypatch)
    for module, name, verb in (
        (pulling, "pull_image", "pull"),
        (pushing, "push_image", "push"),
        (copying, "copy_image", "copy"),
        (removing, "remove_image", "remove"),
        (pruning, "prune_images", "prune"),
    ):
        monkeypatch.setattr(module, name, _transfer(found, verb))

    def tag(_: object, request: Any) -> Transferred:
        found.requests.append(request)
        return Transferred((TransferProgress("tag", SafeText(request.tag), EDGE_1, "done"),))

    def look(*_: Any) -> ImageSurvey:
        found.surveys += 1
        return survey()

    monkeypatch.setattr(tagging, "tag_image", tag)
    monkeypatch.setattr(listing, "survey_images", look)
    return found


async def at_images(pilot: Pilot[Any], *keys: str) -> Dashboard:
    """The images of the cluster, with the cursor on web:7."""
    app = pilot.app
    assert isinstance(app, Dashboard)
    await pilot.press("G", "I")
    await until_shown(pilot, r"prod › images(.|\n)*busybox:latest")
    await pilot.press("j", *keys)
    return app


async def type_into(pilot: Pilot[Any], **values: str) -> None:
    for name, value in values.items():
        pilot.app.screen.query_one(f"#field-{name}", Input).value = value
    await pilot.pause()


async def until_command(pilot: Pilot[Any], command: str) -> None:
    """Wait until a dialog tells this one, however its lines are broken."""
    await until(pilot, lambda: str(pilot.app.screen.query_one("#form-command", Static).render()) == command, command)


async def test_the_images_of_a_cluster_are_one_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked
) -> None:
    async with still_dashboard(tmp_path, monkeypatch).run_test(size=SIZE) as pilot:
        app = await at_images(pilot)
        await until_shown(pilot, r"registry.lan/web:7 +2 ids +66M +3d +edge-1 edge-2 +1 +▲ 1 moved")
        await until_shown(pilot, r"<none> 000000000000")
        await until_shown(pilot, r"✕ 1 not read +edge-3: unreachable since")
        await until_shown(pilot, r"edge-2 +[█▓]+ +1.24G +1.18G +3 +310M")
        await pilot.press("slash", *"state:dangling", "enter")
        await until_gone(pilot, r"busybox:latest")
        assert "1 of 4" in screen_text(app)
        await pilot.press("escape")
        await until_shown(pilot, r"busybox:latest")


async def test_instances_are_asked_while_somebody_looks_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked
) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    now = [100.0]
    app.desk.images._clock = lambda: now[0]
    async with app.run_test(size=SIZE) as pilot:
        await at_images(pilot)
        assert asked.surveys == 1
        now[0] += feed.EVERY - 1
        app.screen.refresh_now(None)  # type: ignore[attr-defined]
        assert asked.surveys == 1
        now[0] += 1
        app.screen.refresh_now(None)  # type: ignore[attr-defined]
        await until(pilot, lambda: asked.surveys == 2, "another survey")
        await pilot.press("tab")  # to the tasks
        await until_shown(pilot, r"prod › tasks")
        now[0] += 10 * feed.EVERY
        app.screen.refresh_now(None)  # type: ignore[attr-defined]
        await pilot.pause()
        assert asked.surveys == 2


async def test_a_cluster_with_nobody_to_ask_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked
) -> None:
    async with still_dashboard(tmp_path, monkeypatch).run_test(size=SIZE) as pilot:
        await pilot.press("I")
        await until_shown(pilot, r"edge › images(.|\n)*No container instance yet(.|\n)*Press a to add one")
        await pilot.press("a")
        await until_shown(pilot, r"Add a container instance")
    assert asked.surveys == 0


async def test_an_image_has_a_page_that_leads_to_its_tasks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked
) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    async with app.run_test(size=SIZE) as pilot:
        await at_images(pilot, "enter")
        await until_shown(pilot, r"images › registry.lan/web:7")
        await until_shown(pilot, r"edge-1 +● there +aaaaaaaaaaaa")
        await until_shown(pilot, r"edge-2 +▲ differs +999999999999")
        await until_shown(pilot, r"3f3f3f3f +web:7 +edge-1 .*bbbbbbbbbbbb +▲ moved, now aaaaaaaaaaaa")
        await pilot.press("tab", "enter")
        await until_shown(pilot, r"prod › web:7 › 3f3f3f3f")


async def test_a_pull_goes_on_when_its_screen_is_left_and_is_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked
) -> None:
    async with still_dashboard(tmp_path, monkeypatch).run_test(size=SIZE, notifications=True) as pilot:
        await at_images(pilot, "p")
        await until_shown(pilot, r"Pull an image in prod")
        await type_into(pilot, image="nginx:1.28", instances="edge-1, edge-2")
        await until_command(pilot, "moorage pull --image nginx:1.28 --cluster prod --container-instances edge-1 edge-2")
        await submit(pilot)
        await until_shown(pilot, r"prod › pull › nginx:1.28(.|\n)*edge-1 +◌ pulling +█+▊?·+ +40% +40B/100B")
        await pilot.press("escape")
        await until_shown(pilot, r"pull nginx:1.28 goes on; U shows it again")
        await until_shown(pilot, r"◌ 1 under way")
        await pilot.press("U")
        await until_shown(pilot, r"pull nginx:1.28 +prod +◌ pulling +█+▊?·+ +40%")
        before = asked.surveys
        asked.go.set()
        await until_shown(pilot, r"Pulled nginx:1.28 on 1 instance")
        await pilot.press("enter")
        await until_shown(pilot, r"pull › nginx:1.28 +.*● done(.|\n)*edge-1 +● done +sha256:feed")
        await pilot.press("q", "q")
        await until(pilot, lambda: asked.surveys > before, "the images read again")
    assert asked.words() == [{"image": "nginx:1.28", "cluster": "prod", "containerInstances": ["edge-1", "edge-2"]}]


async def test_a_transfer_is_broken_off_after_a_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked
) -> None:
    async with still_dashboard(tmp_path, monkeypatch).run_test(size=SIZE) as pilot:
        await at_images(pilot, "p")
        await until_shown(pilot, r"Pull an image in prod")
        await submit(pilot)
        await until_shown(pilot, r"pull › registry.lan/web:7(.|\n)*◌ pulling")
        await pilot.press("x")
        await until_shown(pilot, r"Stop: pull registry.lan/web:7\?")
        await pilot.press("n")
        await until_gone(pilot, r"Stop: pull")
        assert asked.stops[0] is not None
        assert not asked.stops[0].is_set()
        await pilot.press("x")
        await until_shown(pilot, r"Stop: pull")
        await pilot.press("y")
        await until_shown(pilot, r"edge-1 +○ stopped")
        assert asked.stops[0].is_set()


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"image": "Nginx"}, r"'Nginx' is no image"),
        ({"image": ""}, r"image"),
        ({"instances": "nowhere"}, r"no container instance 'nowhere'"),
        ({"platform": "!"}, r"platform"),
    ],
)
async def test_what_cannot_be_is_told_in_the_dialog(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked, values: dict[str, str], why: str
) -> None:
    async with still_dashboard(tmp_path, monkeypatch).run_test(size=SIZE) as pilot:
        await at_images(pilot, "p")
        await until_shown(pilot, r"Pull an image in prod")
        await type_into(pilot, **values)
        await submit(pilot)
        await until(pilot, lambda: pilot.app.screen.query("#form-error.-failed"), "a refusal")
        await until_shown(pilot, why)
        assert asked.requests == []
        await type_into(pilot, image="nginx:1.29")
        await until(pilot, lambda: not pilot.app.screen.query("#form-error.-failed"), "the refusal gone")
        await pilot.press("escape")
        await until_gone(pilot, r"Pull an image in prod")


async def test_a_refusal_of_the_operation_is_told_on_its_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked
) -> None:
    def refuse(*_: Any) -> None:
        raise MoorageError("registry.lan wants a login: moorage login registry.lan")

    monkeypatch.setattr(pulling, "pull_image", refuse)
    async with still_dashboard(tmp_path, monkeypatch).run_test(size=SIZE) as pilot:
        await at_images(pilot, "p")
        await until_shown(pilot, r"Pull an image in prod")
        await submit(pilot)
        await until_shown(pilot, r"✕ failed(.|\n)*wants a login: moorage login registry.lan")


async def test_copy_takes_those_that_lack_it_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked
) -> None:
    asked.go.set()
    async with still_dashboard(tmp_path, monkeypatch).run_test(size=SIZE) as pilot:
        await at_images(pilot, "j", "C")
        await until_shown(pilot, r"Copy shop:2")
        await until_command(pilot, "moorage copy-image --image shop:2 --cluster prod --from edge-2 --to edge-1")
        await submit(pilot)
        await until_shown(pilot, r"copy › shop:2 +.*● done")
    assert asked.words() == [{"image": "shop:2", "cluster": "prod", "from": "edge-2", "to": ["edge-1"]}]


async def test_push_under_another_name_gives_it_that_name_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked
) -> None:
    asked.go.set()
    async with still_dashboard(tmp_path, monkeypatch).run_test(size=SIZE) as pilot:
        await at_images(pilot, "P")
        await until_shown(pilot, r"Push registry.lan/web:7")
        await type_into(pilot, **{"as": "other.lan/web:7"})
        await until_command(
            pilot,
            "moorage tag --image registry.lan/web:7 --tag other.lan/web:7 --cluster prod --container-instances edge-1"
            " && moorage push --image other.lan/web:7 --cluster prod --container-instance edge-1",
        )
        await submit(pilot)
        await until_shown(pilot, r"push › other.lan/web:7 +.*● done")
    assert asked.words() == [
        {
            "image": "registry.lan/web:7",
            "tag": "other.lan/web:7",
            "cluster": "prod",
            "containerInstances": ["edge-1"],
        },
        {"image": "other.lan/web:7", "cluster": "prod", "containerInstance": "edge-1"},
    ]


async def test_marked_images_are_removed_after_a_question_that_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked
) -> None:
    asked.go.set()
    async with still_dashboard(tmp_path, monkeypatch).run_test(size=(120, 50)) as pilot:
        await at_images(pilot, "space", "j", "space", "x")
        await until_shown(pilot, r"Remove 2 images\?")
        await until_shown(pilot, r"edge-1 +aaaaaaaaaaaa +only this name; it is")
        await until_shown(pilot, r"moorage remove-image --image registry.lan/web:7")
        await pilot.press("y")
        await until_shown(pilot, r"remove › 2 images +.*● done")
    assert [one["image"] for one in asked.words()] == ["registry.lan/web:7", "shop:2"]


async def test_an_image_that_cannot_be_removed_keeps_no_other_from_going(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked
) -> None:
    asked.go.set()
    remove = removing.remove_image

    def refuse_one(session: object, request: Any, tell: Callable[[TransferProgress], None]) -> Transferred:
        if request.image == "registry.lan/web:7":
            raise MoorageError("no instance has registry.lan/web:7")
        return remove(session, request, tell)  # type: ignore[arg-type]

    monkeypatch.setattr(removing, "remove_image", refuse_one)
    async with still_dashboard(tmp_path, monkeypatch).run_test(size=SIZE) as pilot:
        await at_images(pilot, "space", "j", "space", "x")
        await until_shown(pilot, r"Remove 2 images\?")
        await pilot.press("y")
        await until_shown(pilot, r"remove › 2 images +.*✕ failed(.|\n)*no instance has registry.lan/web:7")
    assert [one["image"] for one in asked.words()] == ["shop:2"]


async def test_prune_removes_what_was_shown_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked
) -> None:
    asked.go.set()
    async with still_dashboard(tmp_path, monkeypatch).run_test(size=SIZE) as pilot:
        await at_images(pilot, "X")
        await until_shown(pilot, r"Prune images of prod")
        await submit(pilot)
        await until_shown(pilot, r"Remove 2 images, 1.24G at most\?")
        await until_shown(pilot, r"65M +<none> 000000000000")
        await until_shown(pilot, r"1.17G +shop:2")
        assert asked.requests == []
        await pilot.press("y")
        await until_shown(pilot, r"prune › 2 images +.*● done")
    assert asked.plans == [imaging.plan()]


async def test_a_dangling_image_has_the_keys_that_it_can_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked
) -> None:
    async with still_dashboard(tmp_path, monkeypatch).run_test(size=(200, 50)) as pilot:
        app = await at_images(pilot)
        await until_shown(pilot, r"P push…")
        await pilot.press("G")
        app.screen.refresh_bindings()
        await until_gone(pilot, r"P push…")
        assert "x remove" in screen_text(app)


async def test_a_read_only_cluster_shows_its_images_and_changes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked
) -> None:
    dashboard = still_dashboard(tmp_path, monkeypatch)
    dashboard.desk.monitor.read_only = frozenset(dashboard.desk.fleet.clusters)
    async with dashboard.run_test(size=(200, 50)) as pilot:
        app = await at_images(pilot, "p", "b", "C", "P", "T", "x", "X")
        assert len(app.screen_stack) == 2
        assert "pull…" not in screen_text(app)
    assert asked.requests == []


# --- builds -----------------------------------------------------------------------------------------------------------


async def test_a_build_shows_its_steps_and_what_they_write_and_then_what_to_do_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked
) -> None:
    found: list[Any] = []

    def build(_: object, request: Any, tell: Callable[[BuildProgress], None], stop: threading.Event) -> object:
        found.append(request)
        name = SafeText("registry.lan/web:7")
        tell(BuildProgress(EDGE_1, name, "sending", sent=1 << 20, total=2 << 20))
        step = BuildStep(1, 2, SafeText("FROM busybox"), "cached")
        going = BuildStep(2, 2, SafeText("RUN make"), "working", 3.0)
        progress = BuildProgress(EDGE_1, name, "building", (step, going), (SafeText("cc -O2 serve.c"),))
        tell(progress)
        asked.go.wait(30)
        done = replace(going, state="done")
        tell(
            replace(
                progress, state="done", steps=(step, done), lines=(SafeText("linked"),), detail=SafeText("sha256:ab")
            )
        )
        return object()

    monkeypatch.setattr(building, "build_image", build)
    async with still_dashboard(tmp_path, monkeypatch).run_test(size=SIZE) as pilot:
        await at_images(pilot, "b")
        await until_shown(pilot, r"Build in prod")
        await type_into(
            pilot, path=str(tmp_path), tags="registry.lan/web:7", args="A=1 B='two words'", instance="edge-1"
        )
        await until_shown(pilot, r"moorage build --path")
        await submit(pilot)
        await until_shown(pilot, r"1/2 +● cached +FROM busybox")
        await until_shown(pilot, r"2/2 +◌ working +3.0s +RUN make")
        await until_shown(pilot, r"cc -O2 serve.c")
        asked.go.set()
        await until_shown(pilot, r"● registry.lan/web:7 +sha256:ab")
        await until_shown(pilot, r"linked\n +built|linked\nbuilt")
        await until_shown(pilot, r"P push… +C copy to… +r run")
        await pilot.press("P")
        await until_shown(pilot, r"Push registry.lan/web:7")
    assert found[0].build_arg == ["A=1", "B=two words"]
    assert found[0].container_instance == "edge-1"


async def test_a_build_of_nothing_is_refused_in_the_dialog(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked
) -> None:
    async with still_dashboard(tmp_path, monkeypatch).run_test(size=SIZE) as pilot:
        await at_images(pilot, "b")
        await until_shown(pilot, r"Build in prod")
        await type_into(pilot, path=str(tmp_path / "nowhere"), tags="web:8")
        await submit(pilot)
        await until_shown(pilot, r"there is no such folder here")
        await type_into(pilot, path=str(tmp_path), args="A='")
        await submit(pilot)
        await until_shown(pilot, r"Arguments: no closing quotation")


async def test_the_largest_form_has_room_for_its_button_and_a_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked
) -> None:
    async with still_dashboard(tmp_path, monkeypatch).run_test(size=(80, 24)) as pilot:
        await at_images(pilot, "b")
        await until_shown(pilot, r"Build in prod")
        await type_into(pilot, path=str(tmp_path / "nowhere"), tags="registry.lan/web:8")
        await until_shown(pilot, r"moorage build(.|\n)*enter next.*Build")
        await submit(pilot)
        await until_shown(pilot, r"there is no such folder here(.|\n)*enter next.*Build")


async def test_a_build_that_fails_shows_the_step_and_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked
) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await app.push_screen(app.desk.doors.work(imaging.failed_build(app)))
        await until_shown(pilot, r"3/5 +✕ failed +13s +RUN make -C /site")
        await until_shown(pilot, r"✕ step 3 of 5 failed, RUN make -C /site: exit code 2")
        await until_shown(pilot, r"make: \*\*\* \[serve\] Error 1")
        assert "push…" not in screen_text(app)


# --- under way --------------------------------------------------------------------------------------------------------


async def test_quitting_with_something_under_way_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked
) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    async with app.run_test(size=SIZE) as pilot:
        work = imaging.pull_in_the_middle(app)
        await pilot.pause()
        await pilot.press("q")
        await until_shown(pilot, r"Quit\? 1 under way is broken off:(.|\n)*pull registry.lan/web:7 +in prod")
        await pilot.press("n")
        await until_gone(pilot, r"Quit\?")
        assert not work.stop.is_set()
        await pilot.press("q")
        await until_shown(pilot, r"Quit\?")
        await pilot.press("y")
        await until(pilot, lambda: not app.is_running or work.stop.is_set(), "the end")
    assert work.stop.is_set()


async def test_so_much_is_under_way_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        for _ in range(MOST_GOING):
            imaging.pull_in_the_middle(app)
        await at_images(pilot, "p")
        await until_shown(pilot, r"Pull an image in prod")
        await submit(pilot)
        await until_shown(pilot, r"So much is under way")
    assert asked.requests == []


async def test_events_that_come_faster_than_anybody_reads_are_painted_a_few_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked
) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        work = imaging.pull_in_the_middle(app)
        screen = app.desk.doors.work(work)
        painted: list[int] = []
        show = screen.show  # type: ignore[attr-defined]

        def counted() -> None:
            painted.append(work.version)
            show()

        monkeypatch.setattr(screen, "show", counted)
        await app.push_screen(screen)
        progress = imaging.pull_progress()[0]
        began = time.monotonic()
        while time.monotonic() - began < 1.0:
            for _ in range(200):
                work.take(replace(progress, done=progress.done + 1))
            await pilot.pause(0.001)
        work.take(replace(progress, done=progress.total))
        await until_shown(pilot, r"edge-1 +◌ pulling +█+ 100%")
        passed = time.monotonic() - began
    assert 2 <= len(set(painted)) <= passed / EVERY + 4, painted


async def test_the_images_tab_fits_into_eighty_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked
) -> None:
    app = still_dashboard(tmp_path, monkeypatch)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await app.push_screen(app.desk.doors.cluster("prod", CLUSTER_IMAGES))
        await until_shown(pilot, r"Tasks 1 +Instances 3 +Stowage +Events +Images")
        await until_shown(pilot, r"registry.lan/web:7 .* 2 of 3 +1 +▲ 1 moved")
