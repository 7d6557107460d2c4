"""Other engines than the machine's own, from Debian's later releases: ``python -m tests.engine_bed.engines 26.1 28.5``.

They are unpacked into a folder of the user's cache (or MOORAGE_ENGINES), beside the system and not into it, and used
where MOORAGE_ENGINE names one of them. runc stays the system's: later ones need a later libc.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ENGINE = "MOORAGE_ENGINE"
_DEADLINE = 300
_KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


@dataclass(frozen=True, slots=True)
class Release:
    """Where an engine comes from: Debian's suite, its packages there, and the program that has to be among them."""

    suite: str
    packages: tuple[str, ...]
    program: str = "dockerd"


RELEASES = {
    "26.1": Release("trixie", ("docker.io", "containerd")),
    "28.5": Release("sid", ("docker.io", "containerd")),
    "podman": Release(
        "bookworm",
        (
            "podman",
            "conmon",
            "netavark",
            "aardvark-dns",
            "golang-github-containers-common",
            "golang-github-containers-image",
            "libsubid4",
            "libgpgme11",
            "libassuan0",
        ),
        "podman",
    ),
}


class EngineNotHadError(Exception):
    """Why an engine cannot be had here, in one line."""


def chosen() -> str:
    """The engine that MOORAGE_ENGINE names; "" for the machine's own."""
    name = os.environ.get(ENGINE, "")
    if name and name not in RELEASES:
        raise EngineNotHadError(f"{ENGINE}={name}: one of {', '.join(RELEASES)}")
    return name


def folder_of(name: str) -> Path:
    parent = os.environ.get("MOORAGE_ENGINES") or os.environ.get("XDG_CACHE_HOME", "") or str(Path.home() / ".cache")
    return Path(parent) / "moorage-engines" / name


def path_of(name: str, before: str) -> str:
    """A PATH that finds the engine's own programs first. EngineNotHadError when it has not been fetched."""
    folder = folder_of(name)
    if not _is_there(name, folder):
        raise EngineNotHadError(f"engine {name} is not here; python -m tests.engine_bed.engines {name} fetches it")
    return ":".join([*(str(folder / part) for part in ("usr/bin", "usr/sbin", "usr/lib/podman")), before])


def fetch(name: str) -> Path:
    """Download and unpack, unless it is there; nothing is installed. EngineNotHadError says why not."""
    release, folder = RELEASES[name], folder_of(name)
    if _is_there(name, folder):
        return folder
    missing = [program for program in ("apt-get", "dpkg") if shutil.which(program) is None]
    if missing:
        raise EngineNotHadError(f"no {' and '.join(missing)}: engines are taken from Debian's packages")
    apt = folder.with_name(f".{name}-apt")
    shutil.rmtree(apt, ignore_errors=True)
    settings = _own_apt(apt, release.suite)
    try:
        _run(["apt-get", "-c", str(settings), "update", "-qq"], apt)
        _run(["apt-get", "-c", str(settings), "download", "-qq", *release.packages], apt)
        unpacked = apt / "unpacked"
        for package in sorted(apt.glob("*.deb")):
            _run(["dpkg", "-x", str(package), str(unpacked)], apt)
        shutil.rmtree(folder, ignore_errors=True)
        unpacked.rename(folder)
    finally:
        shutil.rmtree(apt, ignore_errors=True)
    return folder


def _is_there(name: str, folder: Path) -> bool:
    return any((folder / part / RELEASES[name].program).exists() for part in ("usr/bin", "usr/sbin"))


def _own_apt(apt: Path, suite: str) -> Path:
    """A configuration that touches neither the lists nor the cache of the system."""
    for part in ("lists/partial", "cache/archives/partial", "empty"):
        (apt / part).mkdir(parents=True, mode=0o755)
    # The mirror and the keys of the machine itself.
    mirrors = _run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Origin: Debian", "Label: Debian"], apt
    ).split()
    if not mirrors:
        raise EngineNotHadError("apt knows no mirror of Debian here (apt-get update)")
    signed = f" [signed-by={_KEYS}]" if _KEYS.exists() else ""
    (apt / "sources.list").write_text(f"deb{signed} {mirrors[0]} {suite} main\n")
    settings = apt / "apt.conf"
    settings.write_text(
        f'Dir::Etc::sourcelist "{apt}/sources.list";\nDir::Etc::sourceparts "{apt}/empty";\n'
        f'Dir::Etc::preferencesparts "{apt}/empty";\nDir::State::lists "{apt}/lists";\nDir::Cache "{apt}/cache";\n'
        'Acquire::Languages "none";\nAPT::Sandbox::User "root";\n'
    )
    return settings


def _run(argv: list[str], folder: Path) -> str:
    try:
        ran = subprocess.run(
            argv, cwd=folder, capture_output=True, text=True, check=False, timeout=_DEADLINE, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired as error:
        raise EngineNotHadError(f"{argv[0]} took longer than {_DEADLINE} s") from error
    if ran.returncode:
        told = (ran.stderr or ran.stdout).strip().splitlines() or ["no reason given"]
        raise EngineNotHadError(f"{' '.join(argv[:4])}: {told[-1]}")
    return ran.stdout


def main() -> int:
    code = 0
    for name in sys.argv[1:] or RELEASES:
        try:
            print(name, fetch(name))
        except (EngineNotHadError, KeyError) as error:
            print(name, f"cannot be had: {error}")
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(main())
