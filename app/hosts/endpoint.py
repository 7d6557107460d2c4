"""Endpoints: how an engine is reached: a unix socket, TCP with TLS, TCP as it is, or a tunnel of SSH.

What is refused here is never tried: each refusal names the remedy.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from app.model.endpoint import Endpoint, TlsFiles
from app.model.errors import MoorageError

__all__ = [
    "Endpoint", "SshTarget", "TlsFiles", "checked", "files_in", "local_endpoint", "parse_endpoint", "ssh_target",
]  # fmt: skip

DEFAULT_SOCKET: Final = "/var/run/docker.sock"
_SOCKET_PATH_LIMIT = 107
"""Bytes that fit into sockaddr_un."""
_SSH: Final = re.compile(
    r"ssh://(?:(?P<user>[A-Za-z0-9_][A-Za-z0-9._-]{0,63})@)?"
    r"(?:(?P<host>[A-Za-z0-9_][A-Za-z0-9._-]{0,252})|\[(?P<v6>[0-9A-Fa-f:.]{2,45})\])"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<socket>/[A-Za-z0-9._/@+-]*)?"
)
"""Names that no shell, no option parser and no token of ssh's configuration sees anything else in (CVE-2023-51385).

The same goes for the path: ``-L`` knows ``:``, ``%`` and ``$`` in it.
"""


class SshTarget(NamedTuple):
    """``user`` "" and ``port`` 0: as ssh's own configuration says. ``socket``: the engine's, over there."""

    user: str
    host: str
    port: int
    socket: str


def parse_endpoint(text: str, tls: TlsFiles | None = None, *, insecure: bool = False) -> Endpoint:
    """``unix:///path``, ``tcp://host:port`` or ``ssh://[user@]host[:port][/path]`` → Endpoint, written in one way.

    A bare absolute path is taken as a unix socket. ``insecure``: plain TCP to another machine is wanted; the answer
    has it only where it means something.

    Raises MoorageError (InvalidParameterException) that says what is wrong with it.
    """
    if text.startswith("/"):
        text = f"unix://{text}"
    scheme, separator, rest = text.partition("://")
    if not separator:
        raise _refused(text, "has no scheme; write unix:///var/run/docker.sock, tcp://HOST:2376 or ssh://USER@HOST")
    if tls is not None:
        if scheme != "tcp":
            raise _refused(text, "takes no TLS files; they are for tcp://HOST:PORT")
        _check_files(text, tls)
        if insecure:
            raise _refused(text, "has TLS files and is insecure at once; leave one of them out")
    if scheme == "unix":
        return _unix(text, rest)
    if scheme == "tcp":
        return _tcp(text, tls, insecure=insecure)
    if scheme == "ssh":
        return Endpoint(_ssh_url(_ssh(text)))
    if scheme in ("https", "http"):
        raise _refused(text, "is written as tcp://HOST:PORT, with --ca, --cert and --key for TLS")
    raise _refused(text, "has an unknown scheme; unix, tcp and ssh are known")


def checked(endpoint: Endpoint) -> Endpoint:
    """An endpoint as a cluster's file has it, checked. Raises MoorageError as ``parse_endpoint`` does."""
    return parse_endpoint(endpoint.url, endpoint.tls, insecure=endpoint.insecure)


def ssh_target(endpoint: Endpoint) -> SshTarget:
    """Where a tunnel leads to. Raises MoorageError when it is no endpoint of SSH."""
    return _ssh(endpoint.url)


def _unix(text: str, path: str) -> Endpoint:
    if not path.startswith("/"):
        raise _refused(text, "needs an absolute path, as in unix:///var/run/docker.sock")
    try:
        length = len(os.fsencode(path))
    except UnicodeEncodeError:
        raise _refused(text, "has a path that cannot be written") from None
    if "\0" in path:
        raise _refused(text, "has a NUL character in its path")
    if length > _SOCKET_PATH_LIMIT:
        raise _refused(text, f"has a path longer than the {_SOCKET_PATH_LIMIT} bytes that a unix socket can have")
    return Endpoint(text)


def _tcp(text: str, tls: TlsFiles | None, *, insecure: bool) -> Endpoint:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _refused(text, str(error)) from None
    if (
        not port
        or parts.path not in ("", "/")
        or parts.query
        or parts.fragment
        or parts.username is not None
        or not re.fullmatch(r"[A-Za-z0-9.:_-]+", host)
    ):
        raise _refused(text, "is not tcp://HOST:PORT")
    insecure = insecure and not _is_loopback(host)
    if tls is None and not insecure and not _is_loopback(host):
        raise _refused(
            text,
            "is plain TCP to another machine, which anyone on the way could drive; give --ca, --cert and --key for TLS,"
            f" or reach it by ssh://{host}; --insecure takes the risk",
        )
    return Endpoint(f"tcp://{f'[{host}]' if ':' in host else host}:{port}", tls, insecure)


def _check_files(text: str, tls: TlsFiles) -> None:
    for what, path in (("ca", tls.ca), ("cert", tls.cert), ("key", tls.key)):
        if path and not path.startswith(("/", "~")):
            raise _refused(text, f"has the {what} file {path!r}; write its whole path, as in /etc/docker/{what}.pem")
    if not tls.ca:
        raise _refused(text, "has no CA certificate to check the engine's by; give --ca FILE")
    if bool(tls.cert) != bool(tls.key):
        there, missing = ("cert", "key") if tls.cert else ("key", "cert")
        raise _refused(text, f"has a {there} and no {missing}; they go together: give --{missing} FILE")
    if tls.name and not re.fullmatch(r"[A-Za-z0-9.:_-]{1,253}", tls.name):
        raise _refused(text, f"has the TLS name {tls.name!r}, which is no name of a host")


def _ssh(text: str) -> SshTarget:
    found = _SSH.fullmatch(text)
    if found is None:
        raise _refused(
            text,
            "is not ssh://USER@HOST:PORT/PATH; user and host have letters, digits, dots, - and _, and begin with no -;"
            " the path of the socket has letters, digits, dots, and - _ / @ +",
        )
    host, port, socket = found["host"] or found["v6"], int(found["port"] or 0), found["socket"] or "/"
    if found["port"] and not 0 < port < 65536:
        raise _refused(text, "has a port that is none; 1 to 65535 are")
    if found["v6"]:
        try:
            ipaddress.IPv6Address(host)
        except ValueError:
            raise _refused(text, f"has no IPv6 address between its brackets: {host}") from None
    if len(socket) > _SOCKET_PATH_LIMIT:
        raise _refused(text, f"has a path longer than the {_SOCKET_PATH_LIMIT} bytes that a unix socket can have")
    return SshTarget(found["user"] or "", host, port, DEFAULT_SOCKET if socket == "/" else socket)


def _ssh_url(target: SshTarget) -> str:
    user = f"{target.user}@" if target.user else ""
    host = f"[{target.host}]" if ":" in target.host else target.host
    port = f":{target.port}" if target.port else ""
    return f"ssh://{user}{host}{port}{'' if target.socket == DEFAULT_SOCKET else target.socket}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refused(text: str, why: str) -> MoorageError:
    return MoorageError(f"endpoint {text!r} {why}", code="InvalidParameterException")


def local_endpoint(environ: Mapping[str, str]) -> Endpoint:
    """Where a Docker client on this machine would look first, not checked: DOCKER_HOST, else the usual socket.

    DOCKER_TLS_VERIFY and DOCKER_TLS choose TLS, with the files of DOCKER_CERT_PATH or of Docker's own folder. Docker
    does not verify with the latter alone; here it is the same.
    """
    url = environ.get("DOCKER_HOST") or f"unix://{DEFAULT_SOCKET}"
    if not url.startswith("tcp://") or not (environ.get("DOCKER_TLS_VERIFY") or environ.get("DOCKER_TLS")):
        return Endpoint(url)
    folder = environ.get("DOCKER_CERT_PATH") or environ.get("DOCKER_CONFIG") or "~/.docker"
    folder = folder if folder.startswith("~") else os.path.abspath(folder)
    return Endpoint(url, files_in(folder))


def files_in(folder: str) -> TlsFiles:
    """The files as Docker names them; a certificate of ours only where there is one."""
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    if not any(os.path.exists(os.path.expanduser(path)) for path in (cert, key)):
        cert = key = ""
    return TlsFiles(os.path.join(folder, "ca.pem"), cert, key)
