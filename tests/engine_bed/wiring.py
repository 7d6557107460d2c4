"""Engines that reach each other, as hosts of one rack do: a swarm of them, say."""

from __future__ import annotations

from tests.engine_bed.daemon import Daemon, DaemonError

_SUBNET = "10.99.0"
_COMMANDS = (
    ("ip", "link", "add", "rack0", "type", "bridge"),
    ("ip", "addr", "add", f"{_SUBNET}.1/24", "dev", "rack0"),
    ("ip", "link", "set", "rack0", "up"),
)


def wire(*daemons: Daemon) -> list[str]:
    """Put engines on one network and return their addresses, in that order.

    The bridge stands on the first one's machine, and ends with it: nothing is left that would have to be taken away.
    Others are reached by the first and reach it; not one another, because dockerd forwards nothing between them.
    """
    first, *others = daemons
    for command in _COMMANDS:
        _inside(first, *command)
    addresses = [f"{_SUBNET}.1"]
    for number, other in enumerate(others, 2):
        init = str(other.machine.init)
        _inside(first, "ip", "link", "add", f"rack{number}", "master", "rack0", "type", "veth", "peer", "name", "wire0")
        # From out here: the machine's own process table does not know the other's.
        _outside(first, "ip", "link", "set", "wire0", "netns", init)
        _inside(first, "ip", "link", "set", f"rack{number}", "up")
        _inside(other, "ip", "addr", "add", f"{_SUBNET}.{number}/24", "dev", "wire0")
        _inside(other, "ip", "link", "set", "wire0", "up")
        addresses.append(f"{_SUBNET}.{number}")
    return addresses


def _inside(daemon: Daemon, *argv: str) -> None:
    _outside(daemon, *argv)


def _outside(daemon: Daemon, *argv: str) -> None:
    done = daemon.run_in_netns(argv)
    if done.returncode:
        raise DaemonError(f"{' '.join(argv)} on {daemon.name}: {done.stderr.strip()}")
