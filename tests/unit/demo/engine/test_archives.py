"""Archives of simulated images: however their bytes are cut, and whatever is wrong with them."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.demo.engine.archive_calls import archive_of, read_archive
from app.demo.engine.images import Image
from app.demo.engine.layers import Layer, layers_of
from app.demo.engine.tar_reader import KEPT, BrokenArchiveError, Member, TarReader

WEB = Image("web:1", command=("serve",), labels={"a": "é"}, layers=layers_of("web", (2 << 20, 700, 1 << 19)))


def members(data: bytes, *places: int) -> dict[str, Member]:
    cuts = [0, *sorted(min(place, len(data)) for place in places), len(data)]
    reader = TarReader()
    found = {member.name: member for a, b in pairwise(cuts) for member in reader.feed(data[a:b])}
    reader.end()
    return found


def tar(*files: tuple[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, content in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "a"
        archive.addfile(link)
    return buffer.getvalue()


_LONG = "/".join(["folder"] * 40)
_FILES = (("a", b"1" * 513), ("empty", b""), (_LONG, b"long"), ("large", b"x" * (KEPT + 1)))


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
@pytest.mark.parametrize("zipped", [False, True])
@given(places=st.lists(st.integers(0, KEPT + 8000), max_size=6))
def test_however_an_archive_is_cut_the_same_is_in_it(form: int, zipped: bool, places: list[int]) -> None:
    data = tar(*_FILES, form=form)
    found = members(gzip.compress(data) if zipped else data, *places)
    assert {name: found[name].size for name, _ in _FILES} == {name: len(content) for name, content in _FILES}
    assert (found["a"].content, found["large"].content, found["link"].link) == (b"1" * 513, b"", "a")


@given(st.binary(max_size=3000))
def test_any_bytes_are_an_archive_or_refused(data: bytes) -> None:
    try:
        members(data)
        members(tar(("a", b"1"))[:512] + data)
    except BrokenArchiveError as broken:
        assert str(broken)


@pytest.mark.parametrize("part", [0, 100, 512, 700, 1024])
def test_one_that_ends_too_early_is_told(part: int) -> None:
    with pytest.raises(BrokenArchiveError, match="unexpected EOF"):
        members(tar(("a", b"1" * 900))[:part])


def saved(*images: Image) -> dict[str, bytes]:
    """The files of an archive, by name."""
    data = b"".join(archive_of([(image, [image.reference]) for image in images]))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {entry.name: archive.extractfile(entry).read() for entry in archive}  # type: ignore[union-attr]


def test_what_is_saved_is_the_same_image_where_it_is_loaded() -> None:
    pieces = list(archive_of([(WEB, ["web:1", "web:latest"])]))
    assert max(map(len, pieces)) <= 1 << 18
    whole = b"".join(pieces)
    assert WEB.size <= len(whole) < WEB.size + 20_000, "it takes as long as the image is large"
    ((image, names),) = read_archive(members(whole))
    assert (image.id, image.size, list(names)) == (WEB.id, WEB.size, ["web:1", "web:latest"])
    assert (image.labels, image.command, image.any_program) == (WEB.labels, WEB.command, True)
    ((again, _),) = read_archive(members(b"".join(archive_of([(image, [])]))))
    assert (again.id, again.layers) == (WEB.id, image.layers)


def test_layers_of_a_real_engine_are_known_by_their_digest() -> None:
    layer = Layer("", 5000, f"sha256:{'ab' * 32}")
    real = Image("real:1", layers=(layer,))
    ((image, _),) = read_archive(members(b"".join(archive_of([(real, [])]))))
    assert (image.id, image.layers, image.any_program) == (real.id, (layer,), False)


def broken_archives() -> Iterator[tuple[dict[str, bytes], str]]:
    good = saved(WEB)
    layer = next(name for name in good if name.endswith("layer.tar"))
    document = f"{WEB.id.removeprefix('sha256:')}.json"
    manifest = json.loads(good["manifest.json"])
    fewer = [{**manifest[0], "Layers": manifest[0]["Layers"][1:]}]
    yield {**good, layer: good[layer][:-1] + b"x"}, "invalid diffID for layer"
    yield {name: data for name, data in good.items() if name != layer}, "layer.tar: no such file"
    yield {**good, "manifest.json": json.dumps(fewer).encode()}, "layers length mismatch: expected 3, got 2"
    yield {**good, "manifest.json": b"{"}, "manifest.json: invalid character"
    yield {**good, "manifest.json": b"[1]"}, "invalid manifest"
    yield {**good, document: b"[]"}, "invalid manifest"
    yield {name: data for name, data in good.items() if name != "manifest.json"}, "manifest.json: no such file"


@pytest.mark.parametrize(("files", "words"), list(broken_archives()))
def test_an_archive_that_is_damaged_is_told_in_a_line(files: dict[str, bytes], words: str) -> None:
    with pytest.raises(BrokenArchiveError, match=words):
        read_archive(members(tar(*files.items())))
