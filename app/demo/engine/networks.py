"""Networks of a simulated engine, and the addresses on them. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.demo.engine.filters import Filters, any_matches, labels_match, pattern_matches
from app.demo.engine.refused import Refused
from app.demo.engine.times import written

Json = dict[str, Any]
FILTERS = ("dangling", "driver", "id", "label", "name", "scope", "type")
_BUILT_IN = (("none", "null"), ("host", "host"), ("bridge", "bridge"))
_POOL = ipaddress.IPv4Network("172.16.0.0/12")


@dataclass(slots=True)
class Network:
    """``subnet`` None: it has no addresses."""

    id: str
    name: str
    driver: str
    created: int
    labels: Mapping[str, str] = field(default_factory=dict)
    subnet: ipaddress.IPv4Network | None = None
    taken: set[int] = field(default_factory=set)

    def address(self) -> str:
        """The lowest free one. Raises Refused."""
        assert self.subnet is not None
        number = next((number for number in range(2, self.subnet.num_addresses - 1) if number not in self.taken), None)
        if number is None:
            raise Refused(500, "no available IPv4 addresses on this network's address pools")
        self.taken.add(number)
        return str(self.subnet[number])

    def free(self, address: str) -> None:
        if self.subnet is not None and address:
            self.taken.discard(int(ipaddress.IPv4Address(address)) - int(self.subnet.network_address))

    def told(self) -> Json:
        subnets = [{"Subnet": str(self.subnet)}] if self.subnet else []
        return {
            "Name": self.name,
            "Id": self.id,
            "Created": written(self.created),
            "Scope": "local",
            "Driver": self.driver,
            "EnableIPv6": False,
            "IPAM": {"Driver": "default", "Options": None, "Config": subnets},
            "Internal": False,
            "Attachable": False,
            "Ingress": False,
            "ConfigFrom": {"Network": ""},
            "ConfigOnly": False,
            "Containers": {},
            "Options": {},
            "Labels": dict(self.labels),
        }


@dataclass(slots=True)
class Endpoint:
    """A container's place on a network; without an address while it is not up."""

    network: Network
    aliases: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    id: str = ""
    address: str = ""
    joined: bool = False

    def join(self, id: str) -> None:
        self.id, self.joined = id, True
        if self.network.subnet is not None:
            self.address = self.network.address()

    def leave(self) -> None:
        self.network.free(self.address)
        self.id = self.address = ""

    def told(self) -> Json:
        subnet = self.network.subnet if self.address else None
        return {
            "IPAMConfig": None,
            "Links": list(self.links) or None,
            "Aliases": list(self.aliases) or None,
            "NetworkID": self.network.id if self.joined else "",
            "EndpointID": self.id,
            "Gateway": str(subnet[1]) if subnet else "",
            "IPAddress": self.address,
            "IPPrefixLen": subnet.prefixlen if subnet else 0,
            "IPv6Gateway": "",
            "GlobalIPv6Address": "",
            "GlobalIPv6PrefixLen": 0,
            "MacAddress": _mac(self.address) if self.address else "",
            "DriverOpts": None,
        }


def _mac(address: str) -> str:
    return "02:42:" + ":".join(f"{int(part):02x}" for part in address.split("."))


class NetworkShelf:
    """The networks on one engine. ``new_id`` makes their ids."""

    def __init__(self, now: int, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._all: dict[str, Network] = {}
        for name, driver in _BUILT_IN:
            subnet = ipaddress.IPv4Network("172.17.0.0/16") if driver == "bridge" else None
            network = Network(new_id(), name, driver, now, subnet=subnet)
            self._all[network.id] = network

    def find(self, name: str) -> Network:
        """By name, id, or the beginning of one. Raises Refused."""
        found = self._all.get(name) or next((network for network in self._all.values() if network.name == name), None)
        if found is None and name:
            found = next((network for id, network in self._all.items() if id.startswith(name)), None)
        if found is None:
            raise Refused(404, f"network {name} not found")
        return found

    def create(self, now: int, body: Json) -> Network:
        """From the body of the create call. Raises Refused."""
        name = str(body.get("Name") or "")
        if any(network.name == name for network in self._all.values()):
            raise Refused(409, f"network with name {name} already exists")
        asked = [one.get("Subnet") for one in (body.get("IPAM") or {}).get("Config") or () if one.get("Subnet")]
        try:
            subnet = ipaddress.IPv4Network(asked[0]) if asked else self._free_subnet()
        except ValueError as error:
            raise Refused(400, f"invalid subnet: {error}") from None
        if any(network.subnet is not None and network.subnet.overlaps(subnet) for network in self._all.values()):
            raise Refused(403, "Pool overlaps with other one on this address space")
        made = Network(self._new_id(), name, str(body.get("Driver") or "bridge"), now, body.get("Labels") or {}, subnet)
        self._all[made.id] = made
        return made

    def _free_subnet(self) -> ipaddress.IPv4Network:
        taken = {network.subnet for network in self._all.values()}
        for subnet in _POOL.subnets(new_prefix=16):
            if subnet not in taken and subnet.network_address.packed[1] > 16:
                return subnet
        raise Refused(404, "all predefined address pools have been fully subnetted")

    def remove(self, network: Network) -> None:
        if any(network.name == name for name, _ in _BUILT_IN):
            raise Refused(403, f"{network.name} is a pre-defined network and cannot be removed")
        if network.taken:
            raise Refused(
                403,
                f"error while removing network: network {network.name} id {network.id} has active endpoints",
            )
        del self._all[network.id]

    def matching(self, filters: Filters) -> Iterable[Network]:
        for network in self._all.values():
            if (
                labels_match(filters, network.labels)
                and any_matches(filters, "name", lambda name, found=network: pattern_matches(name, found.name))  # type: ignore[misc]
                and any_matches(filters, "id", network.id.startswith)
                and any_matches(filters, "driver", lambda driver, found=network: driver == found.driver)  # type: ignore[misc]
            ):
                yield network
