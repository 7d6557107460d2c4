"""Engines over TCP with TLS: all that goes over a socket goes over it too, and whoever is not known is refused."""

from __future__ import annotations

import gc
import http.server
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from app.hosts.endpoint import Endpoint, TlsFiles, parse_endpoint
from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.exec.attaching import attach
from app.hosts.exec.frames import Demux
from app.hosts.exec.process import start_process
from app.hosts.images.breaking import Break, BrokenOffError
from app.hosts.images.layers import Layers
from app.hosts.images.pulling import pull
from app.hosts.images.pushing import push
from app.hosts.logs import read_logs
from app.hosts.sampler import Sampler
from app.hosts.sampler_round import Told
from app.hosts.tcp.adapter import TcpAdapter, base_url
from app.model.image_reference import parse_reference
from tests.engine.images import image_id, make_image
from tests.engine.launching import Bench
from tests.engine_bed import Bed, Daemon, DaemonOptions, Registry, wait_until
from tests.engine_bed.certificates import Authority, needs_openssl


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    needs_openssl()
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def files(authority: Authority) -> TlsFiles:
    return authority.client()


@pytest.fixture(scope="module")
def daemon(engine_bed: Bed, authority: Authority) -> Iterator[Daemon]:
    """A dockerd that takes certificates of this CA only, known as 127.0.0.1 and as edge."""
    flags = authority.daemon_flags(*authority.signed("server", "DNS:edge", "IP:127.0.0.1"))
    made = engine_bed.fresh("tls", DaemonOptions(tcp=True, flags=flags))
    yield made
    engine_bed.discard(made)


@pytest.fixture
def port(daemon: Daemon, files: TlsFiles) -> Iterator[Engine]:
    opened = Engine(parse_endpoint(daemon.tcp_endpoint, files))
    yield opened
    opened.close()


def refusal(endpoint: Endpoint) -> str:
    with pytest.raises(HostError) as caught:
        Engine(endpoint, timeout=3).info()
    assert caught.value.kind == "unreachable"
    assert "\n" not in caught.value.message
    return caught.value.message


# --- what works ------------------------------------------------------------------------------------------------------


def test_calls_and_events(port: Engine, daemon: Daemon) -> None:
    assert port.info()["Name"] == "tls"
    stream = port.events()
    container = daemon.run(["true"])
    assert next(iter(stream))["Actor"]["ID"] == container
    stream.close()
    with pytest.raises(HostError) as caught:
        port.inspect("nobody")
    assert caught.value.kind == "not-found"


def test_a_task_is_launched_and_stopped(port: Engine, daemon: Daemon) -> None:
    bench = Bench(daemon)
    bench.engine = port
    task = bench.launch({}, {"dependsOn": [{"containerName": "c0", "condition": "START"}]})
    assert task.last_status == "RUNNING"
    assert bench.stop(task).last_status == "STOPPED"


def test_a_process_inside(port: Engine, daemon: Daemon) -> None:
    container = daemon.run(["sleep", "1000000"], stop_signal="KILL")
    every = bytes(range(256)) * 400
    process = start_process(port, container, ["cat"], stdin=True)
    sent = 0
    heard = b""
    while sent < len(every):
        sent += process.duplex.write(every[sent:])
        heard += process.duplex.read() or b""
    process.duplex.half_close()
    heard += process.duplex.read_all(10, most=1 << 20)
    assert b"".join(piece.data for piece in Demux().feed(heard)) == every
    assert process.state() == (False, 0)
    process.duplex.close()


def test_attaching(port: Engine, daemon: Daemon) -> None:
    container = daemon.run(["sh", "-c", "read line; echo got $line; exit 3"], stdin_open=True)
    process = attach(port, container)
    process.duplex.write(b"it\n")
    assert b"got it" in process.duplex.read_all(10)
    wait_until(lambda: process.state() == (False, 3))
    process.duplex.close()


def test_logs(port: Engine, daemon: Daemon) -> None:
    container = daemon.run(["sh", "-c", "echo one; echo two; sleep 1000000"], stop_signal="KILL")
    stream = read_logs(port, container, follow=True, tail=None, since=None, timestamps=True)
    texts: list[str] = []
    for batch in stream:
        texts += [entry.text for entry in batch]
        if len(texts) == 2:
            break
    assert texts == ["one", "two"]
    # A reader that waits is ended from another thread.
    reader = threading.Thread(target=lambda: list(stream), daemon=True)
    reader.start()
    stream.close()
    reader.join(5)
    assert not reader.is_alive()


def test_a_waiting_reader_of_events_is_ended_by_a_close(port: Engine) -> None:
    stream = port.events()
    ended: list[object] = []

    def read() -> None:
        try:
            ended.append(list(stream))
        except HostError as error:
            ended.append(error.unanswered)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(0.3)
    stream.close()
    reader.join(5)
    assert ended in ([[]], [True])


def test_many_questions_over_one_connection(port: Engine, daemon: Daemon) -> None:
    ids = [daemon.run(["true"]) for _ in range(3)]
    pipeline = port.pipeline()
    answers = list(pipeline.ask([port.inspect_path(ids[number % 3]) for number in range(100)]))
    pipeline.close()
    assert [answer.status for answer in answers] == [200] * 100
    assert all(ids[number % 3].encode() in answer.body for number, answer in enumerate(answers))


def test_stats(port: Engine, daemon: Daemon) -> None:
    container = daemon.run(["sleep", "1000000"], stop_signal="KILL")
    sampler = Sampler(port, "tls")
    told: list[Told] = []

    def counted() -> bool:
        sampler.want([container], 1.0, 10.0)
        told.extend(sampler.take())
        return any(one.counters is not None and one.counters.memory for one in told)

    try:
        wait_until(counted, within=20, what="stats come")
    finally:
        sampler.stop()


def test_by_another_name(daemon: Daemon, files: TlsFiles) -> None:
    """Reached by an address, checked by a name: through a forwarded port, say."""
    assert Engine(parse_endpoint(daemon.tcp_endpoint, replace(files, name="edge"))).info()["Name"] == "tls"
    assert "not for 'other'" in refusal(parse_endpoint(daemon.tcp_endpoint, replace(files, name="other")))


def test_a_certificate_that_is_renewed_is_used_at_once(daemon: Daemon, authority: Authority) -> None:
    files = authority.client("daily")
    engine = Engine(parse_endpoint(daemon.tcp_endpoint, files))
    engine.info()
    fresh = authority.client("fresh")
    Path(files.cert).write_bytes(Path(fresh.cert).read_bytes())
    with pytest.raises(HostError, match=r"the key .* is not that of the certificate"):
        engine.info()
    Path(files.key).write_bytes(Path(fresh.key).read_bytes())
    engine.info()


def test_the_engine_dies_in_the_middle(engine_bed: Bed, authority: Authority, files: TlsFiles) -> None:
    flags = authority.daemon_flags(*authority.signed("short", "IP:127.0.0.1"))
    daemon = engine_bed.fresh("short", DaemonOptions(tcp=True, flags=flags))
    try:
        engine = Engine(parse_endpoint(daemon.tcp_endpoint, files), timeout=2)
        stream = engine.events()
        daemon.kill()
        try:
            assert list(stream) == []
        except HostError as error:
            assert error.unanswered
        with pytest.raises(HostError) as caught:
            engine.ping()
        assert caught.value.unanswered
        assert "certificate" not in caught.value.message
        daemon.start()
        engine.ping()
        daemon.pause()
        with pytest.raises(HostError, match="in time"):
            engine.ping()
        daemon.resume()
        wait_until(lambda: engine.info()["Name"] == "short")
    finally:
        engine_bed.discard(daemon)


@pytest.mark.parametrize("silent", [True, False])
def test_a_pull_is_broken_off(port: Engine, daemon: Daemon, tmp_path: Path, silent: bool) -> None:
    """From another thread than the one that reads, before the answer begins and in the middle of it."""
    name, breaking = "127.0.0.1:5000/web:7", Break()
    registry = Registry(daemon, tmp_path)
    registry.start()
    try:
        make_image(daemon, name, 24 << 20)
        push(port, parse_reference(name))
        daemon.api.remove_image(name)
        if silent:
            registry.pause()
            threading.Timer(0.3, breaking.now).start()

        def going(layers: Layers, changed: bool) -> None:
            if layers.done and not breaking.broken:
                threading.Thread(target=breaking.now).start()

        with pytest.raises(BrokenOffError):
            pull(port, name, going=going, breaking=breaking)
    finally:
        registry.close()
    assert image_id(daemon, name) == ""
    port.ping()


# --- who is refused --------------------------------------------------------------------------------------------------


def test_an_engine_of_another_authority(daemon: Daemon, files: TlsFiles, tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "another CA")
    told = refusal(parse_endpoint(daemon.tcp_endpoint, replace(files, ca=str(stranger.ca))))
    assert told == (
        f"the engine's certificate is not signed by the CA in {stranger.ca}; give the CA that did with --ca"
    )


def test_what_a_bundle_of_the_environment_trusts_is_nothing_to_us(
    daemon: Daemon, authority: Authority, files: TlsFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(authority.ca))
    stranger = Authority(tmp_path, "another CA")
    assert "not signed by the CA" in refusal(parse_endpoint(daemon.tcp_endpoint, replace(files, ca=str(stranger.ca))))
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(stranger.ca))
    Engine(parse_endpoint(daemon.tcp_endpoint, files)).info()


def test_the_session_s_own_settings_cannot_turn_it_off(authority: Authority, files: TlsFiles) -> None:
    good, bad = authority.signed("good", "IP:127.0.0.1"), authority.signed("bad", "DNS:elsewhere")
    with _Server(_Fake, good) as server:
        engine = Engine(parse_endpoint(f"tcp://127.0.0.1:{server.port}", files))
        api = engine.api()
        assert (api.trust_env, api.verify, api.max_redirects) == (False, True, 0)
        with _Server(_Fake, bad) as other:
            api.verify = False
            api.get_adapter(api.base_url).poolmanager.clear()
            _Fake.seen.clear()
            # Neither another address, nor without being verified.
            api.base_url = f"https://127.0.0.1:{other.port}"
            with pytest.raises(HostError, match="No connection adapters"):
                engine.info()
            assert _Fake.seen == []


def test_what_is_not_verified_is_not_asked(authority: Authority, files: TlsFiles) -> None:
    with _Server(_Fake, authority.signed("bad", "DNS:elsewhere")) as server:
        endpoint = parse_endpoint(f"tcp://127.0.0.1:{server.port}", files)
        adapter = TcpAdapter(endpoint)
        request = requests.Request("GET", f"{base_url(endpoint)}/info").prepare()
        _Fake.seen.clear()
        for verify in (False, True, str(authority.ca)):
            with pytest.raises(HostError, match="not for"):
                adapter.send(request, timeout=3, verify=verify)
            with pytest.raises(HostError, match="not for"):
                adapter.connected(request, 3)
    assert _Fake.seen == []


@pytest.mark.parametrize(
    ("client", "words"),
    [
        ("none", "the engine wants a certificate of ours; give --cert FILE and --key FILE"),
        ("foreign", "the engine does not take our certificate"),
        ("expired", "the engine does not take our certificate"),
    ],
)
def test_a_client_that_the_engine_does_not_know(
    daemon: Daemon, authority: Authority, tmp_path: Path, client: str, words: str
) -> None:
    ca = str(authority.ca)
    made = {
        "none": lambda: TlsFiles(ca),
        "foreign": lambda: replace(Authority(tmp_path).client(), ca=ca),
        "expired": lambda: authority.client("late", days=-1),
    }[client]()
    told = refusal(parse_endpoint(daemon.tcp_endpoint, made))
    # What it says may be lost when it hangs up at once.
    assert words in told or "hung up after the TLS handshake" in told


def test_without_tls_to_a_port_that_wants_it(daemon: Daemon) -> None:
    assert refusal(parse_endpoint(daemon.tcp_endpoint)) == "it speaks TLS on this port; give --ca, --cert and --key"


def test_tls_to_a_plain_port(fresh_engine: Any, files: TlsFiles) -> None:
    plain = fresh_engine(tcp=True)
    told = refusal(parse_endpoint(plain.tcp_endpoint, files))
    assert told == "it does not speak TLS on this port; Docker usually does on 2376"


class _Fake(http.server.BaseHTTPRequestHandler):
    """An engine that knows its version, and sends whoever asks for more somewhere else."""

    elsewhere = ""
    seen: list[tuple[str, dict[str, str]]] = []  # noqa: RUF012 - one server at a time

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.seen.append((self.path, dict(self.headers)))
        body = b'{"ApiVersion":"1.41","MinAPIVersion":"1.12"}' if self.path.endswith("/version") else b"{}"
        self.send_response(307 if "/containers/create" in self.path else 200)
        self.send_header("Location", f"{self.elsewhere}{self.path}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_CONNECT = _answer  # noqa: N815 - what http.server calls

    def log_message(self, *_: Any) -> None:
        """Quiet."""


class _Server(http.server.ThreadingHTTPServer):
    """With a certificate it speaks TLS."""

    def __init__(
        self, handler: type[http.server.BaseHTTPRequestHandler], cert: tuple[Path, Path] | None = None
    ) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        if cert is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*cert)
            # The handshake is left to the thread of the connection.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, *_: Any) -> None:
        """Quiet: a client that does not trust it hangs up."""

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join(5)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("self-signed", "is signed by itself and not by the CA in"),
        ("other name", "the engine's certificate is not for '127.0.0.1'; reach it by a name that it has, or"),
        ("other address", "the engine's certificate is not for '127.0.0.1'; reach it by a name that it has, or"),
        ("expired", "the engine's certificate, or that of its CA, has expired"),
    ],
)
def test_a_certificate_that_proves_nothing(authority: Authority, files: TlsFiles, kind: str, words: str) -> None:
    cert = {
        "self-signed": lambda: authority.self_signed("alone", "IP:127.0.0.1"),
        "other name": lambda: authority.signed("elsewhere", "DNS:elsewhere"),
        "other address": lambda: authority.signed("far", "IP:10.0.0.1"),
        "expired": lambda: authority.signed("old", "IP:127.0.0.1", days=-1),
    }[kind]()
    _Fake.seen.clear()
    with _Server(_Fake, cert) as server:
        assert words in refusal(parse_endpoint(f"tcp://127.0.0.1:{server.port}", files))
    assert _Fake.seen == []


def test_neither_proxies_nor_passwords_nor_redirects(
    authority: Authority, files: TlsFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Proxy(_Fake):
        seen: list[tuple[str, dict[str, str]]] = []  # noqa: RUF012

    class Target(_Fake):
        seen: list[tuple[str, dict[str, str]]] = []  # noqa: RUF012

    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password hunter2\ndefault login me password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    _Fake.seen.clear()
    certificate = authority.signed("fake", "IP:127.0.0.1")
    with _Server(_Fake, certificate) as server, _Server(Proxy) as proxy, _Server(Target, certificate) as target:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "")
        _Fake.elsewhere = f"https://127.0.0.1:{target.port}"
        engine = Engine(parse_endpoint(f"tcp://127.0.0.1:{server.port}", files))
        assert engine.info() == {}
        with pytest.raises(HostError, match="sends us to another address"):
            engine.create_container("x1", {"Env": ["PASSWORD=hunter2"]})
    assert [path.rpartition("/")[2].partition("?")[0] for path, _ in _Fake.seen] == ["version", "info", "create"]
    assert not any("authorization" in map(str.lower, headers) for _, headers in _Fake.seen)
    assert (Proxy.seen, Target.seen) == ([], [])


def test_answers_have_the_same_limits(authority: Authority, files: TlsFiles) -> None:
    class Bomb(_Fake):
        def end_headers(self) -> None:
            if not self.path.endswith("/version"):
                self.send_header("Content-Encoding", "gzip")
            super().end_headers()

    with _Server(Bomb, authority.signed("bomb", "IP:127.0.0.1")) as server:
        engine = Engine(parse_endpoint(f"tcp://127.0.0.1:{server.port}", files))
        with pytest.raises(HostError, match="is encoded"):
            engine.info()


def test_refusals_leave_nothing_behind(daemon: Daemon, authority: Authority, files: TlsFiles) -> None:
    """Neither sockets nor errors, and not only once Python looks for what holds on to itself."""
    known = Engine(parse_endpoint(daemon.tcp_endpoint, files))
    known.ping()
    ways = [
        parse_endpoint(daemon.tcp_endpoint, replace(files, name="other")),
        parse_endpoint(daemon.tcp_endpoint, TlsFiles(str(authority.ca))),
        parse_endpoint(daemon.tcp_endpoint),
    ]
    gc.collect()
    gc.disable()
    try:
        before = len(os.listdir("/proc/self/fd"))
        for way in ways * 5:
            engine = Engine(way)
            try:
                engine.ping()
            except HostError as error:
                assert error.kind == "unreachable"
            engine.close()
        adapter = TcpAdapter(ways[0])
        request = requests.Request("GET", f"{base_url(ways[0])}/info").prepare()
        for _ in range(5):
            try:
                adapter.connected(request, 3)
            except HostError as error:
                assert "not for 'other'" in error.message
        assert not [found for found in gc.get_objects() if isinstance(found, HostError | requests.RequestException)]
        assert len(os.listdir("/proc/self/fd")) <= before
    finally:
        gc.enable()


def test_a_port_that_takes_connections_and_says_nothing(files: TlsFiles) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        engine = Engine(parse_endpoint(f"tcp://127.0.0.1:{silent.getsockname()[1]}", files), timeout=1)
        with pytest.raises(HostError, match="in time") as caught:
            engine.info()
    assert caught.value.unanswered


def test_connections_notice_a_peer_that_is_gone(port: Engine) -> None:
    connection = port.pipeline()
    options = connection._socket
    assert options.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert options.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 5
    assert options.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 15_000
    connection.close()


# --- files -----------------------------------------------------------------------------------------------------------


def test_files_that_cannot_be_used(daemon: Daemon, authority: Authority, files: TlsFiles, tmp_path: Path) -> None:
    def told(**changed: str) -> str:
        return refusal(parse_endpoint(daemon.tcp_endpoint, replace(files, **changed)))

    empty = tmp_path / "empty.pem"
    empty.touch(0o600)
    huge = tmp_path / "huge.pem"
    huge.write_bytes(b"x" * (2 << 20))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    assert told(ca="/no/ca.pem") == "no TLS: the CA file /no/ca.pem cannot be read: No such file or directory"
    assert "is not a regular file" in told(ca=str(tmp_path))
    assert "is not a regular file" in told(key=str(pipe))
    assert "so is none" in told(ca=str(huge))
    assert "holds no certificate that can be read; PEM is needed" in told(ca=str(empty))
    assert "holds no certificate and key that can be read" in told(cert=str(empty))
    assert "holds no certificate and key that can be read" in told(key=str(empty))
    other = authority.client("other")
    assert told(key=other.key) == f"no TLS: the key {other.key} is not that of the certificate {files.cert}"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o660])
def test_a_key_that_others_can_read(daemon: Daemon, authority: Authority, mode: int) -> None:
    files = authority.client("open")
    Path(files.key).chmod(mode)
    told = refusal(parse_endpoint(daemon.tcp_endpoint, files))
    assert told == f"no TLS: the key {files.key} can be read by others (mode {mode:04o}); chmod 600 {files.key}"
    Path(files.key).chmod(0o400)
    Engine(parse_endpoint(daemon.tcp_endpoint, files)).info()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_of_somebody_else(daemon: Daemon, authority: Authority) -> None:
    files = authority.client("theirs")
    os.chown(files.key, 65534, 65534)
    assert "belongs to another user" in refusal(parse_endpoint(daemon.tcp_endpoint, files))


def test_a_key_with_a_passphrase_asks_nobody(daemon: Daemon, authority: Authority, files: TlsFiles) -> None:
    locked = authority.locked_key(Path(files.key), "hunter2")
    told = refusal(parse_endpoint(daemon.tcp_endpoint, replace(files, key=str(locked))))
    assert told.startswith(f"no TLS: the key {locked} has a passphrase, which nobody could be asked for; take it off")


def test_a_home_folder_s_files(
    daemon: Daemon, authority: Authority, files: TlsFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(authority.folder))
    short = TlsFiles("~/ca.pem", f"~/{Path(files.cert).name}", f"~/{Path(files.key).name}")
    Engine(parse_endpoint(daemon.tcp_endpoint, short)).info()
