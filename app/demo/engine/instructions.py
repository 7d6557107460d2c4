"""Instructions of a Dockerfile that only change an image's configuration. Pure."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from app.demo.engine.images import Image
from app.demo.engine.refused import Refused

Json = dict[str, Any]
CONFIGURING: Final = frozenset(
    {
        "CMD", "ENTRYPOINT", "ENV", "LABEL", "EXPOSE", "USER", "WORKDIR", "VOLUME", "HEALTHCHECK", "STOPSIGNAL",
        "SHELL", "MAINTAINER", "ONBUILD", "ARG",
    }
)  # fmt: skip
_VARIABLE = re.compile(r"\\(.)|\$(?:(\w+)|\{(\w+)(?::([-+])([^}]*))?\})")


def configured(image: Image, word: str, rest: str) -> Image:
    """With one of ``CONFIGURING``, in upper case. Raises Refused for what is none, and ValueError for a line that says
    nothing.
    """
    match word:
        case "CMD":
            return replace(image, command=_words(rest))
        case "ENTRYPOINT":
            return replace(image, entrypoint=_words(rest), command=())
        case "ENV":
            return replace(image, environment=_with_variables(image.environment, rest))
        case "LABEL":
            pairs = (pair.partition("=")[::2] for pair in shlex.split(rest))
            return replace(image, labels={**image.labels, **dict(pairs)})
        case "EXPOSE":
            ports = (port if "/" in port else f"{port}/tcp" for port in rest.split())
            return replace(image, ports=(*image.ports, *ports))
        case "USER":
            return replace(image, user=rest)
        case "WORKDIR":
            return replace(image, working_directory=posixpath.join(image.working_directory or "/", rest))
        case "VOLUME":
            return replace(image, volumes=(*image.volumes, *(_listed(rest) or rest.split())))
        case "HEALTHCHECK":
            return replace(image, health_check=_check(rest))
        case _ if word in CONFIGURING:
            return image
    raise Refused(400, f"{word[:20]} is not a valid change command")


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """With the values of ``$NAME``, ``${NAME}`` and ``${NAME:-otherwise}``."""

    def value(match: re.Match[str]) -> str:
        if match[1] is not None:
            return match[1] if match[1] == "$" else match[0]
        found = variables.get(match[2] or match[3], "")
        if match[4] == "-":
            return found or match[5]
        return (match[5] if found else "") if match[4] == "+" else found

    return _VARIABLE.sub(value, text)


def variables_of(image: Image) -> dict[str, str]:
    return dict(pair.partition("=")[::2] for pair in image.environment)


def pairs_of(rest: str) -> list[tuple[str, str]]:
    """Of ``A=1 B=2``, or of the older ``A 1``. Raises ValueError."""
    words = shlex.split(rest)
    if words and "=" not in words[0]:
        name, _, value = rest.partition(" ")
        return [(name, value.strip())]
    return [word.partition("=")[::2] for word in words]


def _with_variables(environment: tuple[str, ...], rest: str) -> tuple[str, ...]:
    found = dict(pair.partition("=")[::2] for pair in environment)
    found.update(pairs_of(rest))
    return tuple(f"{name}={value}" for name, value in found.items())


def _words(text: str) -> tuple[str, ...]:
    return tuple(_listed(text)) or ("/bin/sh", "-c", text)


def _listed(text: str) -> list[str]:
    """Of a list in JSON; nothing for any other text."""
    try:
        found = json.loads(text) if text.startswith("[") else None
    except ValueError:
        return []
    return [str(word) for word in found] if isinstance(found, list) else []


def _check(text: str) -> Json:
    flags = dict(word.removeprefix("--").partition("=")[::2] for word in text.split() if word.startswith("--"))
    while text.startswith("--"):
        text = text.partition(" ")[2].lstrip()
    kind, _, rest = text.partition(" ")
    if kind != "CMD":
        return {"Test": ["NONE"]}
    test = ["CMD", *_listed(rest)] if _listed(rest) else ["CMD-SHELL", rest]
    spans = {"interval": "Interval", "timeout": "Timeout", "start-period": "StartPeriod"}
    told: Json = {"Test": test}
    told |= {member: _nanoseconds(flags[name]) for name, member in spans.items() if name in flags}
    return told | ({"Retries": int(flags["retries"])} if "retries" in flags else {})


def _nanoseconds(text: str) -> int:
    """Of ``1m30s``, ``500ms``."""
    units = {"ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
    return int(sum(float(number) * units[unit] for number, unit in re.findall(r"([\d.]+)(ms|s|m|h)", text)))
