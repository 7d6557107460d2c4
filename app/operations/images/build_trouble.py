"""Why a build failed, in one line with what can be done. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from app.hosts.images.building import BuildError
from app.hosts.images.registry_trouble import registry_trouble
from app.interop.dockerfile import base_of_step, built_wrongly, needs_buildkit
from app.model.build_progress import BuildStep

_BUILDKIT: Final = re.compile(r"requires? BuildKit|unknown flag: (?:link|parents|exclude|checksum)", re.IGNORECASE)
_UNREADABLE: Final = re.compile(r"unknown (?:instruction|flag)|parse error", re.IGNORECASE)
_ELSEWHERE: Final = "which engines have for docker buildx alone: build it there, then push it, or copy-image"
_NO_SPACE: Final = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)


def explained(error: BuildError, text: str, arguments: Mapping[str, str], cluster: str) -> BuildError:
    """The same error with the step's number, and the remedy where one is known.

    Args:
        text: the Dockerfile's.
        arguments: the build's.
    """
    words, step = error.message, error.step
    if step is not None and error.exit_code is not None:
        words = f"{step.words} ended with exit code {error.exit_code}"
    elif step is not None and (told := _of_a_registry(words, step, text, arguments)):
        words = told
    elif remedy := _remedy(words, text, cluster):
        words = f"{words.rstrip('. ')}; {remedy}"
    if step is not None:
        words = f"step {step.number}/{step.of}: {words}"
    return BuildError(words, step, error.lines, error.exit_code)


def refuse_what_is_built_wrongly(text: str) -> None:
    """Raises BuildError for what the engine would leave out without a word."""
    if what := built_wrongly(text):
        raise BuildError(f"{what} needs BuildKit, {_ELSEWHERE}")


def _of_a_registry(words: str, step: BuildStep, text: str, arguments: Mapping[str, str]) -> str:
    image = base_of_step(step.words, text, arguments)
    trouble = registry_trouble(image, words) if image else None
    return trouble.line if trouble is not None else ""


def _remedy(words: str, text: str, cluster: str) -> str:
    needed = needs_buildkit(text)
    if _BUILDKIT.search(words) or (needed and _UNREADABLE.search(words)):
        what = f"{needed} needs BuildKit" if needed else "that needs BuildKit"
        return f"{what}, {_ELSEWHERE}"
    if _NO_SPACE.search(words):
        return f"make room on the host: moorage prune-images --cluster {cluster} --all, of which --dry-run tells first"
    return ""
