"""What a first look at an engine brought, as updates of the fleet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from app.hosts.documents import document
from app.hosts.errors import HostError
from app.hosts.labels import parse_time
from app.hosts.reading import container_from_list, drains_from, engine_info, records_from
from app.model.container import Container
from app.model.instance import InstanceKey
from app.model.update import HostRead, HostUpdate, InfoRead

_SAME_CLOCK: Final = timedelta(seconds=1)
_TOLD_BY_LIST: Final = frozenset({"running", "paused"})


def updates(key: InstanceKey, answers: Mapping[str, bytes]) -> list[HostUpdate]:
    """All of an engine by its answers to ``containers``, ``volumes``, ``info`` and ``version``, or nothing."""
    try:
        told = {what: _document(answers[what]) for what in ("containers", "volumes", "info", "version")}
        info = told["info"]
        containers = [container_from_list(entry) for entry in told["containers"]]
        volumes = told["volumes"].get("Volumes") or ()
        records, drains = records_from(volumes), drains_from(volumes)
        read = engine_info(info, told["version"])
    except (HostError, LookupError, TypeError, ValueError, AttributeError, RecursionError):
        return []
    untold = _untold(containers)
    return [
        InfoRead(key, read, _clock_offset(str(info.get("SystemTime", "")))),
        HostRead(
            key,
            tuple(one for one in containers if one.tag is None or one.tag.task_id not in untold),
            tuple(record for record in records if record.task_id not in untold),
            tuple(drains),
        ),
    ]


def _clock_offset(told: str) -> timedelta:
    """A socket may lead to another machine; a clock of this one differs by what the answer took."""
    try:
        offset = parse_time(told) - datetime.now(UTC)
    except ValueError:
        return timedelta(0)
    return offset if abs(offset) > _SAME_CLOCK else timedelta(0)


def _untold(containers: Sequence[Container]) -> frozenset[str]:
    """Tasks of which the list does not tell everything: how a container ended, and when."""
    return frozenset(one.tag.task_id for one in containers if one.tag is not None and one.state not in _TOLD_BY_LIST)


def _document(answer: bytes) -> Any:
    """The JSON of an answer. Raises ValueError, and HostError."""
    head, _, body = answer.partition(b"\r\n\r\n")
    words = head.split(None, 2)
    if len(words) < 2 or words[1] != b"200" or b"chunked" in head.lower():
        raise ValueError("no answer to use")
    return document(body)
