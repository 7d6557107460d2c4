"""What one wants to know of an instance at a glance, as names and values; and what of it is reserved and used."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from app.fleet.fleet import InstanceState, belongs
from app.model.endpoint import TlsFiles
from app.model.instance import EngineInfo
from app.operations.use import Use
from app.placement.attributes import attributes_of
from app.screens import formats
from app.screens.desk import Desk
from app.screens.stowage.bars import cores
from app.screens.use_cells import cpu_share, memory_share, share_bar
from widgets.cells import Cell, Span

_GAP = Span("  ")
_EXPOSED = "  INSECURE: no TLS, so that anyone on the way can read and drive it"
_OF_ECS = ("ecs.", "com.amazonaws.")
"""How the names of attributes begin that nobody has chosen."""


def instance_status(state: InstanceState, now: datetime, host_now: datetime) -> Cell:
    """For the header: ``● live``, or since when and why not; who drains it."""
    spans = [*formats.reach(state.freshness, now, draining=state.draining)]
    if state.instance.reached_by.is_exposed:
        spans += [_GAP, Span("INSECURE", "bad")]
    if why := formats.reach_detail(state.freshness, now):
        spans += [_GAP, Span(why, "muted")]
    drain = formats.drained(state.drain, host_now) if state.drain else ""
    if state.drain is not None and not state.live:
        spans += [_GAP, Span("⊘ DRAINING", "warn")]
    if drain:
        spans += [Span(" "), Span(drain, "warn")]
    return tuple(spans)


def use_line(state: InstanceState, use: Use, width: int) -> tuple[Cell, Cell]:
    """Bars of CPU and memory, what is reserved and what is really used; on a wide screen of how much."""
    registered, reserved = state.registered, state.reserved
    bar = 8 if width < 110 else 20
    wide = width >= 100
    halves = (
        ("CPU ", reserved.cpu, cpu_share(use), registered.cpu, use.cpu_whole, cores(registered.cpu)),
        (
            "MEM ",
            reserved.memory,
            memory_share(use),
            registered.memory,
            use.whole,
            formats.mebibytes(registered.memory),
        ),
    )
    left, right = (
        (
            Span(name, "muted"),
            *share_bar(held, used, whole, bar, whole=known),
            Span(f" of {amount}" if wide and whole else "", "muted"),
        )
        for name, held, used, whole, known, amount in halves
    )
    return left, right


def instance_facts(desk: Desk, state: InstanceState, now: datetime) -> list[tuple[str, str]]:
    """Foreign text in it is safe already; what matters most comes first."""
    instance, info = state.instance, state.info
    host_now = desk.fleet.host_now(instance.key)
    reach = "".join(span.text for span in formats.reach(state.freshness, now, draining=state.draining))
    drain = formats.drained(state.drain, host_now) if state.drain else ""
    offset = state.clock_offset.total_seconds()
    attributes = attributes_of(instance, info)
    own = [f"{name}={value}" if value else name for name, value in attributes.items() if not name.startswith(_OF_ECS)]
    facts = [
        ("State", " ".join(part for part in (reach, formats.reach_detail(state.freshness, now)) if part)),
        (
            "Draining",
            f"{drain}{'; others see it once it answers' if state.drain_untold else ''}" if state.drain else "",
        ),
        ("Clock", f"{abs(offset):.1f} s {'ahead' if offset > 0 else 'behind'} of here" if abs(offset) >= 1 else ""),
        ("Tasks", _tasks(state)),
        ("Unmanaged", _unmanaged(state)),
        ("Reserved", _reserved(state)),
        ("Ports kept", _ports(state)),
        ("Engine", _engine(info) if info else ""),
        ("Host", ", ".join(str(part) for part in (info.hostname, info.system) if part) if info else ""),
        ("Kernel", _kernel(info) if info else ""),
        ("Images", f"{info.images}, storage {info.storage}" if info and info.storage else ""),
        ("Endpoint", instance.endpoint + (_EXPOSED if instance.reached_by.is_exposed else "")),
        ("TLS", _tls(instance.tls) if instance.tls else ""),
        ("Cluster", instance.key.cluster),
        ("Zone", attributes.get("ecs.availability-zone", "")),
        ("Attributes", ", ".join(own)),
        ("Registered", f"{formats.age(instance.registered_at, now)} ago"),
        ("Warnings", "; ".join(info.warnings) if info else ""),
        ("Id", instance.id),
    ]
    return [(name, value) for name, value in facts if value]


def _tls(files: TlsFiles) -> str:
    name = f" of {files.name}" if files.name else ""
    return f"the engine's certificate{name} is checked by {files.ca}; " + (
        f"ours is {files.cert}" if files.cert else "we have none"
    )


def _tasks(state: InstanceState) -> str:
    counts = Counter(task.last_status for task in state.tasks.values() if belongs(task, state))
    foreign = Counter(
        task.cluster for task in state.tasks.values() if not belongs(task, state) and task.last_status != "STOPPED"
    )
    words = [f"{count} {word}" for word, count in counts.most_common()]
    return ", ".join([*words, *(f"{count} of cluster {name}" for name, count in sorted(foreign.items()))]) or "none"


def _unmanaged(state: InstanceState) -> str:
    count, up = len(state.unmanaged), sum(container.up for container in state.unmanaged)
    return f"{count} container{'' if count == 1 else 's'}, {up} running" if count else ""


def _reserved(state: InstanceState) -> str:
    registered, reserved, kept = state.registered, state.reserved, state.instance.reserved_memory
    if state.info is None:
        return ""
    memory = f"{formats.mebibytes(reserved.memory)} of {formats.mebibytes(registered.memory)}"
    words = f"CPU {reserved.cpu} of {registered.cpu} units, memory {memory}"
    gpus = f", GPU {reserved.gpus} of {registered.gpus}" if registered.gpus else ""
    return f"{words}{gpus}" + (f"; {formats.mebibytes(kept)} more are kept from tasks" if kept else "")


def _ports(state: InstanceState) -> str:
    """Those that no task may have."""
    tcp = [str(port) for port in sorted(state.instance.reserved_ports)]
    return ", ".join([*tcp, *(f"{port}/udp" for port in sorted(state.instance.reserved_ports_udp))])


def _engine(info: EngineInfo) -> str:
    return f"{info.version}, API {info.api_version}, {info.os_type} {info.architecture}"


def _kernel(info: EngineInfo) -> str:
    return ", ".join(part for part in (str(info.kernel), f"cgroup v{info.cgroup}" if info.cgroup else "") if part)
