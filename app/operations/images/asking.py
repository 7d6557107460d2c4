"""The same question to many instances at once, each with a deadline: what they say, and why others do not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from app.model.errors import MoorageError
from app.model.instance import Instance, InstanceKey
from app.model.safe_text import SafeText, safe_line

T = TypeVar("T")


@dataclass(slots=True)
class Answers(Generic[T]):
    """``told``: by instance, in the order in which they were asked; ``failures``: why there is no answer."""

    told: dict[InstanceKey, T] = field(default_factory=dict)
    failures: dict[InstanceKey, SafeText] = field(default_factory=dict)


def ask_each(instances: Iterable[Instance], question: Callable[[Instance], T], within: float) -> Answers[T]:
    """Ask all in threads of their own; who has not answered ``within`` seconds has failed. Raises nothing of theirs."""
    asked = list(instances)
    told: dict[InstanceKey, T] = {}
    failures: dict[InstanceKey, SafeText] = {}

    def ask(instance: Instance) -> None:
        try:
            told[instance.key] = question(instance)
        except MoorageError as error:
            failures[instance.key] = safe_line(error.message)

    threads = [threading.Thread(target=ask, args=(one,), name=f"ask-{one.key.name}", daemon=True) for one in asked]
    for thread in threads:
        thread.start()
    until = time.monotonic() + within
    for thread in threads:
        thread.join(max(until - time.monotonic(), 0))
    came, silent = dict(told), safe_line(f"no answer within {within:g} s")
    keys = [instance.key for instance in asked]
    return Answers(
        {key: came[key] for key in keys if key in came},
        {key: failures.get(key, silent) for key in keys if key not in came},
    )
