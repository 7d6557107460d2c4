"""``python -m tests.engine.launch_child ENDPOINT TASK_ID < DEFINITION``: launches a task, as a process of its own."""

from __future__ import annotations

import json
import sys

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.launcher import Launcher
from app.model.definition_document import definition_from
from app.model.errors import MoorageError
from tests.engine.launching import HOST, order


def main() -> None:
    endpoint, task_id = sys.argv[1:3]
    made = definition_from(json.load(sys.stdin), "stdin").definition
    engine = Engine(parse_endpoint(endpoint))
    try:
        launched = Launcher(engine, HOST, lambda _: None).launch(order(engine, made, task_id))
    except MoorageError as error:
        print(type(error).__name__, error.message)
    else:
        print(launched.last_status)


if __name__ == "__main__":
    main()
