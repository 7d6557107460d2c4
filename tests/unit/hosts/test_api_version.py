"""The API's version: the newest that both know, or a line that says what to do."""

from __future__ import annotations

from typing import Any

import pytest

from app.hosts.api_version import NEWEST, is_wrong_version, negotiated
from app.hosts.errors import HostError

OURS = f"{NEWEST[0]}.{NEWEST[1]}"


@pytest.mark.parametrize(
    ("oldest", "newest", "spoken"),
    [("1.12", "1.41", "1.41"), ("1.24", "1.51", OURS), ("1.44", "1.52", OURS), (None, "1.45", "1.45")],
)  # fmt: skip
def test_the_newest_that_both_know(oldest: str | None, newest: str, spoken: str) -> None:
    assert negotiated({"ApiVersion": newest, "MinAPIVersion": oldest}) == spoken


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"ApiVersion": "1.40", "Version": "19.03.15\x1b[2J"}, "INCOMPATIBLE: its API is 1.40 .Docker 19.03.15␛"),
        ({"ApiVersion": "1.90", "MinAPIVersion": "1.60"}, "INCOMPATIBLE: its API begins at 1.60.*newer Moorage"),
    ],
)
def test_no_common_version_is_told_with_the_remedy(told: dict[str, str], words: str) -> None:
    with pytest.raises(HostError, match=words) as caught:
        negotiated(told)
    assert caught.value.kind == "refused"


@pytest.mark.parametrize(
    "told",
    [None, [], {}, {"ApiVersion": None}, {"ApiVersion": 1.41}, {"ApiVersion": "1.41/../../x"}, {"ApiVersion": "1.41\n"},
     {"ApiVersion": "9" * 5000 + ".1"}, {"ApiVersion": "1.45", "MinAPIVersion": ["1"]}],
)  # fmt: skip
def test_what_is_no_version_goes_into_no_path(told: Any) -> None:
    with pytest.raises(HostError) as caught:
        negotiated(told)
    assert caught.value.kind == "failed"


def test_dockers_own_refusals_are_known() -> None:
    old = b'{"message":"client version 1.41 is too old. Minimum supported API version is 1.44"}'
    new = b'{"message":"client version 1.52 is too new. Maximum supported API version is 1.41"}'
    assert is_wrong_version(400, old)
    assert is_wrong_version(400, new)
    assert not is_wrong_version(500, old)
    assert not is_wrong_version(400, b'{"message":"invalid"}')
