"""Schedulers that an installed Python package brings, as entry points of the group ``moorage.schedulers``.

Such a scheduler is ``place(request) -> answer`` with the documents of a program. It is loaded only when it is chosen by
its name, and runs in this process: unlike a program it can't be ended.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from app.model.errors import MoorageError
from app.model.names import SCHEDULER_NAME
from app.placement.external import fault

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "moorage.schedulers"
TIME_LIMIT = 1.0
LOAD_LIMIT = 10.0
"""Seconds; the first import of a package takes its time."""


def find_plugins() -> dict[str, EntryPoint]:
    """The entry points by name; nothing is loaded. Those with a name that no scheduler can have are left out.

    Of two with the same name the first on Python's path counts. A package that is damaged hides no other.
    """
    # Here: its import is dear, and most calls need no plug-in.
    from importlib.metadata import distributions

    found: dict[str, EntryPoint] = {}
    for package in distributions():
        with contextlib.suppress(Exception):  # its files may hold anything
            for point in package.entry_points.select(group=GROUP):
                if SCHEDULER_NAME.fullmatch(point.name):
                    found.setdefault(point.name, point)
    return found


def ask_plugin(
    name: str,
    point: EntryPoint,
    document: Mapping[str, Any],
    time_limit: float = TIME_LIMIT,
    load_limit: float = LOAD_LIMIT,
) -> Any:
    """What the entry point's callable returns for the document, as a JSON value. The limits are in seconds.

    Raises MoorageError in one line, whatever the plug-in raises, and when it takes too long.
    """
    where = f"its entry point {point.value}"
    place = _within(load_limit, point.load, name, f"could not be loaded from {where}")
    if not callable(place):
        raise fault(name, f"cannot be asked: {where} is not callable")
    # What it returns may be of any class: its code is over when there are plain values only.
    return _within(time_limit, lambda: json.loads(json.dumps(place(document))), name, f"failed in {where}")


def _within(limit: float, work: Callable[[], Any], name: str, failed: str) -> Any:
    """The result of work in a thread of its own, which is left to itself when it takes too long."""
    results: list[Any] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - a plug-in may raise anything, SystemExit too
            errors.append(error)

    thread = threading.Thread(target=run, name=f"scheduler-{name}", daemon=True)
    thread.start()
    thread.join(limit)
    if results:
        return results[0]
    if errors:
        raise _told(name, failed, errors[0])
    raise fault(name, f"did not answer within {limit:g} s; it cannot be ended, and may go on in the background")


def _told(name: str, failed: str, error: BaseException) -> MoorageError:
    try:
        words = str(error)
    except Exception:  # noqa: BLE001 - even that is the plug-in's code
        words = ""
    return fault(name, failed, f"{type(error).__name__}: {words}" if words else type(error).__name__)
