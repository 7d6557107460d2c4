"""Draining an engine for a cluster: writing its record, and taking it away (see ``app.model.drain``)."""

from __future__ import annotations

from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.reading import drains_from
from app.hosts.records import drain_labels
from app.model.drain import LONGEST_REASON, DrainMark, drain_name
from app.model.safe_text import safe_line


def write_drain(engine: Engine, cluster: str, by: str, reason: str) -> tuple[DrainMark, bool]:
    """Drain the engine; the mark that is there now, and whether it is this one: the first writer wins.

    Raises HostError; conflict: something that is no record of ours has its name.
    """
    mark = DrainMark(drain_name(cluster), safe_line(by), engine.now(), safe_line(reason[:LONGEST_REASON]))
    labels = drain_labels(mark, cluster)
    volume = engine.create_volume(mark.name, labels)
    found = drains_from([volume])
    if not found:
        raise HostError(
            f"a volume that is no record of Moorage's is in the way; to remove it: docker volume rm {mark.name}",
            "conflict",
        )
    return found[0], volume.get("Labels") == labels


def remove_drain(engine: Engine, cluster: str) -> DrainMark | None:
    """Take the cluster's mark away, if there is one; returns it. Raises HostError."""
    name = drain_name(cluster)
    try:
        found = drains_from([engine.volume(name)])
    except HostError as error:
        if error.kind != "not-found":
            raise
        return None
    if not found:
        return None
    engine.remove_volume(name)
    return found[0]
