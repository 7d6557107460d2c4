"""import --container: what somebody runs by hand becomes a definition, and a task of it runs just the same."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.cli.calling import Cli
from tests.engine_bed import Daemon, wait_until

SERVE = ["sh", "-c", "mkdir -p /www; echo $GREETING > /www/index.html; exec httpd -f -p 80 -h /www"]


def test_a_container_run_by_hand_becomes_a_task(clustered: Callable[..., Cli], engines: list[Daemon]) -> None:
    cli = clustered(*(engine.endpoint for engine in engines))
    api = engines[1].api
    host = api.create_host_config(port_bindings={80: 8090}, restart_policy={"Name": "always"}, mem_limit="24m")
    made = api.create_container(
        "busybox", SERVE, name="hello.web", environment={"GREETING": "by hand"}, ports=[80], host_config=host
    )["Id"]
    api.start(made)
    assert wait_until(lambda: engines[1].http_get(8090), ignoring=(OSError,)).text == "by hand\n"

    dry = cli("import", "--container", "hello.web", "--dry-run")
    (container,) = dry.json["containerDefinitions"]
    assert container["portMappings"] == [{"containerPort": 80, "hostPort": 8090}]
    assert cli("list-task-definitions").json["taskDefinitionArns"] == []
    assert "container hello.web: HostConfig.RestartPolicy: restart always becomes a restartPolicy" in dry.err

    cli("import", "--container", made[:12], "--container-instance", "edge-2")
    (started,) = cli("start-task", "hello-web", "--container-instances", "edge-1").json["tasks"]
    task = started["taskArn"].rsplit("/", 1)[-1]
    assert wait_until(lambda: engines[0].http_get(8090), ignoring=(OSError,)).text == "by hand\n"

    # Imported once more, from its task: the same definition, though the family is told by the task now.
    (ours,) = engines[0].api.containers(filters={"label": f"moorage.task={task}"})
    again = cli("import", "--container", ours["Id"], "--dry-run")
    assert json.loads(cli("export", "hello-web").out) == again.json
    assert again.err == ""


def test_trouble_is_one_line(clustered: Callable[..., Cli], engine: Daemon) -> None:
    cli = clustered(engine.endpoint)
    missing = cli("import", "--container", "nobody", code=1)
    assert missing.err.startswith("moorage: container of cluster 'default' 'nobody' not found")
    assert missing.err.count("\n") == 1
