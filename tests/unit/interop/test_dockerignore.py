"""``.dockerignore``: the table of what Docker documents and does, and properties against plain regular expressions."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.interop.dockerignore import MOST_BYTES, MOST_PATTERNS, IgnoreRules, Place, parse_dockerignore
from app.model.errors import MoorageError


def rules(*lines: str) -> IgnoreRules:
    return parse_dockerignore("\n".join(lines).encode("utf-8", "surrogateescape"))


MATCHES = [
    # pattern, path, whether it is excluded
    ("foo", "foo", True),
    ("foo", "foo/bar", True),  # what is below an excluded folder
    ("foo", "foobar", False),
    ("foo", "a/foo", False),
    ("/foo", "foo", True),
    ("//foo", "foo", True),
    ("./foo/", "foo/x", True),
    ("a/../foo", "foo", True),
    ("../foo", "foo", False),
    ("/", "foo", False),
    (".", "foo", False),
    ("  foo\t", "foo", True),
    ("foo\r", "foo", True),
    ("*", "foo", True),
    ("*", "foo/bar", True),
    ("*.md", "a.md", True),
    ("*.md", "docs/a.md", False),
    ("*/temp*", "somedir/temporary.txt", True),
    ("*/temp*", "temporary.txt", False),
    ("*/*/temp*", "somedir/subdir/temporary.txt", True),
    ("temp?", "tempa", True),
    ("temp?", "temp", False),
    ("temp?", "temp/", False),
    ("a?c", "a/c", False),
    ("**", "anything/at/all", True),
    ("**/", "anything", True),
    ("**/*.go", "x.go", True),
    ("**/*.go", "a/b/x.go", True),
    ("**/foo", "foo", True),
    ("**/foo", "a/b/foo", True),
    ("**/foo", "a/b/foo/c", True),
    ("**/foo", "a/bfoo", False),
    ("**foo", "bfoo", True),
    ("**foo", "a/bfoo", True),
    ("**.foo", "a/b.foo", True),
    ("**/a*", "x/y/abc", True),
    ("foo/**", "foo/bar/baz", True),
    ("foo/**", "foo", False),
    ("foo**", "foobar/baz", True),
    ("foo/**/bar", "foo/bar", True),
    ("foo/**/bar", "foo/a/b/bar", True),
    ("foo/**/bar", "foo/abar", False),
    ("a**b", "ab", True),
    ("a**b", "axb", False),  # in the middle it takes nothing, or what ends with a slash
    ("a**b", "ax/b", True),
    ("foo/*/**", "foo/a/b", True),
    ("foo/*/**", "foo/a", False),
    ("***", "a/b", True),
    ("[abc].txt", "b.txt", True),
    ("[a-c].txt", "d.txt", False),
    ("[^a-c].txt", "d.txt", True),
    ("[^a-c].txt", "a.txt", False),
    ("a[^b]c", "a/c", True),  # as in Go
    ("[\\]].txt", "].txt", True),
    ("[!a].txt", "!.txt", True),  # ! is a member, ^ is what negates
    ("a\\*b", "a*b", True),
    ("a\\*b", "axb", False),
    ("\\#hash", "#hash", True),
    ("\\!bang", "!bang", True),
    ("a.b", "axb", False),
    ("a+(b|c){2}$", "a+(b|c){2}$", True),
    ("grüße-*", "grüße-日本", True),
]


@pytest.mark.parametrize(("pattern", "path", "excluded"), MATCHES)
def test_a_pattern_excludes_what_docker_excludes(pattern: str, path: str, excluded: bool) -> None:
    assert rules(pattern).excludes(path.rstrip("/")) is excluded


ORDERS = [
    (["*.md", "!README.md"], "README.md", False),
    (["*.md", "!README.md"], "other.md", True),
    (["*.md", "!README*.md", "README-secret.md"], "README-secret.md", True),
    (["*.md", "README-secret.md", "!README*.md"], "README-secret.md", False),
    (["!foo", "foo"], "foo", True),
    (["*", "!src"], "src/deep/file", False),
    (["*", "!src", "src/deep"], "src/deep/file", True),
    (["*", "! src "], "src/a", False),
    (["**", "!**/*.py"], "a/b/c.py", False),
    (["**", "!**/*.py"], "a/b/c.txt", True),
    (["node_modules", "!node_modules/keep/**"], "node_modules/keep/a/b", False),
    (["node_modules", "!node_modules/keep/**"], "node_modules/other", True),
    (["# no comment of ours", " # a name"], "# a name", True),
    (["#", "", "   ", "foo"], "foo", True),
]


@pytest.mark.parametrize(("lines", "path", "excluded"), ORDERS)
def test_the_last_pattern_that_matches_decides(lines: list[str], path: str, excluded: bool) -> None:
    assert rules(*lines).excludes(path) is excluded


def test_a_byte_order_mark_is_no_part_of_the_first_pattern() -> None:
    assert parse_dockerignore(b"\xef\xbb\xbf# comment\nfoo").excludes("foo")
    assert parse_dockerignore(b"\xef\xbb\xbffoo").excludes("foo")


def test_a_name_that_is_no_utf_8_is_matched_by_its_bytes() -> None:
    assert parse_dockerignore(b"caf\xe9").excludes(b"caf\xe9".decode("utf-8", "surrogateescape"))


def test_what_is_always_sent_is_sent_and_so_are_the_folders_on_the_way() -> None:
    found = rules("*").sending("docker/prod/Dockerfile", ".dockerignore")
    assert not found.excludes("docker/prod/Dockerfile")
    assert not found.excludes(".dockerignore")
    assert found.excludes("docker/prod/other")
    folder = found.root.below("docker")
    assert folder.excluded
    assert not folder.hopeless
    assert found.root.below("other").hopeless


HOPELESS = [
    (["foo"], "foo", True),
    (["foo", "!foo/bar/x"], "foo", False),
    (["foo", "!foo/bar/x"], "foo/baz", True),
    (["foo", "!**/*.py"], "foo", False),
    (["!**/*.py", "foo"], "foo", True),  # what comes later excludes all of it
    (["foo", "!bar/*"], "foo", True),
    (["foo", "!f?o/bar"], "foo", False),
]


@pytest.mark.parametrize(("lines", "path", "hopeless"), HOPELESS)
def test_an_excluded_folder_is_looked_into_only_if_an_exception_can_be_there(
    lines: list[str], path: str, hopeless: bool
) -> None:
    assert place_of(rules(*lines), path).hopeless is hopeless


REFUSED = [
    ("!", "after ! comes a pattern"),
    ("[a", "a [ has no ]"),
    ("[]", "in [ ] a ] is written"),
    ("[a-]", "in [ ] a ] is written"),
    ("[-a]", "in [ ] a - is written"),
    ("[z-a]", "runs backwards"),
    ("a\\", "escapes nothing"),
    ("a" * 1001, "at most 1,000 characters"),
]


@pytest.mark.parametrize(("pattern", "why"), REFUSED)
def test_what_is_no_pattern_is_told_with_its_line(pattern: str, why: str) -> None:
    with pytest.raises(MoorageError, match=r"^line 2: ") as caught:
        rules("ok", pattern)
    assert why in caught.value.message
    assert "\n" not in caught.value.message


def test_there_is_a_budget() -> None:
    with pytest.raises(MoorageError, match="more than the"):
        parse_dockerignore(b"a" * (MOST_BYTES + 1))
    with pytest.raises(MoorageError, match="more than 1,000 patterns"):
        rules(*["x"] * (MOST_PATTERNS + 1))


def test_no_pattern_makes_a_path_slow() -> None:
    # A regular expression that backtracks would take until the end of the world.
    hostile = rules(*("**/" + "*a" * 40 + "*b", "*a**/" * 30 + "c", "[a-z]*" * 50 + "#"))
    assert not hostile.excludes("/".join(["a" * 250] * 15))


# --- properties ----------------------------------------------------------------------------------------------------

WORDS = st.sampled_from(["a", "b", "ab", "abc", "x.y", "*", "?", "a*", "*b", "**", "[ab]", "[^a]c", "a?b*"])
PATTERNS = st.lists(WORDS, min_size=1, max_size=4).map("/".join)
LINES = st.lists(st.tuples(st.booleans(), PATTERNS), max_size=6)
PATHS = st.lists(st.sampled_from(["a", "b", "ab", "abc", "x.y", "acb", "xc"]), min_size=1, max_size=5).map("/".join)


def expression(pattern: str) -> re.Pattern[str]:
    """As the documentation has it, for the words above."""
    pieces, at = [], 0
    while at < len(pattern):
        if pattern.startswith("**", at):
            at += 2
            at += pattern.startswith("/", at)
            pieces.append(".*" if at == len(pattern) else "(?:.*/)?")
            continue
        one = pattern[at]
        at += 1
        if one == "[":
            end = pattern.index("]", at)
            pieces.append(pattern[at - 1 : end + 1])
            at = end + 1
        else:
            pieces.append({"*": "[^/]*", "?": "[^/]"}.get(one, re.escape(one)))
    return re.compile("".join(pieces), re.DOTALL)


def expected(lines: list[tuple[bool, str]], path: str) -> bool:
    names = path.split("/")
    on_the_way = ["/".join(names[: count + 1]) for count in range(len(names))]
    excluded = False
    for exception, pattern in lines:
        if any(expression(pattern).fullmatch(one) for one in on_the_way):
            excluded = not exception
    return excluded


@given(LINES, PATHS)
def test_all_is_as_regular_expressions_would_have_it(lines: list[tuple[bool, str]], path: str) -> None:
    found = rules(*(("!" if exception else "") + pattern for exception, pattern in lines))
    assert found.excludes(path) is expected(lines, path)


@given(LINES, PATHS, PATHS)
def test_below_what_is_hopeless_nothing_is_sent(lines: list[tuple[bool, str]], folder: str, rest: str) -> None:
    found = rules(*(("!" if exception else "") + pattern for exception, pattern in lines))
    if place_of(found, folder).hopeless:
        assert found.excludes(f"{folder}/{rest}")


@given(st.binary(max_size=200), st.text(max_size=30))
def test_whatever_is_in_the_file_it_is_read_or_refused_in_one_line(data: bytes, path: str) -> None:
    try:
        found = parse_dockerignore(data)
    except MoorageError as error:
        assert "\n" not in error.message
    else:
        assert found.excludes(path) in (True, False)


def place_of(found: IgnoreRules, path: str) -> Place:
    place = found.root
    for name in path.split("/"):
        place = place.below(name)
    return place
