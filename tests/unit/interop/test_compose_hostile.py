"""Compose files that are made to hurt: one line, in under a second, whatever is in them."""

from __future__ import annotations

import resource
import time

import pytest

from app.interop.compose import MAX_BYTES
from app.interop.compose.project import MAX_SERVICES
from tests.unit.interop.composing import read, refusal

WEB = "services:\n  web:\n    image: x\n    mem_limit: 8m\n"
LONGEST = 1.0
"""Seconds of this process: what others do on the machine does not count."""


def flood(text: str, count: int) -> str:
    return "".join(text.replace("#", str(number)) for number in range(count))


BOMBS = {
    "nested defaults": (WEB + '    user: "' + "${A:-" * 50000 + "}" * 50000 + '"\n', "nested deeper than 16 levels"),
    "variables without an end": (WEB + '    user: "' + "${A:-" * 90000 + '"\n', "nested deeper than 16 levels"),
    "doubling variables": (WEB, "variables expand to more than 4 MiB"),
    "a long variable, often": (
        WEB + "    environment:\n" + flood("      V#: $LONG$LONG\n", 4000),
        "variables expand to more than 4 MiB",
    ),
    "many services": ("services:\n" + flood("  s#: {}\n", 40000), f"more than {MAX_SERVICES} services"),
    "too many bytes": (WEB + "# " + "x" * MAX_BYTES, "the limit is 524,288"),
    "all ports": (WEB + "    ports: ['1-65535']\n", "maps more than 100 ports"),
    "all ports of both sides": (WEB + "    ports: ['1-65535:1-65535']\n", "maps more than 100 ports"),
    "many ports": (WEB + "    ports: [" + flood("'#',", 40000) + "]\n", "is no port"),
    "a number as a port": (WEB + "    ports: ['" + "1" * 500000 + "']\n", "is no port"),
    "a long env file": (WEB + "    env_file: many.env\n", "many.env: line 5001: more than 5,000 variables"),
    "an env file of one quote": (WEB + "    env_file: quote.env\n", "quote.env: line 1: a quote is not closed"),
    "extends in a long chain": (
        "services:\n" + flood("  s#:\n    extends: {service: t#}\n", 1) + "  t0: {extends: s0}\n",
        "extends itself in a circle",
    ),
    "extends of much": (
        "services:\n" + flood("  s#: {extends: big, dns: [x]}\n", 150)
        + "  big: {image: x, dns: [" + flood("'#',", 30000) + "]}\n",
        "extends copies more than 200,000 values",
    ),
    "aliases": (
        "x-a: &a [x,x,x,x,x,x,x,x,x]\nx-b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nx-c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
        "x-d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\nx-e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nx-f: [*e,*e,*e,*e]\n" + WEB,
        "more than 200,000 values",
    ),
    "an alias of itself": ("services: &a\n  web: *a\n", "an alias has no finished anchor before it"),
    "depth": ("services: " + "[" * 200000, "nested deeper than 64 levels"),
    "a type of Python": ("services: !!python/object/apply:os.system [id]\n", "the tag"),
    "a key twice": ("services: {a: {image: x, image: y}}\n", "is there twice"),
    "tags of other tools": ("services: {a: !reset null}\n", "is not known here"),
}  # fmt: skip
FILES = {
    "many.env": flood("A#=1\n", 90000),
    "quote.env": 'A="' + "x" * 1000000,
    ".env": "LONG='" + "x" * 1000 + "'\n",
}
DOUBLING = {".env": "A0=xxxxxxxx\n" + "".join(f"A{n}=$A{n - 1}$A{n - 1}\n" for n in range(1, 60))}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_told_in_one_line_in_under_a_second(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    text, words = BOMBS[name]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    lines = refusal(text, DOUBLING if name == "doubling variables" else FILES)
    took = time.process_time() - started
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    with capsys.disabled():
        print(f"\n{name}: {took:.3f} s, {grown} MiB", end="")
    assert any(words in line for line in lines), lines
    assert all(len(line) < 400 for line in lines)
    assert len(lines) <= 101
    assert took < LONGEST
    assert grown < 300


FLOODS = {
    "unknown keys": WEB + flood("    key#: 1\n", 30000),
    "unset variables": WEB + "    environment: {" + flood("V#: $V#,", 25000) + "}\n",
    "bad variables": WEB + "    environment: {" + flood("V#: $#,", 30000) + "}\n",
    "links": WEB + "    links: [" + flood("'web:a#',", 30000) + "]\n",
    "dependencies": WEB + "    depends_on: [" + flood("s#,", 50000) + "]\n",
    "mounts": WEB + "    volumes: [" + flood("'/h#:/c#',", 20000) + "]\n",
    "mounts of one name": WEB + "    volumes: [" + flood("'/h" + "." * 2 + "#/../:/c#',", 15000) + "]\n",
    "options of a tmpfs": WEB + "    tmpfs: ['/r:" + "zz," * 150000 + "']\n",
    "a duration": WEB + "    stop_grace_period: " + "1h" * 200000 + "\n",
    "a command": WEB + '    command: "' + "a 'b' " * 80000 + '"\n',
    "names that collide": "services:\n" + "".join(f"  'a{'.' * n}b': {{image: x}}\n" for n in range(1, 190)),
    "comments of an env file": WEB + "    env_file: hash.env\n",
    "blanks of an env file": WEB + "    env_file: blank.env\n",
}


@pytest.mark.parametrize("name", FLOODS)
def test_much_of_one_thing_takes_no_longer_and_is_told_in_bounds(name: str) -> None:
    files = {"hash.env": "A=" + " #" * 450000, "blank.env": " \n" * 450000}
    started = time.process_time()
    try:
        told = [str(finding) for finding in read(FLOODS[name], files, environment={}).losses]
    except Exception as error:  # noqa: BLE001 - checked on the next line
        assert type(error).__name__ == "DocumentError"
        told = str(error).splitlines()
    assert time.process_time() - started < LONGEST
    assert len(told) <= 101
    assert all(len(line) < 400 for line in told)


HOSTILE = ("\x1b[31m", "\u202e", "[@click=app.quit]x[/]", "../../etc", "a\nb", "\u0000", "x" * 5000, "con", "-rf")


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("place", ["service", "key", "volume", "network", "project", "profile", "env"])
def test_names_are_told_safely_and_never_used_as_paths(text: str, place: str) -> None:
    quoted = '"' + text.encode("unicode_escape").decode().replace('"', '\\"') + '"'
    files = {
        "service": f"services: {{{quoted}: {{image: x, mem_limit: 8m}}}}\n",
        "key": f"services: {{web: {{image: x, mem_limit: 8m, {quoted}: 1}}}}\n",
        "volume": f"services: {{web: {{image: x, mem_limit: 8m, volumes: [{quoted}]}}}}\n",
        "network": f"services: {{web: {{image: x, networks: [{quoted}]}}}}\nnetworks: {{{quoted}: {{}}}}\n",
        "project": f"name: {quoted}\nservices: {{web: {{image: x, mem_limit: 8m}}}}\n",
        "profile": f"services: {{web: {{image: x, profiles: [{quoted}]}}}}\n",
        "env": f"services: {{web: {{image: x, mem_limit: 8m, environment: {{{quoted}: }}}}}}\n",
    }
    try:
        told = [str(finding) for finding in read(files[place]).losses]
    except Exception as error:  # noqa: BLE001 - checked on the next line
        assert type(error).__name__ == "DocumentError"
        told = str(error).splitlines()
    assert all(line.isprintable() and len(line) < 400 for line in told), told
