from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from app.fleet.fleet import Fleet, InstanceState
from app.model.instance import EngineInfo, Freshness, Instance, InstanceKey
from app.model.record import StopMark
from app.model.resources import Resources
from app.model.safe_text import SafeText
from app.model.update import FreshnessTold, HostRead, InfoRead
from app.operations.usage import HostUse
from app.screens.filtering import parse_filter
from app.screens.stowage.bars import OTHERS, StowageBars, cores, family_colour, stowage_bars
from app.screens.stowage.lines import bar_words, bare_line, legend, others_line, task_line
from app.screens.stowage.pane import matching_bar
from tests.unit.builders import NOW, at, container, record, tag
from widgets.block_layout import NEUTRAL, Bar
from widgets.cells import cell_text

EDGE = InstanceKey("prod", "edge-1")


def task_of(number: int, family: str = "web", memory: int = 512, cpu: int = 256, **changes: Any) -> Any:
    marked = tag(
        "web",
        task_id=f"{number:032x}",
        family=family,
        revision=7,
        reservation=Resources(cpu, memory),
        **{"cluster": "prod", "created_at": at(number), **changes},
    )
    return container(marked, id=f"{number:064x}")


def state_of(*containers: Any, key: InstanceKey = EDGE, reach: str = "live", memory: int = 8192) -> InstanceState:
    fleet = Fleet()
    fleet.register([key.cluster], [Instance(key, "0" * 32, "unix:///run/d.sock", "ACTIVE", NOW)])
    info = EngineInfo("ID", SafeText("edge"), SafeText("28"), "1.51", "linux", "x86_64", Resources(4096, memory))
    fleet.apply(
        [
            InfoRead(key, info, timedelta(0)),
            HostRead(key, containers, ()),
            FreshnessTold(key, Freshness(reach, NOW, SafeText("timed out"))),  # type: ignore[arg-type]
        ]
    )
    return fleet.instances[key]


def only(*containers: Any, **changes: Any) -> Bar:
    return stowage_bars(
        [state_of(*containers)], changes.pop("resource", "memory"), changes.pop("usage", {}), **changes
    )[0]


def note(bar: Bar) -> str:
    return cell_text(bar.note)


def test_a_task_is_a_block_of_what_it_reserves() -> None:
    bar = only(task_of(1, memory=512), task_of(2, "db", memory=1024))
    assert [(block.label, block.size, block.more, block.short) for block in bar.blocks] == [
        ("db:7", 1024, "1G", "db"),
        ("web:7", 512, "512M", "web"),
    ]
    assert bar.capacity == 8192
    assert cell_text(bar.title) == "● edge-1"
    assert note(bar) == "6.5G of 8G left"


def test_cpu_is_told_in_cores_and_a_task_without_any_has_no_block() -> None:
    bar = only(task_of(1, cpu=256), task_of(2, cpu=0), resource="cpu")
    assert [(block.size, block.more) for block in bar.blocks] == [(256, "256u")]
    assert note(bar) == "3.8 of 4 cores left"
    assert cores(1024) == "1 core"


def test_stopped_tasks_hold_nothing() -> None:
    state = state_of(task_of(1), container(tag("web", task_id="9" * 32, cluster="prod"), "exited", exit_code=1))
    assert [block.key for block in stowage_bars([state], "memory", {})[0].blocks] == [f"{1:032x}"]


def test_a_task_that_is_pulled_holds_its_place_already() -> None:
    fleet = Fleet()
    fleet.register(["prod"], [Instance(EDGE, "0" * 32, "unix:///x", "ACTIVE", NOW)])
    made = record("web", cluster="prod", reservation=Resources(64, 128))
    fleet.apply([HostRead(EDGE, (), (made,))])
    bars = stowage_bars(fleet.instances.values(), "memory", {})
    assert [block.size for block in bars[0].blocks] == [128]
    fleet.apply([HostRead(EDGE, (), (made, StopMark(made.task_id, "UserInitiated", SafeText(""), SafeText(""), NOW)))])
    assert stowage_bars(fleet.instances.values(), "memory", {})[0].blocks == ()


def test_blocks_keep_their_place_while_their_task_lives() -> None:
    first = [block.key for block in only(*(task_of(number, f"f{number % 3}") for number in range(9))).blocks]
    later = [block.key for block in only(*(task_of(number, f"f{number % 3}") for number in (5, 8, 2, 7, 0, 11))).blocks]
    assert [key for key in later if key in first] == [key for key in first if key in later]


def test_a_family_has_one_colour_in_every_run() -> None:
    assert [family_colour(name) for name in ("web", "db", "shop", "")] == [1, 0, 2, 0]
    colours = {block.colour for block in only(task_of(1), task_of(2), task_of(3)).blocks}
    assert colours == {family_colour("web")}


def test_tasks_of_another_cluster_count_and_are_grey_at_the_end() -> None:
    bar = only(task_of(1, "aaa", cluster="test"), task_of(2))
    assert [(block.label, block.colour == NEUTRAL) for block in bar.blocks] == [("web:7", False), ("aaa:7", True)]
    assert note(bar) == "7G of 8G left"


def test_unmanaged_use_is_beside_in_what_is_free_and_not_in_the_books() -> None:
    state = state_of(task_of(1, memory=7168))
    for used, shown in ((100, 100), (9000, 1024)):
        bar = stowage_bars([state], "memory", {EDGE: HostUse(used, 50, 2, 2)})[0]
        assert [(block.key, block.kind, block.size) for block in bar.blocks[1:]] == [(OTHERS, "other", shown)]
        assert note(bar) == "1G of 8G left"


def test_a_plan_is_ghosts_and_says_how_many_or_why_none() -> None:
    other = InstanceKey("prod", "edge-2")
    states = [state_of(key=other), state_of(task_of(1))]
    use = {EDGE: HostUse(300, 0, 1, 1)}
    bars = stowage_bars(
        states,
        "memory",
        use,
        {EDGE: 2},
        Resources(128, 256, frozenset({80})),
        {other: "tcp 80 taken"},
        planned="shop:3",
    )
    assert [bar.key for bar in bars] == ["prod/edge-1", "prod/edge-2"], "by name"
    kinds = [(block.kind, block.size, block.label) for block in bars[0].blocks]
    assert kinds == [
        ("task", 512, "web:7"),
        ("other", 300, "1 unmanaged"),
        ("ghost", 256, "shop:3"),
        ("ghost", 256, "shop:3"),
    ]
    assert bars[0].blocks[2].colour == family_colour("shop")
    assert note(bars[0]).split() == ["+2", "7G", "left"]
    assert note(bars[1]).split() == ["0", "tcp", "80", "taken"]


def test_thousands_of_planned_tasks_are_one_ghost() -> None:
    bar = only(ghosts={EDGE: 5000}, wanted=Resources(0, 1), planned="web:8")
    assert [(block.size, block.label) for block in bar.blocks] == [(5000, "+5000")]
    assert only(ghosts={EDGE: 5}, wanted=Resources(64, 0)).blocks == ()


def test_what_is_wrong_with_an_instance_is_in_its_note() -> None:
    for reach, words, dim in (
        ("stale", "8G left stale", True),
        ("unreachable", "8G left unreachable", True),
        ("connecting", "connecting", False),
    ):
        bar = stowage_bars([state_of(reach=reach)], "memory", {})[0]
        assert (note(bar), bar.dim) == (words, dim)
    draining = state_of()
    draining.instance = replace(draining.instance, status="DRAINING")
    bar = stowage_bars([draining], "memory", {})[0]
    assert (note(bar), cell_text(bar.title)) == ("8G left DRAINING", "⊘ edge-1")
    assert note(only(task_of(1, memory=9216))) == "1G over"


def test_bars_are_made_again_only_where_something_changed() -> None:
    maker = StowageBars()
    one, two = state_of(task_of(1)), state_of(task_of(2), key=InstanceKey("prod", "edge-2"))
    before = maker.bars([one, two], "memory", {})
    assert before == stowage_bars([one, two], "memory", {})
    two.tasks = {key: replace(task, revision=8) for key, task in two.tasks.items()}
    after = maker.bars([two, one], "memory", {})
    assert after[0] is before[0]
    assert after[1].blocks[0].label == "web:8"
    used = maker.bars([one, two], "memory", {EDGE: HostUse(100, 0, 1, 1)})
    assert used[0] != after[0]
    assert used[1] is after[1]
    assert maker.bars([one, two], "cpu", {})[0].capacity == 4096
    one.freshness = Freshness("stale", NOW)
    assert maker.bars([one], "memory", {})[0].dim


def test_a_filter_keeps_instances_that_match_and_greys_what_does_not() -> None:
    state = state_of(task_of(1), task_of(2, "db"))
    bar = stowage_bars([state], "memory", {})[0]
    assert matching_bar(bar, state, parse_filter("host:edge")) is bar
    assert matching_bar(bar, state, parse_filter("nothing")) is None
    shown = matching_bar(bar, state, parse_filter("family:db"))
    assert shown is not None
    assert [block.colour == NEUTRAL for block in shown.blocks] == [False, True]


# --- lines ------------------------------------------------------------------------------------------------------------


def test_the_line_of_a_task_fits_on_eighty_columns() -> None:
    state = state_of(task_of(1, started_by="ops", group="family:web"))
    line = cell_text(task_line(next(iter(state.tasks.values())), state, at(181)))
    assert line == "00000000  web:7  ● RUNNING  512M  256u  family:web  by ops  3m"


def test_the_line_says_whose_a_task_of_another_cluster_is() -> None:
    state = state_of(task_of(1, cluster="test"))
    assert "of cluster test" in cell_text(task_line(next(iter(state.tasks.values())), state, NOW))


def test_the_line_of_unmanaged_containers_names_them_and_tells_what_is_old() -> None:
    by_hand = replace(container(), tag=None, name=SafeText("by-hand"))
    state = state_of(by_hand)
    line = cell_text(others_line(state, HostUse(1229, 307, 1, 1)))
    assert line == "░ 1 unmanaged container uses 1.2G and 0.3 cores: by-hand"
    assert "2 unmanaged containers use 0M and 0 cores (1 asked so far)" in cell_text(
        others_line(state, HostUse(0, 0, 2, 1))
    )
    failed = cell_text(others_line(state, HostUse(1, 0, 1, 1, "timed out")))
    assert failed == "◐ as of before: 1 unmanaged container uses 1M and 0 cores  timed out"


def test_an_instance_without_blocks_says_why() -> None:
    assert cell_text(bare_line(state_of(), "memory")) == "Nothing runs on edge-1 yet: r runs a task"
    assert cell_text(bare_line(state_of(task_of(1, cpu=0)), "cpu")) == "The tasks on edge-1 reserve no CPU"
    assert cell_text(bare_line(state_of(reach="unreachable"), "cpu")) == "edge-1: timed out"
    silent = state_of(reach="connecting")
    silent.info = None
    assert cell_text(bare_line(silent, "cpu")) == "edge-1 has not answered yet"


def test_a_bar_says_how_many_tasks_it_has_and_how_many_cannot_be_seen() -> None:
    state = state_of(task_of(1, cpu=0), task_of(2))
    assert cell_text(bar_words(state, "memory")) == "edge-1: 2 tasks"
    assert cell_text(bar_words(state, "cpu")) == "edge-1: 2 tasks, 1 without CPU"
    assert cell_text(bar_words(state_of(task_of(1)), "cpu")) == "edge-1: 1 task"


def test_the_legend_speaks_of_other_clusters_only_where_there_are_any() -> None:
    assert "other" not in cell_text(legend("memory", foreign=False))
    assert cell_text(legend("cpu", foreign=True)).startswith("CPU  █ tasks")
    assert "of other clusters" in cell_text(legend("cpu", foreign=True))
