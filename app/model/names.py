"""Patterns of names and fixed words, in one place. Light: what is read here does not wait for pydantic."""

from __future__ import annotations

import re
from typing import Literal

Condition = Literal["START", "COMPLETE", "SUCCESS", "HEALTHY"]
"""What a container may wait for in another (design: ECS semantics 4.2)."""

SCREENS = ("fleet", "tasks", "instances", "definitions", "events")
"""The main views of the dashboard: on one of them it opens."""
ImagePullBehavior = Literal["default", "always", "once", "prefer-cached"]
"""When an image is pulled: ECS_IMAGE_PULL_BEHAVIOR (design: ECS semantics 4.6)."""
Dependence = Literal["CREATE", "START", "COMPLETE", "SUCCESS", "HEALTHY"]
"""A condition, or CREATE: what volumesFrom means (design: ECS semantics 4.1)."""
PAUSE = "internal.pause"
"""The container that holds the namespaces which a task's others share. No ECS name has a dot: nobody's can be taken."""

RESOURCE_NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,254}$"
"""Clusters and families: ECS's ``[A-Za-z0-9_-]{1,255}``, beginning with a letter or digit as it becomes a file name."""
CLUSTER_NAME_PATTERN = RESOURCE_NAME_PATTERN
FAMILY_NAME_PATTERN = RESOURCE_NAME_PATTERN
CONTAINER_NAME_PATTERN = r"^[A-Za-z0-9_-]+$"
"""Containers and volumes of a task: what ECS allows. A Docker name begins with a letter; these become its middle."""
INSTANCE_NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"
INSTANCE_ID_PATTERN = r"^[0-9a-f]{32}$"
ABSOLUTE_PATH_PATTERN = r"^/[^:]*$"
"""Docker's binds put a colon between two paths: none can have one."""
BUILT_IN = "built-in"
SWARM = "swarm"
"""Schedulers of Moorage's own; nobody else's can be called so."""
SCHEDULER_NAME_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
ATTRIBUTE_NAME_PATTERN = r"^[A-Za-z0-9_./\\-]{1,128}$"

# Compiled for fullmatch: Python's $ also matches before a line break at the end.
RESOURCE_NAME = re.compile(RESOURCE_NAME_PATTERN[1:-1])
CONTAINER_NAME = re.compile(CONTAINER_NAME_PATTERN[1:-1])
ATTRIBUTE_NAME = re.compile(ATTRIBUTE_NAME_PATTERN[1:-1])
SCHEDULER_NAME = re.compile(SCHEDULER_NAME_PATTERN[1:-1])

WINDOWS_DEVICE_NAMES = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{port}{number}" for port in ("com", "lpt") for number in range(10)}
)
"""Case-folded. No file may have such a name on Windows, with or without a suffix."""
