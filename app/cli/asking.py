"""Questions of operations, answered by ``--yes`` or by whoever sits at the terminal. Anywhere else the answer is no."""

from __future__ import annotations

import argparse
import contextlib
import sys
import termios

from app.cli.arguments import Parser
from app.cli.outcome import complain, is_terminal
from app.model.errors import UsageError
from app.operations.policy import Question
from app.operations.session import Session

ASKING = frozenset({
    "attach", "build", "copy-image", "delete-attributes", "delete-cluster", "deploy", "deregister-container-instance",
    "down", "execute-command", "import-contexts", "prune-images", "pull", "push", "put-attributes",
    "register-container-instance", "remove-image", "run-task", "start-task", "stop-task", "tag", "up",
    "update-cluster", "update-container-instance", "update-container-instances-state",
})  # fmt: skip
"""Verbs that change a cluster, or what runs in it."""
_GIVEN = "yes_to"
_MOST_LINES = 40


def add_yes(parser: Parser) -> None:
    """``--yes``, and ``--yes NAME`` where the cluster's name has to be typed."""
    parser.add_argument(
        "--yes",
        dest=_GIVEN,
        nargs="?",
        const="",
        default=None,
        metavar="CLUSTER",
        help="Say yes beforehand where a cluster's policy asks; with its name, where that has to be typed.",
    )


class Asked:
    """Answers for one call of a verb. What was answered once is not asked again."""

    def __init__(self, yes: str | None) -> None:
        """``yes``: what ``--yes`` said; "" without a name, None without the flag."""
        self._yes = yes
        self._agreed: set[tuple[str, str, tuple[str, ...]]] = set()

    def __call__(self, question: Question) -> bool:
        # One verb is one change, however many steps it has; what a container reaches is another thing each time.
        key = (question.about, question.cluster, question.lines if question.about == "dangerous" else ())
        if key in self._agreed:
            return True
        if self._yes is not None:
            agreed = self._by_flag(question)
        else:
            agreed = is_terminal(sys.stdin) and is_terminal(sys.stderr) and _typed(question)
        if agreed:
            self._agreed.add(key)
        return agreed

    def _by_flag(self, question: Question) -> bool:
        assert self._yes is not None
        if self._yes and self._yes != question.cluster:
            raise UsageError(f"--yes {self._yes!r}: the cluster is {question.cluster!r}; a --yes without it goes last")
        if question.about == "dangerous":
            _tell(question)
        return not question.type_name or self._yes == question.type_name


def answer_by(session: Session, options: argparse.Namespace) -> None:
    """Have the session's operations ask here."""
    session.ask = Asked(getattr(options, _GIVEN, None))


def _tell(question: Question) -> None:
    complain(question.title)
    for line in question.lines[:_MOST_LINES]:
        complain(f"  {line}")
    if len(question.lines) > _MOST_LINES:
        complain(f"  and {len(question.lines) - _MOST_LINES} more")


def _typed(question: Question) -> bool:
    """Ask on stderr: stdout belongs to the answer of the verb."""
    _tell(question)
    wanted = f"type {question.type_name} to go on: " if question.type_name else "go on? [y/N] "
    with contextlib.suppress(termios.error, OSError, ValueError):
        # What was typed before the question could be seen is no answer to it.
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
    sys.stderr.write(f"moorage: {wanted}")
    sys.stderr.flush()
    answer = sys.stdin.readline().strip()
    return answer == question.type_name if question.type_name else answer.lower() in ("y", "yes")
