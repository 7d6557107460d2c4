"""moorage.toml: every member is known or refused, at its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.model.deployment import DeployFile, ImageBuild
from app.model.errors import DocumentError
from app.store.deploy_file import parse_deploy_file

WHOLE = """
cluster = "prod"
task_definition = "taskdef.json"
count = 2
deliver = "push"

[[build]]
image = "registry.lan/base:1"
context = "base"

[[build]]
image = "registry.lan/web:7"
context = "."
dockerfile = "docker/web.Dockerfile"
args = { VERSION = "7", DEBUG = true, JOBS = 4 }
target = "run"
platform = "linux/arm64"
on = "edge-1"
no_cache = true
pull = true
"""


def read(text: str) -> DeployFile:
    return parse_deploy_file(text.encode(), "/src/shop/moorage.toml")


def refusal(text: str) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        read(text)
    return [line.removeprefix("/src/shop/moorage.toml: ") for line in caught.value.message.splitlines()]


def test_every_member_is_read_and_paths_begin_at_the_file() -> None:
    assert read(WHOLE) == DeployFile(
        document="/src/shop/taskdef.json",
        cluster="prod",
        count=2,
        deliver="push",
        builds=(
            ImageBuild("registry.lan/base:1", "/src/shop/base"),
            ImageBuild(
                image="registry.lan/web:7",
                context="/src/shop",
                dockerfile="/src/shop/docker/web.Dockerfile",
                args={"VERSION": "7", "DEBUG": "true", "JOBS": "4"},
                target="run",
                platform="linux/arm64",
                on="edge-1",
                no_cache=True,
                pull=True,
            ),
        ),
    )


def test_little_is_enough() -> None:
    assert read('compose = "compose.yaml"') == DeployFile("/src/shop/compose.yaml")
    build = '\n[[build]]\nimage = "web:1"'
    assert read('task_definition = "../t.json"' + build).builds == (ImageBuild("web:1", "/src/shop"),)


def test_all_mistakes_are_told_at_once_each_at_its_place() -> None:
    text = 'task-definition = "t.json"\ncount = 0\ndeliver = "scp"\n[[build]]\ncontext = 7\nimag = "web:1"\n'
    assert refusal(text) == [
        "line 1, column 1, task-definition: is not known here; did you mean 'task_definition'?",
        'does not say what to run; write task_definition = "taskdef.json", or compose = "compose.yaml"',
        "line 2, column 1, count: is no count of tasks; write 1 to 10",
        "line 3, column 1, deliver: is no way to deliver an image; write one of 'copy', 'push', 'none'",
        "line 6, column 1, build[1].imag: is not known here; did you mean 'image'?",
        'line 4, column 1, build[1]: has no image; write image = "registry.lan/web:7"',
        "line 5, column 1, build[1].context: is no path; write it in quotes, relative to this file's folder",
    ]


@pytest.mark.parametrize(
    ("build", "problem"),
    [
        ('image = "web:1"\nargs = { PIN = 1.10 }', "the value of PIN is no text"),
        ('image = "Web:1"', "'Web:1' is no image"),
        (f'image = "web@sha256:{"0" * 64}"', "has a digest"),
        ('image = "web:1"\ncontext = "https://example.com/x.git"', "is no folder or file of this machine"),
        ('image = "web:1"\n[[build]]\nimage = "web:1"', "is built twice"),
        ('image = "web:1"\nno_cache = "yes"', "is neither true nor false"),
    ],
)
def test_what_cannot_be_built_is_refused(build: str, problem: str) -> None:
    (line,) = refusal(f'compose = "c.yaml"\n[[build]]\n{build}\n')
    assert problem in line
    assert line.startswith("line ")


def test_an_argument_is_quoted_nowhere() -> None:
    secret = "hunter2-canary"
    assert secret not in repr(read(f'compose = "c.yaml"\n[[build]]\nimage = "web:1"\nargs = {{ TOKEN = "{secret}" }}'))
    lines = refusal(f'compose = "c.yaml"\n[[build]]\nimage = "web:1"\nargs = {{ TOKEN = ["{secret}"] }}')
    assert secret not in "\n".join(lines)


def test_both_documents_are_one_too_many() -> None:
    (line,) = refusal('compose = "c.yaml"\ntask_definition = "t.json"')
    assert line.startswith("has both task_definition and compose")


_VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(-5, 20), st.floats(allow_nan=False), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["image", "context", "args", "x", ""]), inner, max_size=3),
    ),
    max_leaves=8,
)
_KEYS = st.sampled_from(["task_definition", "compose", "cluster", "count", "deliver", "build", "builds"])


@given(st.dictionaries(_KEYS, _VALUES, max_size=6))
def test_anything_is_read_or_refused(values: dict[str, object]) -> None:
    import tomli_w

    text = tomli_w.dumps(values)
    try:
        found = read(text)
    except DocumentError as error:
        assert error.findings
    else:
        assert found.document.startswith("/")
