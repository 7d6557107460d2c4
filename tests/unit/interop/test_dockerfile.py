"""What is read of a Dockerfile before it is built."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.interop.dockerfile import base_images, built_wrongly, instructions, needs_buildkit

BASES = [
    ("FROM nginx", {}, ["nginx"]),
    ("from registry.lan:5000/web:7 as web\nFROM web\nCOPY --from=web / /", {}, ["registry.lan:5000/web:7"]),
    ("FROM scratch\nCOPY --from=tools:1 /bin /bin", {}, ["tools:1"]),
    ("FROM a AS One\nFROM b\nCOPY --from=one /x /\nCOPY --from=0 /x /\nCOPY --from=7 /x /", {}, ["a", "b", "7"]),
    ("ARG TAG=7\nFROM web:$TAG", {}, ["web:7"]),
    ("ARG TAG=7\nFROM web:$TAG", {"TAG": "8"}, ["web:8"]),
    ("ARG HOST=registry.lan BASE=${HOST}/web\nFROM ${BASE}:${TAG:-latest}", {}, ["registry.lan/web:latest"]),
    ('ARG TAG="7"\nFROM "web:${TAG}"', {}, ["web:7"]),
    ("ARG SLIM\nFROM web${SLIM:+-slim}", {"SLIM": "1"}, ["web-slim"]),
    ("FROM a\nARG TAG=7\nFROM web:$TAG", {}, ["a", "web:"]),  # an ARG of a stage is not one of FROM lines
    ("FROM --platform=linux/arm64 web AS x", {}, ["web"]),
    ("FROM $UNKNOWN", {}, []),
    ("# escape=`\nFROM `\n  web:1", {}, ["web:1"]),
    ("# comment\n\nFROM \\\n# in between\n\n  web:1", {}, ["web:1"]),
    ("\ufeffFROM web\n", {}, ["web"]),
    ("RUN echo FROM nothing", {}, []),
    ("", {}, []),
]


@pytest.mark.parametrize(("text", "arguments", "images"), BASES)
def test_the_images_that_it_is_made_from(text: str, arguments: dict[str, str], images: list[str]) -> None:
    assert base_images(text, arguments) == images


BUILDKIT = [
    ("FROM a\nRUN --mount=type=cache,target=/x make", "line 2: RUN --mount"),
    ("FROM a\n\nCOPY --chown=1 --link x /", "line 3: COPY --link"),
    ("FROM a\nRUN <<EOF\necho\nEOF", "line 2: RUN with a here-document (<<)"),
    ('FROM a\nCOPY <<"END" /x\nhi\nEND', "line 2: COPY with a here-document (<<)"),
    ("FROM a\nRUN echo $((1<<4)) --mount", ""),
    ("FROM a\nRUN grep x <<<word", ""),
    ("FROM a\nRUN cat 3<<-'X y' >&2", "line 2: RUN with a here-document (<<)"),
    ("FROM a\nRUN awk '{ print $1 << 2 }' && echo \"a <<EOF\" \\<<x a<<b", ""),
    ('FROM a\nRUN ["sh", "-c", "cat <<EOF"]', ""),
    ("# syntax=docker/dockerfile:1\nFROM a\nCOPY --chown=1 x /", ""),
]


@pytest.mark.parametrize(("text", "told"), BUILDKIT)
def test_what_only_buildkit_has_is_told_with_its_line(text: str, told: str) -> None:
    assert needs_buildkit(text) == told


UNHEEDED = [
    ("FROM a\nADD --checksum=sha256:00 x /", "line 2: ADD --checksum"),
    ("FROM a\nCOPY --exclude=*.md . /", "line 2: COPY --exclude"),
    ("FROM a\nRUN <<EOF\necho\nEOF", "line 2: RUN with a here-document (<<)"),
    ("FROM a\nRUN --mount=type=cache,target=/x make", ""),  # refused by the engine
    ("FROM a\nCOPY --link x /", ""),  # the same without it
]


@pytest.mark.parametrize(("text", "told"), UNHEEDED)
def test_what_engines_leave_out_without_a_word_is_known(text: str, told: str) -> None:
    assert built_wrongly(text) == told


def test_instructions_are_told_with_their_lines_and_continued_ones_are_joined() -> None:
    found = list(instructions("FROM a\nRUN one && \\\n    two\n\tENV\tA=1\nCMD x \\"))
    assert [(one.line, one.name) for one in found] == [(1, "FROM"), (2, "RUN"), (4, "ENV"), (5, "CMD")]
    assert found[1].words.split() == ["one", "&&", "two"]
    assert found[2].words == "A=1"


@given(st.text(max_size=300))
def test_whatever_it_says_it_is_read(text: str) -> None:
    assert all(base_images(text, {}))
    assert needs_buildkit(text) == "" or needs_buildkit(text).startswith("line ")
