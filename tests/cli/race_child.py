"""``python -m tests.cli.race_child HOME REQUEST``: says that it is ready; asks run-task once stdin is closed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from app.model.requests import RunTaskRequest
from app.operations.launch import run_task
from app.operations.session import Session
from app.store.home import resolve_home


def main() -> None:
    session = Session(resolve_home(str(Path(sys.argv[1])), {}))
    request = RunTaskRequest.model_validate_json(sys.argv[2])
    print("ready", flush=True)
    sys.stdin.read()
    print(json.dumps(run_task(session, request, lambda _: None).shape()))


if __name__ == "__main__":
    main()
