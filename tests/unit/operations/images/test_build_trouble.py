"""Why a build failed: the step, in one line, and what can be done."""

from __future__ import annotations

import pytest

from app.hosts.images.building import BuildError
from app.model.build_progress import BuildStep
from app.model.safe_text import SafeText
from app.operations.images.build_trouble import explained

STEP = BuildStep(2, 3, SafeText("RUN make"), "failed", 1.5)


def test_a_command_that_fails_is_named_with_its_step_and_code() -> None:
    error = BuildError("The command '/bin/sh -c make' returned a non-zero code: 2", STEP, (SafeText("no rule"),), 2)
    better = explained(error, "FROM a\nRUN make", {}, "prod")
    assert better.message == "step 2/3: RUN make ended with exit code 2"
    assert (better.step, better.lines, better.exit_code) == (STEP, ("no rule",), 2)


REMEDIES = [
    (
        "the --mount option requires BuildKit. Refer to x",
        "RUN --mount=type=cache x",
        "line 2: RUN --mount needs BuildKit",
    ),
    (
        "dockerfile parse error line 3: unknown instruction: ECHO",
        "RUN <<EOF\necho\nEOF",
        "a here-document (<<) needs Bui",
    ),
    ("Unknown flag: link", "COPY --link a b", "line 2: COPY --link needs BuildKit"),
    ("write /x: no space left on device", "", "moorage prune-images --cluster prod"),
]


@pytest.mark.parametrize(("told", "line", "remedy"), REMEDIES)
def test_what_can_be_done_is_told_where_it_is_known(told: str, line: str, remedy: str) -> None:
    message = explained(BuildError(told), f"FROM a\n{line}", {}, "prod").message
    assert message.startswith(f"{told}; ")
    assert remedy in message
    assert "\n" not in message


def test_of_what_is_not_known_the_engines_words_are_enough() -> None:
    assert explained(BuildError("something odd."), "FROM a\nRUN --mount=x y", {}, "prod").message == "something odd."
    unknown = explained(BuildError("dockerfile parse error line 1: unknown instruction: FORM"), "FORM a", {}, "prod")
    assert unknown.message == "dockerfile parse error line 1: unknown instruction: FORM"


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("pull access denied for x, repository does not exist", "moorage login registry.lan:5000"),
        ("manifest for x not found: manifest unknown: manifest unknown", "registry.lan:5000 has no such image or tag"),
        ('Get "https://r/v2/": dial tcp: lookup r: no such host', "the host cannot find registry.lan:5000"),
    ],
)
def test_what_a_registry_says_of_a_base_image_is_told_with_its_name(told: str, why: str) -> None:
    step = BuildStep(2, 4, SafeText("FROM ${BASE}:$TAG AS web"), "failed")
    text = "ARG BASE=registry.lan:5000/web TAG=1\nFROM ${BASE}:$TAG AS web\n"
    message = explained(BuildError(told, step), text, {"TAG": "2"}, "prod").message
    assert message.startswith("step 2/4: registry.lan:5000/web:2: ")
    assert why in message
