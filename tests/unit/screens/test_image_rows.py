"""What tables say of images, their copies, disks, transfers and builds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.fleet.fleet import Fleet
from app.model.build_progress import BuildProgress, BuildStep
from app.model.image import HostImage, ImageDisk
from app.model.image_progress import LayerProgress, TransferProgress, TransferVerb
from app.model.instance import Instance, InstanceKey
from app.model.manifest import write_manifest
from app.model.safe_text import SafeText
from app.model.update import HostRead
from app.operations.images.listing import ImageRow, ImageSurvey
from app.operations.images.uses import image_uses
from app.screens.filtering import parse_filter
from app.screens.images import progress, rows, uses
from app.screens.images.progress import bar_cell, build_line, layer_row, seconds_words, transfer_columns, transfer_row
from app.screens.tables.orders import ordered
from app.store.table_memory import Arrangement
from tests.unit.builders import NOW, at, container, record, tag
from widgets.cells import Row, cell_text

EDGES = [InstanceKey("prod", f"edge-{number}") for number in (1, 2, 3)]
ONE, OTHER = "sha256:" + "1" * 64, "sha256:" + "2" * 64
MIB = 1 << 20


def image(place: int, image_id: str = ONE, *names: str) -> HostImage:
    return HostImage(EDGES[place], image_id, tuple(map(SafeText, names)), size=10 * MIB, created=at(-7200))


def row_of(name: str, *copies: HostImage, **changes: object) -> ImageRow:
    row = ImageRow(SafeText(name), copies, size=10 * MIB, created=at(-7200))
    return replace(row, **changes)  # type: ignore[arg-type]


def words(row: Row) -> list[str]:
    return [cell_text(content) for content in row.cells]


def test_an_image_says_where_it_is_by_names_when_they_are_few() -> None:
    assert words(rows.image_row(row_of("web:7", image(0), image(1)), 3, NOW))[4] == "edge-1 edge-2"
    assert words(rows.image_row(row_of("web:7", image(0), image(1)), 3, NOW, {"on": 12}))[4] == "2 of 3"
    assert words(rows.image_row(row_of("web:7", image(0), image(1), image(2)), 4, NOW))[4] == "3 of 4"


def test_ids_that_differ_are_counted_and_tasks_whose_image_moved_are_told() -> None:
    row = row_of("web:7", image(0), image(1, OTHER), tasks=("a", "b"), moved=("a",))
    assert words(rows.image_row(row, 2, NOW)) == [
        "web:7",
        "2 ids",
        "10M",
        "2h",
        "edge-1 edge-2",
        "2  ▲ 1 moved",
    ]


@pytest.mark.parametrize(
    ("width", "shown"),
    [(0, "registry.lan/web:7"), (18, "registry.lan/web:7"), (17, "…gistry.lan/web:7"), (12, "…y.lan/web:7")],
)
def test_a_name_that_is_too_long_keeps_its_tag(width: int, shown: str) -> None:
    assert words(rows.image_row(row_of("registry.lan/web:7", image(0)), 1, NOW, {"image": width}))[0] == shown


def test_a_name_of_wide_letters_is_cut_to_its_cells() -> None:
    shown = rows.fitting_name("漢" * 20 + ":7", 13)
    assert shown == "…" + "漢" * 5 + ":7"


def test_an_image_without_a_name_is_dim_and_known_by_its_id() -> None:
    row = row_of("", image(0))
    made = rows.image_row(row, 1, NOW)
    assert made.dim
    assert made.key == ONE
    assert words(made)[0] == "<none> 111111111111"
    assert rows.image_argument(row) == ONE


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("web", {"web:7"}),
        ("state:dangling", {""}),
        ("state:moved", {"web:7"}),
        ("state:missing", {"db:1"}),
        ("host:=edge-2", {"db:1"}),
        ("image:db", {"db:1"}),
        ("2222", {"db:1"}),
    ],
)
def test_filters_of_images(wanted: str, found: set[str]) -> None:
    every = [
        row_of("web:7", image(0), moved=("a",)),
        row_of("db:1", image(1, OTHER), missing=(EDGES[0],)),
        row_of("", image(0)),
    ]
    matches = parse_filter(wanted)
    assert {row.name for row in every if matches(rows.image_subject(row))} == found


def test_images_sort_by_what_they_are_and_not_by_how_it_is_written() -> None:
    small, large = row_of("b:10", image(0), size=999), row_of("b:9", image(0), size=1024)
    assert ordered([small, large], rows.IMAGE_ORDERS, Arrangement("size")) == [small, large]
    assert ordered([small, large], rows.IMAGE_ORDERS, Arrangement("image")) == [large, small]


def test_the_disks_of_all_instances_have_one_scale() -> None:
    survey = ImageSurvey(disk={EDGES[0]: ImageDisk(100, 50, 2), EDGES[1]: ImageDisk(50, 0, 1, 7)})
    first, second = (words(row) for row in rows.disk_rows(survey))
    assert first[1] == "█" * 10 + "▓" * 10
    assert second[1] == "█" * 10 + "·" * 10
    assert (first[5], second[5]) == ("-", "7B")


def test_who_could_not_be_asked_is_named() -> None:
    told = rows.failures_cell({EDGES[1]: SafeText("no answer"), EDGES[0]: SafeText("refused")})
    assert cell_text(told) == "✕ 2 not read  edge-1: refused; edge-2: no answer"
    assert rows.failures_cell({}) == ()


# --- what runs of it --------------------------------------------------------------------------------------------------


def fleet_with(image_id: str) -> Fleet:
    """A task whose definition says web:7, and what it runs."""
    fleet = Fleet()
    fleet.register(["prod"], [Instance(EDGES[0], "0" * 32, "unix:///x", "ACTIVE", NOW)])
    web = container(tag(cluster="prod"), image=SafeText(image_id), image_id=image_id)
    told = write_manifest({"family": "web", "containerDefinitions": [{"name": "web", "image": "web:7"}]}, {})
    fleet.apply([HostRead(EDGES[0], (web,), (record("web", cluster="prod", manifest=told),))])
    return fleet


def used(row: ImageRow, image_id: str) -> list[uses.Use]:
    fleet = fleet_with(image_id)
    return uses.uses_of(row, fleet, image_uses(fleet, "prod"))


def test_a_task_runs_what_its_images_name_means_or_what_it_meant_once() -> None:
    row = row_of("web:7", image(0))
    (same,) = used(row, ONE)
    assert not same.moved
    (other,) = used(row, OTHER)
    assert other.moved
    assert words(uses.use_row(other))[5:] == ["222222222222", "▲ moved, now 111111111111"]
    assert used(row_of("db:1", image(0, "sha256:3")), OTHER) == []


def test_the_facts_of_a_task_say_what_it_runs_and_whether_the_name_moved() -> None:
    (task,) = fleet_with(OTHER).tasks("prod")
    assert uses.digest_facts(task, None) == [("Image", "web:7 is 222222222222")]
    survey = ImageSurvey((row_of("web:7", image(0)),))
    told = "web:7 is 222222222222; the name has moved since, and is 111111111111 now"
    assert uses.digest_facts(task, survey) == [("Image", told)]


# --- on the way -------------------------------------------------------------------------------------------------------


def pulling(**changes: object) -> TransferProgress:
    layers = (LayerProgress(SafeText("a1"), "working", done=41, total=66), LayerProgress(SafeText("b2"), "exists"))
    row = TransferProgress("pull", SafeText("web:7"), EDGES[0], "working", SafeText("x"), layers, 41, 66, 2048.0)
    return replace(row, **changes)  # type: ignore[arg-type]


def test_a_pull_shows_its_bar_its_layers_and_its_speed() -> None:
    columns = transfer_columns([pulling()])
    assert [column.key for column in columns] == ["instance", "state", "progress", "layers", "rate"]
    found = words(transfer_row(pulling(), columns))
    assert found == ["edge-1", "◌ pulling", "██████▎···  62%  41B/66B", "1 of 2", "2K/s"]
    slow = words(transfer_row(pulling(total=66 << 20, done=41 << 20, rate=float(1 << 20)), columns))
    assert slow[2] == "██████▎···  62%  41M/66M  25s left"
    assert words(transfer_row(pulling().ended("failed", SafeText("no space")), columns))[2] == "no space"


@pytest.mark.parametrize(
    ("verb", "images", "columns"),
    [
        ("copy", 1, ["instance", "state", "progress", "rate"]),
        ("prune", 2, ["instance", "image", "state", "progress"]),
        ("push", 1, ["instance", "state", "progress", "layers", "rate"]),
    ],
)
def test_a_transfer_has_the_columns_that_it_fills(verb: TransferVerb, images: int, columns: list[str]) -> None:
    told = [pulling(verb=verb, image=SafeText(f"web:{number}"), layers=()) for number in range(images)]
    assert [column.key for column in transfer_columns(told)] == columns


def test_more_than_the_whole_is_the_whole() -> None:
    assert cell_text(bar_cell(70, 66)).endswith("100%  66B/66B")
    assert cell_text(bar_cell(70, 0)) == "70B"
    assert bar_cell(0, 0) == ()


def test_layers_stand_one_below_the_other_whatever_their_ids_are() -> None:
    same = LayerProgress(SafeText("a"), "done")
    assert layer_row(same, 0).key != layer_row(same, 1).key
    assert words(layer_row(LayerProgress(SafeText("a1"), "extracting", done=1, total=2), 0))[1] == "◌ extracting"


def test_of_a_layer_nothing_is_said_twice() -> None:
    assert words(layer_row(LayerProgress(SafeText("a"), "exists", SafeText("Already exists")), 0))[2] == ""
    assert words(layer_row(LayerProgress(SafeText("a"), "waiting", SafeText("Waiting")), 0))[2] == ""
    retry = SafeText("Retrying in 5 seconds")
    assert words(layer_row(LayerProgress(SafeText("a"), "waiting", retry), 0))[2] == retry


def test_a_build_says_what_goes_on() -> None:
    sending = BuildProgress(EDGES[0], SafeText("web:8"), "sending", sent=1, total=2)
    assert cell_text(build_line(sending)).startswith("sending")
    step = BuildStep(2, 5, SafeText("RUN make"), "working", 61.0)
    assert cell_text(build_line(replace(sending, state="building", steps=(step,)))) == "step 2 of 5  RUN make"
    assert words(progress.step_row(step)) == ["2/5", "◌ working", "1m1s", "RUN make"]
    assert words(progress.step_row(replace(step, state="cached")))[1:3] == ["● cached", ""]


@pytest.mark.parametrize(("seconds", "said"), [(0.04, "0.0s"), (9.94, "9.9s"), (59.9, "59s"), (3661.0, "1h1m")])
def test_seconds_in_few_letters(seconds: float, said: str) -> None:
    assert seconds_words(seconds) == said
