"""The only image the bed needs: Debian's static busybox, made into ``busybox:latest`` without any registry.

It holds every applet as a link in /bin (sh, sleep, httpd, nc, wget...), a /www to serve, and users root and nobody.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

import docker

NAME = "busybox:latest"
NAMES = frozenset({NAME, f"docker.io/library/{NAME}"})
"""As an engine may list it."""
_CHANGES = ['CMD ["sh"]', "ENV PATH=/bin"]
_FOLDERS = {"bin": 0o755, "etc": 0o755, "www": 0o755, "root": 0o700, "tmp": 0o1777}
_FILES = {
    "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n",
    "etc/group": b"root:x:0:\nnogroup:x:65534:\n",
    "www/index.html": b"moorage\n",
}


class BusyboxImage:
    """Imported by the first engine that asks and copied to the others, so that its ID is the same everywhere."""

    def __init__(self) -> None:
        self._saved: bytes | None = None

    def load_into(self, api: docker.APIClient) -> None:
        if self._saved is None:
            api.import_image_from_data(busybox_tar(), repository="busybox", tag="latest", changes=_CHANGES)
            self._saved = b"".join(api.get_image(NAME))
        else:
            for frame in api.load_image(self._saved):
                if "error" in frame:
                    raise RuntimeError(f"busybox image was not loaded: {frame['error']}")


def busybox_tar() -> bytes:
    """The root file system as a tar of about 2 MB."""
    program = shutil.which("busybox")
    if program is None:
        raise FileNotFoundError("busybox (apt-get install busybox-static)")
    listed = subprocess.run([program, "--list"], capture_output=True, text=True, check=True, timeout=10)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, mode in _FOLDERS.items():
            tar.addfile(_entry(name, tarfile.DIRTYPE, mode))
        _add_file(tar, "bin/busybox", Path(program).read_bytes(), 0o755)
        for name, content in _FILES.items():
            _add_file(tar, name, content, 0o644)
        for applet in listed.stdout.split():
            if applet != "busybox":
                link = _entry(f"bin/{applet}", tarfile.SYMTYPE, 0o777)
                link.linkname = "busybox"
                tar.addfile(link)
    return buffer.getvalue()


def _add_file(tar: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    entry = _entry(name, tarfile.REGTYPE, mode)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))


def _entry(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type = kind
    entry.mode = mode
    return entry
