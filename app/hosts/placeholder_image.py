"""The image of a placeholder in a swarm: the pause program alone, with the same id on every node of a kind.

A service names one image for all nodes. Named by its id, no node asks a registry for it: a name would be looked up
there each time, and whoever owned it could have us run what he likes.
"""

from __future__ import annotations

import hashlib
import io
import json

from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.labels import PREFIX
from app.hosts.pause import pause_archive
from app.hosts.pause_program import ARCHITECTURES

PLACEHOLDER_IMAGE = "moorage/placeholder:1"
_ENTRYPOINT = ["/pause"]
_GO_NAMES = {"x86_64": "amd64", "aarch64": "arm64"}
_EPOCH = "1970-01-01T00:00:00Z"


def ensure_placeholder_image(engine: Engine, architecture: str) -> str:
    """The image's id on this host, where it is loaded unless it is there.

    ``architecture``: as in the engine's info. Raises HostError; refused: there is no program for that processor.
    """
    found = _present(engine)
    if not found:
        engine.load_image(image_archive(architecture))
        found = _present(engine)
    if not found:
        raise HostError(f"the image {PLACEHOLDER_IMAGE} cannot be loaded there: another one keeps its name", "refused")
    return found


def image_archive(architecture: str) -> bytes:
    """As ``docker save`` writes it; the same bytes every time. Raises HostError refused for one without a program."""
    if architecture not in ARCHITECTURES:
        raise HostError(
            f"no placeholder for this host's processor ({architecture or 'unknown'}): Swarm can choose hosts with "
            "x86_64 or aarch64",
            "refused",
        )
    import tarfile

    layer = pause_archive(architecture)
    config = _compact(
        {
            "architecture": _GO_NAMES[architecture],
            "os": "linux",
            "created": _EPOCH,
            "config": {"Entrypoint": _ENTRYPOINT},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
            "history": [{"created": _EPOCH, "created_by": "moorage"}],
        }
    )
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = [{"Config": name, "RepoTags": [PLACEHOLDER_IMAGE], "Layers": ["layer.tar"]}]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, content in ((name, config), ("layer.tar", layer), ("manifest.json", _compact(manifest))):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _present(engine: Engine) -> str:
    """The id of the image with our name, "" when there is none, or when it is no image of ours."""
    try:
        image = engine.image(PLACEHOLDER_IMAGE)
    except HostError as error:
        if error.kind == "not-found":
            return ""
        raise
    config = image.get("Config") or {}
    forged = any(key.startswith(PREFIX) for key in config.get("Labels") or {})
    return "" if forged or config.get("Entrypoint") != _ENTRYPOINT else str(image.get("Id"))


def _compact(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
