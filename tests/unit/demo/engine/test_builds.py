"""Builds on a simulated engine: steps, the cache, what fails."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import pytest

from app.demo.engine.builder import Building, StepFailed
from app.demo.engine.dockerfile import read_dockerfile
from app.demo.engine.engine import SimulatedEngine
from app.demo.engine.image_removal import remove_image
from app.demo.engine.images import Image
from app.demo.engine.instructions import expanded
from app.demo.engine.layers import layers_of
from app.demo.engine.refused import Refused
from app.demo.engine.tar_reader import Member

BASE = Image("base:1", command=("sh",), layers=layers_of("base", (1000,)))
FILES = {"app/main.py": b"print()", "app/lib/a.py": b"1", "notes.txt": b""}


def context(files: Mapping[str, bytes]) -> dict[str, Member]:
    return {
        name: Member(name, len(data), hashlib.sha256(data).hexdigest(), data, "", False) for name, data in files.items()
    }


class Bench:
    def __init__(self) -> None:
        self.engine = SimulatedEngine("edge-1", clock=lambda: 1_780_000_000 * 10**9)
        self.engine.add_image(BASE)
        self.seconds = 0.0

    def build(
        self, text: str, files: Mapping[str, bytes] = FILES, target: str = "", cache: bool = True, **arguments: str
    ) -> tuple[Image, str]:
        """The image, and all that was told."""
        building = Building(
            machine=self.engine.machine,
            context=context(files),
            arguments=arguments,
            pull=lambda base: iter(()),
            cache=cache,
            seconds=1.0,
            now=1_780_000_000,
        )
        told, self.seconds = "", 0.0
        for frames, seconds in building.run(read_dockerfile(text, arguments, target)):
            told += "".join(frame["stream"] for frame in frames)
            self.seconds += seconds
        return building.image, told


WEB = """
# what runs
FROM base:1 AS tools
ENV GREETING="hello you" PATH=/bin
RUN echo $GREETING && \\
    make all
FROM tools
WORKDIR /srv
WORKDIR app
COPY app/ .
LABEL a=b "c d"=e
EXPOSE 80 53/udp
USER nobody
HEALTHCHECK --interval=1m30s --retries=3 CMD wget -q localhost
CMD ["python", "main.py"]
"""


def test_an_image_is_what_its_dockerfile_says() -> None:
    bench = Bench()
    image, told = bench.build(WEB)
    assert (image.command, image.entrypoint, image.user) == (("python", "main.py"), (), "nobody")
    assert (image.working_directory, image.ports) == ("/srv/app", ("80/tcp", "53/udp"))
    assert image.labels == {"a": "b", "c d": "e"}
    assert image.environment == ("PATH=/bin", "GREETING=hello you")
    assert image.health_check == {"Test": ["CMD-SHELL", "wget -q localhost"], "Interval": 90 * 10**9, "Retries": 3}
    assert len(image.layers) == 3 and (image.layers[0].size, image.layers[-1].size) == (1000, 8)
    assert "Step 1/12 : FROM base:1 AS tools\n" in told and "\nhello you\n" in told
    assert "Using cache" not in told and bench.seconds > 0.5


def test_the_second_time_nothing_is_done() -> None:
    bench = Bench()
    image, _ = bench.build(WEB)
    again, told = bench.build(WEB)
    assert again.id == image.id and told.count("Using cache") == 10 and bench.seconds == 0
    _, told = bench.build(WEB, cache=False)
    assert "Using cache" not in told
    _, told = bench.build(WEB, {**FILES, "app/main.py": b"print(1)"})
    assert told.count("Using cache") == 4, "from the copy on it is another image"


def test_the_cache_is_gone_with_the_images() -> None:
    bench = Bench()
    image, _ = bench.build(WEB)
    remove_image(bench.engine.machine, image.id, force=False)
    assert [kept.reference for kept in bench.engine.machine.images.all()] == ["base:1"]
    assert "Using cache" not in bench.build(WEB)[1]


def test_arguments_and_targets() -> None:
    bench = Bench()
    text = "ARG V=0\nFROM base:$V AS one\nARG NAME=nobody\nRUN echo I am ${NAME}\nLABEL n=$NAME\nFROM one\nRUN false\n"
    image, told = bench.build(text, target="one", V="1", NAME="me")
    assert "I am me" in told and image.labels == {"n": "me"}
    with pytest.raises(Refused, match="failed to reach build target two in Dockerfile"):
        bench.build(text, target="two")


@pytest.mark.parametrize(
    ("last", "words", "code"),
    [
        ("RUN echo a; false", "The command '/bin/sh -c echo a; false' returned a non-zero code: 1", 1),
        ("RUN exit 42", "returned a non-zero code: 42", 42),
        ("COPY nothing /srv", "COPY failed: file not found in build context or excluded by .dockerignore", None),
        ("COPY app", "COPY requires at least two arguments", None),
        ("COPY --from=elsewhere a b", "invalid from flag value elsewhere", None),
        ("ENV 'a", "parse error line 3", None),
        ("FROM nowhere:1", "No such image: nowhere:1", None),
    ],
)
def test_a_step_that_fails_is_the_last_and_what_was_done_has_no_name(last: str, words: str, code: int | None) -> None:
    bench = Bench()
    with pytest.raises(StepFailed, match=words.replace("(", "\\(")) as failed:
        bench.build(f"FROM base:1\nRUN make\n{last}\n")
    assert failed.value.code == code
    images = bench.engine.machine.images
    assert [images.names(image) for image in images.all()] == [["base:1"], []]
    _, told = bench.build("FROM base:1\nRUN make\n")
    assert "Using cache" in told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no instructions"),
        ("# nothing\n\n", "no instructions"),
        ("FROM base:1\n\nFOO bar\n", "dockerfile parse error line 3: unknown instruction: FOO"),
        ("FROM base:1\nRUN\n", "dockerfile parse error line 2: RUN requires at least one argument"),
        ("RUN make\n", "no build stage in current context"),
    ],
)
def test_what_is_no_dockerfile_is_refused(text: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        read_dockerfile(text, {}, "")


@pytest.mark.parametrize(
    ("text", "value"),
    [("$A-${A}", "1-1"), ("${B:-2}", "2"), ("${A:+3}${B:+4}", "3"), ("\\$A", "$A"), ("$", "$"), ("$B.", ".")],
)
def test_variables(text: str, value: str) -> None:
    assert expanded(text, {"A": "1"}) == value


def test_a_build_from_nothing() -> None:
    made: Any = Bench().build('FROM scratch\nCOPY app /\nCMD ["/main"]\n')[0]
    assert (made.command, made.size, len(made.layers)) == (("/main",), 8, 1)
