"""Writes docs/keys.md from the bindings of the real screens and widgets: ``python -m docs.make_keys``.

A test runs ``page()`` and compares; the file is never edited by hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from textual.binding import Binding, BindingType
from textual.dom import DOMNode

from app.screens.actions import AT_HOME, INSIDE, bindings
from app.screens.alerts.screen import AlertsScreen
from app.screens.budget.screen import BudgetScreen
from app.screens.choice_dialog import ChoiceDialog
from app.screens.cluster import ClusterScreen
from app.screens.command.bar import CommandBar
from app.screens.comparison import ComparisonScreen
from app.screens.container import ContainerScreen
from app.screens.definitions import DefinitionsScreen
from app.screens.describing import DescribeDialog
from app.screens.editor import EditorScreen
from app.screens.events.past_task import PastTaskScreen
from app.screens.events.screen import EventsScreen
from app.screens.first_run import FirstRunScreen
from app.screens.fleet import FleetScreen
from app.screens.form_dialog import FormDialog
from app.screens.images.build_screen import BuildScreen
from app.screens.images.page import ImageScreen
from app.screens.images.transfer_screen import TransferScreen
from app.screens.images.works_screen import WorksScreen
from app.screens.inside.output import OutputScreen
from app.screens.instance.screen import InstanceScreen
from app.screens.instances import InstancesScreen
from app.screens.json_screen import JsonScreen
from app.screens.log_dialogs import SourcesDialog
from app.screens.logs import LogsScreen
from app.screens.registering import RegisterScreen
from app.screens.run.screen import RunScreen
from app.screens.run.where import WherePane
from app.screens.tables.sort_dialog import SortDialog
from app.screens.task import TaskScreen
from app.screens.tasks import TasksScreen
from widgets.block_bar import BlockBars
from widgets.confirm import Confirm
from widgets.diff_view import DiffView
from widgets.entry_bar import EntryBar
from widgets.filter_bar import FilterBar
from widgets.graphs import Graphs
from widgets.json_view import JsonView
from widgets.line_form import LineForm
from widgets.line_view import LineView
from widgets.live_table import LiveTable
from widgets.log_cursor import CursorView
from widgets.log_view import LogView

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "keys.md"
SCREENS: dict[str, type[DOMNode]] = {
    "First run (no cluster yet)": FirstRunScreen,
    "Fleet": FleetScreen,
    "Cluster": ClusterScreen,
    "Image": ImageScreen,
    "Pull, push, copy": TransferScreen,
    "Build": BuildScreen,
    "Under way (`U`)": WorksScreen,
    "Tasks": TasksScreen,
    "Task": TaskScreen,
    "Logs": LogsScreen,
    "Output of a command": OutputScreen,
    "Container (unmanaged)": ContainerScreen,
    "Instances": InstancesScreen,
    "Instance": InstanceScreen,
    "Events": EventsScreen,
    "Task of the past": PastTaskScreen,
    "Alerts": AlertsScreen,
    "Budget (`:budget`)": BudgetScreen,
    "Definitions": DefinitionsScreen,
    "Differences": ComparisonScreen,
    "Editor": EditorScreen,
    "Register": RegisterScreen,
    "Run": RunScreen,
    "JSON": JsonScreen,
}
PARTS: dict[str, tuple[type[DOMNode], ...]] = {
    "Tables": (LiveTable,),
    "Stowage": (BlockBars,),
    "Graphs": (Graphs,),
    "Logs and JSON": (LineView, JsonView),
    "Logs only": (LogView, CursorView),
    "The log desk": (EntryBar, SourcesDialog),
    "The filter line": (FilterBar,),
    "Sorting and columns": (SortDialog,),
    "The command bar": (CommandBar,),
    "What a row is": (DescribeDialog,),
    "Questions": (Confirm,),
    "Differences": (DiffView,),
    "Forms": (FormDialog,),
    "The Run form": (LineForm, WherePane),
    "Choices": (ChoiceDialog,),
}
NAMES = {
    "question_mark": "?", "slash": "/", "escape": "esc", "pageup": "page up", "pagedown": "page down",
    "left_square_bracket": "[", "right_square_bracket": "]",
}  # fmt: skip
HEAD = """# Keys

Written by `python -m docs.make_keys` from the bindings of the program; a test fails when it is out of date. `?` shows
the keys of the screen that is open, and the footer the most important ones. Any key with a name can be another one, in
`config.toml`:

    [keys]
    run = "R"
    "copy.command" = "ctrl+y"
"""


@dataclass(frozen=True, slots=True)
class Line:
    """What the table says of one deed; ``word`` stands in the footer, ``name`` in a configuration."""

    keys: tuple[str, ...]
    word: str
    text: str
    name: str = ""


EVERYWHERE = (
    Line(("q",), "quit", "On the fleet: quit Moorage; tasks go on"),
    Line(("ctrl+q",), "quit", "Quit Moorage from anywhere; tasks go on"),
)


def page() -> str:
    """The whole file."""
    common = {binding.id for binding in _made(bindings(*INSIDE, *AT_HOME))}
    sections = [HEAD, "## On every screen", _table([*_lines(_made(bindings(*INSIDE))), *EVERYWHERE])]
    for title, screen in SCREENS.items():
        own = [binding for binding in _made(screen.BINDINGS) if binding.id not in common]
        sections += [f"## {title}", _table(_lines(own))]
    for title, parts in PARTS.items():
        own = [binding for part in parts for binding in _made(vars(part).get("BINDINGS", ()))]
        sections += [f"## {title}", _table(_lines(own))]
    return "\n".join(sections)


def _made(found: Iterable[BindingType]) -> list[Binding]:
    return [binding for binding in found if isinstance(binding, Binding)]


def _lines(found: Iterable[Binding]) -> list[Line]:
    """Each deed once, with all its keys."""
    keys: dict[tuple[str, str, str], list[str]] = {}
    for binding in found:
        known = keys.setdefault((binding.description.lower(), binding.tooltip, binding.id or ""), [])
        known += [NAMES.get(key.strip(), key.strip()) for key in binding.key.split(",")]
    return [Line(tuple(dict.fromkeys(names)), word, text, name) for (word, text, name), names in keys.items()]


def _table(lines: Iterable[Line]) -> str:
    rows = []
    for line in lines:
        keys, name = " ".join(f"`{key}`" for key in line.keys), f"`{line.name}`" if line.name else ""
        rows.append(f"| {keys} | {line.word} | {line.text} | {name} |")
    return "\n".join(["", "| key | word | what it does | name |", "|---|---|---|---|", *rows, ""])


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
