"""Verbs about how hosts are reached: whose key is trusted, and what is wrong with one."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from app.cli.command import Call, Command
from app.cli.outcome import DONE, FAILED, is_terminal
from app.hosts.ssh.keys import HostKey
from app.model.errors import MoorageError
from app.model.host_requests import DoctorRequest, TrustHostKeyRequest
from app.model.safe_text import safe_line
from app.operations.deeds import command_of, keep_deed
from app.operations.doctor import doctor
from app.operations.trust import trust_host_key


def _trust(call: Call) -> int:
    shape = trust_host_key(call.request, lambda keys: _agreed(call.request.endpoint, keys))
    told = shape["hostKey"]
    if told["status"] == "ADDED":
        added = ", ".join(key["fingerprint"] for key in told["fingerprints"])
        command = command_of("trust-host-key", call.request)
        keep_deed(call.session, "trust-host-key", f"{told['endpoint']}: {added}", command)
    call.show(shape)
    return DONE


def _agreed(endpoint: str, keys: Sequence[HostKey]) -> bool:
    """Ask on the terminal. stdout is left to the response."""
    if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        raise MoorageError(
            "who agrees? This needs a terminal, or --fingerprint SHA256:… as whoever runs the host has told it;"
            f" it shows {', '.join(key.fingerprint for key in keys)}"
        )
    lines = [
        f"{safe_line(endpoint)} has these keys, as they came over the network just now:",
        *(f"  {key.kind:<8}{key.fingerprint}" for key in keys),
        "Compare one with what the host itself says: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub there.",
        "Are they the host's? Type yes: ",
    ]
    print("\n".join(lines), end="", file=sys.stderr, flush=True)
    return sys.stdin.readline(100).strip().lower() == "yes"


def _doctor(call: Call) -> int:
    shape = doctor(call.session, call.request)
    call.show(shape)
    return FAILED if any(check["status"] == "failed" for check in shape["checks"]) else DONE


COMMANDS = {
    "trust-host-key": Command(TrustHostKeyRequest, _trust, "endpoint"),
    "doctor": Command(DoctorRequest, _doctor),
}
