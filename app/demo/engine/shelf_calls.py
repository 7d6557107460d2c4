"""Calls about volumes and networks."""

from __future__ import annotations

from app.demo.engine import networks, volumes
from app.demo.engine.answers import NOTHING, body_of, told
from app.demo.engine.connection import Answer, Channel
from app.demo.engine.engine import SimulatedEngine
from app.demo.engine.filters import read_filters
from app.demo.engine.http import Request
from app.demo.engine.networks import Network


def list_volumes(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    filters = read_filters(request.last("filters"), volumes.FILTERS)
    found = [volume.told() for volume in engine.machine.volumes.matching(filters)]
    return told({"Volumes": found, "Warnings": None})


def create_volume(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    body = body_of(request)
    volume = engine.machine.make_volume(
        str(body.get("Name") or ""), body.get("Labels"), str(body.get("Driver") or ""), body.get("DriverOpts")
    )
    return told(volume.told(), 201)


def inspect_volume(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    return told(engine.machine.volumes.find(name).told())


def remove_volume(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    engine.machine.remove_volume(name)
    return NOTHING


def list_networks(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    filters = read_filters(request.last("filters"), networks.FILTERS)
    return told([network.told() for network in engine.machine.networks.matching(filters)])


def inspect_network(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    return told(engine.machine.networks.find(name).told())


def create_network(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    network = engine.machine.networks.create(engine.now(), body_of(request))
    _tell(engine, "create", network)
    return told({"Id": network.id, "Warning": ""}, 201)


def remove_network(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    network = engine.machine.networks.find(name)
    engine.machine.networks.remove(network)
    _tell(engine, "destroy", network)
    return NOTHING


def _tell(engine: SimulatedEngine, action: str, network: Network) -> None:
    attributes = {"name": network.name, "type": network.driver}
    engine.machine.events.add(engine.now(), "network", action, network.id, attributes)


def prune_volumes(engine: SimulatedEngine, name: str, request: Request, channel: Channel) -> Answer:
    """Those that no container has; without ``all`` only those that were made for one container."""
    filters = read_filters(request.last("filters"), ("all", "label", "label!"))
    everything = any(value in ("true", "1") for value in filters.get("all", ()))
    unused = engine.machine.volumes.matching({**filters, "dangling": ("true",)})
    gone = [volume.name for volume in unused if everything or volume.labels is None]
    for volume in gone:
        engine.machine.remove_volume(volume)
    return told({"VolumesDeleted": gone or None, "SpaceReclaimed": 0})
