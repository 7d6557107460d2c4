"""Entry points as schedulers: loaded when chosen, and whatever they do is one line."""

from __future__ import annotations

import sys
import threading
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from app.interop.scheduler_plugins import GROUP, ask_plugin, find_plugins
from app.model.errors import MoorageError
from tests.unit.interop.installing import install

MODULE = """
import threading
never = threading.Event()

def good(request):
    return [one["name"] for one in request["instances"]]

def hangs(request):
    never.wait()

def fails(request):
    raise ValueError("no\\n\\x1b[31mroom")

def leaves(request):
    raise SystemExit(3)

class Mute(Exception):
    def __str__(self):
        raise RuntimeError

def mute(request):
    raise Mute

class Odd(str):
    def __hash__(self):
        raise RuntimeError("odd")

def odd(request):
    return [Odd("a")]

def lazy(request):
    return (name for name in "a")

number = 7
"""
NO_JSON = "TypeError: Object of type generator is not JSON serializable"
NO_MODULE = "ModuleNotFoundError: No module named 'no_such_package'"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, EntryPoint]:
    known = ("good", "hangs", "fails", "leaves", "mute", "odd", "lazy", "number", "none")
    names = {name: f"harbour_plugin:{name}" for name in known}
    names |= {"gone": "no_such_package:place", "two words": "harbour_plugin:good"}
    install(tmp_path, monkeypatch, "harbour_plugin", MODULE, names)
    return find_plugins()


def test_entry_points_are_found_and_not_loaded(installed: dict[str, EntryPoint]) -> None:
    assert {"good", "gone", "number"} <= set(installed)
    assert "two words" not in installed
    assert installed["good"].group == GROUP
    assert "harbour_plugin" not in sys.modules


def test_a_good_one_is_asked(installed: dict[str, EntryPoint]) -> None:
    assert ask_plugin("good", installed["good"], {"instances": [{"name": "a"}]}, 20.0, 20.0) == ["a"]


def test_an_answer_is_plain_values_whatever_classes_it_is_made_of(installed: dict[str, EntryPoint]) -> None:
    (name,) = ask_plugin("odd", installed["odd"], {}, 20.0, 20.0)
    assert type(name) is str


@pytest.mark.parametrize("broken", [b"[x]\nno entry point\n", b"\xff\xfe"])
def test_a_package_that_is_damaged_hides_no_other(
    installed: dict[str, EntryPoint], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: bytes
) -> None:
    info = tmp_path / "more" / "wreck-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: wreck\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_bytes(broken)
    monkeypatch.syspath_prepend(str(info.parent))
    assert find_plugins() == installed


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("fails", "failed in its entry point harbour_plugin:fails: ValueError: no␤␛[31mroom"),
        ("leaves", "failed in its entry point harbour_plugin:leaves: SystemExit: 3"),
        ("mute", "failed in its entry point harbour_plugin:mute: Mute"),
        ("lazy", f"failed in its entry point harbour_plugin:lazy: {NO_JSON}"),
        ("number", "cannot be asked: its entry point harbour_plugin:number is not callable"),
        ("gone", f"could not be loaded from its entry point no_such_package:place: {NO_MODULE}"),
    ],
)
def test_what_went_wrong_is_one_line(installed: dict[str, EntryPoint], name: str, words: str) -> None:
    with pytest.raises(MoorageError) as caught:
        ask_plugin(name, installed[name], {}, 20.0, 20.0)
    assert caught.value.message == f"scheduler {name!r} {words}"


def test_one_that_is_not_there(installed: dict[str, EntryPoint]) -> None:
    with pytest.raises(MoorageError, match=r"could not be loaded .*: AttributeError"):
        ask_plugin("none", installed["none"], {}, 20.0, 20.0)


def test_one_that_hangs_is_left_to_itself(installed: dict[str, EntryPoint]) -> None:
    with pytest.raises(MoorageError) as caught:
        ask_plugin("hangs", installed["hangs"], {}, 0.2, 20.0)
    assert caught.value.message == (
        "scheduler 'hangs' did not answer within 0.2 s; it cannot be ended, and may go on in the background"
    )
    sys.modules["harbour_plugin"].never.set()
    for thread in threading.enumerate():
        if thread.name == "scheduler-hangs":
            thread.join(20)
            assert not thread.is_alive()
