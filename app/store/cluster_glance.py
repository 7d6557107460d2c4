"""What the cluster files say, read without pydantic, for the very first frame: it takes as long as that frame may.

A hint: whatever is not as it should be is left out here, and told by ``ClusterStore`` a moment later.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.model.endpoint import TlsFiles
from app.model.errors import MoorageError
from app.model.instance import Instance, InstanceKey
from app.model.safe_text import safe_line
from app.store.clusters import SUFFIX, ClusterStore
from app.store.home import Home
from app.store.reading import read_file
from app.store.toml_text import MAX_BYTES, parse_toml


def glance_at_clusters(home: Home) -> tuple[list[str], list[Instance]]:
    """Names of ACTIVE clusters and of those that cannot be read at a glance, and the instances of the former."""
    names: list[str] = []
    instances: list[Instance] = []
    for name in ClusterStore(home).names():
        try:
            document = parse_toml(read_file(home.clusters / f"{name}{SUFFIX}", MAX_BYTES), name).values
            found = _instances(name, document)
        except (MoorageError, OSError, LookupError, TypeError, ValueError):
            found = []
        else:
            if document.get("status", "ACTIVE") != "ACTIVE":
                continue
        names.append(name)
        instances += found
    return names, instances


def _instances(cluster: str, document: Mapping[str, Any]) -> list[Instance]:
    return [_instance(cluster, entry) for entry in document.get("instance", ())]


def _instance(cluster: str, entry: Mapping[str, Any]) -> Instance:
    registered_at, status = entry["registered_at"], entry.get("status", "ACTIVE")
    if not isinstance(registered_at, datetime) or status not in ("ACTIVE", "DRAINING"):
        raise ValueError("to be told by who reads it in earnest")
    files = [safe_line(entry.get(member, "")) for member in ("ca", "cert", "key", "tls_name")]
    return Instance(
        key=InstanceKey(cluster, safe_line(entry["name"])),
        id=safe_line(entry["id"]),
        endpoint=safe_line(entry["endpoint"]),
        status=status,
        registered_at=registered_at,
        reserved_memory=int(entry.get("reserved_memory", 0)),
        drain_recorded=entry.get("drain_recorded") is True,
        drain_reason=safe_line(entry.get("drain_reason", "")),
        tls=TlsFiles(*files) if any(files) else None,
        insecure=entry.get("insecure") is True,
    )
