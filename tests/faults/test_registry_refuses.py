"""A registry that says no: the reason is told in a line that drives no terminal, and it is not asked in a rush."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.calling import Cli
from tests.engine_bed import Daemon, wait_until
from tests.terminal_bytes import foreign

PORT = 5001
# On the engine's network; each request is a line of the file.
REGISTRY = """
import sys, json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Refusing(BaseHTTPRequestHandler):
    def do_GET(self):
        with open(sys.argv[3], "a") as asked:
            asked.write(self.path + "\\n")
        words = "go away \\x1b]0;pwned\\x07\\x1b[2J\\u202e[/x]"
        body = json.dumps({"errors": [{"code": "DENIED", "message": words}]}).encode()
        self.send_response(int(sys.argv[2]))
        if sys.argv[2] == "401":
            self.send_header("WWW-Authenticate", 'Basic realm="here"')
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_HEAD = do_GET
    def log_message(self, *_):
        pass

ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Refusing).serve_forever()
"""


@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_a_registry_that_refuses_is_told_and_left_alone(
    clustered: Callable[..., Cli], engine: Daemon, tmp_path: Path, status: int
) -> None:
    asked = tmp_path / "asked"
    asked.touch()
    argv = [sys.executable, "-c", REGISTRY, str(PORT), str(status), str(asked)]
    registry = subprocess.Popen(engine.machine.on_its_network(argv), stdin=subprocess.DEVNULL)
    try:
        wait_until(lambda: engine.http_get(PORT, "/v2/").status == status, ignoring=(OSError,))
        cli = clustered(engine.endpoint)
        cli.register({"name": "main", "image": f"127.0.0.1:{PORT}/app:1"})
        before = len(asked.read_text().splitlines())
        failed = cli("run-task", "web", code=1)
        requests = len(asked.read_text().splitlines()) - before
    finally:
        registry.kill()
        registry.wait(10)
    (line,) = [line for line in failed.err.splitlines() if "CannotPullContainerError" in line]
    assert f"127.0.0.1:{PORT}/app" in line, "it names the image, or its repository"
    assert foreign(failed.err.encode()) == []
    assert 1 <= requests <= 12, "it is not asked again and again"
    assert [entry for entry in engine.api.containers(all=True) if "moorage.task" in entry["Labels"]] == []
