"""What the simulated engine has beyond a real one's contract."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.images import ensure_image
from tests.engine.contract.asking import (
    LIVE,
    create,
)
from tests.engine_bed.simulated import Simulated


def test_a_pull_tells_of_its_layers(simulated_engine: Simulated) -> None:
    engine = Engine(parse_endpoint(simulated_engine.endpoint))
    told: list[tuple[str, int, int]] = []
    assert ensure_image(engine, "nginx:1", lambda *step: told.append((str(step[0]), step[1], step[2]))) == ""
    assert {"Pulling fs layer", "Downloading", "Pull complete"} <= {status for status, _, _ in told}
    assert told[-1][1] == told[-1][2] > 0
    again: list[str] = []
    ensure_image(engine, "nginx:1", lambda *step: again.append(str(step[0])))
    assert again[-1] == "Status: Image is up to date for nginx:1"
    with pytest.raises(HostError, match="pull access denied"):
        ensure_image(engine, "no-such:1", lambda *_: None)
    simulated_engine.clean()


def test_its_socket_is_its_owner_s_and_goes_with_its_parent(tmp_path: Path) -> None:
    made = Simulated(tmp_path)
    assert stat.S_IMODE(os.stat(made.socket).st_mode) == 0o600
    made.close()
    assert made.process.returncode == 0 and not made.socket.exists()


def test_lists_are_json_that_others_can_read_too(simulated_engine: Simulated) -> None:
    hostile = 'a"b\\c\u202e\x1b[31m\n'
    create(simulated_engine, LIVE, "one", labels={hostile: hostile, "Status": '"\\u0000"'})
    raw = simulated_engine.api._get(simulated_engine.api._url("/containers/json"), params={"all": 1}).text
    (entry,) = json.loads(raw)
    assert (entry["Labels"][hostile], entry["Status"]) == (hostile, "Created")
    simulated_engine.clean()
