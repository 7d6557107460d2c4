"""Is an engine fit for tasks? Judged from what it says of itself. Pure.

What an engine does not tell is not judged: engines of other makers leave members out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from app.hosts.disk import Disk, disk_of
from app.model.check import Check
from app.model.safe_text import safe_line

Json = Mapping[str, Any]

LEAST_API: Final = (1, 41)
"""Docker 20.10."""
MOST_SKEW: Final = timedelta(seconds=2)
_NEARLY_FULL, _SMALL, _FULL = 0.1, 20 << 30, 256 << 20

_LIMITS: Final = {
    "MemoryLimit": "memory",
    "CpuCfsQuota": "CPU (cpu.cfs_quota_us)",
    "CPUShares": "CPU shares",
    "PidsLimit": "pids",
    "SwapLimit": "swap",
}
_OLD_DRIVERS: Final = frozenset({"aufs", "devicemapper", "overlay"})
_UNREADABLE_LOGS: Final = frozenset({"none"})


@dataclass(frozen=True, slots=True)
class HostTold:
    """``info``, ``version``: Docker's answers. ``offset``: the host's clock less ours. ``disk``: of its data root."""

    info: Json
    version: Json
    offset: timedelta = timedelta(0)
    disk: Disk | None = None


def judge(told: HostTold) -> list[Check]:
    """Every check that can be made of what was told, in the order of a person's questions."""
    return [check for rule in _RULES for check in rule(told)]


def _engine(told: HostTold) -> Iterator[Check]:
    version, api = told.version, str(told.version.get("ApiVersion", ""))
    named = f"{_maker(version)} {safe_line(version.get('Version', ''))}, API {safe_line(api)}"
    number = _numbers(api)
    system = safe_line(told.info.get("OSType") or "linux")
    if system != "linux":
        detail = f"{named}, runs {system} containers"
        yield Check("engine", "failed", detail, "switch it to Linux containers, or take another")
    elif number is not None and number < LEAST_API:
        yield Check("engine", "failed", f"{named}: too old", "install Docker 20.10 or newer (API 1.41)")
    elif _maker(version) != "Docker":
        remedy = "take a Docker Engine where links, events or limits matter"
        yield Check("engine", "warning", f"{named}: it is not Docker's own, and differs in places", remedy)
    else:
        least = safe_line(version.get("MinAPIVersion", ""))
        yield Check("engine", "ok", f"{named}{f' (from {least} on)' if least else ''}")


def _limits(told: HostTold) -> Iterator[Check]:
    cgroup = safe_line(told.info.get("CgroupVersion") or "1")
    missing = [words for member, words in _LIMITS.items() if told.info.get(member) is False]
    # With cgroup 2 Docker reports no swap limit where the kernel has none to report.
    if not missing or missing == ["swap"]:
        rest = "; swap is not limited" if missing else ""
        yield Check("limits", "ok", f"cgroup {cgroup}, limits are enforced{rest}")
        return
    detail = f"cgroup {cgroup}: not enforced are {', '.join(missing)}; tasks may take more than they asked for"
    yield Check("limits", "warning", detail, "turn these cgroup controllers on in the kernel (cgroup_enable=memory …)")


def _live_restore(told: HostTold) -> Iterator[Check]:
    on = told.info.get("LiveRestoreEnabled")
    swarm = _swarm_state(told.info)
    if on is True:
        yield Check("live-restore", "ok", "tasks outlive a restart of dockerd")
    elif on is False and swarm == "active":
        yield Check("live-restore", "ok", "off, as a node of a swarm has to have it; a restart of dockerd stops tasks")
    elif on is False:
        remedy = 'put "live-restore": true into its /etc/docker/daemon.json, and reload dockerd'
        yield Check("live-restore", "warning", "a restart of dockerd stops all tasks there", remedy)


def _clock(told: HostTold) -> Iterator[Check]:
    seconds = told.offset.total_seconds()
    if abs(told.offset) > MOST_SKEW:
        detail = f"its clock is {abs(seconds):,.1f} s {'ahead of' if seconds > 0 else 'behind'} ours"
        yield Check("clock", "warning", detail, "have one of both keep the time (timedatectl set-ntp true)")
    else:
        yield Check("clock", "ok", "its clock and ours agree")


def _disk(told: HostTold) -> Iterator[Check]:
    disk = told.disk or disk_of(told.info)
    if disk is None or disk.total <= 0:
        return
    free, root = _size(disk.free), safe_line(told.info.get("DockerRootDir") or "its data root")
    detail = f"{free} of {_size(disk.total)} free in {root}"
    remedy = "docker system prune there, or a larger disk"
    if disk.free < _FULL:
        yield Check("disk", "failed", f"{detail}: nothing can be pulled or written any more", remedy)
    elif disk.free < _SMALL and disk.free < disk.total * _NEARLY_FULL:
        yield Check("disk", "warning", f"{detail}: nearly full", remedy)
    else:
        yield Check("disk", "ok", detail)


def _storage(told: HostTold) -> Iterator[Check]:
    driver = safe_line(told.info.get("Driver") or "")
    if driver == "vfs":
        detail = "vfs copies whole images for each container: slow, and large"
        yield Check("storage", "warning", detail, "use overlay2, on a file system that can have it")
    elif driver in _OLD_DRIVERS:
        yield Check("storage", "warning", f"{driver} is gone from newer Docker Engines", "move to overlay2")
    elif driver:
        yield Check("storage", "ok", driver)


def _logging(told: HostTold) -> Iterator[Check]:
    driver = safe_line(told.info.get("LoggingDriver") or "")
    if driver in _UNREADABLE_LOGS:
        detail = f"logs go to {driver} where a definition says nothing else, and cannot be read again"
        yield Check("logs", "warning", detail, 'put "log-driver": "local" into its /etc/docker/daemon.json')
    elif driver:
        yield Check("logs", "ok", driver)


def _swarm(told: HostTold) -> Iterator[Check]:
    state = _swarm_state(told.info)
    if state in ("error", "locked", "pending"):
        why = safe_line(_swarm_of(told.info).get("Error") or "")
        detail = f"its swarm is in state {state}{f': {why}' if why else ''}"
        yield Check("swarm", "warning", detail, "docker swarm unlock, or docker swarm leave, on the host")
    elif state == "active":
        manager = _swarm_of(told.info).get("ControlAvailable") is True
        yield Check("swarm", "ok", f"a {'manager' if manager else 'worker'} of a swarm")
    elif state:
        yield Check("swarm", "ok", "in no swarm")


def _rootless(told: HostTold) -> Iterator[Check]:
    options = [str(option) for option in _list(told.info.get("SecurityOptions"))]
    if any(option.startswith("name=rootless") for option in options):
        detail = "dockerd runs without root: host ports below 1024 are refused, and so may limits be"
        yield Check("rootless", "warning", detail, "choose ports from 1024 on, or run dockerd as root")


def _own_words(told: HostTold) -> Iterator[Check]:
    """What the engine itself warns of, but for limits, which have a check of their own."""
    for text in _list(told.info.get("Warnings")):
        words = safe_line(str(text).removeprefix("WARNING: "))
        if "limit support" not in words and "cfs" not in words and "shares support" not in words:
            yield Check("engine's warning", "warning", words, "see to it in the host's dockerd or kernel settings")


_RULES: Final[tuple[Callable[[HostTold], Iterator[Check]], ...]] = (
    _engine, _limits, _live_restore, _clock, _disk, _storage, _logging, _swarm, _rootless, _own_words,
)  # fmt: skip


def _maker(version: Json) -> str:
    names = [str(part.get("Name", "")) for part in _list(version.get("Components")) if isinstance(part, Mapping)]
    return "Podman" if any("podman" in name.lower() for name in names) else "Docker"


def _numbers(api: str) -> tuple[int, ...] | None:
    parts = api.split(".")
    return (
        tuple(map(int, parts)) if all(part.isascii() and part.isdigit() and len(part) < 5 for part in parts) else None
    )


def _swarm_of(info: Json) -> Json:
    swarm = info.get("Swarm")
    return swarm if isinstance(swarm, Mapping) else {}


def _swarm_state(info: Json) -> str:
    return safe_line(_swarm_of(info).get("LocalNodeState") or "")


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _size(count: int) -> str:
    return f"{count / (1 << 30):,.1f} GiB"
