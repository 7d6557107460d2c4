"""Builds: the simulated engine and a real one are sent the same contexts, and tell the same steps."""

from __future__ import annotations

import gzip
import io
import json
import re
import tarfile
from typing import Any

import pytest

from tests.engine.contract.asking import Heard, Subject, refusal
from tests.engine.contract.test_images import failure, frames, listed

_DIGITS = re.compile(r"\b[0-9a-f]{12}\b")


def context(dockerfile: str | None, **files: bytes) -> bytes:
    """``__`` in a name is a slash."""
    found = {name.replace("__", "/"): data for name, data in files.items()}
    if dockerfile is not None:
        found["Dockerfile"] = dockerfile.encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in found.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o644
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def build(
    subject: Subject, data: bytes, tag: str = "", headers: dict[str, str] | None = None, **options: Any
) -> list[dict[str, Any]]:
    """Its frames; what it made of containers is gone afterwards. Docker's answer when it refuses is an APIError."""
    asked = {"t": tag, "rm": 1, "forcerm": 1, **options}
    headers = {"Content-Type": "application/x-tar", **(headers or {})}
    answer = subject.api._post(subject.api._url("/build"), data=data, params=asked, headers=headers, stream=True)
    return frames(subject.api._stream_helper(answer, decode=True))


def words(told: list[dict[str, Any]]) -> str:
    """All that was told, without ids."""
    return _DIGITS.sub("ID", "".join(frame.get("stream", "") for frame in told))


_NOT_FOUND = "file not found in build context or excluded by .dockerignore"
GOOD = """FROM busybox
ENV WHO=you
RUN echo hello $WHO
COPY app /srv
LABEL a=b
CMD ["sh", "-c", "echo run"]
"""


def test_a_build_tells_its_steps_and_the_second_one_takes_them_from_the_cache(subject: Subject) -> None:
    heard = Heard(subject)
    files = {"app__main": b"1" * 4000, "other": b"2"}
    told = build(subject, context(GOOD, **files), "shop/web:1")
    made = subject.api.inspect_image("shop/web:1")
    assert words(told) == (
        "Step 1/6 : FROM busybox\n ---> ID\n"
        "Step 2/6 : ENV WHO=you\n ---> Running in ID\nRemoving intermediate container ID\n ---> ID\n"
        "Step 3/6 : RUN echo hello $WHO\n ---> Running in ID\nhello you\nRemoving intermediate container ID\n ---> ID\n"
        "Step 4/6 : COPY app /srv\n ---> ID\n"
        "Step 5/6 : LABEL a=b\n ---> Running in ID\nRemoving intermediate container ID\n ---> ID\n"
        'Step 6/6 : CMD ["sh", "-c", "echo run"]\n ---> Running in ID\nRemoving intermediate container ID\n ---> ID\n'
        "Successfully built ID\nSuccessfully tagged shop/web:1\n"
    )
    assert {"aux": {"ID": made["Id"]}} in told
    assert (made["Config"]["Cmd"], made["Config"]["Labels"]) == (["sh", "-c", "echo run"], {"a": "b"})
    assert made["Config"]["Env"] == ["PATH=/bin", "WHO=you"]
    assert made["Size"] >= subject.api.inspect_image("busybox")["Size"] + 4000
    assert listed(subject) == {made["Id"]: ["shop/web:1"]}, "what is between is not listed"
    assert [event["Actor"]["Attributes"]["name"] for event in heard.events("tag", kind="image")] == ["shop/web:1"]
    again = build(subject, context(GOOD, **files), "shop/web:2")
    assert words(again).count(" ---> Using cache\n") == 5 and "Running in" not in words(again)
    assert listed(subject) == {made["Id"]: ["shop/web:1", "shop/web:2"]}
    changed = words(build(subject, context(GOOD, app__main=b"2", other=b"2"), "shop/web:1"))
    assert changed.count(" ---> Using cache\n") == 2, "from the copy on"
    assert listed(subject)[made["Id"]] == ["shop/web:2"], "the tag has moved"
    assert "Using cache" not in words(build(subject, context(GOOD, **files), nocache=1))


def test_a_context_may_be_zipped_or_come_in_chunks(subject: Subject) -> None:
    data = gzip.compress(context("FROM busybox\nCOPY a b /srv/\n", a=b"1", b=b"2" * 300_000))
    assert "Successfully built" in words(build(subject, iter([data[:1000], data[1000:]]), "shop/web:1"))  # type: ignore[arg-type]


def test_arguments_stages_and_targets(subject: Subject) -> None:
    text = "FROM busybox AS one\nARG NAME=nobody\nRUN echo I am $NAME\nFROM one AS two\nRUN exit 1\n"
    told = words(build(subject, context(text), "a:1", target="one", buildargs=json.dumps({"NAME": "me"})))
    assert "Step 2/3 : ARG NAME=nobody\n" in told and "\nI am me\n" in told
    text = "ARG V=nope\nFROM busybox:$V\nFROM busybox\nCOPY --from=0 /bin /copied\nCOPY --from=busybox /etc /etc2\n"
    told = words(build(subject, context(text), "a:2", buildargs=json.dumps({"V": "latest"})))
    assert told.startswith("Step 1/5 : ARG V=nope\nStep 2/5 : FROM busybox:$V\n ---> ID\nStep 3/5 : FROM busybox\n")
    assert "Successfully tagged a:2\n" in told
    text = "FROM busybox AS tools\nRUN echo compile\nFROM busybox\nCOPY --from=tools /etc/passwd /\n"
    build(subject, context(text), "a:3")
    assert sorted(listed(subject).values())[:2] == [[], ["a:1"]], "a stage that nothing is built on is left nameless"
    status, why = refusal(lambda: build(subject, context(text), target="nope"))
    assert status in (400, 500) and why == "failed to reach build target nope in Dockerfile"


@pytest.mark.parametrize(
    ("step", "why", "code"),
    [
        ("RUN echo oops; exit 3", "The command '/bin/sh -c echo oops; exit 3' returned a non-zero code: 3", 3),
        ("RUN false", "The command '/bin/sh -c false' returned a non-zero code: 1", 1),
        ("COPY nothing /srv", f"COPY failed: {_NOT_FOUND}: stat nothing: file does not exist", None),
    ],
)
def test_a_step_that_fails_is_the_last(subject: Subject, step: str, why: str, code: int | None) -> None:
    told = build(subject, context(f"FROM busybox\nRUN echo first\n{step}\n"), "shop/web:1")
    assert failure(told) == why and told[-1]["errorDetail"].get("code") == code
    assert "\nfirst\n" in words(told) and ("oops" in step) == ("\noops\n" in words(told))
    assert list(listed(subject).values()) == [[]], "the step before is left without a name"
    assert subject.api.containers(all=True) == []


@pytest.mark.parametrize(
    ("dockerfile", "why"),
    [
        (None, "Cannot locate specified Dockerfile: Dockerfile"),
        ("", "the Dockerfile (Dockerfile) cannot be empty"),
        ("# nothing\n", "file with no instructions"),
        ("FROM busybox\n\nFOO bar\n", "dockerfile parse error line 3: unknown instruction: FOO"),
        ("RUN true\n", "no build stage in current context"),
        ("no archive", "invalid tar header"),
    ],
)
def test_what_cannot_be_built_is_refused_before_it_begins(subject: Subject, dockerfile: str | None, why: str) -> None:
    data = b"nonsense" * 200 if dockerfile == "no archive" else context(dockerfile, other=b"1")
    status, told = refusal(lambda: build(subject, data))
    assert status in (400, 500) and why in told
    assert listed(subject) == {}


def test_a_name_that_is_none_is_refused(subject: Subject) -> None:
    status, told = refusal(lambda: build(subject, context("FROM busybox\n"), "UPPER"))
    assert status in (400, 500) and "invalid reference format: repository name must be lowercase" in told
