"""Can this machine run the engine bed? Says why not, in a few milliseconds."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tempfile

PROGRAMS = {
    "dockerd": "docker.io",
    "containerd": "containerd",
    "runc": "runc",
    "tini": "tini",
    "busybox": "busybox-static",
    "iptables": "iptables",
    "ip": "iproute2",
    "setpriv": "util-linux",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "taskset": "util-linux",
    "bash": "bash",
}
"""Program → the Debian package that brings it."""

NAMESPACES = ("--net", "--mount", "--pid", "--uts", "--ipc")

_TRIALS = r"""
set -u
mount -t tmpfs none "$1" || { echo "no tmpfs mount"; exit 1; }
cp "$3" "$1/busybox" && chroot "$1" /busybox true \
  || { echo "busybox is not static (apt-get install busybox-static)"; exit 1; }
mkdir "$1/lower" "$1/upper" "$1/work" "$1/merged"
mount -t overlay overlay -o "lowerdir=$1/lower,upperdir=$1/upper,workdir=$1/work" "$1/merged" \
  || { echo "no overlay mount"; exit 1; }
ip link set lo up || { echo "no network namespace of our own"; exit 1; }
ip link add name probe0 type bridge || { echo "no bridge device"; exit 1; }
ip link add name probe1 type veth peer name probe2 || { echo "no veth device"; exit 1; }
iptables -t nat -L -n >/dev/null || { echo "iptables has no nat table"; exit 1; }
group=/sys/fs/cgroup/memory
test -d $group || group=/sys/fs/cgroup
mkdir "$group/$2" && rmdir "$group/$2" || { echo "no right to make a cgroup"; exit 1; }
"""


def why_not() -> str | None:
    """None when the bed can run here; otherwise one line with the reason and, where there is one, the remedy."""
    if platform.system() != "Linux":
        return f"the engine bed needs Linux, this is {platform.system()}"
    if os.geteuid() != 0:
        return "not root (dockerd needs root)"
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        packages = " ".join(sorted({PROGRAMS[program] for program in missing}))
        return f"missing programs: {' '.join(missing)} (apt-get install {packages})"
    return _try_namespaces()


def _try_namespaces() -> str | None:
    with tempfile.TemporaryDirectory(prefix="moorage-probe-") as folder:
        argv = ["unshare", *NAMESPACES, "--fork", "--kill-child=KILL", "--mount-proc", "sh", "-c", _TRIALS, "probe"]
        try:
            tried = subprocess.run(
                [*argv, folder, os.path.basename(folder), shutil.which("busybox") or ""],
                capture_output=True,
                text=True,
                timeout=20,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            return "trying namespaces took more than 20 s"
    if tried.returncode == 0:
        return None
    detail = " ".join(tried.stderr.split())
    return f"{tried.stdout.strip() or 'no namespaces (unshare failed)'}: {detail}"
