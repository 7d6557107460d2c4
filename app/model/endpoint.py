"""How an engine is reached, as a cluster's file has it; ``app.hosts.endpoint`` checks it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Paths of PEM files, absolute or with ``~``. ``ca``: who signed the engine's certificate; nobody else is trusted.

    ``cert`` and ``key``: ours, "" when the engine asks for none. ``name``: what the engine's certificate says, where
    that is not the host of the URL; else "".
    """

    ca: str
    cert: str = ""
    key: str = ""
    name: str = ""


NO_FILES = TlsFiles("")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``url``: unix:///PATH, tcp://HOST:PORT or ssh://[USER@]HOST[:PORT][/PATH].

    ``tls``: only with tcp. ``insecure``: tcp without TLS to another machine is wanted.
    """

    url: str
    tls: TlsFiles | None = None
    insecure: bool = False

    @property
    def is_unix(self) -> bool:
        return self.url.startswith("unix://")

    @property
    def is_tcp(self) -> bool:
        return self.url.startswith("tcp://")

    @property
    def is_ssh(self) -> bool:
        return self.url.startswith("ssh://")

    @property
    def is_exposed(self) -> bool:
        """Whether anyone on the way can read and drive the engine; its owner has said so."""
        return self.insecure and self.is_tcp and self.tls is None
