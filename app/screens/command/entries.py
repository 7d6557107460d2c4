"""What can be done or gone to from a screen: its actions, the main views, and what the fleet and the files have.

Bounded, so that the bar opens within a frame whatever there is: tasks are looked for only once something is typed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from textual.binding import ActiveBinding
from textual.screen import Screen

from app.model.task import Task
from app.screens.actions import ACTIONS
from app.screens.command.entry import Entry, Kind
from app.screens.frame import FrameScreen
from app.screens.tables.arranging import table_word
from app.screens.tables.sort_dialog import LARGEST_FIRST
from app.store.table_memory import Arrangement
from widgets.key_hints import key_name

MOST_OF_A_KIND = 2000
MOST_TASKS = 12
SHORTEST_TASK = 2
"""Characters before tasks are looked for."""
_NOT_OFFERED = frozenset({"back", "leave", "clear", "command", "filter", "search", "find"})
"""Actions that are about where one types or stands: the bar is gone when they would be done."""


def entries(screen: FrameScreen) -> list[Entry]:
    """All that does not depend on what is typed."""
    return [*actions(screen), *_sorts(screen), *_views(screen), *_places(screen), *_themes(screen)]


def actions(screen: FrameScreen) -> Iterator[Entry]:
    """What the keys of this screen do, each action once."""
    seen: set[str] = set()
    for active in screen.active_bindings.values():
        binding = active.binding
        action = ACTIONS.get(binding.id or "")
        if action is None or not active.enabled or action.id in _NOT_OFFERED or action.id in seen:
            continue
        seen.add(action.id)
        kind = Kind.SCREEN if action.id.startswith("go.") else Kind.ACTION
        words = binding.description.rstrip("…").casefold()
        yield Entry(kind, words, key_name(binding.key), action.help, partial(_run, screen, active))


async def _run(screen: FrameScreen, active: ActiveBinding) -> None:
    await screen.app.run_action(active.binding.action, active.node)


def _sorts(screen: FrameScreen) -> Iterator[Entry]:
    table = screen.arranged_table()
    if table is None or table.id is None:
        return
    now = screen.arrangement(table)
    for column in table.columns:
        again = column.key == now.sort
        down = not now.descending if again else column.key in LARGEST_FIRST
        wanted = Arrangement(column.key, down, now.hidden)
        detail = f"Sort {table_word(table.id)} by {column.title}" + (", the other way round" if again else "")
        yield Entry(Kind.SORT, f"sort {column.key}", "", detail, partial(screen.arrange_table, table.id, wanted))


def _views(screen: FrameScreen) -> Iterator[Entry]:
    if not screen.desk.session.config.views:
        return
    from app.screens.tables.views import checked_views

    for view in checked_views(screen.desk.session.config.views.values())[0]:
        words = " ".join(part for part in (view.table, view.filter, f"sort {view.sort}" if view.sort else "") if part)
        yield Entry(Kind.VIEW, f"view {view.name}", "", words, partial(open_view, screen, view.name))


async def open_view(screen: FrameScreen, name: str) -> None:
    """The main view of a saved view's table, as it says."""
    from app.screens.tables.views import TABLES, arrangement_of

    view = screen.desk.session.config.views[name]
    table, app = TABLES[view.table], screen.app
    await app.run_action(f"app.go('{table.mode}')")
    there = app.screen
    if isinstance(there, FrameScreen):
        there.show_filtered(view.filter)
        there.arrange_table(table.id, arrangement_of(view))


def _places(screen: FrameScreen) -> Iterator[Entry]:
    fleet, doors = screen.desk.fleet, screen.desk.doors
    yield Entry(
        Kind.SCREEN, "budget", "", "What each host is asked, and what Moorage itself uses", _opens(screen, doors.budget)
    )
    for name in fleet.clusters[:MOST_OF_A_KIND]:
        take = _opens(screen, partial(doors.cluster, name))
        yield Entry(Kind.CLUSTER, f"cluster {name}", "", "Open the cluster", take)
    for key in [*fleet.instances][:MOST_OF_A_KIND]:
        take = _opens(screen, partial(doors.instance, key))
        yield Entry(Kind.INSTANCE, f"instance {key.name}", "", f"Open the instance, of {key.cluster}", take)


def _opens(screen: FrameScreen, make: Callable[[], Screen[None]]) -> Callable[[], object]:
    return lambda: screen.app.push_screen(make())


def _themes(screen: FrameScreen) -> Iterator[Entry]:
    app = screen.app

    def take(name: str) -> None:
        app.theme = name

    for name in sorted(app.available_themes):
        detail = "Colours until you quit; config.toml keeps them" + (", as now" if name == app.theme else "")
        yield Entry(Kind.THEME, f"theme {name}", "", detail, partial(take, name))


def of_families(screen: FrameScreen, families: Iterable[str]) -> list[Entry]:
    """Task definitions by their families."""
    doors, found = screen.desk.doors, []
    for family in list(families)[:MOST_OF_A_KIND]:
        take = _opens(screen, partial(doors.definitions, family))
        found.append(Entry(Kind.DEFINITION, f"definition {family}", "", "Go to the task definition", take))
    return found


def tasks_named(screen: FrameScreen, text: str) -> list[Entry]:
    """Tasks whose id begins with the last word that is typed, or whose family has it; what runs comes first."""
    wanted = text.casefold().split()
    if len(wanted) > 1 and wanted[0] == "task":
        del wanted[0]
    if not wanted or max(map(len, wanted)) < SHORTEST_TASK:
        return []
    by_id: list[Task] = []
    others: list[Task] = []
    for task in screen.desk.fleet.tasks():
        if task.id.startswith(wanted[-1]):
            if len(by_id) < MOST_TASKS:
                by_id.append(task)
        elif len(others) < MOST_TASKS * 4:
            name = task.definition
            if all(word in name or task.id.startswith(word) for word in wanted):
                others.append(task)
    others.sort(key=lambda task: task.last_status != "RUNNING")
    return [_of_task(screen, task) for task in (*by_id, *others)[:MOST_TASKS]]


def _of_task(screen: FrameScreen, task: Task) -> Entry:
    take = _opens(screen, partial(screen.desk.doors.task, task.id, task.instance))
    detail = f"{task.last_status} on {task.instance.name} of {task.cluster}"
    return Entry(Kind.TASK, f"task {task.id[:8]} {task.definition}", "", detail, take)
