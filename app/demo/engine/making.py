"""Docker's create call: from its body to a container that has not run. Raises Refused where Docker refuses."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from typing import Any

from app.demo.engine.container import Container, Health, Mount
from app.demo.engine.host_config import host_config
from app.demo.engine.images import Image, canonical
from app.demo.engine.load import Load
from app.demo.engine.machine import Machine
from app.demo.engine.networks import Endpoint
from app.demo.engine.refused import Refused

Json = dict[str, Any]
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
_INHERITED = ("User", "WorkingDir", "Healthcheck", "StopSignal")
_MERGED = ("ExposedPorts", "Labels", "Volumes")
_LEFT_OUT = ("ExposedPorts", "Healthcheck", "NetworkDisabled", "MacAddress", "StopSignal", "Shell")
"""What Docker does not tell when it is empty."""
_ADJECTIVES = ("brave", "calm", "eager", "gentle", "jolly", "keen", "quiet", "swift")
_NOUNS = ("anchor", "buoy", "cleat", "harbor", "keel", "mast", "rudder", "tide")


def make_container(machine: Machine, body: Mapping[str, Any], name: str, at: int) -> Container:
    """Make it and keep it. Its event is the caller's affair."""
    name = name.removeprefix("/") or _free_name(machine)
    reference = str(body.get("Image") or "")
    image = machine.images.find(reference)
    if image is None:
        raise Refused(404, f"No such image: {canonical(reference)}")
    if not _NAME.fullmatch(name):
        raise Refused(400, f"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")
    host = host_config(body.get("HostConfig") or {}, machine.cpus)
    _bound_namespaces(machine, host)
    id = machine.new_id()
    config = _config(body, image, id)
    if not (config["Entrypoint"] or config["Cmd"]):
        raise Refused(400, "No command specified")
    machine.name_is_free(name)
    folder = config.get("WorkingDir") or "/"
    if not folder.startswith("/"):
        raise Refused(400, f"the working directory '{folder}' is invalid, it needs to be an absolute path")
    endpoints = _endpoints(machine, host, body, id)
    mounts = _mounts(machine, host, config)
    for mount in mounts:
        if mount.name:
            machine.volumes.find(mount.name).users.add(id)
    check = config.get("Healthcheck") or {}
    checked = bool(check.get("Test")) and check["Test"][0] != "NONE"
    container = Container(
        id=id,
        name=name,
        created=at,
        image=image,
        config=config,
        host=host,
        endpoints=endpoints,
        mounts=mounts,
        load=Load(),
        health=Health() if checked else None,
    )
    machine.keep(container)
    return container


def _free_name(machine: Machine) -> str:
    taken = {container.name for container in machine.containers.values()}
    while True:
        name = f"{machine.random.choice(_ADJECTIVES)}_{machine.random.choice(_NOUNS)}{machine.random.randrange(100)}"
        if name not in taken:
            return name


def _bound_namespaces(machine: Machine, host: Json) -> None:
    """Docker binds the namespaces of another container to its id."""
    for mode in ("NetworkMode", "PidMode", "IpcMode"):
        kind, _, owner = str(host.get(mode) or "").partition(":")
        if kind == "container":
            # One that is not there is looked for again at the start.
            with contextlib.suppress(Refused):
                host[mode] = f"container:{machine.find(owner).id}"


def _config(body: Mapping[str, Any], image: Image, id: str) -> Json:
    """What was asked for, laid over what the image says."""
    of_image = image.config()
    given = {key: value for key, value in body.items() if key not in ("HostConfig", "NetworkingConfig")}
    config: Json = {**of_image, **{key: value for key, value in given.items() if value is not None}}
    if body.get("Entrypoint") and not body.get("Cmd"):
        config["Cmd"] = None  # the image's command belongs to the image's entry point
    for member in ("Entrypoint", "Cmd"):
        if isinstance(config[member], str):
            config[member] = [config[member]]
        if config[member] == []:
            config[member] = of_image[member]
    for member in _INHERITED:
        if not given.get(member) and of_image.get(member):
            config[member] = of_image[member]
    for member in _MERGED:
        merged = {**(of_image.get(member) or {}), **(given.get(member) or {})}
        config[member] = merged or ({} if member == "Labels" else None)
    own = list(given.get("Env") or ())
    names = {pair.partition("=")[0] for pair in own}
    config["Env"] = [*own, *(pair for pair in image.environment if pair.partition("=")[0] not in names)]
    config["Image"] = body.get("Image")
    if config.get("Healthcheck"):
        config["Healthcheck"] = {name: value for name, value in config["Healthcheck"].items() if value}
    for member in _LEFT_OUT:
        if not config.get(member) and member in config:
            del config[member]
    network = str((body.get("HostConfig") or {}).get("NetworkMode") or "")
    if not network.startswith("container:"):
        config["Hostname"] = given.get("Hostname") or id[:12]
    return config


def _endpoints(machine: Machine, host: Json, body: Mapping[str, Any], id: str) -> dict[str, Endpoint]:
    mode = host["NetworkMode"]
    if mode.startswith("container:"):
        return {}
    asked = (body.get("NetworkingConfig") or {}).get("EndpointsConfig") or {}
    name = "bridge" if mode == "default" else mode
    try:
        network = machine.networks.find(name)
    except Refused:
        # Docker looks for it at the start: until then a container may ask for any.
        return {}
    given = asked.get(mode) or asked.get(network.name) or asked.get(network.id) or {}
    own = (*(given.get("Aliases") or ()), id[:12]) if network.name not in ("bridge", "host", "none") else ()
    return {network.name: Endpoint(network, tuple(own), tuple(given.get("Links") or ()))}


def _mounts(machine: Machine, host: Json, config: Json) -> tuple[Mount, ...]:
    found: dict[str, Mount] = {}
    for source in host.get("VolumesFrom") or ():
        owner, _, mode = str(source).partition(":")
        for mount in machine.find(owner).mounts:
            found[mount.destination] = Mount(mount.name, mount.source, mount.destination, mode != "ro")
    for bind in host.get("Binds") or ():
        source, _, rest = str(bind).partition(":")
        target, _, mode = rest.partition(":")
        found[target] = _mount(machine, source, target, writable="ro" not in mode.split(","))
    for asked in host.get("Mounts") or ():
        if asked.get("Type") in ("bind", "volume"):
            target = str(asked.get("Target"))
            found[target] = _mount(machine, str(asked.get("Source") or ""), target, writable=not asked.get("ReadOnly"))
    for target in config.get("Volumes") or {}:
        if target not in found:
            found[target] = _mount(machine, "", target, writable=True)
    return tuple(found.values())


def _mount(machine: Machine, source: str, target: str, *, writable: bool) -> Mount:
    if source.startswith("/"):
        return Mount("", source, target, writable)
    volume = machine.make_volume(source)
    return Mount(volume.name, volume.source, target, writable, anonymous=not source)
