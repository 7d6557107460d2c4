"""podman's service in dockerd's place: how it is started on a machine of the bed, with nothing of this machine's."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from tests.engine_bed.engines import folder_of, path_of

_CONF = """[containers]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
conmon_path = ["{programs}/usr/bin/conmon"]
# conmon calls podman when a container has ended; what else it needs it gets as arguments.
conmon_env_vars = [{conmon}]
helper_binaries_dir = ["{programs}/usr/lib/podman"]
events_logger = "file"
[network]
network_backend = "netavark"
"""
# Docker takes what is on its own machine without TLS.
_REGISTRIES = """unqualified-search-registries = []
[[registry]]
location = "127.0.0.1:5000"
insecure = true
"""
SHARED_CGROUPS = ("libpod_parent/conmon", "libpod_parent")
"""That every podman has in common; in the order in which they can be removed."""


def argv(socket: Path, data: Path) -> list[str]:
    """Args: socket: where it shall listen. data: an empty folder of its own."""
    options = {"tmpdir": "tmp", "network-config-dir": "net"}
    places = [word for option, name in options.items() for word in (f"--{option}", str(data / name))]
    runtime = shutil.which("runc") or "runc"
    return ["podman", *places, "--runtime", runtime, "system", "service", "-t", "0", f"unix://{socket}"]


def environment(folder: Path, data: Path) -> dict[str, str]:
    """Writes its configuration into ``folder``, and names it. ``data``: as for ``argv``."""
    home = folder / "podman"
    containers = home / ".config" / "containers"
    containers.mkdir(parents=True, exist_ok=True)
    (containers / "policy.json").write_text(json.dumps({"default": [{"type": "insecureAcceptAnything"}]}))
    programs = folder_of("podman")
    (home / "tmp").mkdir(exist_ok=True)
    told = {
        "HOME": str(home),
        # What it unpacks it would leave behind in /var/tmp, which its machine has no other of.
        "TMPDIR": str(home / "tmp"),
        # Its libraries are beside it, too.
        "LD_LIBRARY_PATH": ":".join(map(str, programs.glob("usr/lib/*-linux-gnu*"))),
        "CONTAINERS_CONF": str(home / "containers.conf"),
        "CONTAINERS_REGISTRIES_CONF": str(home / "registries.conf"),
        "CONTAINERS_STORAGE_CONF": str(home / "storage.conf"),
    }
    known = {"PATH": path_of("podman", os.environ.get("PATH", os.defpath)), **told}
    conmon = ", ".join(json.dumps(f"{name}={value}") for name, value in known.items())
    (home / "containers.conf").write_text(_CONF.format(programs=programs, conmon=conmon))
    (home / "registries.conf").write_text(_REGISTRIES)
    (home / "storage.conf").write_text(
        f'[storage]\ndriver = "overlay"\nrunroot = "{data}/run"\ngraphroot = "{data}/root"\n'
    )
    return told


def cgroups_of(data: Path) -> list[str]:
    """Those that its containers may have left: podman puts them beside the bed's own. ``data``: as for ``argv``."""
    ids = [folder.name for folder in (data / "root" / "overlay-containers").glob("[0-9a-f]*") if folder.is_dir()]
    return [f"libpod_parent/{name}-{container}" for container in ids for name in ("libpod", "libpod-conmon")]
