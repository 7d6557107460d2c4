"""The image of the pause container, which holds the namespaces that the containers of a task share.

Made here and imported on the host: it is never asked of a registry (design: ECS semantics 2.1, 2.2).
"""

from __future__ import annotations

import io
import json

from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.labels import PREFIX
from app.hosts.pause_program import ARCHITECTURES, pause_program

_REPOSITORY, _TAG = "moorage/pause", "1"
PAUSE_IMAGE = f"{_REPOSITORY}:{_TAG}"
_ENTRYPOINT = ["/pause"]
_ATTEMPTS = 5
"""With containerd's image store an import fails when another one takes the name from it: then there is one to find."""


def ensure_pause_image(engine: Engine) -> str:
    """PAUSE_IMAGE, imported if the host has no such image; the name, for the create call.

    Launches may do it at once: the name goes to the later image, which does the same. With containerd's store it has
    no owner for a moment then, in which a create call finds no such image.
    Raises HostError; refused: an image of another's has the name, or there is no program for the host's processor.
    """
    left = _ATTEMPTS
    while not _present(engine):
        left -= 1
        try:
            _import(engine)
            break
        except HostError as error:
            if not left or error.kind not in ("failed", "not-found"):
                raise
    return PAUSE_IMAGE


_GO_NAMES = {"amd64": "x86_64", "arm64": "aarch64"}


def pause_archive(architecture: str) -> bytes:
    """The root file system as a tar, the same bytes every time: /pause, and nothing else.

    ``architecture``: as in the engine's info; podman says it in Go's words. Raises HostError refused for one without
    a program.
    """
    architecture = _GO_NAMES.get(architecture, architecture)
    if architecture not in ARCHITECTURES:
        raise HostError(
            f"no pause container for this host's processor ({architecture or 'unknown'}): networkMode awsvpc, and "
            "pidMode or ipcMode task, need x86_64 or aarch64; use networkMode bridge and leave pidMode and ipcMode out",
            "refused",
        )
    # Here: nearly 20 ms that a start, or a launch without a pause container, need not pay for.
    import tarfile

    program = pause_program(architecture)
    entry = tarfile.TarInfo("pause")
    entry.size, entry.mode = len(program), 0o755
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        tar.addfile(entry, io.BytesIO(program))
    return buffer.getvalue()


def _import(engine: Engine) -> None:
    archive = pause_archive(str(engine.info().get("Architecture", "")))
    engine.import_image(archive, _REPOSITORY, _TAG, [f"ENTRYPOINT {json.dumps(_ENTRYPOINT)}"])


def _present(engine: Engine) -> bool:
    """Labels of an image become its containers': with ours on it, a container could pass for one of a task."""
    try:
        config = engine.image(PAUSE_IMAGE).get("Config") or {}
    except HostError as error:
        if error.kind == "not-found":
            return False
        raise
    forged = any(key.startswith(PREFIX) for key in config.get("Labels") or {})
    if forged or config.get("Entrypoint") != _ENTRYPOINT:
        raise HostError(
            f"the image {PAUSE_IMAGE} on the host is not Moorage's; remove it (docker image rm {PAUSE_IMAGE}), "
            "and it is made anew",
            "refused",
        )
    return True
