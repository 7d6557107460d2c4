"""Identifiers and ARNs, in the long format that ECS issues now (design: ECS semantics 3.3)."""

from __future__ import annotations

import hashlib
import re
import secrets

REGION = "local-1"
ACCOUNT = "000000000000"
_PREFIX = f"arn:aws:ecs:{REGION}:{ACCOUNT}:"
_TASK_ID = re.compile(r"[0-9a-f]{32}")


def new_id() -> str:
    """32 random lower-case hex digits, as in a task's ARN."""
    return secrets.token_hex(16)


def is_id(text: str) -> bool:
    return _TASK_ID.fullmatch(text) is not None


def short_id(arn_or_id: str) -> str:
    """The last segment of an ARN; an id is returned as it is. Every API takes either.

    A text with blanks is neither, and stays as it is, so that it is not found and is told whole.
    """
    if any(character.isspace() for character in arn_or_id):
        return arn_or_id
    return arn_or_id.rsplit("/", 1)[-1]


def cluster_arn(cluster: str) -> str:
    return f"{_PREFIX}cluster/{cluster}"


def instance_arn(cluster: str, instance_id: str) -> str:
    return f"{_PREFIX}container-instance/{cluster}/{instance_id}"


def definition_arn(family: str, revision: int) -> str:
    return f"{_PREFIX}task-definition/{family}:{revision}"


def task_arn(cluster: str, task_id: str) -> str:
    return f"{_PREFIX}task/{cluster}/{task_id}"


def container_arn(cluster: str, task_id: str, name: str) -> str:
    """A container's ARN ends in a UUID; ours is made of its task and its name, so that it never changes."""
    digits = hashlib.sha256(f"{task_id}/{name}".encode()).hexdigest()
    uuid = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))
    return f"{_PREFIX}container/{cluster}/{task_id}/{uuid}"


def parse_definition_reference(reference: str) -> tuple[str, int | None]:
    """``family``, ``family:revision`` or a full ARN → family and revision (None: the latest ACTIVE one).

    Raises ValueError when the revision is not a number of at least 1.
    """
    family, _, revision = short_id(reference).partition(":")
    if not revision and ":" not in short_id(reference):
        return family, None
    if not revision.isascii() or not revision.isdigit() or len(revision) > 9 or int(revision) < 1:
        raise ValueError(f"{revision!r} is not a revision: a number from 1 on is wanted, as in web:3")
    return family, int(revision)
