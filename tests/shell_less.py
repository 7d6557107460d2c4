"""An image with one program and no shell, as many have."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.engine_bed import Daemon

IMAGE = "shell-less:latest"


def load_shell_less(engine: Daemon) -> str:
    """``IMAGE`` on this engine; all that it can do is ``sleep``."""
    program = Path(shutil.which("busybox") or "/bin/busybox").read_bytes()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo("bin/sleep")
        entry.size, entry.mode = len(program), 0o755
        tar.addfile(entry, io.BytesIO(program))
    engine.api.import_image_from_data(buffer.getvalue(), "shell-less", tag="latest", changes=["ENV PATH=/bin"])
    return IMAGE
