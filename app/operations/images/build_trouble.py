"""Why a build failed, in one line with what can be done. Pure."""

from __future__ import annotations

import re
from typing import Final

from app.hosts.images.building import BuildError
from app.interop.dockerfile import needs_buildkit

_BUILDKIT: Final = re.compile(
    r"requires? BuildKit|unknown flag: (?:link|chmod|parents|exclude|checksum)", re.IGNORECASE
)
_UNREADABLE: Final = re.compile(r"unknown (?:instruction|flag)|parse error", re.IGNORECASE)
_NO_SPACE: Final = re.compile(r"no space left on device", re.IGNORECASE)
_DENIED: Final = re.compile(
    r"pull access denied|repository does not exist|unauthorized|no basic auth|access forbidden|denied: ", re.IGNORECASE
)
_MISSING: Final = re.compile(r"manifest (?:for \S+ )?(?:not found|unknown)|not found: manifest", re.IGNORECASE)
_AWAY: Final = re.compile(r"dial tcp|no such host|connection refused|i/o timeout|network is unreachable", re.IGNORECASE)
_MAKE_ROOM: Final = "free some: moorage prune-images --cluster {cluster} --all tells what would go by --dry-run"


def explained(error: BuildError, text: str, cluster: str) -> BuildError:
    """The same error with the step's number, and the remedy where one is known.

    Args:
        text: the Dockerfile's.
    """
    words = error.message
    step = error.step
    if step is not None and error.exit_code is not None:
        words = f"{step.words} ended with exit code {error.exit_code}"
    remedy = _remedy(words, text, cluster)
    if step is not None:
        words = f"step {step.number}/{step.of}: {words}"
    told = f"{words.rstrip('. ')}; {remedy}" if remedy else words
    return BuildError(told, step, error.lines, error.exit_code)


def _remedy(words: str, text: str, cluster: str) -> str:
    needed = needs_buildkit(text)
    if _BUILDKIT.search(words) or (needed and _UNREADABLE.search(words)):
        what = f"{needed} needs BuildKit" if needed else "that needs BuildKit"
        return f"{what}, which engines have for docker buildx alone: build it there, then push it, or copy-image"
    if _NO_SPACE.search(words):
        return _MAKE_ROOM.format(cluster=cluster)
    if _DENIED.search(words):
        return "check the name of the base image, or give its registry a password by moorage login REGISTRY"
    if _MISSING.search(words):
        return "check the name and the tag of the base image"
    if _AWAY.search(words):
        return "the host that builds has to reach that registry; one that cannot has to have the base image: copy-image"
    return ""
