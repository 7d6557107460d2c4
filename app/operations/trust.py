"""The key of a host that is reached by SSH becomes known: only a person, or a fingerprint that one gave, says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from app.hosts.endpoint import parse_endpoint, ssh_target
from app.hosts.ssh.keys import HostKey, add_keys, fetch_keys, is_known, known_hosts_file
from app.model.errors import MoorageError
from app.model.host_requests import TrustHostKeyRequest

Agree = Callable[[Sequence[HostKey]], bool]
"""Whether these keys, as they came over the network, are the host's."""


def trust_host_key(request: TrustHostKeyRequest, agree: Agree) -> dict[str, Any]:
    """Add a host's keys to the person's known_hosts. A key that has changed is never replaced.

    Returns:
        ``hostKey``: ``endpoint``, ``status`` KNOWN (nothing was to do) or ADDED, ``file``, ``fingerprints``.

    Raises:
        MoorageError: it does not answer, has another key than is known, or nobody agreed.
    """
    endpoint = parse_endpoint(request.endpoint)
    if not endpoint.is_ssh:
        raise MoorageError(
            f"{endpoint.url} is not reached by SSH; give --endpoint ssh://USER@HOST", code="InvalidParameterException"
        )
    target = ssh_target(endpoint)
    file = known_hosts_file(target)
    if is_known(target):
        keys = fetch_keys(target)
        _same(request.fingerprint, keys)
        return _shape(endpoint.url, "KNOWN", str(file), keys)
    keys = fetch_keys(target)
    chosen = _same(request.fingerprint, keys)
    if not request.fingerprint and not agree(keys):
        raise MoorageError(f"the keys of {endpoint.url} were not added: nobody said yes")
    add_keys(file, chosen)
    if not is_known(target):
        raise MoorageError(
            f"ssh does not take the key that was added to {file}; see what it says: ssh -v {target.host}"
        )
    return _shape(endpoint.url, "ADDED", str(file), chosen)


def _same(wanted: str, keys: Sequence[HostKey]) -> Sequence[HostKey]:
    """Those with the fingerprint; all when none was given. Raises MoorageError when it is nobody's."""
    if not wanted:
        return keys
    found = [key for key in keys if key.fingerprint == wanted.rstrip("=")]
    if not found:
        shown = ", ".join(f"{key.fingerprint} ({key.kind})" for key in keys)
        raise MoorageError(f"no key of the host has the fingerprint {wanted}; it has: {shown}; ask who runs the host")
    return found


def _shape(endpoint: str, status: str, file: str, keys: Sequence[HostKey]) -> dict[str, Any]:
    told = [{"type": key.kind, "fingerprint": key.fingerprint} for key in keys]
    return {"hostKey": {"endpoint": endpoint, "status": status, "file": file, "fingerprints": told}}
