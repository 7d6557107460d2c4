"""A docker configuration of a test's own, and credential helpers that behave as a test says."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

CANARY = "canary-9f21"
NOT_FOUND = "credentials not found in native keychain"
KEYCHAIN = """
mkdir -p "$KEYCHAIN" && cd "$KEYCHAIN" || exit 9
echo "$1" >> asked
told=$(cat)
[ "$1" = store ] && server=$(echo "$told" | sed 's/.*"ServerURL": "\\([^"]*\\)".*/\\1/') || server=$told
name=$(echo "$server" | tr -c 'a-z0-9\\n' _)
case "$1" in
  get) cat "$name" 2>/dev/null || { echo 'NOT_FOUND'; exit 1; };;
  store) echo "$told" > "$name";;
  erase) rm "$name" 2>/dev/null || { echo 'NOT_FOUND'; exit 1; };;
esac
""".replace("NOT_FOUND", NOT_FOUND)
"""A helper that works: a file for each server below $KEYCHAIN, and what it was asked in the file ``asked``."""


def auth(user: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


class DockerFolder:
    """``environ``: for whatever is to use it; its PATH has the helpers first."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "docker"
        self.path = self.root / "config.json"
        self._bin = folder / "bin"
        for made in (self.root, self._bin):
            made.mkdir(mode=0o700, parents=True)
        self.environ = {
            "DOCKER_CONFIG": str(self.root),
            "PATH": f"{self._bin}:{os.environ['PATH']}",
            "KEYCHAIN": str(folder / "keychain"),
        }

    def write(self, **members: Any) -> None:
        self.path.write_text(json.dumps(members))
        self.path.chmod(0o600)

    def read(self) -> Any:
        return json.loads(self.path.read_text())

    def helper(self, name: str, script: str = KEYCHAIN) -> Path:
        """A program of that name on PATH; the script has what it was asked in $1."""
        path = self._bin / f"docker-credential-{name}"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o700)
        return path

    def asked(self) -> list[str]:
        """What the keychain's helper was asked, in order."""
        try:
            return Path(self.environ["KEYCHAIN"], "asked").read_text().split()
        except FileNotFoundError:
            return []
