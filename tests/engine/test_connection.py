"""The session with an engine: nothing taken from the environment, a deadline on every call, errors in one shape."""

from __future__ import annotations

import gc
import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.reading import engine_info
from app.hosts.tcp.adapter import TcpAdapter, base_url
from tests.engine.launching import ROOT, Bench, definition, order
from tests.engine_bed import Daemon


def test_plain_tcp_on_loopback(fresh_engine: Callable[..., Daemon], monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment would be asked for a tcp host: here it is a port that nobody listens on."""
    for variable in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    daemon = fresh_engine(tcp=True)
    engine = Engine(parse_endpoint(daemon.tcp_endpoint))
    assert engine_info(engine.info(), engine.version()).hostname == daemon.name
    stream = engine.events()
    bench = Bench(daemon)
    bench.engine = engine
    assert bench.launcher().launch(order(engine, definition(), "ab" * 16)).last_status == "RUNNING"
    assert next(iter(stream))["Actor"]["ID"]
    stream.close()
    daemon.kill()
    with pytest.raises(HostError) as caught:
        engine.ping()
    assert caught.value.kind in ("unreachable", "timeout")


class _Recorder(http.server.BaseHTTPRequestHandler):
    """Answers as an engine would to the first calls, notes every header, and redirects the rest."""

    seen: list[tuple[str, dict[str, str]]] = []  # noqa: RUF012 - one server, one test
    answers: dict[str, bytes] = {}  # noqa: RUF012

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.seen.append((self.path, dict(self.headers)))
        body = next((self.answers[end] for end in self.answers if self.path.partition("?")[0].endswith(end)), None)
        if body is None:
            self.send_response(307)
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            body = b""
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer  # noqa: N815 - what http.server calls

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def recorder() -> Iterator[http.server.ThreadingHTTPServer]:
    _Recorder.seen.clear()
    _Recorder.answers = {"/version": b'{"ApiVersion":"1.41"}'}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Recorder)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(5)


def engine_of(server: http.server.ThreadingHTTPServer) -> Engine:
    return Engine(parse_endpoint(f"tcp://127.0.0.1:{server.server_address[1]}"), timeout=2)


def test_no_password_of_netrc_is_sent(
    recorder: http.server.ThreadingHTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password hunter2\ndefault login me password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    _Recorder.answers["/info"] = b"{}"
    engine_of(recorder).info()
    assert {path.rpartition("/")[2] for path, _ in _Recorder.seen} == {"version", "info"}
    assert not any("authorization" in map(str.lower, headers) for _, headers in _Recorder.seen)


def test_redirects_are_not_followed(recorder: http.server.ThreadingHTTPServer) -> None:
    """A 307 would take the body of a create, secrets and all, to another address."""
    engine = engine_of(recorder)
    with pytest.raises(HostError):
        engine.create_container("x1", {"Env": ["PASSWORD=hunter2"]})
    with pytest.raises(HostError):
        engine.info()


@pytest.mark.parametrize(
    ("path", "body", "call"),
    [
        ("/info", b"[]", lambda engine: engine.info()),
        ("/info", b"null", lambda engine: engine.info()),
        ("/info", b"{", lambda engine: engine.info()),
        ("/info", b"\xff", lambda engine: engine.info()),
        ("/info", b"[" * 200_000, lambda engine: engine.info()),
        ("/containers/json", b"{}", lambda engine: engine.containers()),
        ("/containers/json", b"[1]", lambda engine: engine.containers()),
        ("/volumes", b"[]", lambda engine: engine.volumes("x")),
        ("/volumes", b'{"Volumes":{"x":1}}', lambda engine: engine.volumes("x")),
        ("/networks", b'"x"', lambda engine: engine.networks("x")),
        ("/x/json", b"3", lambda engine: engine.inspect("x")),
        ("/containers/create", b"[]", lambda engine: engine.create_container("x1", {})),
        ("/volumes/create", b"null", lambda engine: engine.create_volume("x1", {})),
    ],
)
def test_answers_of_the_wrong_shape_are_host_errors(
    recorder: http.server.ThreadingHTTPServer, path: str, body: bytes, call: Callable[[Engine], object]
) -> None:
    _Recorder.answers[path] = body
    with pytest.raises(HostError) as caught:
        call(engine_of(recorder))
    assert caught.value.kind == "failed"


@pytest.mark.parametrize("body", [b'3\n"x"\n[]\n', b"\xff\xfe", b"{", b"", b'{"Type":3,"Actor":[]}\n'])
def test_events_of_the_wrong_shape_end_in_a_host_error_or_nothing(
    recorder: http.server.ThreadingHTTPServer, body: bytes
) -> None:
    _Recorder.answers["/events"] = body
    try:
        frames = list(engine_of(recorder).events())
    except HostError:
        return
    assert all(isinstance(frame, dict) for frame in frames)


@pytest.mark.parametrize("body", [b'{"error":"\x1b]0;x"}', b'"x"\n{"error":5}', b'{"status":"ok"}\n[]\n'])
def test_pull_frames(recorder: http.server.ThreadingHTTPServer, body: bytes) -> None:
    _Recorder.answers["/images/create"] = body
    try:
        frames = list(engine_of(recorder).pull("busybox"))
    except HostError as error:
        assert "\x1b" not in error.message
    else:
        assert frames == [{"status": "ok"}]


CALLS: dict[str, Callable[[Engine], object]] = {
    "ping": lambda engine: engine.ping(),
    "info": lambda engine: engine.info(),
    "containers": lambda engine: engine.containers(),
    "volumes": lambda engine: engine.volumes("x"),
    "events": lambda engine: engine.events(),
    "create_volume": lambda engine: engine.create_volume("x", {}),
    "remove_volume": lambda engine: engine.remove_volume("x"),
}


@pytest.mark.parametrize("name", CALLS)
def test_every_call_has_a_deadline(recorder: http.server.ThreadingHTTPServer, name: str) -> None:
    """An engine that takes the connection and never answers."""
    engine = engine_of(recorder)
    engine.api().timeout = 0.3
    engine._timeout = 0.3  # the deadline itself is under test
    with socket.create_server(("127.0.0.1", 0)) as silent:
        elsewhere = parse_endpoint(f"tcp://127.0.0.1:{silent.getsockname()[1]}")
        engine.api().base_url = base_url(elsewhere)
        engine.api().mount(base_url(elsewhere), TcpAdapter(elsewhere))
        began = time.monotonic()
        with pytest.raises(HostError) as caught:
            CALLS[name](engine)
    assert time.monotonic() - began < 3
    assert caught.value.kind == "timeout"
    assert "no answer" in caught.value.message


def test_one_connection_serves_one_question_after_the_other(engine: Daemon) -> None:
    """A dashboard of a hundred hosts must not run out of file descriptors."""
    ours = Engine(parse_endpoint(engine.endpoint))
    ours.ping()
    before = connections(engine)
    for number in range(40):
        with pytest.raises(HostError):
            ours.inspect(f"{number:064x}")
        ours.containers(f"some={number}")
    # Those of tests before may end meanwhile.
    assert connections(engine) <= before


def test_a_call_that_failed_leaves_nothing_behind(fresh_engine: Callable[..., Daemon]) -> None:
    """Neither sockets nor errors, and not only once Python looks for what holds on to itself."""
    daemon = fresh_engine()
    ours = Engine(parse_endpoint(daemon.endpoint))
    ours.ping()
    daemon.kill()
    gc.collect()
    gc.disable()
    try:
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(10):
            try:
                ours.ping()
            except HostError as error:
                assert error.unanswered
            ours.close()
        assert not [found for found in gc.get_objects() if isinstance(found, HostError | requests.RequestException)]
        assert len(os.listdir("/proc/self/fd")) <= before
    finally:
        gc.enable()


def connections(engine: Daemon) -> int:
    """How many there are to its socket now, of whomever."""
    lines = Path("/proc/net/unix").read_text().splitlines()
    return sum(line.endswith(f" {engine.socket}") and line.split()[5] == "03" for line in lines)


def test_quiet_events_do_not_run_into_a_deadline(engine: Daemon) -> None:
    impatient = Engine(parse_endpoint(engine.endpoint), timeout=0.3)
    stream = impatient.events()
    frames: list[dict[str, Any]] = []
    reader = threading.Thread(target=lambda: frames.extend([next(iter(stream))]), daemon=True)
    reader.start()
    reader.join(1)
    assert reader.is_alive()
    engine.api.create_container("busybox", ["true"], name="late")
    reader.join(5)
    assert [frame["Action"] for frame in frames] == ["create"]
    stream.close()


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ("unix:///no/such/socket", "the socket does not exist"),
        ("tcp://127.0.0.1:9", "connection refused"),
    ],
)
def test_nobody_there(endpoint: str, words: str) -> None:
    with pytest.raises(HostError, match=words) as caught:
        Engine(parse_endpoint(endpoint)).info()
    assert caught.value.kind == "unreachable"


def test_docker_errors_keep_their_kind_and_are_safe(engine: Daemon) -> None:
    ours = Engine(parse_endpoint(engine.endpoint))
    with pytest.raises(HostError) as caught:
        ours.inspect("no-such\x1b[31m")
    assert caught.value.kind == "not-found"
    assert "\x1b" not in caught.value.message
    engine.api.create_container("busybox", ["true"], name="taken")
    with pytest.raises(HostError) as caught:
        ours.create_container("taken", {"Image": "busybox"})
    assert caught.value.kind == "conflict"
    with pytest.raises(HostError) as caught:
        ours.create_container("small", {"Image": "busybox", "HostConfig": {"Memory": 1}})
    assert caught.value.kind == "refused"
    for gone in (ours.remove_container, ours.remove_volume, ours.remove_network):
        gone("never-was")


def test_a_network_that_swallows_everything(fresh_engine: Callable[..., Daemon]) -> None:
    """Neither a stream of events, which may be silent for days, nor a call with a long deadline waits for it."""
    daemon = fresh_engine(flags=("-H", "tcp://127.0.0.1:2375"))
    child = [sys.executable, str(ROOT / "tests/engine/black_hole_child.py"), "tcp://127.0.0.1:2375"]
    with subprocess.Popen(
        daemon.machine.on_its_network(child),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        assert client.stdout.readline() == "ready\n"
        for side in ("--dport", "--sport"):
            dropping = ["iptables", "-I", "INPUT", "-i", "lo", "-p", "tcp", side, "2375", "-j", "DROP"]
            assert daemon.run_in_netns(dropping).returncode == 0
        client.stdin.write("go\n")
        client.stdin.flush()
        told = json.loads(client.stdout.readline())
    # A stream that ends, cleanly too, is a lost connection.
    assert {name: error for name, (_, error) in told.items() if name != "events"} == {
        "call": "timeout", "connect": "unreachable",
    }  # fmt: skip
    assert told["connect"][0] < 8
    assert told["events"][0] < 25
    assert told["call"][0] < 30
