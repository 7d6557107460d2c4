"""The containers of an imported Compose file have the settings that Compose's own rules ask for, on a real engine.

The one is made by Moorage from the imported definition, the other by a create call written by hand; then Docker is
asked about both, and what it says must be the same in every setting.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from app.model.definition_document import definition_from
from tests.engine.test_translate import Made
from tests.engine_bed import Daemon
from tests.unit.interop.compose_corpus import CASES, FOLDER, MIB, Case
from tests.unit.interop.composing import members

OURS = ("moorage.", "com.amazonaws.ecs.")
ASIDE = {
    "RestartPolicy": "Moorage's supervisor restarts, not Docker",
    "PortBindings": "chosen at the launch; test_compose_up asks for them",
    "CpuShares": "a share of nothing is the smallest in ECS; told in docs/formats.md",
}


@pytest.mark.parametrize("case", [case for case in CASES if case.config or case.host], ids=lambda case: case.name)
def test_an_imported_service_has_the_settings_that_compose_asks_for(case: Case, engine: Daemon) -> None:
    definition = definition_from(members(case.text), "compose.yaml").definition
    made = Made(engine, definition)
    ours = settings(engine, made.engine.inspect(made.name("web")), case)

    memory = {} if case.sized else {"Memory": 32 * MIB}
    host = {"NetworkMode": "default", **memory, **case.host}
    body = {"Image": "busybox:latest", **case.config, "HostConfig": host}
    by_hand = engine.api.create_container_from_config(body, "by-hand")["Id"]
    theirs = settings(engine, engine.api.inspect_container(by_hand), case)

    assert ours == theirs
    for name, value in {**case.config, **case.host}.items():  # and the engine took them as they are
        found = theirs[name] if name != "Env" else [pair for pair in theirs[name] if not pair.startswith("PATH=")]
        assert found == value or name in ("SecurityOpt", "LogConfig"), name
    assert not os.path.exists(FOLDER)


def settings(engine: Daemon, detail: dict[str, Any], case: Case) -> dict[str, Any]:
    """All that Docker says of a container's settings, in one way of writing."""
    config, host = dict(detail["Config"]), dict(detail["HostConfig"])
    config["Labels"] = {key: value for key, value in (config["Labels"] or {}).items() if not key.startswith(OURS)}
    if "Hostname" not in case.config:
        del config["Hostname"]  # the container's id
    if (config.get("Healthcheck") or {}).get("Test") in (None, ["NONE"]):
        config.pop("Healthcheck", None)  # the image has none, so none it is both ways
    config["StopTimeout"] = config.get("StopTimeout") or 10  # Compose's own default, which it does not write
    for name in ASIDE.keys() - case.host.keys():
        del host[name]
    logging = host["LogConfig"]
    if logging["Config"].get("mode") == "blocking":  # which is what no mode means
        logging["Config"].pop("mode")
    return {**{name: value if value or isinstance(value, int) else None for name, value in host.items()}, **config}


def test_containers_find_each_other_by_the_names_of_their_services(engine: Daemon) -> None:
    text = """
services:
  web.app: {image: 'busybox:latest', mem_limit: 16m, command: sleep 1000, depends_on: [db, cache.one]}
  db: {image: 'busybox:latest', mem_limit: 16m, command: sleep 1000}
  cache.one: {image: 'busybox:latest', mem_limit: 16m, command: sleep 1000}
"""
    made = Made(engine, definition_from(members(text), "compose.yaml").definition).start()
    for name in ("db", "cache.one"):
        assert made.run("web-app", f"ping -c 1 -w 5 {name} > /dev/null && echo found") == ["found"]
