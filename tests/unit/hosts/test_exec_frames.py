"""Docker's frames undone, whatever the pieces they come in."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.hosts.errors import HostError
from app.hosts.exec.frames import LINE_LIMIT, Demux, Lines, Piece

FRAMES = st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=50)), max_size=8)


def framed(frames: list[tuple[int, bytes]]) -> bytes:
    return b"".join(bytes([kind, 0, 0, 0]) + len(body).to_bytes(4, "big") + body for kind, body in frames)


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(places)]


@given(FRAMES, st.lists(st.integers(0, 500)))
def test_any_split_gives_the_same_streams(frames: list[tuple[int, bytes]], cuts: list[int]) -> None:
    demux, found = Demux(), {"stdout": b"", "stderr": b""}
    for part in split(framed(frames), cuts):
        for piece in demux.feed(part):
            found[piece.stream] += piece.data
    assert found["stdout"] == b"".join(body for kind, body in frames if kind == 1)
    assert found["stderr"] == b"".join(body for kind, body in frames if kind == 2)


@pytest.mark.parametrize("data", [b"HTTP/1.1 500", b"\x03\0\0\0\0\0\0\x01", b"\x01\0\0\x01aaaa"])
def test_what_is_no_frame_is_told(data: bytes) -> None:
    with pytest.raises(HostError, match="begins no frame"):
        Demux().feed(data)


@given(st.text(max_size=60), st.lists(st.integers(0, 500)))
def test_any_split_gives_the_same_lines(text: str, cuts: list[int]) -> None:
    def lines_of(parts: list[bytes]) -> list[str]:
        lines = Lines()
        found = [line for part in parts for line in lines.feed(Piece("stdout", part))]
        return [str(line.text) for line in (*found, *lines.end())]

    data = text.encode("utf-8", "surrogatepass")
    assert lines_of(split(data, cuts)) == lines_of([data])


def test_lines_are_bounded_and_safe() -> None:
    lines = Lines()
    found = lines.feed(Piece("stderr", b"a" * (3 * LINE_LIMIT) + b"\nred \x1b[31mx\x1b[0m\x1b]0;t\x07\r\n50%\r100%\n"))
    assert [len(line.text) for line in found[:3]] == [LINE_LIMIT] * 3
    assert [str(line.text) for line in found[3:]] == ["red \x1b[31mx\x1b[0m␛]0;t␇", "100%"]
    assert {line.stream for line in found} == {"stderr"}
    assert lines.feed(Piece("stdout", b"b" * (2 * LINE_LIMIT + 5)))[1].text == "b" * LINE_LIMIT
    assert [str(line.text) for line in lines.end()] == ["bbbbb"]
