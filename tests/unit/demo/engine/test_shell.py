"""The tiny shell of simulated containers: scripts, signals and input, under a clock of the test's own."""

from __future__ import annotations

import heapq
import signal
from collections.abc import Callable, MutableMapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.demo.engine.process import Script
from app.demo.engine.shell_syntax import NotUnderstood, parse
from app.demo.engine.terminal import Terminal


class Machine:
    """Time that passes as fast as things are due, and what a script writes and leaves."""

    def __init__(self) -> None:
        self.hostname = "box"
        self.files: MutableMapping[str, bytes] = {}
        self.time = 0.0
        self.out: list[tuple[str, bytes]] = []
        self.codes: list[int] = []
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def now(self) -> int:
        return 10**18 + int(self.time * 10**9)

    def processes(self) -> Sequence[tuple[int, str]]:
        return [(1, "sh")]

    def memory(self) -> tuple[int, int]:
        return 1 << 20, 1 << 30

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._due, (self.time + seconds, self._count, what))

    def script(self, text: str, *, first: bool = True, stdin: bool = False) -> Script:
        made = Script(
            ["sh", "-c", text],
            self,
            {"PATH": "/bin", "A": "1"},
            lambda stream, data: self.out.append((stream, data)),
            self.after,
            self.codes.append,
            first=first,
        )
        if not stdin:
            made.input(None)
        made.start()
        return made

    def pass_until(self, seconds: float) -> None:
        while self._due and self._due[0][0] <= seconds and not self.codes:
            self.time, _, what = heapq.heappop(self._due)
            what()
        self.time = seconds

    def said(self, stream: str = "stdout") -> str:
        return b"".join(data for name, data in self.out if name == stream).decode()


@pytest.mark.parametrize(
    ("text", "code", "out"),
    [
        ("exit 3", 3, ""),
        ("true; false", 1, ""),
        ("false || echo no && echo yes", 0, "no\nyes\n"),
        ("! false && echo ok", 0, "ok\n"),
        ("X=2 ; echo $A$X \"$A $X\" '$A' ${Y:-else} $((X+A+1))", 0, "12 1 2 $A else 4\n"),
        ("for i in a b 'c d'; do echo -n [$i]; done", 0, "[a][b][c d]"),
        ("i=0; while [ $i -lt 3 ]; do i=$((i+1)); done; echo $i", 0, "3\n"),
        ("until test -e /x; do touch /x; done; if test -e /x; then echo there; else echo not; fi", 0, "there\n"),
        ("printf 'a\\tb\\n'; echo hello | cat | wc -l", 0, "a\tb\n1\n"),
        ("seq 5 | tail -n 2; echo one two >/f; cat /f | grep two; rm /f; cat /f 2>/dev/null || echo gone", 0,
         "4\n5\none two\ngone\n"),
        ("echo out; echo err >&2; echo $?", 0, "out\n0\n"),
        ("nope; echo $?", 0, "127\n"),
        ("command -v bash >/dev/null 2>&1 && exec bash\nexec sh -c 'echo $0 $1' name word", 0, "name word\n"),
        ("echo $(echo a; echo b) # not this", 0, "a b\n"),
        ("{ echo a; (exit 4); }; echo never", 4, "a\n"),
        ("", 0, ""),
    ],
)  # fmt: skip
def test_scripts(text: str, code: int, out: str) -> None:
    machine = Machine()
    machine.script(text)
    machine.pass_until(100)
    assert (machine.codes, machine.said()) == ([code], out)


@pytest.mark.parametrize(
    "text", ["case x in y) ;; esac", "echo 'open", "if true", "while true; do", "f() { true; }", ")"]
)
def test_what_is_not_understood_is_told(text: str) -> None:
    machine = Machine()
    machine.script(text)
    machine.pass_until(1)
    assert machine.codes == [2]
    assert machine.said("stderr").startswith("sh: syntax error")


def test_a_signal_without_a_trap_does_nothing_to_the_first_process_and_ends_another() -> None:
    for first, code in ((True, []), (False, [143])):
        machine = Machine()
        process = machine.script("sleep 100", first=first)
        process.signal(signal.SIGTERM)
        machine.pass_until(50)
        assert machine.codes == code


def test_a_trap_is_run_when_what_is_running_has_ended_and_at_once_in_a_wait() -> None:
    machine = Machine()
    process = machine.script("trap 'echo bye; exit 7' TERM; sleep 10; echo not reached")
    machine.pass_until(3)
    process.signal(signal.SIGTERM)
    machine.pass_until(9)
    assert machine.codes == []
    machine.pass_until(11)
    assert (machine.codes, machine.said()) == ([7], "bye\n")

    waiting = Machine()
    process = waiting.script("trap 'exit 0' TERM; httpd -f & wait")
    waiting.pass_until(3)
    process.signal(signal.SIGTERM)
    assert waiting.codes == [0]


def test_nothing_runs_for_ever_in_one_moment() -> None:
    machine = Machine()
    process = machine.script("while :; do :; done")
    machine.pass_until(2)
    assert machine.codes == []
    process.signal(signal.SIGKILL)
    assert machine.codes == [137]
    for text in ("x=1; while :; do x=$x$x; done", "x='eval $x'; eval $x", "for i in $(seq 99999); do :; done"):
        machine = Machine()
        machine.script(text)
        machine.pass_until(1000)
        assert machine.codes in ([137], [2], [0]), text


def test_ctrl_c_ends_the_command_and_not_the_shell() -> None:
    machine = Machine()
    made = Script(
        ["sh"], machine, {"PS1": "# ", "TERM": "xterm"}, lambda stream, data: machine.out.append((stream, data)),
        machine.after, machine.codes.append,
    )  # fmt: skip
    terminal = Terminal(lambda data: machine.out.append(("screen", data)), made)
    made.start()
    terminal.typed(b"sleep 100\r")
    terminal.typed(b"\x03")
    terminal.typed(b"wrong\x15echo ax\x7fb $?\r")
    assert machine.said() == "ab 130\n"
    assert ("screen", b"^C\r\n") in machine.out
    terminal.typed(b"\x03exit 4\r")
    assert machine.codes == [4]


def test_input_comes_line_by_line_and_as_it_is() -> None:
    machine = Machine()
    process = machine.script("read first; echo [$first]; cat", stdin=True)
    process.input(b"on")
    process.input(b"e\n\xff\x80\n")
    assert b"".join(data for _, data in machine.out) == b"[one]\n\xff\x80\n"
    process.input(b"rest")
    process.input(None)
    assert machine.codes == [0]
    assert machine.out[-1] == ("stdout", b"rest")


@given(st.text(alphabet="ab $'\"(){};&|<>\n\\`!=1#-", max_size=40))
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        parse(text)
    except NotUnderstood:
        return
    machine = Machine()
    machine.script(text)
    machine.pass_until(10)
