"""When the pause image is imported, and when that is tried again: an engine that answers as it is told."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from app.hosts.endpoint import parse_endpoint
from app.hosts.engine import Engine, Json
from app.hosts.errors import HostError, Kind
from app.hosts.pause import PAUSE_IMAGE, ensure_pause_image


class Told(Engine):
    """Args: imports: how each import ends, None for well. taken: whether a failed one leaves another's image."""

    def __init__(self, *imports: Kind | None, taken: bool = False, architecture: str = "x86_64") -> None:
        super().__init__(parse_endpoint("unix:///nowhere"))
        self.imports = list(imports)
        self.taken = taken
        self.architecture = architecture
        self.config: Json | None = None

    def image(self, reference: str) -> Json:
        if self.config is None:
            raise HostError(f"No such image: {reference}", "not-found")
        return {"Config": self.config}

    def info(self) -> Json:
        return {"Architecture": self.architecture}

    def import_image(self, archive: bytes, repository: str, tag: str, changes: Sequence[str]) -> None:
        assert archive
        assert (f"{repository}:{tag}", list(changes)) == (PAUSE_IMAGE, ['ENTRYPOINT ["/pause"]'])
        kind = self.imports.pop(0)
        if kind is None or self.taken:
            self.config = {"Entrypoint": ["/pause"], "Labels": None}
        if kind is not None:
            raise HostError("AlreadyExists", kind)


@pytest.mark.parametrize("kind", ["failed", "not-found"])
def test_an_import_that_another_one_disturbed_finds_the_others_image(kind: Kind) -> None:
    engine = Told(kind, None, taken=True)
    assert ensure_pause_image(engine) == PAUSE_IMAGE
    assert engine.imports == [None]


def test_an_import_is_tried_again_as_long_as_the_name_is_free() -> None:
    engine = Told("failed", "not-found", "failed", "failed", None)
    assert ensure_pause_image(engine) == PAUSE_IMAGE
    assert engine.imports == []


def test_an_import_that_always_fails_is_given_up() -> None:
    engine = Told("failed", "failed", "failed", "failed", "failed", "failed")
    with pytest.raises(HostError, match="AlreadyExists"):
        ensure_pause_image(engine)
    assert len(engine.imports) == 1


@pytest.mark.parametrize("kind", ["timeout", "unreachable", "refused", "conflict"])
def test_other_failures_are_told_at_once(kind: Kind) -> None:
    engine = Told(kind, None)
    with pytest.raises(HostError) as caught:
        ensure_pause_image(engine)
    assert caught.value.kind == kind
    assert engine.imports == [None]


def test_nothing_is_imported_for_an_unknown_processor() -> None:
    engine = Told(None, architecture="riscv64")
    with pytest.raises(HostError, match="riscv64"):
        ensure_pause_image(engine)
    assert engine.imports == [None]


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"Entrypoint": None},
        {"Entrypoint": ["/bin/sh"]},
        {"Entrypoint": ["/pause"], "Labels": {"moorage.task": "x"}},
    ],
)
def test_an_image_of_anothers_is_refused(config: Json) -> None:
    engine = Told(None)
    engine.config = config
    with pytest.raises(HostError) as caught:
        ensure_pause_image(engine)
    assert caught.value.kind == "refused"
    assert engine.imports == [None]
