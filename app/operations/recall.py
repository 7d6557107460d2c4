"""Finding in the history what no host has any more."""

from __future__ import annotations

from datetime import datetime

from app.model.errors import MoorageError
from app.model.ids import short_id
from app.model.safe_text import SafeText
from app.operations.session import Session
from app.store.history import HistoryStore
from app.store.past_task import PastTask


def recall(session: Session, cluster: str, name: str) -> tuple[PastTask | None, str]:
    """The task of a cluster that the history knows by an ARN, an id, or the start of an id, and what is wrong with it.

    Returns:
        (None, "") when it knows none; the text is a problem with the history's file, "" when there is none.

    Raises:
        MoorageError: several begin so.
    """
    store = HistoryStore(session.home)
    try:
        found = [task for task in store.find(short_id(name)) if task.cluster == cluster]
    except MoorageError as error:
        return None, error.message
    if len(found) > 1:
        ids = ", ".join(task.id[:12] for task in found[:5])
        raise MoorageError(
            f"task {short_id(name)!r} is not clear: the history has {ids}; give more of its id",
            code="InvalidParameterException",
        )
    return (found[0] if found else None), "; ".join(store.take_warnings())


def recall_ids(
    session: Session, cluster: str, family: str, started_by: str, instance: str
) -> tuple[list[tuple[datetime, SafeText]], str]:
    """(created at, id) of a cluster's tasks that the history knows, and what is wrong with it. "": any."""
    store = HistoryStore(session.home)
    try:
        found = store.ids(cluster, family, started_by, instance)
    except MoorageError as error:
        return [], error.message
    return found, "; ".join(store.take_warnings())
