"""An engine that means harm: every answer costs bounded memory and time, and ends in one line."""

from __future__ import annotations

import gzip
import itertools
import json
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.exec.process import start_process
from app.hosts.inspecting import Inspector
from app.hosts.json_stream import LINE_BYTES, TOO_LONG
from app.hosts.logs import read_logs
from app.hosts.past_events import past_events
from tests.engine_bed.hostile import HostileEngine, chunks, plain, told
from tests.engine_bed.simulated import ROOT

MIB = 1 << 20
MOST_GROWTH = 220
"""MiB; a list may have 64, and is joined from its pieces and decoded."""
PATIENCE = 1.0
"""Seconds that an ordinary call has here."""
ENDLESS = itertools.repeat(b"x" * MIB)
CALLS: dict[str, tuple[str, Callable[[Engine], object]]] = {
    "ping": ("/_ping", lambda engine: engine.ping()),
    "info": ("/info", lambda engine: engine.info()),
    "list": ("/containers/json", lambda engine: engine.containers()),
    "inspect": ("/containers/x/json", lambda engine: engine.inspect("x")),
    "pipeline": ("/containers/x/json", lambda engine: list(Inspector(engine).inspect(["x"]))),
    "create": ("/containers/create", lambda engine: engine.create_container("x", {"Image": "i"})),
    "start": ("/containers/x/start", lambda engine: engine.start("x")),
    "volume": ("/volumes/create", lambda engine: engine.create_volume("x", {})),
    "events": ("/events", lambda engine: list(itertools.islice(engine.events(), 10))),
    "pull": ("/images/create", lambda engine: list(engine.pull("busybox"))),
    "load": ("/images/load", lambda engine: engine.load_image(b"tar")),
    "version": ("/version", lambda engine: engine.version()),
}
STREAMS = {"events", "pull", "load"}


@pytest.fixture
def evil(tmp_path: Path) -> Iterator[HostileEngine]:
    with HostileEngine(tmp_path) as server:
        yield server


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CREATE_TIMEOUT", "START_TIMEOUT", "LOAD_TIMEOUT", "PULL_SILENCE"):
        monkeypatch.setattr(f"app.hosts.engine.{name}", PATIENCE)


def engine_of(evil: HostileEngine) -> Engine:
    return Engine(parse_endpoint(evil.endpoint), timeout=PATIENCE)


def refused(call: Callable[[], object], *, within: float = 6.0) -> HostError:
    """What it raises; that comes soon, and is short."""
    began = time.monotonic()
    with pytest.raises(HostError) as caught:
        call()
    assert time.monotonic() - began < within
    assert len(caught.value.message) < 2100
    return caught.value


HEAD = b"HTTP/1.1 200 OK\r\n"
ANSWERS: dict[str, bytes | Callable[[], Iterable[bytes]]] = {
    "gzip": plain(gzip.compress(b"{}"), headers="Content-Encoding: gzip\r\n"),
    "two encodings": plain(b"{}", headers="Content-Encoding: identity\r\nContent-Encoding: br\r\n"),
    "gzip in its transfer": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "redirect": plain(b"", "307 Temporary Redirect", "Location: http://127.0.0.1:9/x\r\n"),
    "redirect with a body": plain(b"x" * MIB, "301 Moved Permanently", "Location: /elsewhere\r\n"),
    "endless header": lambda: itertools.chain([HEAD + b"X: "], ENDLESS),
    "endless headers": lambda: itertools.chain([HEAD], itertools.repeat(b"X: y\r\n" * 1000)),
    "many headers": HEAD + b"X: y\r\n" * 20_000 + b"Content-Length: 2\r\n\r\n{}",
    "endless continues": lambda: itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "endless chunk size": lambda: itertools.chain([HEAD + b"Transfer-Encoding: chunked\r\n\r\n"], ENDLESS),
    "endless error": lambda: itertools.chain([b"HTTP/1.1 500 X\r\n\r\n"], ENDLESS),
    "error without a message": plain(b"[]", "500 X"),
    "error with another message": plain(b'{"message": {"a": 1}}', "400 X"),
    "error of binary": plain(bytes(range(256)) * 2000, "500 X"),
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "no status": b"HTTP/1.1 abc OK\r\n\r\n",
    "nothing": b"HTTP/1.1 200 OK\r\nContent-Length: 4294967296\r\n\r\n",
}


# A stream may be silent for as long as it likes: its watcher asks whether the engine is there.
@pytest.mark.parametrize(
    ("what", "call"), [(what, call) for what in ANSWERS for call in CALLS if what != "nothing" or call not in STREAMS]
)
def test_what_no_engine_sends_is_one_line(evil: HostileEngine, what: str, call: str) -> None:
    engine = engine_of(evil)
    engine.api()
    path, ask = CALLS[call]
    evil.answers[path] = ANSWERS[what]
    refused(lambda: ask(engine))
    assert "/elsewhere" not in evil.asked
    evil.answers.clear()
    evil.answers["/containers/x/json"] = told({"Id": "x"})
    assert engine.inspect("x") == {"Id": "x"}, "the next answer is read as if nothing had been"


@pytest.mark.parametrize("call", sorted(CALLS.keys() - STREAMS - {"ping", "start"}))
def test_a_body_without_end_is_cut_off(evil: HostileEngine, call: str) -> None:
    engine = engine_of(evil)
    engine.api()
    path, ask = CALLS[call]
    for answer in (lambda: itertools.chain([HEAD + b"\r\n"], ENDLESS), lambda: chunks(ENDLESS)):
        evil.answers[path] = answer
        assert "bytes" in refused(lambda: ask(engine), within=30).message


@pytest.mark.parametrize("call", ["ping", "list", "pipeline", "create"])
@pytest.mark.parametrize("drips", ["headers", "body", "chunks"])
def test_a_byte_now_and_then_does_not_outlive_the_deadline(evil: HostileEngine, call: str, drips: str) -> None:
    """Each byte in time, and the answer never."""
    engine = engine_of(evil)
    engine.api()
    path, ask = CALLS[call]
    evil.answers[path] = {
        "headers": lambda: evil.drip(HEAD + b"X: " + b"y" * 1000, 0.1),
        "body": lambda: itertools.chain([HEAD + b"Content-Length: 1000\r\n\r\n"], evil.drip(b" " * 1000, 0.1)),
        "chunks": lambda: itertools.chain(
            [HEAD + b"Transfer-Encoding: chunked\r\n\r\n"], evil.drip(b"1\r\n \r\n" * 1000, 0.1, 6)
        ),
    }[drips]
    assert refused(lambda: ask(engine), within=5 * PATIENCE).kind == "timeout"


def test_an_answer_that_is_large_and_comes_steadily_may_take_longer(evil: HostileEngine) -> None:
    """A list over a slow line: ten times what the call may wait for, but it comes."""
    listed = json.dumps([{"Id": f"{number:064x}"} for number in range(2000)]).encode()
    evil.answers["/containers/json"] = lambda: evil.drip(plain(listed), 0.15, 12_000)
    began = time.monotonic()
    assert len(engine_of(evil).containers()) == 2000
    assert time.monotonic() - began > PATIENCE


@pytest.mark.parametrize("depth", [100, 1000, 100_000])
@pytest.mark.parametrize("call", ["info", "list", "inspect", "pipeline", "create", "events", "pull", "version"])
def test_depth_is_an_error_of_the_engine(evil: HostileEngine, call: str, depth: int) -> None:
    engine = engine_of(evil)
    engine.api()
    path, ask = CALLS[call]
    evil.answers[path] = plain(b'{"Id":"x","status":' + b"[" * depth + b"]" * depth + b"}")
    assert "deep" in refused(lambda: ask(engine)).message


@pytest.mark.parametrize("number", ["9" * 5000, "NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_none(evil: HostileEngine, number: str) -> None:
    engine = engine_of(evil)
    engine.api()
    for path, ask in CALLS.values():
        if path not in ("/_ping", "/containers/x/start"):
            evil.answers[path] = plain(f'{{"x": {number}}}'.encode())
            assert refused(lambda ask=ask: ask(engine)).kind == "failed"  # type: ignore[misc]


def test_cookies_are_not_kept(evil: HostileEngine) -> None:
    engine = engine_of(evil)
    evil.answers["/info"] = plain(
        b"{}", headers="Set-Cookie: a=b; Path=/; Domain=localhost.local\r\nSet-Cookie: c=d\r\n"
    )
    engine.info()
    engine.info()
    assert not any(b"cookie" in head.lower() for head in evil.headers)


def test_an_event_of_ten_megabytes_costs_itself_alone(evil: HostileEngine) -> None:
    small = b'{"Type":"container","Action":"start","Actor":{"ID":"a"}}\n'
    long = b'{"Type":"container","Actor":{"ID":"b","Attributes":{"x":"' + b"y" * (10 * LINE_BYTES) + b'"}}}\n'
    evil.answers["/events"] = lambda: chunks(
        [small, *(long[at : at + 4096] for at in range(0, len(long), 4096)), small]
    )
    began = time.monotonic()
    found = list(engine_of(evil).events())
    assert [event.get("Action") for event in found] == ["start", None, "start"]
    assert found[1] == TOO_LONG
    assert time.monotonic() - began < 5


def test_events_that_are_past_end(evil: HostileEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.hosts.past_events.DEADLINE", PATIENCE)
    engine = engine_of(evil)
    now = engine.now()
    evil.answers["/events"] = lambda: chunks(evil.drip(b'{"Type":"container"}\n' * 500, 0.05, 21))
    assert refused(lambda: past_events(engine, now)).kind == "timeout"


def test_a_load_that_talks_for_ever_ends(evil: HostileEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.hosts.engine.LONGEST_LOAD", PATIENCE)
    evil.answers["/images/load"] = lambda: chunks(evil.drip(b'{"status":"..."}\n' * 500, 0.05, 17))
    assert refused(lambda: engine_of(evil).load_image(b"tar")).kind == "timeout"


FOUR_GIB = b"\x01\0\0\0\xff\xff\xff\xff"


@pytest.mark.parametrize("body", [FOUR_GIB + b"x", FOUR_GIB[:5], b"\x09\0\0\0\0\0\0\1x"])
def test_frames_of_a_log_that_are_none(evil: HostileEngine, body: bytes) -> None:
    evil.answers["/containers/x/json"] = told({"Config": {"Tty": False}})
    evil.answers["/containers/x/logs"] = lambda: chunks([body])
    engine = engine_of(evil)

    def read() -> list[object]:
        stream = read_logs(engine, "x", follow=False, tail=None, since=None, timestamps=False)
        return list(stream)

    if body == FOUR_GIB[:5]:
        assert read() == []
    else:
        assert "cannot be read" in refused(read).message


@pytest.mark.parametrize("size", [b"-5", b"+5", b"0x5", b"5_0", b" ", b"f" * 500])
def test_chunks_of_a_log_that_have_no_size(evil: HostileEngine, size: bytes) -> None:
    """A negative one made the reader go round for ever."""
    evil.answers["/containers/x/json"] = told({"Config": {"Tty": False}})
    evil.answers["/containers/x/logs"] = (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + size + b"\r\n\x01\0\0\0\0\0\0\2x\n" + b"\r\n0\r\n\r\n"
    )
    engine = engine_of(evil)
    refused(lambda: list(read_logs(engine, "x", follow=False, tail=None, since=None, timestamps=True)))


def test_output_of_a_command_that_announces_four_gibibytes(evil: HostileEngine) -> None:
    evil.answers["/containers/x/exec"] = told({"Id": "e"})
    evil.answers["/exec/e/start"] = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n" + FOUR_GIB
    evil.answers["/exec/e/json"] = told({"Running": False, "ExitCode": 127})
    assert "4,294,967,295 bytes" in refused(lambda: start_process(engine_of(evil), "x", ["sh"])).message


def test_the_last_words_of_a_command_may_not_drip(evil: HostileEngine) -> None:
    evil.answers["/containers/x/exec"] = told({"Id": "e"})
    upgraded = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
    evil.answers["/exec/e/start"] = lambda: itertools.chain(
        [upgraded], evil.drip(b"\x01\0\0\0\0\1\0\0" + b"x" * 1000, 0.2)
    )
    evil.answers["/exec/e/json"] = told({"Running": False, "ExitCode": 127})
    assert "cannot be started" in refused(lambda: start_process(engine_of(evil), "x", ["sh"])).message


@dataclass(frozen=True)
class Bomb:
    """``ask`` and ``answer`` are Python: what is called, and what comes of ``path``."""

    ask: str
    path: str
    answer: str


ENDLESS_BODY = "itertools.chain([b'HTTP/1.1 {} X\\r\\n\\r\\n'], itertools.repeat(bytes(1 << 20)))"
BOMBS = {
    "gzip": Bomb(
        "engine.info()",
        "/info",
        "lambda: [plain(gzip.compress(b'[' + b'0,' * (150 << 20) + b'0]', 1), headers='Content-Encoding: gzip\\r\\n')]",
    ),
    "values": Bomb("engine.containers()", "/containers/json", "lambda: [plain(b'[' + b'{},' * (20 << 20) + b'{}]')]"),
    "endless list": Bomb("engine.containers()", "/containers/json", f"lambda: {ENDLESS_BODY.format(200)}"),
    "endless error": Bomb("engine.start('x')", "/containers/x/start", f"lambda: {ENDLESS_BODY.format(500)}"),
    "endless event": Bomb("engine.events()", "/events", "lambda: chunks(itertools.repeat(b'x' * 65536, 1 << 13))"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_memory_stays_bounded(tmp_path: Path, name: str) -> None:
    """In a process of its own: by how much the most that it ever had grew by the answer."""
    bomb = BOMBS[name]
    script = f"""
        import gzip, itertools, multiprocessing, resource, sys
        from pathlib import Path
        from app.hosts.endpoint import parse_endpoint
        from app.hosts.engine import Engine
        from app.hosts.errors import HostError
        from tests.engine_bed.hostile import HostileEngine, chunks, plain

        def serve(ready, over):
            with HostileEngine(Path({str(tmp_path)!r})) as evil:
                evil.answers[{bomb.path!r}] = {bomb.answer}
                ready.set()
                over.wait()

        ready, over = multiprocessing.Event(), multiprocessing.Event()
        multiprocessing.Process(target=serve, args=(ready, over)).start()
        ready.wait()
        engine = Engine(parse_endpoint("unix://{tmp_path}/evil.sock"), timeout=20)
        engine.api()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            for _ in {bomb.ask} or ():
                pass
        except HostError as error:
            print(error.message[:200], file=sys.stderr)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
        over.set()
    """
    argv = [sys.executable, "-c", textwrap.dedent(script)]
    ran = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    grown = int(ran.stdout) // 1024
    assert grown < MOST_GROWTH, f"{grown} MiB: {ran.stderr}"


def test_a_body_as_large_as_it_may_be_is_read(evil: HostileEngine) -> None:
    """10,000 containers with the labels that people give them, and more."""
    listed = [{"Id": f"{number:064x}", "Labels": {f"l{n}": "x" * 40 for n in range(20)}} for number in range(10_000)]
    body = json.dumps(listed).encode()
    assert len(body) > 10 * MIB
    evil.answers["/containers/json"] = plain(body)
    assert len(engine_of(evil).containers()) == 10_000
