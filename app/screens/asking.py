"""Questions before something is changed: from a key of a screen, and from an operation that goes on in a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from app.operations.policy import Ask, Question
from widgets.confirm import Confirm

if TYPE_CHECKING:
    from app.screens.desk import Desk
    from app.screens.frame import FrameScreen


def clusters_read_only(desk: Desk, clusters: Iterable[str]) -> list[str]:
    return sorted(name for name in set(clusters) if desk.session.policies.of(name).read_only)


def read_only_words(clusters: Sequence[str]) -> str:
    """Why a key does nothing, and what may be done about it."""
    which = f"cluster {clusters[0]} is" if len(clusters) == 1 else f"clusters {', '.join(clusters)} are"
    return f"Nothing is changed: {which} read-only; moorage update-cluster --cluster {clusters[0]} --policy free"


def name_to_type(desk: Desk, clusters: Iterable[str]) -> str:
    """The names of those clusters that want theirs typed, "" when none does."""
    return " ".join(sorted(name for name in set(clusters) if desk.session.policies.of(name).policy == "type-name"))


def wants_a_yes(desk: Desk, clusters: Iterable[str]) -> bool:
    """Does one of the clusters want a yes before any change?"""
    return any(desk.session.policies.of(name).policy in ("confirm", "type-name") for name in set(clusters))


def ask(
    screen: FrameScreen,
    clusters: Sequence[str],
    title: str,
    lines: Sequence[str],
    do: Callable[[], object],
    *,
    action: str,
    danger: bool = True,
) -> None:
    """Do something once somebody has said yes, as the clusters want it; in a read-only one say that it is not done."""
    if locked := clusters_read_only(screen.desk, clusters):
        screen.say(read_only_words(locked), bad=True)
        return

    def answered(yes: bool | None) -> None:
        if yes:
            do()

    name = name_to_type(screen.desk, clusters)
    screen.app.push_screen(Confirm(title, lines, action=action, danger=danger, type_name=name), answered)


def ask_from_threads(
    push: Callable[[Confirm, Callable[[bool | None], None]], object], post: Callable[..., None]
) -> Ask:
    """The session's way to ask. Screens ask before they change a cluster; what an operation finds is asked here.

    Args:
        push: shows a question, on the screen's thread; ``post`` makes a call there.
    """
    screens = threading.get_ident()

    def asked(question: Question) -> bool:
        if question.about == "change":
            return True
        if threading.get_ident() == screens:  # nobody could answer
            return False
        answer: list[bool] = []
        over = threading.Event()

        def take(yes: bool | None) -> None:
            answer.append(bool(yes))
            over.set()

        lines = [*question.lines, "", "Whoever is in it may have more of the host than the task."]
        dialog = Confirm(f"{question.title}", lines, action="Go on", type_name=question.type_name)
        post(lambda: push(dialog, take))
        over.wait()
        return answer == [True]

    return asked
