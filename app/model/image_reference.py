"""Names of images: what ``nginx``, ``registry.lan:5000/team/web:7`` and ``web@sha256:…`` mean to an engine.

The rules are Docker's own (distribution/reference): the first part is a registry when it has a dot or a colon, or is
``localhost``; without one it is Docker Hub, whose own images are below ``library/``; without tag and digest it is
``latest``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from app.model.errors import MoorageError

DOCKER_HUB: Final = "docker.io"
LONGEST: Final = 255
"""Characters of a reference without its digest."""
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_PART}(?:/{_PART})*")
_REGISTRY = re.compile(r"(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::[0-9]{1,5})?")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_IMAGE_ID = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ImageReference:
    """``repository`` has ``library/`` where Docker Hub's own images are meant; of tag and digest one may be ""."""

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def name(self) -> str:
        """Without tag and digest, as people write it: ``nginx``, ``registry.lan/web``."""
        if self.registry != DOCKER_HUB:
            return f"{self.registry}/{self.repository}"
        return self.repository.removeprefix("library/")

    @property
    def place(self) -> str:
        """Registry and repository, neither left out: ``docker.io/library/nginx``."""
        return f"{self.registry}/{self.repository}"

    def __str__(self) -> str:
        """As people write it, with its tag or digest: ``nginx:latest``."""
        return self.name + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    def with_tag(self, tag: str) -> ImageReference:
        return replace(self, tag=tag, digest="")


def parse_reference(text: str) -> ImageReference:
    """``nginx`` → ``nginx:latest`` of Docker Hub. Raises MoorageError (InvalidParameterException)."""
    rest, at, digest = text.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        raise _refusal(text, "after @ comes sha256: and 64 hexadecimal digits")
    if len(rest) > LONGEST:
        raise _refusal(text[:40] + "…", f"a name has at most {LONGEST} characters")
    rest, tag = _without_tag(rest)
    if tag and not _TAG.fullmatch(tag):
        raise _refusal(text, "a tag has letters, digits, _ . and -, at most 128, and begins with none of . and -")
    first, slash, below = rest.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost" or first != first.lower()):
        registry, repository = first, below
    else:
        registry, repository = DOCKER_HUB, rest
    if registry in ("index.docker.io", "registry-1.docker.io"):
        registry = DOCKER_HUB
    if not _REGISTRY.fullmatch(registry):
        raise _refusal(text, f"{registry!r} is no registry: write HOST or HOST:PORT")
    if not _REPOSITORY.fullmatch(repository):
        raise _refusal(text, "a name has lower-case letters, digits, and single . _ - / between them")
    if registry == DOCKER_HUB and "/" not in repository:
        if _IMAGE_ID.fullmatch(repository):
            raise _refusal(text, "64 hexadecimal digits are an id; write a name")
        repository = f"library/{repository}"
    return ImageReference(registry, repository, tag or ("" if digest else "latest"), digest)


def same_image_name(one: str, other: str) -> bool:
    """Do two texts name the same image? What is no name at all is the same as itself only."""
    try:
        return parse_reference(one) == parse_reference(other)
    except MoorageError:
        return one == other


def _without_tag(name: str) -> tuple[str, str]:
    before, slash, last = name.rpartition("/")
    last, colon, tag = last.partition(":")
    if colon and not tag:
        raise _refusal(name, "after : comes a tag")
    return f"{before}{slash}{last}", tag


def _refusal(text: str, why: str) -> MoorageError:
    return MoorageError(f"{text!r} is no image: {why}", code="InvalidParameterException")
