"""The one registry of actions: id, key, title and help. Bindings, footer, help and key configuration all come from it.

A screen names the actions that it has; the method that does the work is ``action_<name>`` on that screen.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from textual.binding import Binding, BindingType

from app.model.errors import Finding
from widgets.live_table import LiveTable

OPEN_AN_INPUT = frozenset({"filter", "command", "include", "exclude"})
"""After these keys are text. They are done before the next key is looked at: a paste is no row of commands."""
OVER_INPUTS = frozenset({*OPEN_AN_INPUT, "palette", "launch", "register", "show_changes", "other_side", "external"})
"""Actions whose keys no input may take for itself."""

CHANGING = frozenset(
    {
        *("add_contexts", "add_instance", "deregister", "drain", "execute", "launch", "shell", "stop"),
        *(
            "bring_images",
            "build_image",
            "copy_image",
            "prune_images",
            "pull_image",
            "push_image",
            "remove_image",
            "tag_image",
        ),
    }
)
"""Actions that change a cluster, its instances or what runs there."""


@dataclass(frozen=True, slots=True)
class Action:
    """``id`` is what a user's configuration calls it; ``name`` the method; ``help`` one sentence."""

    id: str
    keys: str
    name: str
    title: str
    help: str
    show: bool = True


def _table(*actions: Action) -> Mapping[str, Action]:
    return {action.id: action for action in actions}


ACTIONS = _table(
    Action("go.fleet", "1", "app.go('fleet')", "fleet", "The fleet: every cluster", show=False),
    Action("go.tasks", "2", "app.go('tasks')", "tasks", "Tasks of all clusters", show=False),
    Action("go.instances", "3", "app.go('instances')", "instances", "Container instances of all clusters", show=False),
    Action("go.definitions", "4", "app.go('definitions')", "definitions", "Task definitions", show=False),
    Action("go.events", "5", "app.go('events')", "events", "What happened on hosts and was done from here", show=False),
    Action("alerts", "6", "alerts", "alerts", "What needs a person: failures, lost hosts …", show=False),
    Action("images", "I", "images", "images", "Images on the instances of the cluster", show=False),
    Action("works", "U", "works", "under way", "What is pulled, pushed, copied or built from here", show=False),
    Action(
        "deploy", "W", "deploy", "deploy…", "From source to running tasks: the file, the plan, the steps", show=False
    ),
    Action("ack", "z", "ack", "seen", "Acknowledge the alert at the cursor, or the marked ones: they count no more"),
    Action("ack.all", "Z", "ack_all", "all seen", "Acknowledge all alerts that are listed"),
    Action(
        "mouse", "M", "app.mouse", "mouse", "The mouse selects text in the terminal, or is the screen's", show=False
    ),
    Action("command", "colon", "command", "command", "Type a command, a screen, a cluster, a task … by its name"),
    Action("palette", "ctrl+p", "palette", "palette", "The same, also while text is typed", show=False),
    Action("help", "question_mark", "app.help", "help", "The keys of this screen"),
    Action(
        "suspend",
        "ctrl+z",
        "app.suspend_process",
        "suspend",
        "To the shell that Moorage was started from; fg comes back",
        show=False,
    ),
    Action("back", "escape", "back", "back", "First clears the filter, then goes back"),
    Action("leave", "q", "leave", "back", "Back to the screen before", show=False),
    Action("clear", "escape", "back", "clear", "Clears the filter", show=False),
    Action("quit", "q", "leave", "quit", "Quit Moorage; tasks go on"),
    Action(
        "filter", "slash", "filter", "filter", "Show only rows that match: web !test /regex/ state:running host:edge"
    ),
    Action("search", "slash", "filter", "search", "Find a text or a /regex/; n and N go to the next and the last"),
    Action("find", "slash", "filter", "find", "Go to a member of the definition by its name"),
    Action("sort", "o", "sort", "sort", "Sort by a column; the same again turns the order round", show=False),
    Action("columns", "O", "columns", "columns", "Choose which columns the table shows", show=False),
    Action("next.pane", "tab", "next_pane", "next pane", "To the next pane or tab", show=False),
    Action("describe", "d", "describe", "describe", "What the row is, on one page, and where it leads", show=False),
    Action("jump.instance", "i", "jump_instance", "its instance", "To the container instance it is on", show=False),
    Action(
        "jump.definition", "F", "jump_definition", "its definition", "To the task definition of the task", show=False
    ),
    Action(
        "jump.tasks", "t", "jump_tasks", "related tasks", "To tasks of its group, of the instance or family", show=False
    ),
    Action("run", "r", "run", "run", "Launch tasks of a task definition"),
    Action("stop", "x", "stop", "stop", "Stop the task at the cursor, or all marked ones"),
    Action("logs", "l", "logs", "logs", "Logs of the task, followed live"),
    Action(
        "logs.include", "plus", "include", "include…", "Show only lines with a word or a /regex/; each more narrows"
    ),
    Action("logs.exclude", "minus", "exclude", "exclude…", "Hide the lines with a word or a /regex/"),
    Action("logs.remove", "backspace", "remove_term", "drop filter", "Take the last filter away; esc: all", show=False),
    Action("logs.since", "S", "since", "since", "From 1 min, 5 min or 1 h ago, or all"),
    Action("logs.tail", "T", "tail", "tail", "How many lines of each source's end", show=False),
    Action("logs.save", "ctrl+s", "save", "save…", "Save the lines that are shown to a file"),
    Action("logs.stream", "E", "stream", "stderr", "Only stderr, only stdout, or both", show=False),
    Action("logs.context", "C", "context", "context", "Lines before and after each match: 0, 3, 10", show=False),
    Action("logs.raw", "J", "raw", "raw", "JSON lines as they were written, or told", show=False),
    Action("logs.sources", "i", "sources", "sources", "Each source: host, state, lines, skipped, clock", show=False),
    Action("shell", "s", "shell", "shell", "A shell in the container; the dashboard comes back when it ends"),
    Action(
        "execute",
        "exclamation_mark",
        "execute",
        "command…",
        "Run a command in the container, and see what it writes",
        show=False,
    ),
    Action("json", "y", "json", "JSON", "What describe prints, as JSON"),
    Action("delete.cluster", "x", "deregister", "delete", "Delete the cluster; it must have no container instances"),
    Action("copy.document", "c", "copy", "copy all", "Copy the whole document to the clipboard"),
    Action("copy", "c", "copy", "copy", "Copy the id or ARN to the clipboard", show=False),
    Action("copy.command", "Y", "copy_command", "copy command", "Copy the equivalent moorage command", show=False),
    Action("new.cluster", "n", "new_cluster", "new cluster", "Make a cluster"),
    Action("add.instance", "a", "add_instance", "add instance", "Register a Docker Engine as a container instance"),
    Action(
        "add.contexts",
        "A",
        "add_contexts",
        "docker contexts",
        "Make instances of this machine's docker contexts",
        show=False,
    ),
    Action("drain", "D", "drain", "drain", "Drain the instance, or make it ACTIVE again"),
    Action("deregister", "x", "deregister", "deregister", "Take the instance or the revision away; what runs goes on"),
    Action("register.samples", "i", "samples", "samples", "Register the sample definitions", show=False),
    Action("image.pull", "p", "pull_image", "pull…", "Pull an image from its registry, to all instances or some"),
    Action("image.build", "b", "build_image", "build…", "Build an image of a folder here, on an instance"),
    Action("image.copy", "C", "copy_image", "copy to…", "Copy the image to other instances, through no registry"),
    Action("image.push", "P", "push_image", "push…", "Push the image from an instance to its registry"),
    Action("image.tag", "T", "tag_image", "tag…", "Give the image another name"),
    Action("image.remove", "x", "remove_image", "remove", "Remove the image at the cursor, or all marked ones"),
    Action("image.prune", "X", "prune_images", "prune…", "Remove what no container uses; first it is shown which"),
    Action("work.stop", "x", "stop_work", "stop", "Break it off, after a question; what was done stays"),
    Action("launch", "ctrl+r", "launch", "run", "Run, after a question"),
    Action(
        "bring.images",
        "b",
        "bring_images",
        "images…",
        "Copy a missing image to the hosts that lack it, or pull it there",
    ),
    Action("plan.json", "p", "plan", "plan JSON", "Show the plan as JSON, as moorage plan prints it"),
    Action("switch.resource", "m", "resource", "memory/CPU", "Draw CPU instead of memory, or memory again"),
    Action("register", "ctrl+s", "register", "register…", "Look at what changed, then register it as a new revision"),
    Action("edit", "e", "edit", "edit", "Edit it in a form; what is registered never changes"),
    Action(
        "new.definition", "n", "new_definition", "new…", "A new definition: from scratch, a sample, a container, a file"
    ),
    Action("diff", "d", "diff", "diff…", "What is different: between two marked revisions, or from the one before"),
    Action("bring.back", "b", "bring_back", "bring back", "Register a copy of an INACTIVE revision as a new one"),
    Action("drafts", "D", "drafts", "drafts", "Drafts that wait: go on with one, or discard it"),
    Action("diff.whole", "w", "whole", "whole/environment", "Compare whole documents, or their environments alone"),
    Action("diff.before", "p", "before", "earlier", "Compare with the revision before the left one"),
    Action("diff.running", "o", "running", "what runs", "Compare the revision with a task of it as it really runs"),
    Action("diff.file", "f", "file", "a file…", "Compare the revision with a definition in a file"),
    Action("reveal", "v", "reveal", "reveal", "Show secrets, or mask them again"),
    Action("edit.note", "i", "note", "note", "Write a note on the new revision"),
    Action("edit.diff", "ctrl+d", "show_changes", "diff", "What is different from the revision that this came from"),
    Action("edit.side", "f6", "other_side", "form/JSON", "To the form, the JSON or the findings"),
    Action("edit.external", "f4", "external", "$EDITOR", "Edit the JSON in your own editor"),
)


def bindings(*ids: str, **titles: str) -> list[BindingType]:
    """Bindings of the named actions, in order; ``titles`` gives an action another title on this screen.

    An id in ``titles`` has ``_`` where the action has a dot.
    """
    found: list[BindingType] = []
    for id_ in ids:
        action = ACTIONS[id_]
        title = titles.get(id_.replace(".", "_"), action.title)
        found.append(
            Binding(
                action.keys,
                action.name,
                title,
                show=action.show,
                id=action.id,
                tooltip=action.help,
                priority=action.name in OVER_INPUTS,
            )
        )
    return found


TABLE_ACTIONS = ("sort", "columns")
"""The keys of every table that a person arranges."""
_GO = ("go.fleet", "go.tasks", "go.instances", "go.definitions", "go.events", "alerts", "images", "works", "deploy")
_EVERYWHERE = (*_GO, "mouse", "command", "palette", "suspend", "help")
AT_HOME = (*_EVERYWHERE, "clear", "quit")
INSIDE = (*_EVERYWHERE, "back", "leave")
"""The keys of every screen: of the first one, and of all others."""


def _widget_ids() -> set[str]:
    """The names of the keys that tables, logs and dialogs have by themselves."""
    # Forms are heavy, and this is asked only where somebody has keys of their own.
    from app.screens.command.bar import CommandBar
    from app.screens.describing import DescribeDialog
    from app.screens.log_dialogs import SourcesDialog
    from app.screens.run.where import WherePane
    from app.screens.tables.sort_dialog import SortDialog
    from widgets.block_bar import BlockBars
    from widgets.confirm import Confirm
    from widgets.diff_view import DiffView
    from widgets.entry_bar import EntryBar
    from widgets.filter_bar import FilterBar
    from widgets.graphs import Graphs
    from widgets.line_form import LineForm
    from widgets.line_view import LineView
    from widgets.log_view import LogView
    from widgets.model_form.inputs import FieldInput, OfferList, TextDialog
    from widgets.model_form.widget import ModelForm

    tables_and_lines = (LiveTable, BlockBars, LineView, LogView, DiffView, FilterBar, Confirm)
    dialogs = (SortDialog, CommandBar, DescribeDialog)
    widgets = (
        *tables_and_lines,
        *dialogs,
        Graphs,
        ModelForm,
        FieldInput,
        OfferList,
        TextDialog,
        LineForm,
        WherePane,
        EntryBar,
        SourcesDialog,
    )
    made = [binding for widget in widgets for binding in widget.BINDINGS]
    return {binding.id for binding in made if isinstance(binding, Binding) and binding.id}


def checked_keys(keys: Mapping[str, str]) -> tuple[dict[str, str], list[Finding]]:
    """A person's keys by action id → those that can be used, and what is wrong with the rest.

    Textual takes unknown ids and lets one key silently shadow another, so both are checked here.
    """
    good, findings = dict(keys), []
    if not keys:
        return good, []
    known = {*ACTIONS, *_widget_ids()}
    for id_ in keys:
        if id_ not in known:
            close = difflib.get_close_matches(id_, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else "see docs/keys.md for their names"
            findings.append(Finding(f"keys.{id_}", "is no action", hint, "warning"))
            del good[id_]
    # A table takes its own keys first, and two keys of the person may be the same.
    owners = {key: f"table {name}" for key, name in _table_keys() if f"table.{name}" not in good}
    for id_, action in ACTIONS.items():
        if id_ not in good:
            owners.update(dict.fromkeys(action.keys.split(","), action.name))
    for id_, wanted in [(id_, wanted) for id_, wanted in good.items() if id_ in ACTIONS]:
        taken = [key for key in wanted.split(",") if owners.get(key, ACTIONS[id_].name) != ACTIONS[id_].name]
        if taken:
            problem = f"{taken[0]!r} is the key of {owners[taken[0]]!r} already"
            findings.append(Finding(f"keys.{id_}", problem, "choose another key for one of them", "warning"))
            del good[id_]
        else:
            owners.update(dict.fromkeys(wanted.split(","), ACTIONS[id_].name))
    return good, findings


def _table_keys() -> Iterator[tuple[str, str]]:
    for binding in LiveTable.BINDINGS:
        if isinstance(binding, Binding) and binding.id:
            for key in binding.key.split(","):
                yield key, binding.id.removeprefix("table.")
