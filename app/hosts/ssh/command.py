"""The ``ssh`` of this machine, and what it is called with: the person's configuration, agent and jump hosts count."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from app.hosts.endpoint import SshTarget
from app.hosts.errors import HostError

CONNECT_SECONDS: Final = 5
"""For the connection and SSH's own greeting; a jump host has the same again."""
_SILENT_SECONDS, _SILENCES = 3, 2
"""A peer that is silent for so long, so many times, is given up: as a host that does not answer a ping."""

# First come counts with ssh: what stands here goes before the person's configuration, all else is theirs.
_ALWAYS: Final = (
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    f"ConnectTimeout={CONNECT_SECONDS}",
    f"ServerAliveInterval={_SILENT_SECONDS}",
    f"ServerAliveCountMax={_SILENCES}",
    "ExitOnForwardFailure=yes",
    "StreamLocalBindUnlink=yes",
    "StreamLocalBindMask=0177",
    # A master of the person's would take the forwarding over, and keep it when we are gone.
    "ControlMaster=no",
    "ControlPath=none",
    "PermitLocalCommand=no",
    # Why a channel could not be opened is told at this level, and at none below.
    "LogLevel=INFO",
)
_COMMAND: Final = (
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    f"ConnectTimeout={CONNECT_SECONDS}",
    "ControlMaster=no",
    "ControlPath=none",
    "PermitLocalCommand=no",
    "RemoteCommand=none",
    "ClearAllForwardings=yes",
    "LogLevel=INFO",
)


def ssh_program(name: str = "ssh") -> str:
    """Where a program of OpenSSH is, as an absolute path. Raises HostError that says how to get it."""
    found = shutil.which(name)
    if found is None:
        raise HostError(f"{name} is not installed here; install OpenSSH's client (openssh-client)", "unreachable")
    return str(Path(found).absolute())


def tunnel_argv(target: SshTarget, socket: str) -> list[str]:
    """What forwards ``socket``, a name in the current folder, to the engine's. Raises HostError: there is no ssh.

    A relative path: ``-L`` knows ``:``, ``%`` and ``$`` in it, and a person's folders may have any of them.
    """
    options = [word for option in _ALWAYS for word in ("-o", option)]
    forward = ["-L", f"./{socket}:{target.socket}"]
    return [ssh_program(), "-nNT", "-a", "-x", *options, *forward, *_destination(target)]


def command_argv(target: SshTarget, *command: str, options: Sequence[str] = ()) -> list[str]:
    """What runs a command over there. A shell reads it: only words that mean nothing to one may be given.

    ``options``: of ``-o``, before all others. Raises HostError: there is no ssh.
    """
    words = [word for option in (*options, *_COMMAND) for word in ("-o", option)]
    return [ssh_program(), "-nT", "-a", "-x", *words, *_destination(target), *command]


def configuration_argv(target: SshTarget) -> list[str]:
    """What prints how ssh would go to a host. Raises HostError: there is no ssh."""
    return [ssh_program(), "-G", *_destination(target)]


def ssh_environment() -> dict[str, str]:
    """Ours, in which nothing asks for a password in a window of its own."""
    return {**os.environ, "SSH_ASKPASS_REQUIRE": "never"}


def _destination(target: SshTarget) -> list[str]:
    user = ["-l", target.user] if target.user else []
    port = ["-p", str(target.port)] if target.port else []
    return [*user, *port, "--", target.host]
