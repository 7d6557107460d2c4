"""What the wheel holds: one top-level name, ``moorage``, with every room of the checkout inside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CONTENTS = {
    "moorage.py": "moorage/__init__.py",
    "__main__.py": "moorage/__main__.py",
    "app": "moorage/app",
    "widgets": "moorage/widgets",
    "themes": "moorage/themes",
    "sample_defs": "moorage/sample_defs",
}


class CustomBuildHook(BuildHookInterface[Any]):
    """Maps the checkout into the wheel. Editable installs get none of it: they run the checkout's own files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            root = Path(self.root)
            build_data["force_include"].update({str(root / source): goal for source, goal in CONTENTS.items()})
