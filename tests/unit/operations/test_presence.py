"""Which images are where: of instances that answer, that do not, and that have something for another processor."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, cast

import pytest

from app.hosts.errors import HostError
from app.model.instance import Instance, InstanceKey
from app.operations.images import presence as module
from app.operations.images.presence import Presence, image_presence, missing_words
from app.operations.session import Session
from tests.unit.builders import NOW

ONE, TWO, THREE = (InstanceKey("prod", f"edge-{number}") for number in (1, 2, 3))


class _Engine:
    def __init__(self, images: Mapping[str, Any]) -> None:
        self._images = images

    def image(self, reference: str) -> Any:
        found = self._images.get(reference, HostError(f"No such image: {reference}", "not-found"))
        if isinstance(found, threading.Event):
            found.wait(30)
            return _image(1)
        if isinstance(found, Exception):
            raise found
        return found


class _Session:
    def __init__(self, *engines: _Engine) -> None:
        self._engines = {f"unix:///{number}": engine for number, engine in enumerate(engines, 1)}

    def engine(self, endpoint: Any) -> _Engine:
        return self._engines[endpoint.url]


def _instances(count: int) -> list[Instance]:
    keys = (ONE, TWO, THREE)[:count]
    return [Instance(key, f"{n:032x}", f"unix:///{n}", "ACTIVE", NOW) for n, key in enumerate(keys, 1)]


def _session(*engines: Mapping[str, Any]) -> Session:
    return cast("Session", _Session(*map(_Engine, engines)))


def _image(number: int, processor: str = "amd64") -> dict[str, Any]:
    return {"Id": f"sha256:{number}", "Os": "linux", "Architecture": processor}


def test_who_has_what() -> None:
    session = _session({"web:1": _image(1), "db": _image(5)}, {"web:1": _image(2)}, {})
    found = image_presence(session, ["web:1", "db", "web:1"], _instances(3))
    assert found.images == ("web:1", "db")
    assert (found.having("web:1"), found.lacking("web:1")) == ((ONE, TWO), (THREE,))
    assert found.unlike == {"web:1"}
    assert found.lacking("db") == (TWO, THREE)


def test_the_same_image_under_two_ids_is_the_same() -> None:
    """As of a classic image store and of containerd's."""
    one, two = ({**_image(number), "RootFS": {"Layers": ["sha256:a"]}} for number in (1, 2))
    found = image_presence(_session({"web:1": one}, {"web:1": two}), ["web:1"], _instances(2))
    assert found.here["web:1"] == {ONE: "sha256:1", TWO: "sha256:2"}
    assert not found.unlike


def test_of_a_silent_one_nobody_knows() -> None:
    session = _session({"web:1": _image(1)}, {"web:1": HostError("no route to it", "unreachable")})
    found = image_presence(session, ["web:1"], _instances(2))
    assert found.silent == {TWO: "no route to it"}
    assert (found.answered, found.having("web:1"), found.lacking("web:1")) == ((ONE,), (ONE,), ())


def test_a_slow_one_is_silent_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SURVEY_DEADLINE", 0.1)
    late = threading.Event()
    found = image_presence(_session({"web:1": _image(1)}, {"web:1": late}), ["web:1"], _instances(2))
    late.set()
    assert found.silent == {TWO: "no answer in time"}


def test_for_another_processor_is_as_good_as_missing() -> None:
    session = _session({"web:1": _image(1)}, {"web:1": _image(1, "arm64")})
    assert image_presence(session, ["web:1"], _instances(2)).lacking("web:1") == ()
    found = image_presence(session, ["web:1"], _instances(2), "linux/amd64")
    assert found.lacking("web:1") == (TWO,)
    assert found.elsewhere == {("web:1", TWO): "linux/arm64"}


def test_what_is_no_name_to_docker_is_nowhere() -> None:
    session = _session({"Web": HostError("invalid reference format", "refused")})
    assert image_presence(session, ["Web"], _instances(1)).lacking("Web") == (ONE,)


def test_words_are_of_what_others_could_give() -> None:
    here = {"web:1": {ONE: "a"}, "db": {}}
    found = Presence(("web:1", "db"), here, (ONE, TWO, THREE))
    assert missing_words(found, [ONE]) == []
    ((words, does),) = missing_words(found, [TWO, THREE, TWO])
    assert words == "web:1 is on edge-1, and not on edge-2, edge-3"
    assert does.endswith("moorage copy-image web:1 --cluster prod --from edge-1 --to edge-2 edge-3")
