"""Where the files are: ``--home DIR``, else MOORAGE_HOME, else the XDG folders (product, Files)."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.model.errors import UsageError

SIMULATED_MARK = "simulated"
"""A file in the state folder of a home whose engines are simulated."""


@dataclass(frozen=True, slots=True)
class Home:
    """Absolute paths. Nothing of them has to exist: the stores make folders, 0700, when they first write."""

    config_file: Path
    clusters: Path
    definitions: Path
    state: Path


def is_simulated(home: Home) -> bool:
    """Are the engines of this home simulated, as those of a demo?"""
    return (home.state / SIMULATED_MARK).is_file()


def resolve_home(option: str | None, environ: Mapping[str, str]) -> Home:
    """The places of this run.

    Args:
        option: the value of ``--home``; None when it was not given.
        environ: the environment. An empty MOORAGE_HOME counts as unset, as do empty and relative XDG paths.

    Raises:
        UsageError: ``--home`` is empty or holds a NUL.
    """
    if option is not None and (not option or "\0" in option):
        raise UsageError("--home needs the path of a folder; it was empty or held a NUL character")
    if folder := option or environ.get("MOORAGE_HOME"):
        root = _absolute(folder, environ)
        return Home(root / "config.toml", root / "clusters", root / "task-definitions", root / "state")
    config = _xdg("XDG_CONFIG_HOME", ".config", environ)
    data = _xdg("XDG_DATA_HOME", ".local/share", environ)
    state = _xdg("XDG_STATE_HOME", ".local/state", environ)
    return Home(config / "config.toml", config / "clusters", data / "task-definitions", state)


def _xdg(variable: str, default: str, environ: Mapping[str, str]) -> Path:
    folder = environ.get(variable, "")
    base = Path(folder) if folder.startswith("/") else user_folder(environ) / default
    return base / "moorage"


def _absolute(folder: str, environ: Mapping[str, str]) -> Path:
    # A shell expands ~ itself; a unit file or an env file does not.
    if folder == "~" or folder.startswith("~/"):
        return user_folder(environ) / folder[2:]
    return Path(os.path.abspath(folder))


def user_folder(environ: Mapping[str, str]) -> Path:
    """What ``~`` means: HOME, else the folder of this user. UsageError when there is neither."""
    folder = environ.get("HOME", "")
    if folder.startswith("/"):
        return Path(folder)
    try:
        return Path(pwd.getpwuid(os.geteuid()).pw_dir)
    except KeyError:
        raise UsageError("HOME is not set and this user has no home folder; give one with --home DIR") from None
