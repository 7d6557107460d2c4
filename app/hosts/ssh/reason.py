"""Why ``ssh`` could not do it: what it wrote to stderr, told in one line with the remedy. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from app.hosts.endpoint import SshTarget
from app.model.safe_text import safe_line

_LONGEST_LINE: Final = 300
_CHANNEL_REFUSED: Final = re.compile(r"open failed: ")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_BEHIND_A_JUMP: Final = re.compile(r"kex_exchange_identification|UNKNOWN port 65535")
_NAME = r"(?P<name>\[[^\]\s]+\]:\d+|\S+)"


class _Case(NamedTuple):
    """``words``: of the match in all that was written, and where it was to go."""

    pattern: re.Pattern[str]
    words: Callable[[re.Match[str], SshTarget], str]


def ssh_reason(lines: Sequence[str], target: SshTarget) -> str:
    """One line with the remedy; "" when nothing was written."""
    text = "\n".join(lines)
    for case in _CASES:
        found = case.pattern.search(text)
        if found is not None:
            return safe_line(case.words(found, target))
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return safe_line(f"ssh: {last[:_LONGEST_LINE].removeprefix('ssh: ')}") if last else ""


def is_refused_channel(line: str) -> bool:
    """Whether ssh says that the host would not open the engine's socket, while the tunnel itself stands."""
    return _CHANNEL_REFUSED.search(line) is not None


def is_login_refused(lines: Sequence[str]) -> bool:
    """Whether the host would not let us in. Who tries that again and again is shut out by many a host."""
    return any("Permission denied (" in line or "Too many authentication failures" in line for line in lines)


def is_unknown_key(lines: Sequence[str]) -> bool:
    return any(_UNKNOWN.search(line) for line in lines)


def is_unknown_of_jump(lines: Sequence[str]) -> bool:
    """Whether the unknown key is that of a host on the way."""
    return is_unknown_key(lines) and any(_BEHIND_A_JUMP.search(line) for line in lines)


def is_changed_key(lines: Sequence[str]) -> bool:
    return any(_CHANGED.search(line) or _REVOKED.search(line) for line in lines)


def place(target: SshTarget) -> str:
    """The endpoint as it is typed."""
    user = f"{target.user}@" if target.user else ""
    host = f"[{target.host}]" if ":" in target.host else target.host
    return f"ssh://{user}{host}{f':{target.port}' if target.port else ''}"


_UNKNOWN: Final = re.compile(rf"host key is known for {_NAME} and you have requested strict")
_CHANGED: Final = re.compile(rf"[Hh]ost key for {_NAME} has changed")
_OFFENDING: Final = re.compile(r"(?m)^Offending .*key in (?P<file>[^\n]+):\d+")
_REVOKED: Final = re.compile(rf"[Hh]ost key (?:for {_NAME} )?.*(?:was|is marked as) revoked")


def _unknown(found: re.Match[str], target: SshTarget) -> str:
    name = found["name"].rstrip(".")
    endpoint = place(target)
    if _BEHIND_A_JUMP.search(found.string):
        host, _, port = name.removeprefix("[").partition("]:")
        endpoint = f"ssh://{host}{f':{port}' if port else ''}" if _PLAIN.fullmatch(host) else "ssh://…"
    return f"the host key of {name} is not known here; moorage trust-host-key --endpoint {endpoint} shows and adds it"


def _changed(found: re.Match[str], target: SshTarget) -> str:
    name, offending = found["name"], _OFFENDING.search(found.string)
    # A host may write such lines itself, and people paste what they read.
    file = f"-f {shlex.quote(offending['file'])} " if offending else ""
    return (
        f"the host key of {name} has CHANGED: somebody may stand in between; ask who runs it, and only if it is right:"
        f" ssh-keygen {file}-R {shlex.quote(name)}, then moorage trust-host-key --endpoint {place(target)}"
    )


def _revoked(_: re.Match[str], target: SshTarget) -> str:
    return f"the host key of {target.host} is marked as revoked here; ask who runs the host for its new one"


def _denied(found: re.Match[str], target: SshTarget) -> str:
    user = f"-l {target.user} " if target.user else ""
    return (
        f"SSH does not let us in: {found[0].strip()}; load your key with ssh-add, or name it in ~/.ssh/config"
        f" (IdentityFile); this has to work: ssh -o BatchMode=yes {user}{target.host}"
    )


def _too_many(_: re.Match[str], target: SshTarget) -> str:
    return (
        f"{target.host} was offered too many keys; give it IdentityFile and IdentitiesOnly yes in ~/.ssh/config"
        " (Too many authentication failures)"
    )


def _open_key(found: re.Match[str], _: SshTarget) -> str:
    return f"the key {found['file']} can be read by others, so ssh does not use it; run chmod 600 on it"


def _prohibited(_: re.Match[str], target: SshTarget) -> str:
    return (
        f"the sshd of {target.host} does not forward sockets (administratively prohibited); it needs"
        " AllowStreamLocalForwarding yes, and a key without restrict in authorized_keys"
    )


def _no_socket(_: re.Match[str], target: SshTarget) -> str:
    user = target.user or "your user there"
    return (
        f"SSH reaches {target.host}, but not {target.socket} there: does Docker run, may {user} use the socket"
        f" (usermod -aG docker), does sshd allow it (AllowStreamLocalForwarding)?"
    )


def _unresolved(_: re.Match[str], target: SshTarget) -> str:
    return f"the name {target.host} cannot be resolved; correct it, or give it a HostName in ~/.ssh/config"


def _refused(_: re.Match[str], target: SshTarget) -> str:
    return f"{target.host} refuses connections to its SSH port; does sshd run there, and is the port right?"


def _no_route(found: re.Match[str], target: SshTarget) -> str:
    return f"there is no way to {target.host}: {found[0].lower()}; check the network, a VPN, or the address"


def _silent_sshd(_: re.Match[str], target: SshTarget) -> str:
    return f"{target.host} takes connections, but its sshd does not answer; the host hangs or is overloaded"


def _timed_out(_: re.Match[str], target: SshTarget) -> str:
    return f"no answer from {target.host} to SSH; is it up, and does its firewall let SSH in?"


def _went_silent(_: re.Match[str], target: SshTarget) -> str:
    return f"SSH to {target.host} went silent"


def _closed(_: re.Match[str], target: SshTarget) -> str:
    return (
        f"{target.host} closed the connection before SSH began; is that an SSH port, and does sshd take more"
        " connections (MaxStartups)?"
    )


def _configuration(found: re.Match[str], _: SshTarget) -> str:
    return f"ssh does not take its configuration: {found[0][:_LONGEST_LINE]}"


def _forwarding(found: re.Match[str], _: SshTarget) -> str:
    return (
        f"ssh could not make a forwarding: {found[0].strip()[:_LONGEST_LINE]}; if ~/.ssh/config has a LocalForward for"
        " this host, use an alias of it that has none"
    )


_CASES: Final = tuple(
    _Case(re.compile(pattern) if isinstance(pattern, str) else pattern, words)
    for pattern, words in (
        (_CHANGED, _changed),
        (_REVOKED, _revoked),
        (_UNKNOWN, _unknown),
        ("Too many authentication failures", _too_many),
        (r"Permissions \d+ for '(?P<file>[^'\n]+)' are too open", _open_key),
        (r"Permission denied \([^)\n]*\)", _denied),
        ("open failed: administratively prohibited", _prohibited),
        ("(?m)^channel .*open failed: ", _no_socket),
        ("Could not resolve hostname", _unresolved),
        ("Connection refused", _refused),
        ("No route to host|Network is unreachable|Host is down", _no_route),
        ("timed out during banner exchange", _silent_sshd),
        ("timed out|Operation timed out", _timed_out),
        ("Timeout, server .* not responding", _went_silent),
        (r"(?m)^.*(?:cannot bind to|Could not request local forwarding|Address already in use).*$", _forwarding),
        (r"(?m)^\S.* line \d+: .+$", _configuration),
        ("kex_exchange_identification|Connection (?:closed|reset) by", _closed),
    )
)
