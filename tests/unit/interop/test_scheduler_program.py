"""A program as a scheduler: whatever it does, one line comes of it in time, and nothing of it stays."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.interop.scheduler_program import MOST_OUTPUT, ask_program
from app.model.errors import MoorageError
from tests.engine_bed.waiting import wait_until

ROOT = Path(__file__).parents[3]
PATIENT = 20.0
"""For what must not be a matter of time on a busy machine."""
SHORT = 0.3


def ask(*argv: str, timeout: float = PATIENT, document: dict[str, Any] | None = None) -> Any:
    return ask_program("x", argv, timeout, document or {"version": 1})


def shell(script: str, timeout: float = PATIENT) -> Any:
    return ask("/bin/sh", "-c", script, timeout=timeout)


def fails(script: str, timeout: float = PATIENT) -> str:
    with pytest.raises(MoorageError) as caught:
        shell(script, timeout)
    assert "\n" not in caught.value.message
    assert "\x1b" not in caught.value.message
    return caught.value.message


def has_gone(pid: int) -> bool:
    """A zombie too has gone: whoever inherited it may take its time to reap it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(") ", 1)[1][0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_it_reads_the_request_and_its_answer_is_read() -> None:
    document = {"instances": [{"name": "é" * 1000}] * 100}
    assert ask("/bin/cat", document=document) == document


def test_a_program_that_does_not_read_is_none_the_worse() -> None:
    assert ask("/bin/echo", '["a"]', document={"x": "y" * (4 << 20)}) == ["a"]


def test_arguments_are_not_read_by_a_shell() -> None:
    assert ask("/bin/echo", '"$HOME `id` ; * \'"') == "$HOME `id` ; * '"


NOT_JSON = "answered with no JSON: "


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("exit 3", "ended with exit code 3"),
        ("echo one >&2; echo two >&2; echo >&2; exit 1", "ended with exit code 1: two"),
        ("printf '\\033[31mred\\033]0;me\\007' >&2; exit 1", "ended with exit code 1: ␛[31mred␛]0;me␇"),
        ("kill -KILL $$", "was ended by SIGKILL"),
        ("true", "ended without an answer"),
        ("echo; echo sorry >&2", "ended without an answer: sorry"),
        ("echo nonsense", f"{NOT_JSON}line 1, column 1: not JSON: expecting value"),
        ("printf '\\033[2J'", f"{NOT_JSON}line 1, column 1: not JSON: expecting value"),
        ("""echo '{"a": 1, "a": 2}'""", f"{NOT_JSON}line 1, column 10: the key 'a' is there twice in one object"),
        ("echo NaN", f"{NOT_JSON}line 1, column 1: NaN is not JSON"),
        ("printf '\\377'", f"{NOT_JSON}line 1, column 1: the text is not UTF-8"),
    ],
)
def test_what_went_wrong_is_one_line(script: str, words: str) -> None:
    assert fails(script) == f"scheduler 'x' {words}"


def test_a_flood_is_cut_off() -> None:
    assert fails("yes") == "scheduler 'x' wrote more than 1 MiB, and was ended"
    assert len(shell(f"printf '\"%0{MOST_OUTPUT - 2}d\"' 7")) == MOST_OUTPUT - 2


def test_a_flood_of_complaints_is_no_answer_and_only_its_end_is_kept() -> None:
    assert fails("yes | head -c 3000000 >&2; echo last >&2; exit 1") == "scheduler 'x' ended with exit code 1: last"


def test_one_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    words = fails(f"sleep 300 & echo $! $$ > {pids}; echo waiting >&2; wait", SHORT + 1)
    assert words == "scheduler 'x' did not answer within 1.3 s, and was ended: waiting"
    wait_until(lambda: all(has_gone(int(pid)) for pid in pids.read_text(encoding="ascii").split()))


def test_a_child_that_is_left_behind_is_ended_and_not_waited_for(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    assert shell(f"""sleep 300 & echo $! > {pid}; echo '["a"]'""") == ["a"]
    wait_until(lambda: has_gone(int(pid.read_text(encoding="ascii"))))


def test_a_child_that_writes_on_does_not_keep_the_answer(tmp_path: Path) -> None:
    assert shell("""(while :; do echo x >&2; done) & echo '["a"]'""") == ["a"]


def test_a_child_in_a_session_of_its_own_is_not_waited_for(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    answer = ask(
        sys.executable,
        "-c",
        "import os, time\nif os.fork():\n    print('[1]')\nelse:\n    os.setsid()\n"
        f"    open({str(pid)!r}, 'w').write(str(os.getpid()))\n    time.sleep(300)",
    )
    assert answer == [1]
    wait_until(pid.exists)
    child = wait_until(lambda: int(pid.read_text(encoding="ascii") or 0))
    os.kill(child, 9)
    wait_until(lambda: has_gone(child))


def test_none_outlives_us(tmp_path: Path) -> None:
    """Where a thread asked it: a thread of ours that is still at work ends with the process, without cleaning up."""
    pid = tmp_path / "pid"
    script = (
        "import os, threading, time\nfrom app.interop.scheduler_program import ask_program\n"
        f"argv = ['/bin/sh', '-c', 'echo $$ > {pid}.new; mv {pid}.new {pid}; exec sleep 300']\n"
        "threading.Thread(target=ask_program, args=('x', argv, 60.0, {}), daemon=True).start()\n"
        f"while not os.path.exists({str(pid)!r}):\n    time.sleep(0.01)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60, cwd=ROOT)
    wait_until(lambda: has_gone(int(pid.read_text(encoding="ascii"))))


def test_it_has_little_and_knows_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_MOORAGE", "hunter2")
    script = (
        "import json, os, resource\n"
        "names = ('RLIMIT_CPU', 'RLIMIT_AS', 'RLIMIT_FSIZE', 'RLIMIT_CORE')\n"
        "limits = [resource.getrlimit(getattr(resource, name))[1] for name in names]\n"
        "fds = sorted(int(fd) for fd in os.listdir('/proc/self/fd'))[:-1]\n"
        "print(json.dumps([limits, os.getcwd(), 'SECRET_OF_MOORAGE' in os.environ, fds, os.getsid(0) == os.getpid()]))"
    )
    limits, folder, secret, descriptors, leads = ask(sys.executable, "-I", "-c", script, timeout=20.0)
    assert limits[1:] == [2 << 30, 16 << 20, 0]
    assert limits[0] == 21
    assert (folder, secret, descriptors, leads) == ("/", False, [0, 1, 2], True)


def test_one_that_is_not_there_or_cannot_be_run(tmp_path: Path) -> None:
    assert "exit code 127: " in fails(f"exec {tmp_path}/none")
    broken = tmp_path / "broken"
    broken.write_text("#!/no/such/interpreter\n", encoding="ascii")
    broken.chmod(0o700)
    with pytest.raises(MoorageError, match=r"scheduler 'x' ended with exit code 12[67]: .*broken"):
        ask(str(broken))
