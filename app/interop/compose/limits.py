"""CPU, memory, GPUs and what else is under ``deploy`` → cpu, memory and the like (design: ECS semantics 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.interop.compose import values
from app.interop.compose.notes import Notes
from app.model.locations import Location

DEFAULT_RESERVATION = 128
"""MiB, for a service that says nothing of memory: ECS wants a figure. It is booked, and limits nothing."""
LEAST_MEMORY = 6
_UNITS_OF_A_CORE = 1024
_MOST_UNITS = 2**31 - 1
_DEPLOY = ("mode", "endpoint_mode", "replicas", "labels", "rollback_config", "update_config", "resources",
           "restart_policy", "placement")  # fmt: skip
_OF_DEPLOY = {
    "mode": ("modes are Swarm's", "use --split and run what you need"),
    "endpoint_mode": ("it is Swarm's", "remove it"),
    "labels": ("they label a service, and there is none", "use labels"),
    "rollback_config": ("there are no deployments", "run the revision before"),
    "update_config": ("there are no deployments", "moorage up replaces the tasks"),
    "placement": ("its constraints are Swarm's", "write placementConstraints of ECS"),
}
_DEVICE = ("capabilities", "count", "device_ids", "driver", "options")


class Limits:
    """The limits of one service: ``cpu``, ``memory`` and ``memoryReservation`` where given, swap and GPUs."""

    def __init__(self, service: Mapping[str, Any], at: Location, notes: Notes) -> None:
        self._service = service
        self._at = at
        self._notes = notes
        deploy = service.get("deploy")
        self._deploy = notes.fields(deploy, (*at, "deploy"), _DEPLOY) if deploy is not None else {}
        self._limits = self._resources("limits", ("cpus", "memory", "pids"))
        self._reserved = self._resources("reservations", ("cpus", "memory", "generic_resources", "devices"))
        for name, (problem, remedy) in _OF_DEPLOY.items():
            if name in self._deploy:
                notes.lose((*at, "deploy", name), problem, remedy)
        for group, name in ((self._limits, "pids"), (self._reserved, "generic_resources")):
            if name in group:
                kind = "limits" if name == "pids" else "reservations"
                notes.lose((*at, "deploy", "resources", kind, name), "ECS has no such limit", "it is left out")

    def _resources(self, kind: str, known: tuple[str, ...]) -> Mapping[str, Any]:
        where = (*self._at, "deploy", "resources")
        resources = self._deploy.get("resources")
        both = self._notes.fields(resources, where, ("limits", "reservations")) if resources is not None else {}
        return self._notes.fields(both[kind], (*where, kind), known) if both.get(kind) is not None else {}

    def members(self) -> dict[str, Any]:
        """``cpu``, ``memory``, ``memoryReservation`` of the container."""
        memory = self._mebibytes("mem_limit", "limits")
        reservation = self._mebibytes("mem_reservation", "reservations")
        if memory is None and reservation is None:
            remedy = f"{DEFAULT_RESERVATION} MiB are booked, which limits nothing: write mem_limit or mem_reservation"
            self._notes.lose(self._at, "says nothing of memory, and ECS wants a figure", remedy)
            reservation = DEFAULT_RESERVATION
        if memory is not None and reservation is not None and reservation > memory:
            self._notes.error((*self._at, "mem_reservation"), "is more than the limit", "lower it")
        found = {"cpu": self._cpu(), "memory": memory, "memoryReservation": reservation}
        return {name: value for name, value in found.items() if value is not None}

    def _mebibytes(self, key: str, kind: str) -> int | None:
        group = self._limits if kind == "limits" else self._reserved
        if key in self._service:
            value, where = self._service[key], (*self._at, key)
        elif "memory" in group:
            value, where = group["memory"], (*self._at, "deploy", "resources", kind, "memory")
        else:
            return None
        found = values.mebibytes(value, where, self._notes)
        if found is not None and found < LEAST_MEMORY:
            self._notes.lose(where, f"Docker's minimum is {LEAST_MEMORY} MiB", "that is what it gets")
            return LEAST_MEMORY
        return found

    def _cpu(self) -> int | None:
        """CPU units: a share of the instance's CPUs, which they get when all are busy; ECS caps whole tasks alone."""
        notes, at = self._notes, self._at
        found = None
        places = ((self._limits, "limits"), (self._reserved, "reservations"))
        given = [((*at, "cpus"), self._service["cpus"])] if "cpus" in self._service else []
        given += [
            ((*at, "deploy", "resources", kind, "cpus"), group["cpus"]) for group, kind in places if "cpus" in group
        ]
        for where, value in given:
            cores = values.number(value, where, notes)
            if cores is None:
                continue
            if found is None and cores > 0:
                found = min(max(round(cores * _UNITS_OF_A_CORE), 1), _MOST_UNITS)
            if "reservations" not in where:
                notes.lose(where, "ECS gives shares of CPUs and no cap", "set the task's own cpu for a cap")
        if "cpu_shares" in self._service:
            shares = values.whole(self._service["cpu_shares"], (*at, "cpu_shares"), notes)
            found = min(max(shares, 0), _MOST_UNITS) if shares else found
        return found

    def swap(self, memory: int | None) -> dict[str, int]:
        """``maxSwap`` and ``swappiness``."""
        notes, at, service = self._notes, self._at, self._service
        found: dict[str, int] = {}
        where = (*at, "memswap_limit")
        both = values.size(service["memswap_limit"], where, notes) if "memswap_limit" in service else None
        if both == -1:
            notes.lose(where, "ECS has no swap without a limit", "it may swap as much as its memory")
        elif both and memory is None:
            notes.lose(where, "ECS limits swap beside mem_limit alone", "write mem_limit")
        elif both and memory is not None:
            found["maxSwap"] = max(-(-both // values.MIB) - memory, 0)
        where = (*at, "mem_swappiness")
        swappiness = values.whole(service["mem_swappiness"], where, notes) if "mem_swappiness" in service else None
        if swappiness is not None and not 0 <= swappiness <= 100:
            notes.error(where, "is none of 0 to 100", "write one")
        elif swappiness is not None and memory is None:
            notes.lose(where, "ECS takes it with a limit of memory alone", "write mem_limit")
        elif swappiness is not None and memory is not None:
            # It counts only with maxSwap, whose default this is.
            found = {"maxSwap": found.get("maxSwap", memory), "swappiness": swappiness}
        return found

    def gpus(self) -> list[dict[str, str]]:
        """``resourceRequirements``: how many GPUs."""
        notes, at = self._notes, self._at
        where: Location = (*at, "deploy", "resources", "reservations", "devices")
        value = self._reserved.get("devices")
        if self._service.get("gpus") is not None:
            where, value = (*at, "gpus"), self._service["gpus"]
        if value == "all":
            notes.lose(where, "ECS wants the number of GPUs", "write count: 1")
            return []
        total = 0
        for index, item in enumerate(values.items(value, where, notes)):
            here = (*where, index)
            total += self._gpu(notes.fields(item, here, _DEVICE), here, of_gpus=where[-1] == "gpus")
        return [{"type": "GPU", "value": str(total)}] if total else []

    def _gpu(self, given: Mapping[str, Any], at: Location, *, of_gpus: bool) -> int:
        notes = self._notes
        capabilities = values.texts(given.get("capabilities"), (*at, "capabilities"), notes)
        if not of_gpus and "gpu" not in capabilities:
            notes.lose(at, "ECS asks for GPUs alone", "it is left out")
            return 0
        if set(capabilities) - {"gpu"} or "options" in given or given.get("driver") not in (None, "nvidia"):
            notes.lose(at, "ECS asks for a number of GPUs, and for no more", "the rest is left out")
        if "device_ids" in given:
            notes.lose((*at, "device_ids"), "ECS chooses the GPUs itself", "as many are asked for")
            return len(values.texts(given["device_ids"], (*at, "device_ids"), notes))
        count = given.get("count", "all")
        if count == "all":
            notes.lose(at, "ECS wants the number of GPUs", "write count: 1")
            return 0
        return max(values.whole(count, (*at, "count"), notes) or 0, 0)

    def replicas(self) -> int:
        """How many of the service are wanted; 1 where nothing is said."""
        for where, group, key in (
            ((*self._at, "deploy"), self._deploy, "replicas"),
            (self._at, self._service, "scale"),
        ):
            if group.get(key) is not None:
                found = values.whole(group[key], (*where, key), self._notes)
                return 1 if found is None else max(found, 0)
        return 1
