"""The programs that simulated containers have: the shell's own, and a few small ones as in busybox."""

from __future__ import annotations

import re
import signal
from collections.abc import Generator, Sequence
from datetime import UTC, datetime
from math import inf

from app.demo.engine.shell import Effect, Exited, Interrupted, Program, Shell, Sleep, Steps, Streams, lines_of, to_bytes
from app.demo.engine.times import SECOND

_FOLDERS = "bin dev etc home lib proc root run sys tmp usr var"
_HELP = """This container is simulated: there is no process in it, only its picture.
This shell knows: {names}
and ; && || | & > < while until for if, variables and $(…).
"""
_Lines = Generator[Effect, str | None, list[str]]
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|(.))", re.DOTALL)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _echo(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    words, end = list(argv[1:]), "\n"
    while words and words[0] in ("-n", "-e", "-ne"):
        end = "" if "n" in words.pop(0) else end
    streams.out(to_bytes(f"{' '.join(words)}{end}"))
    return (yield from _done())


def _printf(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    text = argv[1] if len(argv) > 1 else ""
    for word in argv[2:]:
        text = text.replace("%s", word, 1).replace("%d", word, 1)
    streams.out(to_bytes(_ESCAPE.sub(_unescaped, text)))
    return (yield from _done())


def _unescaped(match: re.Match[str]) -> str:
    return chr(int(match[1], 8) & 255) if match[1] else {"n": "\n", "t": "\t", "r": "\r"}.get(match[2], match[2])


def _done(code: int = 0) -> Steps:
    """Programs are generators, those too that take no time."""
    yield from ()
    return code


def _true(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    return (yield from _done())


def _false(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    return (yield from _done(1))


def _sleep(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    seconds = 0.0
    for word in argv[1:]:
        number, unit = (word[:-1], _UNITS[word[-1]]) if word[-1:] in _UNITS else (word, 1)
        try:
            seconds += float(number.replace("infinity", "inf")) * unit
        except ValueError:
            streams.err(f"sleep: invalid number '{word}'\n".encode())
            return 1
    yield from shell.pause(Sleep(seconds), streams)
    return 0


def _wait(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    yield from shell.pause(Sleep(inf, waits=True), streams)
    return 0


def _exit(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    yield from ()
    raise Exited(int(argv[1]) & 255 if len(argv) > 1 and argv[1].isdigit() else shell.last)


def _exec(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    if len(argv) > 1:
        raise Exited((yield from shell.call(argv[1:], streams)))
    return 0


def _eval(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    return (yield from shell.script(" ".join(argv[1:]), streams))


def _command(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    name = argv[-1].rpartition("/")[2]
    if name not in shell.programs:
        return (yield from _done(127))
    streams.out(f"{argv[-1]}\n".encode())
    return 0


def _trap(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    for name in argv[2:]:
        number = _signal_number(name)
        if argv[1] == "-":
            shell.traps.pop(number, None)
        else:
            shell.traps[number] = argv[1]
    return (yield from _done())


def _signal_number(name: str) -> int:
    name = name.removeprefix("SIG")
    if name.isdigit():
        return int(name)
    found = getattr(signal, f"SIG{name}", 0)
    return int(found)


def _cat(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    names = [name for name in argv[1:] if not name.startswith("-")]
    code = 0
    for name in names:
        data = shell.around.files.get(shell.path(name))
        if data is None:
            streams.err(f"cat: can't open '{name}': No such file or directory\n".encode())
            code = 1
        else:
            streams.out(data)
    while not names and (line := (yield from shell.line(streams))) is not None:
        streams.out(to_bytes(line))
    return code


def _read(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    names = [name for name in argv[1:] if not name.startswith("-")] or ["REPLY"]
    line = yield from shell.line(streams)
    words = (line or "").rstrip("\n").split(None, len(names) - 1)
    for place, name in enumerate(names):
        shell.variables[name] = words[place] if place < len(words) else ""
    return 0 if line is not None else 1


def _head(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    lines = yield from _all_lines(shell, argv, streams)
    for line in lines[: _count(argv)]:
        streams.out(to_bytes(line))
    return 0


def _tail(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    lines = yield from _all_lines(shell, argv, streams)
    for line in lines[-_count(argv) :]:
        streams.out(to_bytes(line))
    return 0


def _count(argv: Sequence[str]) -> int:
    numbers = [word.lstrip("-n") for word in argv[1:] if word.lstrip("-n").isdigit()]
    return max(int(numbers[0]), 1) if numbers else 10


def _wc(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    lines = yield from _all_lines(shell, argv, streams)
    words, size = sum(len(line.split()) for line in lines), sum(len(line.encode()) for line in lines)
    streams.out((f"{len(lines)}\n" if "-l" in argv else f"{len(lines):7} {words:7} {size:7}\n").encode())
    return 0


def _grep(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    words = [word for word in argv[1:] if not word.startswith("-")]
    wanted = words[0] if words else ""
    lines = yield from _all_lines(shell, ["grep", *words[1:]], streams)
    found = [line for line in lines if (wanted in line) is not ("-v" in argv)]
    for line in found:
        streams.out(to_bytes(line))
    return 0 if found else 1


def _all_lines(shell: Shell, argv: Sequence[str], streams: Streams) -> _Lines:
    found: list[str] = []
    names = [name for name in argv[1:] if not name.startswith("-") and not name.isdigit()]
    for name in names:
        found += lines_of(shell.around.files.get(shell.path(name), b""))
    while not names and (line := (yield from shell.line(streams))) is not None:
        found.append(line)
    return found


def _env(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    streams.out("".join(f"{name}={value}\n" for name, value in shell.variables.items()).encode())
    return (yield from _done())


def _export(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    for word in argv[1:]:
        name, equals, value = word.partition("=")
        if equals:
            shell.variables[name] = value
    return (yield from _done())


def _says(what: str) -> Program:
    def program(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
        streams.out(f"{what}\n".encode())
        return (yield from _done())

    return program


def _hostname(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    streams.out(f"{shell.around.hostname}\n".encode())
    return (yield from _done())


def _date(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    now = datetime.fromtimestamp(shell.around.now() / SECOND, UTC)
    wanted = next((word[1:] for word in argv[1:] if word.startswith("+")), "%a %b %e %H:%M:%S UTC %Y")
    streams.out(f"{now.strftime(wanted.replace('%s', str(int(now.timestamp()))))}\n".encode())
    return (yield from _done())


def _stty(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    if argv[1:] == ["size"]:
        size = f"{shell.variables.get('LINES', '24')} {shell.variables.get('COLUMNS', '80')}"
        streams.out(f"{size}\n".encode())
    return (yield from _done())


def _ps(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    rows = "".join(f"{pid:5} root      0:00 {line}\n" for pid, line in shell.around.processes())
    streams.out(f"PID   USER     TIME  COMMAND\n{rows}".encode())
    return (yield from _done())


def _free(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    used, whole = (size >> 10 for size in shell.around.memory())
    streams.out(
        f"              total        used        free\nMem:     {whole:10} {used:11} {whole - used:11}\n".encode()
    )
    return (yield from _done())


def _ls(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    names = [word for word in argv[1:] if not word.startswith("-")]
    folder = (shell.path(names[0]) if names else shell.folder).rstrip("/") + "/"
    inside = {path.removeprefix(folder).partition("/")[0] for path in shell.around.files if path.startswith(folder)}
    listed = sorted(inside | set(_FOLDERS.split() if folder == "/" else ()))
    streams.out("".join(f"{name}\n" for name in listed).encode())
    return (yield from _done())


def _cd(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    shell.folder = shell.path(argv[1]).rstrip("/") or "/" if len(argv) > 1 else "/"
    return (yield from _done())


def _pwd(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    streams.out(f"{shell.folder}\n".encode())
    return (yield from _done())


def _touch(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    for name in argv[1:]:
        shell.around.files.setdefault(shell.path(name), b"")
    return (yield from _done())


def _rm(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    for name in argv[1:]:
        shell.around.files.pop(shell.path(name), None)
    return (yield from _done())


def _seq(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    numbers = [int(word) for word in argv[1:] if word.lstrip("-").isdigit()][:2]
    first, last = numbers if len(numbers) == 2 else (1, numbers[0] if numbers else 0)
    streams.out("".join(f"{number}\n" for number in range(first, min(last, first + 100_000) + 1)).encode())
    return (yield from _done())


def _test(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    words = [word for word in argv[1:] if word != "]"]
    holds = words[:1] != [""] and bool(words)
    if words[:1] == ["!"]:
        return 1 - (yield from _test(shell, ["test", *words[1:]], streams))
    if len(words) == 2:
        there = shell.path(words[1]) in shell.around.files
        holds = {"-n": bool(words[1]), "-z": not words[1]}.get(words[0], there)
    elif len(words) == 3:
        left, operator, right = words
        sizes = (int(left), int(right)) if left.lstrip("-").isdigit() and right.lstrip("-").isdigit() else (0, 0)
        holds = {
            "=": left == right,
            "==": left == right,
            "!=": left != right,
            "-eq": sizes[0] == sizes[1],
            "-ne": sizes[0] != sizes[1],
            "-lt": sizes[0] < sizes[1],
            "-le": sizes[0] <= sizes[1],
            "-gt": sizes[0] > sizes[1],
            "-ge": sizes[0] >= sizes[1],
        }.get(operator, False)
    return (yield from _done(0 if holds else 1))


def _sh(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    """A shell of its own, as another process: it leaves the variables of this one alone."""
    inner = Shell(shell.around, shell.programs, dict(shell.variables), argv[:1], folder=shell.folder)
    inner.pending = shell.pending
    inner.traps = shell.traps
    rest = list(argv[1:])
    try:
        if "-c" in rest:
            place = rest.index("-c")
            inner.arguments = rest[place + 2 :] or [argv[0]]
            return (yield from inner.script(rest[place + 1] if place + 1 < len(rest) else "", streams))
        return (yield from _interactive(inner, streams))
    except Exited as end:
        return end.code


def _interactive(shell: Shell, streams: Streams) -> Steps:
    """Line after line of its input, each at once."""
    prompt = shell.variables.get("PS1", "") if "TERM" in shell.variables else ""
    if prompt:
        streams.err(b"a simulated container: help tells what its shell knows\n")
    while True:
        try:
            streams.err(prompt.replace("\\w", shell.folder).encode())
            line = yield from shell.line(streams)
            if line is None:
                return shell.last
            shell.last = yield from shell.script(line, streams)
        except Interrupted:
            if not prompt:
                raise
            shell.last = 130


def _help(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    streams.out(_HELP.format(names=" ".join(sorted(shell.programs))).encode())
    return (yield from _done())


def _stays(shell: Shell, argv: Sequence[str], streams: Streams) -> Steps:
    """A server: it goes on for ever."""
    yield from shell.pause(Sleep(inf, waits=True), streams)
    return 0


PROGRAMS: dict[str, Program] = {
    ":": _true, "[": _test, "cat": _cat, "cd": _cd, "command": _command, "date": _date, "echo": _echo, "env": _env,
    "eval": _eval, "exec": _exec, "exit": _exit, "export": _export, "false": _false, "free": _free, "grep": _grep,
    "head": _head, "help": _help, "hostname": _hostname, "httpd": _stays, "id": _says("uid=0(root) gid=0(root)"),
    "ls": _ls, "mkdir": _true, "nc": _stays, "printf": _printf, "ps": _ps, "pwd": _pwd, "read": _read, "rm": _rm,
    "seq": _seq, "set": _true, "sh": _sh, "sleep": _sleep, "stty": _stty, "tail": _tail,
    "test": _test, "touch": _touch, "trap": _trap, "true": _true, "uname": _says("Linux"), "wait": _wait, "wc": _wc,
    "whoami": _says("root"),
}  # fmt: skip
SHELLS = frozenset({"sh", "ash"})
