"""Whatever stands in a Compose file, it is taken, or refused with findings; and what is taken can be registered."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.interop.compose import ComposeOptions, Surroundings, is_compose, read_compose
from app.interop.compose.keys import SERVICE, TOP_LEVEL
from app.model.definition_document import definition_from
from app.model.errors import DocumentError

WORDS = (
    "web", "db", "80", "8080:80", "1-3", "/a", "./a:/b:ro", "data:/d", "a=b", "=", ":", "a:b:c", "64m", "-1", "1m30s",
    "true", "no", "always", "on-failure:x", "host", "service:web", "service:db", "gpu", "all", "0.5", "${A}", "$$", "",
    "\u202e", "x" * 300, "NET_ADMIN", "net.core.somaxconn", "nofile", "no-new-privileges:true", "json-file", "CMD",
    "service_healthy", "service_completed_successfully", "linux/arm64", "*", "..", "file.env", "bind", "tmpfs",
)  # fmt: skip
KEYS = (
    "web", "db", "test", "interval", "retries", "disable", "condition", "required", "target", "published", "protocol",
    "type", "source", "read_only", "bind", "volume", "tmpfs", "size", "mode", "propagation", "soft", "hard", "nofile",
    "driver", "options", "resources", "limits", "reservations", "cpus", "memory", "devices", "capabilities", "count",
    "device_ids", "replicas", "restart_policy", "path", "format", "service", "file", "external", "name", "labels",
    "driver_opts", "x-a", "permissions", "net.core.somaxconn", "generic_resources", "placement", "subpath", "",
)  # fmt: skip
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-2, 70000), st.floats(-1, 5), st.sampled_from(WORDS))
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)),
    max_leaves=8,
)
SERVICES = st.dictionaries(st.sampled_from(sorted(SERVICE)), VALUES, max_size=5)
FILES = {
    ".env": b"A=1\nB='x y'\n",
    "file.env": b"A=${A}\nC\n",
    "web": b"services: {db: {image: x, volumes: [./a:/b], extends: {file: web, service: web}}, web: {image: y}}\n",
}


def neighbour(path: str) -> bytes:
    if path not in FILES:
        raise FileNotFoundError(path)
    return FILES[path]


def taken(document: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    around = Surroundings({"HOST": "h"}, "/srv/shop", neighbour)
    data = json.dumps(document).encode()
    try:
        read = read_compose(document, data, "x", ComposeOptions(**options), around)
    except DocumentError as error:
        assert all(line.startswith("x: ") and line.isprintable() for line in error.message.splitlines())
        return []
    assert all(str(finding).isprintable() for finding in read.losses)
    return [built.members for built in read.definitions]


@settings(max_examples=400, suppress_health_check=list(HealthCheck))
@given(SERVICES, SERVICES, st.booleans())
def test_any_service_is_taken_or_refused(web: dict[str, Any], db: dict[str, Any], split: bool) -> None:
    document = {"services": {"web": {"image": "x", **web}, "db": {"image": "y", "healthcheck": {"test": "x"}, **db}}}
    for members in taken({**document, "volumes": {"data": None}}, split=split):
        try:
            definition_from(members, "x")
        except DocumentError as error:
            told = error.message
            # What only the whole definition shows: circles, and what is wrong with the text of a value.
            assert all(any(word in line for word in KNOWN) for line in told.splitlines()), told


KNOWN = (
    "cycle", "Container.image contains invalid characters", "is mapped multiple times", "hardLimit", "set twice",
    ".image: ", "dnsSearchDomains", "hostname", "is the container itself", ".user: ", "links", ".value", ".namespace",
    "essential", ".ipAddress", ".workingDirectory", "placementConstraints", "resourceRequirements",
)  # fmt: skip


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(st.sampled_from([*sorted(TOP_LEVEL), "x-ecs", "x-a", "frobnicate"]), VALUES, max_size=5))
def test_any_file_is_taken_or_refused(document: dict[str, Any]) -> None:
    is_compose(document)
    taken({"services": {"web": {"image": "x"}}, **document})
    taken(document)


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(SERVICES, VALUES)
def test_anything_may_be_extended(base: dict[str, Any], more: Any) -> None:
    child = dict.fromkeys(list(base)[:2], more)
    services = {"base": {"image": "x", **base}, "web": {"extends": "base", **child}}
    taken({"services": services})
    taken({"services": {"web": {"extends": {"file": "web", "service": "db"}, **base}}})


ODD: tuple[Any, ...] = (
    None, 5, "x", True, [], {}, [5], [None], [[]], [{}], {"a": 5}, {"a": {}}, {"a": None}, {"": 1}, {"a": "", "": ""},
    [{"type": "bind", "target": "/x", "source": "/y", "bind": 5}],
    [{"type": "bind", "target": "/x", "source": "/y", "bind": {"propagation": []}}],
    [{"type": "volume", "target": "/x", "volume": [5]}], [{"type": "tmpfs", "target": "/x", "tmpfs": 5}],
    [{"type": "tmpfs", "target": "/x", "tmpfs": {"size": [], "mode": {}}}], [{"type": []}], [{"target": []}],
    [{"target": "80", "published": {}}], {"resources": 5}, {"resources": {"limits": 5}}, {"replicas": []},
    {"resources": {"reservations": {"devices": 5}}}, {"resources": {"reservations": {"devices": [5]}}},
    {"resources": {"reservations": {"devices": [{"capabilities": "gpu", "count": "x"}]}}}, {"restart_policy": 5},
    {"restart_policy": {"condition": []}}, {"test": 5}, {"test": []}, {"test": [[]]}, {"driver": []}, {"driver": {}},
    {"test": "x", "interval": 5, "retries": 0}, {"driver": "json-file", "options": 5}, {"web": 5}, {"nofile": []},
    {"web": {"condition": []}}, {"nofile": {"soft": 1}}, {"path": 5}, [{"path": 5}], [{"path": "a", "required": "x"}],
    {"service": 5}, {"service": "x", "file": 5}, {"service": "x", "file": ""}, {"service": "x", "file": "a\0b"},
)  # fmt: skip


def test_odd_shapes_at_every_key_are_taken_or_refused() -> None:
    for value in ODD:
        for key in sorted(SERVICE):
            for members in taken({"services": {"web": {"image": "x", key: value}}, "volumes": {"x": None}}):
                definition_from(members, "x")
        for key in (*sorted(TOP_LEVEL), "x-ecs"):
            taken({"services": {"web": {"image": "x", "volumes": ["a:/b"]}}, key: value})
        taken({"services": {"web": {"image": "x", "volumes": ["a:/b"]}}, "volumes": {"a": value}})
