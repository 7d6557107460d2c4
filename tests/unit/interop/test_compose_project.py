"""Projects of several services: names, profiles, extends, dependencies, networks, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from app.model.definition_document import definition_from
from tests.unit.interop.composing import members, read, refusal

M = "mem_limit: 8m"


def by_name(text: str, files: dict[str, str] | None = None, **options: Any) -> dict[str, dict[str, Any]]:
    made = members(text, files, **options)
    definition_from(made, "x")
    return {container["name"]: container for container in made["containerDefinitions"]}


def test_the_name_of_the_project_by_composes_order() -> None:
    def name(text: str, environment: dict[str, str] | None = None, **options: Any) -> str:
        got = read(text + f"services: {{web: {{image: x, {M}}}}}\n", None, environment or {}, **options)
        return got.project

    assert name("") == "shop"
    assert name("name: mine\n") == "mine"
    assert name("name: mine\n", {"COMPOSE_PROJECT_NAME": "env"}) == "env"
    assert name("name: mine\n", {"COMPOSE_PROJECT_NAME": "env"}, project_name="given") == "given"
    assert refusal(f"name: My Shop\nservices: {{web: {{image: x, {M}}}}}\n")[0].startswith("line 1, column 1, name: ")


def test_a_family_of_ones_own_leaves_the_project_alone() -> None:
    got = read(f"services: {{web: {{image: x, {M}, build: ., volumes: ['d:/d']}}}}\nvolumes: {{d: }}\n", family="Other")
    assert got.definitions[0].family == "Other"
    assert got.definitions[0].members["volumes"][0]["name"] == "shop_d"


SHOP = f"""
services:
  web.app:
    image: x
    {M}
    depends_on:
      db: {{condition: service_healthy, restart: true}}
      init: {{condition: service_completed_successfully}}
    links: [cache:redis]
    volumes_from: [db:ro]
  db: {{image: y, {M}, healthcheck: {{test: x}}}}
  cache: {{image: z, {M}, depends_on: [db]}}
  init: {{image: x, {M}}}
"""


def test_services_become_containers_of_one_task() -> None:
    got = read(SHOP)
    made = by_name(SHOP)
    assert list(made) == ["web-app", "db", "cache", "init"]
    assert made["web-app"]["dependsOn"] == [
        {"containerName": "db", "condition": "HEALTHY"},
        {"containerName": "init", "condition": "SUCCESS"},
    ]
    # Compose lets a service find by its name what it waits for; what is over is not there to be found.
    assert made["web-app"]["links"] == ["cache:redis", "db"]
    assert made["cache"]["links"] == ["db"]
    assert made["web-app"]["volumesFrom"] == [{"sourceContainer": "db", "readOnly": True}]
    assert {name: item.get("essential", True) for name, item in made.items()} == {
        "web-app": True, "db": True, "cache": True, "init": False,
    }  # fmt: skip
    assert [finding.path for finding in got.losses] == ["services.web.app", "services.web.app.depends_on.db.restart"]


def test_a_definition_for_each_service() -> None:
    got = read(SHOP, split=True, family="f")
    assert [built.family for built in got.definitions] == ["f-web-app", "f-db", "f-cache", "f-init"]
    for built in got.definitions:
        definition_from(built.members, "x")
        assert len(built.members["containerDefinitions"]) == 1
        assert "dependsOn" not in built.members["containerDefinitions"][0]
    lost = [finding.path for finding in got.losses]
    for path in ("links[0]", "depends_on.db", "depends_on.init", "volumes_from[0]"):
        assert f"services.web.app.{path}" in lost


def test_names_that_ecs_does_not_take_stay_distinct() -> None:
    text = "services:\n" + "".join(f"  {name}: {{image: x, {M}}}\n" for name in ("a.b", "a-b", "a..b", "a--b"))
    assert list(by_name(text)) == ["a-b-2", "a-b", "a--b-2", "a--b"]


def test_services_that_nothing_links_are_told_that_names_do_not_resolve() -> None:
    got = read(f"services: {{a: {{image: x, {M}}}, b: {{image: x, {M}}}}}\n")
    assert [finding.path for finding in got.losses] == ["services"]


PROFILES = f"""
services:
  web: {{image: x, {M}, depends_on: {{debug: {{condition: service_started, required: false}}}}}}
  debug: {{image: x, {M}, profiles: [debug, all]}}
"""


def test_profiles_choose_services() -> None:
    assert list(by_name(PROFILES)) == ["web"]
    assert list(by_name(PROFILES, profiles=("debug",))) == ["web", "debug"]
    assert list(by_name(PROFILES, profiles=("*",))) == ["web", "debug"]
    got = read(PROFILES, None, {"COMPOSE_PROFILES": "x,all"})
    assert len(got.definitions[0].members["containerDefinitions"]) == 2


def test_depending_on_a_service_whose_profile_is_not_asked_for_is_refused() -> None:
    text = PROFILES.replace(", required: false", "")
    assert refusal(text) == [
        (
            "line 3, column 47, services.web.depends_on.debug: is about a service whose profile is not asked for; "
            "choose it with --profile"
        )
    ]
    (line,) = refusal(f"services: {{a: {{image: x, {M}, profiles: [p]}}}}\n")
    assert "all have profiles" in line


BASE = f"""
services:
  base:
    image: base:1
    {M}
    command: [a, b]
    environment: {{A: 1, B: 1}}
    ports: [80]
    volumes: [./data:/data, /x:/same]
    env_file: base.env
    healthcheck: {{test: [CMD, old, x], interval: 10s}}
    labels: [a=1]
    dns: 10.0.0.1
    depends_on: [other]
  middle: {{extends: base, environment: [B=2]}}
"""
CHILD = f"""
services:
  web:
    extends: {{file: sub/base.yaml, service: middle}}
    command: [c]
    environment: {{C: 3}}
    ports: [81]
    volumes: [/y:/same]
    healthcheck: {{test: [CMD, new]}}
    labels: {{b: 2}}
    dns: [10.0.0.2]
  other: {{image: o, {M}}}
"""


def test_extends_merges_as_compose_does_and_paths_are_told_from_their_own_file() -> None:
    web = by_name(CHILD, {"sub/base.yaml": BASE, "sub/base.env": "E=file\n"})["web"]
    assert web["image"] == "base:1"
    assert web["command"] == ["c"]
    assert {pair["name"]: pair["value"] for pair in web["environment"]} == {"E": "file", "A": "1", "B": "2", "C": "3"}
    assert [mapping["containerPort"] for mapping in web["portMappings"]] == [80, 81]
    assert [(mount["sourceVolume"], mount["containerPath"]) for mount in web["mountPoints"]] == [
        ("srv-shop-sub-data", "/data"),
        ("y", "/same"),
    ]
    assert web["healthCheck"] == {"command": ["CMD", "new"], "interval": 10, "timeout": 30, "retries": 3}
    assert web["dockerLabels"] == {"a": "1", "b": "2"}
    assert web["dnsServers"] == ["10.0.0.1", "10.0.0.2"]
    assert web["dependsOn"] == [{"containerName": "other", "condition": "START"}]


def test_a_file_that_is_extended_may_lie_elsewhere_in_the_folder_and_go_on_from_there() -> None:
    files = {
        "a/one.yaml": "services: {x: {extends: {file: ../b/two.yaml, service: y}}}\n",
        "b/two.yaml": f"services: {{y: {{image: z, {M}, volumes: ['./v:/v']}}}}\n",
    }
    made = members("services: {web: {extends: {file: a/one.yaml, service: x}}}\n", files)
    assert made["volumes"][0]["host"] == {"sourcePath": "/srv/shop/b/v"}


@pytest.mark.parametrize(
    ("extends", "words"),
    [
        ("{file: ../x.yaml, service: a}", "is outside the folder"),
        ("{file: /etc/passwd, service: a}", "is outside the folder"),
        ("{file: no.yaml, service: a}", "no.yaml: no such file"),
        ("{file: bad.yaml, service: a}", "bad.yaml: line 2, column 1: not YAML"),
        ("{file: loop.yaml, service: a}", "extends itself in a circle"),
        ("{service: nothing}", "extends a service that is not there; there are: web"),
        ("web", "extends itself in a circle"),
        ("{service: web, file: }", "extends itself in a circle"),
        ("{}", "does not say which service"),
        ("[web]", "is no mapping"),
    ],
)
def test_what_cannot_be_extended_is_told(extends: str, words: str) -> None:
    files = {
        "bad.yaml": "services: [",
        "loop.yaml": "services: {a: {extends: b}, b: {extends: a}}\n",
    }
    text = f"services:\n  web:\n    image: x\n    {M}\n    extends: {extends}\n"
    (line,) = refusal(text, files)
    assert line.startswith("line 5, column 5, services.web.extends") or "services.web.extends.file" in line
    assert words in line


@pytest.mark.parametrize(
    ("one", "other", "mode"),
    [("host", "host", "host"), ("none", "none", "none"), ("bridge", "", "bridge"), ("'service:b'", "", "awsvpc")],
)
def test_one_network_mode_for_the_task(one: str, other: str, mode: str) -> None:
    text = f"services:\n  a: {{image: x, {M}, network_mode: {one}}}\n  b: {{image: x, {M}"
    text += f", network_mode: {other}}}\n" if other else "}\n"
    made = members(text)
    definition_from(made, "x")
    assert made["networkMode"] == mode


def test_services_that_want_different_networks_are_refused_and_split_helps() -> None:
    text = f"services:\n  a: {{image: x, {M}, network_mode: host}}\n  b: {{image: x, {M}}}\n"
    (line,) = refusal(text)
    assert "a task has one network mode, and services differ" in line
    assert "--split" in line
    modes = [built.members.get("networkMode") for built in read(text, split=True).definitions]
    assert modes == ["host", None]


def test_services_that_share_a_network_become_an_awsvpc_task() -> None:
    text = f"""
services:
  web: {{image: x, {M}, ports: ["8080:80", "81:81"], hostname: h, links: [side]}}
  side: {{image: x, {M}, network_mode: "service:web"}}
"""
    got = read(text)
    definition_from(got.definitions[0].members, "x")
    web = got.definitions[0].members["containerDefinitions"][0]
    assert web["portMappings"] == [{"containerPort": 80}, {"containerPort": 81}]
    assert [finding.path for finding in got.losses] == [
        "services.web.ports",
        "services.web.hostname",
        "services.web.links",
        "services.side.network_mode",
    ]


def test_a_namespace_that_one_asks_for_is_the_tasks_and_that_is_told() -> None:
    got = read(f"services:\n  a: {{image: x, {M}, pid: host, links: [b]}}\n  b: {{image: x, {M}, ipc: 'service:a'}}\n")
    assert got.definitions[0].members["pidMode"] == "host"
    assert got.definitions[0].members["ipcMode"] == "task"
    assert [finding.path for finding in got.losses] == ["services.a.pid", "services.b.ipc"]


def test_replicas_count_where_all_services_want_as_many() -> None:
    def replicas(*counts: str) -> int:
        body = "".join(f"  s{i}: {{image: x, {M}, {count}}}\n" for i, count in enumerate(counts))
        return read(f"services:\n{body}").definitions[0].replicas

    assert replicas("scale: 3", "deploy: {replicas: 3}") == 3
    assert replicas("scale: 3", "init: true") == 1
    assert replicas("scale: '2'") == 2
    assert replicas("scale: 0") == 1


BROKEN = """services:
  web:
    image: x
    mem_limit: lots
    privilegd: true
    ports: [abc, "1:2:3:4", {target: x}]
    volumes: [data:/d, rel/x:relative]
    depends_on: {db: {condition: ready}, nobody: {condition: service_started}, calm: {condition: service_healthy}}
    restart: sometimes
    healthcheck: {test: [x], interval: 5}
    ulimits: {nofil: 1, nofile: {soft: 1}}
    command: "a 'b"
    environment: [=x]
    cap_add: ["a b"]
    tty: maybe
  db: []
  calm: {image: y, mem_limit: 8m, deploy: {resource: {}}}
  "b d": {image: y, mem_limit: 8m}
include: [other.yaml]
volume: {}
"""


def test_all_that_is_wrong_is_told_at_once_in_the_order_of_the_file() -> None:
    lines = refusal(BROKEN)
    places = [line.split(": ")[0] for line in lines]
    numbers = [int(place.split(",")[0].removeprefix("line ")) for place in places]
    assert numbers == sorted(numbers)
    assert set(numbers) == {4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}
    text = "\n".join(lines)
    for words in (
        "line 5, column 5, services.web.privilegd: is not known to Compose; did you mean 'privileged'?",
        "services.web.volumes[0]: mounts a volume that is not declared; declare it under volumes at the top",
        "services.web.depends_on.calm: waits for a service that has no healthcheck in the file",
        "line 17, column 44, services.calm.deploy.resource: is not known to Compose; did you mean 'resources'?",
        "line 19, column 1, include: is not taken; write its services here, or use extends",
        "line 20, column 1, volume: is not known to Compose; did you mean 'volumes'?",
    ):
        assert words in text


@pytest.mark.parametrize("text", ["services:\n", "services: {}\n", "include: []\nservices:\n"])
def test_a_file_without_services_is_refused(text: str) -> None:
    assert "has no services" in "\n".join(refusal(text))


CANARY = "hunter2-canary"
PLACES = (
    "image", "build", "command", "entrypoint", "environment", "ports", "links", "depends_on", "healthcheck", "volumes",
    "tmpfs", "volumes_from", "network_mode", "hostname", "dns", "extra_hosts", "user", "privileged", "init", "cap_add",
    "devices", "shm_size", "sysctls", "ulimits", "security_opt", "pid", "ipc", "cpus", "cpu_shares", "mem_limit",
    "memswap_limit", "mem_swappiness", "deploy", "gpus", "logging", "labels", "stop_grace_period", "restart",
    "platform", "profiles", "scale", "secrets", "configs", "networks", "runtime", "frobnicate",
)  # fmt: skip


@pytest.mark.parametrize("shape", ["{}", "[{}]", "{{a: {}}}", "[{{target: {}}}]", "{{driver: {}, test: {}}}", "[[{}]]"])
@pytest.mark.parametrize("key", PLACES)
def test_no_message_quotes_a_value(key: str, shape: str) -> None:
    text = f"services:\n  web:\n    mem_reservation: 8m\n    image: '$S$S'\n    {key}: {shape.replace('{}', '$S')}\n"
    text = text.replace("    image: '$S$S'\n", "") if key in ("image", "build") else text
    files = {".env": f"S='{CANARY} $ {{'\n"}
    try:
        told = [str(finding) for finding in read(text, files).losses]
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not tell
        assert type(error).__name__ == "DocumentError"
        told = [str(error)]
    assert not [line for line in told if CANARY in line]
