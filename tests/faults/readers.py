"""Everything that reads what others wrote, as functions of bytes, with a few inputs that each of them takes."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.hosts.endpoint import parse_endpoint
from app.hosts.errors import HostError
from app.hosts.event_reading import EventReader
from app.hosts.images.build_reading import BuildReading
from app.hosts.images.registry_trouble import login_trouble, registry_trouble
from app.hosts.json_stream import JsonLines
from app.hosts.labels import DamagedLabels, container_name, digest, labels_of, read_tag
from app.hosts.log_frames import parser_of
from app.hosts.reading import container_from_inspect, container_from_list, engine_info
from app.hosts.records import read_record, record_labels
from app.interop.cloudformation import from_template, is_template
from app.interop.compose import ComposeOptions, Surroundings, read_compose
from app.interop.contexts import read_context
from app.interop.dockerfile import base_images, needs_buildkit
from app.interop.dockerignore import parse_dockerignore
from app.interop.yaml_text import parse_yaml
from app.model.cluster import cluster_from_document
from app.model.definition_document import parse_definition
from app.model.dotenv import env_pairs
from app.model.manifest import read_manifest
from app.model.record import record_name
from app.model.safe_text import safe
from app.model.strict_json import parse_json
from app.placement.expressions import parse as parse_expression
from app.screens.filtering import filter_problems, parse_filter, subject
from app.store.config import read_config
from app.store.docker_auth import DockerAuth
from app.store.toml_text import parse_toml
from tests.unit.builders import inspected, record, tag

SAMPLES = tuple(path.read_bytes() for path in sorted((Path(__file__).parents[2] / "sample_defs").glob("*.json")))
CLUSTER = b"""name = "prod"
status = "ACTIVE"

[[instance]]
name = "edge-1"
id = "00000000000000000000000000000001"
endpoint = "unix:///run/docker.sock"
registered_at = 2026-03-01T12:00:00Z
attributes = { zone = "a", "ecs.os-type" = "linux" }
"""
CONFIG = b"""theme = "dark"
mouse = false
shell = [["bash", "-l"], ["sh"]]
host_ports = "49153-65535"

[keys]
quit = "q"

[secrets]
"arn:aws:ssm:eu-west-1:1:parameter/key" = "env:WEB_KEY"
"""
COMPOSE = b"""name: shop
x-common: &common
  restart: on-failure
services:
  db:
    image: redis:7
    environment: {A: "1", B: "${C:-d}"}
    volumes: ["data:/data", "./conf:/conf:ro"]
    healthcheck: {test: ["CMD", "true"], interval: 5s}
  web:
    <<: *common
    image: nginx:1
    ports: ["8080:80", "127.0.0.1:5353:53/udp"]
    depends_on: {db: {condition: service_healthy}}
    command: sh -c 'exec nginx'
volumes: {data: {}}
"""
TEMPLATE = b"""Parameters: {Tag: {Type: String, Default: "1"}}
Resources:
  Web:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: web
      ContainerDefinitions:
        - Name: web
          Image: !Sub "nginx:${Tag}"
          Memory: 64
          Environment: [{Name: A, Value: !Ref Tag}]
"""
SHORT_TAGS = {"!Ref": "Ref", "!Sub": "Fn::Sub"}
LOG = b"".join(
    b"\x01\x00\x00\x00" + len(line).to_bytes(4, "big") + line
    for line in (b"2026-03-01T12:00:00.000000001Z hello\n", b"2026-03-01T12:00:01.5Z \xc3\xa9\xe2\x82\xac\n", b"half")
)
EVENT = {
    "Type": "container", "Action": "die", "time": 1767225600, "timeNano": 1767225600123456789,
    "Actor": {"ID": "ab" * 32, "Attributes": {"exitCode": "137", "name": container_name(tag()), **labels_of(tag())}},
}  # fmt: skip
LISTED = {
    "Id": "ab" * 32, "Names": [f"/{container_name(tag())}"], "Image": "busybox", "ImageID": "sha256:12",
    "State": "running", "Created": 1767225600, "Status": "Up 3 minutes (healthy)", "Labels": labels_of(tag()),
    "Ports": [{"IP": "::", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}],
}  # fmt: skip
INFO = {
    "ID": "x", "Name": "edge-1", "NCPU": 2, "MemTotal": 8 << 30, "Labels": ["zone=a"], "ServerVersion": "20.10.24",
    "SecurityOptions": ["name=seccomp,profile=default"], "Swarm": {"LocalNodeState": "inactive"}, "Warnings": [],
    "SystemTime": "2026-03-01T12:00:00.123456789Z", "OSType": "linux", "Architecture": "x86_64", "CgroupVersion": "1",
}  # fmt: skip

DOCKER_CONFIG = b"""{
\t"auths": {
\t\t"https://index.docker.io/v1/": {"auth": "bWU6cGFzcw=="},
\t\t"registry.lan": {"auth": "bWU6cGFzcw==", "identitytoken": "e30="},
\t\t"registry.lan/team": {"username": "me", "password": "p"}
\t},
\t"credHelpers": {"other.lan": "secretservice"}, "HttpHeaders": {"User-Agent": "x"}
}"""
DOCKERFILE = rb"""# escape=\
ARG TAG=1 BASE="web"
FROM ${BASE}:${TAG:-3} AS made
RUN --mount=type=cache,target=/x make \
  all
FROM scratch
COPY --from=made --chown=1:1 /a /b
RUN <<END
END
"""
BUILD = rb"""{"stream":"Step 1/2 : FROM busybox"}
{"stream":" ---> Using cache\n"}
{"status":"Downloading","id":"ab","progressDetail":{"current":1,"total":2}}
{"stream":"Step 2/2 : RUN x"}
{"stream":" ---> Running in 0c8a1e0a2e9c\n"}
{"stream":"one\ntwo"}
{"aux":{"ID":"sha256:5d5d"}}
{"errorDetail":{"code":3,"message":"The command returned a non-zero code: 3"},"error":"x"}
"""


@dataclass(frozen=True, slots=True)
class Reader:
    """``read`` takes any bytes; it reads them, or raises MoorageError or one of ``refusals``, and nothing else."""

    name: str
    read: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    refusals: tuple[type[Exception], ...] = ()


def readers(folder: Path) -> list[Reader]:
    """``folder``: for files of those that read files."""
    return [
        Reader("JSON", lambda data: parse_json(data, "x.json"), SAMPLES),
        Reader("task definition", lambda data: parse_definition(data, "x.json"), SAMPLES),
        Reader("TOML", lambda data: parse_toml(data, "x.toml"), (CLUSTER, CONFIG)),
        Reader("cluster file", _cluster, (CLUSTER,)),
        Reader("config.toml", _config(folder / "config.toml"), (CONFIG,)),
        Reader("YAML", lambda data: parse_yaml(data, "x.yaml", SHORT_TAGS), (COMPOSE, TEMPLATE)),
        Reader("Compose file", _compose, (COMPOSE,)),
        Reader("CloudFormation template", _template, (TEMPLATE,)),
        Reader("environment file", _text(env_pairs), (b"A=1\nexport B=\"x\\n\" # c\nC='d'\n",)),
        Reader("context of docker", lambda data: read_context(data, "meta.json", "0" * 64), (b'{"Name": "edge"}',)),
        Reader(
            "endpoint", _text(parse_endpoint), (b"unix:///run/docker.sock", b"tcp://[::1]:2375", b"tcp://127.0.0.1:1")
        ),
        Reader("placement expression", _text(parse_expression), (b"attribute:zone == a and not task:group in [a, b]",)),
        Reader("filter", _text(_filter), (b"state:running web !db /e.g[e-]+/ family:web", b"/(a|b)*c/")),
        Reader("labels of a container", _json(_tag), (_dumped(labels_of(tag())),), (DamagedLabels,)),
        Reader("record of a task", _json(_record), (_dumped(record_labels(record())),)),
        Reader("manifest", _text(read_manifest), (record().manifest.encode(), *SAMPLES)),
        Reader("list of containers", _json(container_from_list), (_dumped(LISTED),)),
        Reader("inspection of a container", _json(container_from_inspect), (_dumped(inspected(tag())),)),
        Reader("what an engine says of itself", _json(lambda value: engine_info(value, value)), (_dumped(INFO),)),
        Reader("event", _json(EventReader().read), (_dumped(EVENT),)),
        Reader("log stream", _log, (LOG, b"24\r\n" + LOG[:0x24] + b"\r\n0\r\n\r\n", b"plain\r\nlines\n")),
        Reader("config.json of docker", _docker(folder), (DOCKER_CONFIG,)),
        Reader("what is said of a registry", _text(_said), (b'Head "https://r.lan/v2/": no basic auth credentials',)),
        Reader(".dockerignore", _ignored, (b"# c\n*\n!src/**/*.p[ya-c]\nsrc/\\*\n", b"a*b*c*/**/d?\n!a/b\n")),
        Reader("Dockerfile", _text(_dockerfile), (DOCKERFILE,)),
        Reader("frames of a build", _build, (BUILD,)),
        Reader("text to be shown", _text(safe), (b"caf\xc3\xa9 \xf0\x9f\x90\xb3", b"\x1b[31mred\x1b[0m")),
    ]


def _docker(folder: Path) -> Callable[[bytes], object]:
    # Helpers are looked for nowhere: nothing that an input names is run.
    known = DockerAuth({"DOCKER_CONFIG": str(folder), "PATH": ""})

    def work(data: bytes) -> object:
        known.path.unlink(missing_ok=True)
        known.path.write_bytes(data)
        return [known.credential(registry) for registry in ("registry.lan/team/web", "docker.io", "registry.lan")]

    return work


def _said(text: str) -> object:
    return registry_trouble("r.lan/web:7", text), login_trouble("r.lan", text)


def _ignored(data: bytes) -> object:
    found = parse_dockerignore(data)
    return [found.excludes(path) for path in ("a", "src/deep/" + "a" * 200, "a/" * 30 + "b", "aXbYc/x/dz")]


def _dockerfile(text: str) -> object:
    return base_images(text, {"TAG": "2"}), needs_buildkit(text)


def _build(data: bytes) -> object:
    lines, reading = JsonLines(), BuildReading()
    for frame in [*lines.feed(data), *lines.end()]:
        reading.begins_step(frame)
        reading.feed(frame)
    reading.end()
    return reading.steps, reading.taken(), reading.error


def _dumped(value: object) -> bytes:
    return json.dumps(value).encode()


def _text(read: Callable[[str], object]) -> Callable[[bytes], object]:
    """As the system hands text over: what is no UTF-8 becomes lone surrogates."""
    return lambda data: read(data.decode("utf-8", "surrogateescape"))


def _json(read: Callable[[dict[str, Any]], object]) -> Callable[[bytes], object]:
    """As an answer of an engine is read: NaN, doubled members and lone surrogates come through."""

    def work(data: bytes) -> object:
        try:
            value = json.loads(data.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            return None
        return read(value) if isinstance(value, dict) else None

    return work


def _cluster(data: bytes) -> object:
    return cluster_from_document(parse_toml(data, "prod.toml").values, "prod.toml")


def _config(path: Path) -> Callable[[bytes], object]:
    def work(data: bytes) -> object:
        path.write_bytes(data)
        return read_config(path)

    return work


def _template(data: bytes) -> object:
    value = parse_yaml(data, "template.yaml", SHORT_TAGS)
    return from_template(value, "template.yaml") if is_template(value) else value


def _compose(data: bytes) -> object:
    value = parse_yaml(data, "compose.yaml")
    if not isinstance(value, dict):
        return value
    return read_compose(value, data, "compose.yaml", ComposeOptions(), Surroundings(folder="/shop"))


def _tag(labels: dict[str, Any]) -> object:
    texts = {str(key): str(value) for key, value in labels.items()}
    # The digest that belongs to them: with a wrong one nothing else is looked at.
    name = container_name(tag())
    return read_tag(name, {**texts, "moorage.digest": digest(name, texts)})


def _record(labels: dict[str, Any]) -> object:
    return read_record(record_name(record()), {str(key): str(value) for key, value in labels.items()})


def _filter(text: str) -> object:
    filter_problems(text)
    return parse_filter(text)(subject("web edge-1 \x00 é", state="RUNNING", family="web"))


def _log(data: bytes) -> object:
    read = []
    for chunked, tty, timestamps in (
        (True, False, True),
        (False, False, False),
        (False, True, True),
        (True, True, False),
    ):
        parser = parser_of(chunked=chunked, tty=tty, timestamps=timestamps)
        with suppress(HostError):
            for at in range(0, len(data), 777):
                read += parser.feed(data[at : at + 777])
            read += parser.end()
    return [list(lines) for lines in read]
