"""What an engine says of a registry that gives or takes nothing → one line with the remedy. Pure.

Docker hands on what Go's libraries and the registry say: half a dozen causes in a hundred wordings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from app.model.errors import MoorageError
from app.model.image_reference import DOCKER_HUB, ImageReference, parse_reference
from app.model.safe_text import SafeText, safe_line

Cause = Literal["login", "missing", "busy", "down", "name", "slow", "plain-http", "certificate", "disk", "platform"]
"""login: it wants to know who asks, or does not let this one. busy: too many questions of late. down: nobody listens.

name: its name leads nowhere. plain-http: it speaks no TLS. disk: the engine's own is full.
"""
_LONGEST: Final = 300
"""Characters of what Docker said."""
_READ: Final = 4000
"""Characters that are looked at for a cause: the patterns take the square of that."""
_WORDS: Final[dict[Cause, tuple[str, ...]]] = {
    # In this order: what is said of access may say in passing that there may be no such image.
    "disk": ("no space left on device", "disk quota exceeded"),
    "busy": ("toomanyrequests", "too many requests", "pull rate limit", "HTTP 429"),
    "plain-http": ("server gave HTTP response to HTTPS client", "tls: first record does not look like"),
    "certificate": ("x509: ", "tls: ", "certificate is not trusted", "certificate required"),
    "login": (
        "no basic auth credentials",
        r"\bunauthorized\b",
        r"\bforbidden\b",
        r"(?<!permission )\bdenied\b",
        "HTTP 40[13]",
        "authentication required",
        "authorization (?:failed|token)",
        "incorrect username or password",
        "insufficient_scope",
    ),
    "platform": ("no matching manifest", "no match for platform"),
    "missing": (
        "manifest unknown",
        r"manifest for .*not found",
        "name unknown",
        "repository name not known",
        "name invalid",
        ": not found$",
        "404 Not Found",
        "image does not exist locally",
    ),
    "name": ("dial tcp: lookup ", "no such host", "server misbehaving", "temporary failure in name resolution"),
    "down": ("connection refused", "connection reset", "network is unreachable", "no route to host", ": EOF$"),
    "slow": (
        "i/o timeout",
        r"Client\.Timeout",
        "context deadline exceeded",
        "TLS handshake timeout",
        "request canceled",
        "timed out",
    ),
}
_CAUSES: Final = {cause: re.compile("|".join(words), re.IGNORECASE) for cause, words in _WORDS.items()}


@dataclass(frozen=True, slots=True)
class Trouble:
    """``line``: what, where, why and the remedy, with Docker's own words in brackets."""

    cause: Cause
    line: SafeText


def cause_of(words: str) -> Cause | None:
    """Why, by what an engine says; None for what nobody here knows."""
    return next((cause for cause, pattern in _CAUSES.items() if pattern.search(words[:_READ])), None)


def registry_trouble(image: str, words: str, shown: str = "", verb: Literal["pull", "push"] = "pull") -> Trouble | None:
    """What is told when ``image`` was not pulled or pushed; None for words that have nothing to do with a registry.

    Args:
        words: the engine's.
        shown: who the registry was told is asking; "" when nobody was named.
        verb: "pull" or "push".
    """
    try:
        reference = parse_reference(image)
    except MoorageError:
        return None
    cause = cause_of(_without(words, image, reference.name, reference.repository))
    if cause is None or (cause == "disk" and verb == "push"):
        return None
    what, remedy = _told(cause, reference, shown, verb)
    said = safe_line(words[:_LONGEST]).strip()
    return Trouble(cause, safe_line(f"{image}: {what} ({said}); {remedy}"))


def _without(words: str, *names: str) -> str:
    """Words without the names that would be a cause themselves: an image may be called denied/web."""
    for name in names:
        if cause_of(name) is not None:
            words = words.replace(name, "")
    return words


def login_trouble(registry: str, words: str) -> str:
    """What is told when a registry was not logged in to. ``registry``: as in ``ImageReference``."""
    cause = cause_of(words)
    name = registry_name(registry)
    said = safe_line(words[:_LONGEST]).strip()
    if cause == "login":
        return f"{name} does not take this username and password ({said}); check them and try again"
    if cause in ("missing", "platform", "disk", None):
        return f"{name} does not answer as a registry ({said}); check its name and port"
    what, remedy = _told(cause, ImageReference(registry, "image"), "", "pull")
    return f"{what} ({said}); {remedy}"


def _told(cause: Cause, image: ImageReference, shown: str, verb: str) -> tuple[str, str]:
    """What is wrong, and what to do."""
    registry, name = image.registry, registry_name(image.registry)
    login = "moorage login" if registry == DOCKER_HUB else f"moorage login {registry}"
    if cause == "login" and shown:
        return f"{name} does not let {shown} {verb} this", f"{login} as somebody who may, or check the name"
    if cause == "missing" and verb == "push":
        return "there is no image of this name on the host", "build it, or give it this name: moorage tag"
    told: dict[Cause, tuple[str, str]] = {
        "login": (f"{name} wants to know who asks, or has no such image", f"{login}, or check the name"),
        "missing": (f"{name} has no such image or tag", "check the name, or push it there first"),
        "busy": (f"{name} was asked too often", f"wait, or be somebody who may ask more: {login}"),
        "down": (f"{name} does not answer", "see whether it runs, and whether the host gets through to it"),
        "name": (f"the host cannot find {name}", "check the name, and the host's DNS"),
        "slow": (f"{name} did not answer the host in time", "see whether it runs, and whether the host gets there"),
        "plain-http": (f"{name} speaks no TLS", f'"insecure-registries": ["{registry}"] in daemon.json allows that'),
        "certificate": (
            f"the host does not trust the certificate of {name}",
            f"put its CA at /etc/docker/certs.d/{registry}/ca.crt on the host",
        ),
        "disk": ("the host's disk is full", "make room there: moorage prune-images"),
        "platform": (f"{name} has it for other platforms only", "build it for the host's, or say --platform"),
    }
    return told[cause]


def registry_name(registry: str) -> str:
    """As people call it."""
    return "Docker Hub" if registry == DOCKER_HUB else registry
