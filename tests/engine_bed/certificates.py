"""Certificates for tests: a CA of its own, what it signs, and what is wrong with that. Made by ``openssl``."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from app.hosts.endpoint import TlsFiles

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def needs_openssl() -> None:
    if shutil.which("openssl") is None:
        pytest.skip("no certificates can be made: missing program openssl (apt-get install openssl)")


class Authority:
    """``folder`` has ``ca.pem``. A name is that of a certificate's files: ``NAME.pem`` and ``NAME-key.pem``."""

    def __init__(self, folder: Path, common_name: str = "a test's CA") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.ca, self._key = folder / "ca.pem", folder / "ca-key.pem"
        self._self_signed(self.ca, self._key, common_name)

    def signed(self, name: str, *alternatives: str, days: int = 2) -> tuple[Path, Path]:
        """A certificate and its key (0600). ``alternatives``: ``DNS:edge``, ``IP:127.0.0.1``. Below 0 days: over."""
        cert, key = self.folder / f"{name}.pem", self.folder / f"{name}-key.pem"
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        _openssl("req", "-new", *_KEY, "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        extensions.write_text(f"subjectAltName={','.join(alternatives)}\n" if alternatives else "")
        _openssl(
            "x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self._key, "-CAcreateserial", "-days", days,
            "-extfile", extensions, "-out", cert,
        )  # fmt: skip
        key.chmod(0o600)
        return cert, key

    def self_signed(self, name: str, *alternatives: str) -> tuple[Path, Path]:
        cert, key = self.folder / f"{name}.pem", self.folder / f"{name}-key.pem"
        self._self_signed(cert, key, name, *alternatives)
        return cert, key

    def client(self, name: str = "client", *, days: int = 2) -> TlsFiles:
        """What Moorage is given to talk to an engine of this CA."""
        cert, key = self.signed(name, days=days)
        return TlsFiles(str(self.ca), str(cert), str(key))

    def locked_key(self, key: Path, passphrase: str) -> Path:
        """The same key, of use to whoever knows the passphrase."""
        locked = key.with_suffix(".locked")
        _openssl("pkey", "-in", key, "-aes256", "-passout", f"pass:{passphrase}", "-out", locked)
        locked.chmod(0o600)
        return locked

    def daemon_flags(self, cert: Path, key: Path) -> tuple[str, ...]:
        """For dockerd: whoever is not signed by this CA is refused."""
        return "--tlsverify", f"--tlscacert={self.ca}", f"--tlscert={cert}", f"--tlskey={key}"

    @staticmethod
    def _self_signed(cert: Path, key: Path, common_name: str, *alternatives: str) -> None:
        added = ("-addext", f"subjectAltName={','.join(alternatives)}") if alternatives else ()
        _openssl("req", "-x509", *_KEY, "-keyout", key, "-out", cert, "-subj", f"/CN={common_name}", "-days", 2, *added)
        key.chmod(0o600)


def _openssl(*arguments: object) -> None:
    argv: Sequence[str] = ["openssl", *map(str, arguments)]
    ran = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False)
    if ran.returncode:
        raise RuntimeError(f"{' '.join(argv)}:\n{ran.stderr}")
