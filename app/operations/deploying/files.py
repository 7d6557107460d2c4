"""Which files a deploy can begin with. Light: the dialog that offers them does not wait for what reads them."""

from __future__ import annotations

import os

from app.operations.compose_folder import DEFAULT_FILES
from app.store.deploy_file import DEFAULT_NAME

FILES = (DEFAULT_NAME, *DEFAULT_FILES, "taskdef.json", "task-definition.json")
"""What is looked for where no file is named, in this order."""


def files_in(folder: str) -> list[str]:
    """Names of files that a deploy can begin with, likeliest first. A folder that cannot be read has none."""
    return [name for name in FILES if os.path.isfile(os.path.join(folder, name))]
