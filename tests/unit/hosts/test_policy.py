"""The verdict on a create body: no way out is missed, nothing ordinary is held up, and more never counts as less."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.hosts.policy.mounts import plain_path, reaches_engine
from app.hosts.policy.rule import PolicyError, Rule
from app.hosts.policy.verdict import Verdict, allowed, judge, judge_volume
from tests.figures import tell
from tests.unit.generated import definitions
from tests.unit.hosts.escape_forms import ESCAPES, ORDINARY, Escape, host
from tests.unit.hosts.test_translate_any import PATIENT, bodies, mended, plan_of

LEVELS = ("allow", "confirm", "deny")


@pytest.mark.parametrize("escape", ESCAPES, ids=[escape.name for escape in ESCAPES])
def test_no_escape_is_missed(escape: Escape) -> None:
    verdict = judge({"Image": "busybox", **escape.body})

    assert verdict.level == ("deny" if escape.unknown else "confirm")
    assert verdict.words
    tell("ways out", known=1, missed=int(not verdict.words))


@pytest.mark.parametrize("ordinary", ORDINARY, ids=[one.name for one in ORDINARY])
def test_what_is_ordinary_is_allowed(ordinary: Escape) -> None:
    assert judge({"Image": "busybox", "Cmd": ["sleep", "1"], "Env": ["A=b"], **ordinary.body}) == Verdict()


def test_at_least_sixty_escapes_are_known() -> None:
    assert len({escape.name for escape in ESCAPES}) == len(ESCAPES) >= 60


def merged(first: Any, second: Any) -> Any:
    """Both together: objects member by member, lists one after the other."""
    if isinstance(first, dict) and isinstance(second, dict):
        together = copy.deepcopy(first)
        for name, value in second.items():
            together[name] = merged(together[name], value) if name in together else copy.deepcopy(value)
        return together
    if isinstance(first, list) and isinstance(second, list) and first and second:
        return [*first, *second]
    return copy.deepcopy(second)


FORMS = st.sampled_from([*ESCAPES, *ORDINARY])


@settings(max_examples=400)
@given(st.lists(FORMS, max_size=6), st.sampled_from(ESCAPES))
def test_a_way_out_that_is_added_lowers_no_verdict(forms: list[Escape], more: Escape) -> None:
    body: dict[str, Any] = {"Image": "busybox"}
    for form in forms:
        body = merged(body, form.body)

    before, after = judge(body), judge(merged(body, more.body))

    assert LEVELS.index(after.level) >= LEVELS.index("deny" if more.unknown else "confirm")
    assert after.level == "deny" or before.level != "deny" or replaced(body, more.body)


def replaced(body: dict[str, Any], more: dict[str, Any]) -> bool:
    """Does it put a value in the place of another? Then what was unknown may be gone."""
    for name, value in more.items():
        there = body.get(name)
        if isinstance(there, dict) and isinstance(value, dict):
            if replaced(there, value):
                return True
        elif name in body and not (isinstance(there, list) and isinstance(value, list) and there and value):
            return True
    return False


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = st.sampled_from(sorted({name for escape in ESCAPES for name in escape.body.get("HostConfig", {})}))


@settings(max_examples=400)
@given(st.dictionaries(MEMBERS, JSON, max_size=5), st.dictionaries(st.text(max_size=8), JSON, max_size=3))
def test_whatever_a_body_holds_there_is_a_verdict_and_always_the_same(
    members: dict[str, Any], others: dict[str, Any]
) -> None:
    body = {**others, "HostConfig": members}
    before = copy.deepcopy(body)

    assert judge(body) == judge(copy.deepcopy(body))
    assert body == before
    assert "\n" not in judge(body).words
    assert judge(host(Privileged=True, **{k: v for k, v in members.items() if k != "Privileged"})).level != "allow"


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        ("/var/run/docker.sock", "/run/docker.sock"),
        ("//var/../run//docker.sock/", "/run/docker.sock"),
        ("/proc/1/root/proc/self/cwd/var/run/", "/run"),
        ("/proc/1/task/1/root", "/"),
        ("/proc/rooted", "/proc/rooted"),
    ],
)
def test_a_path_is_seen_through(path: str, plain: str) -> None:
    assert plain_path(path) == plain


@pytest.mark.parametrize("path", ["/", "/run", "/var", "/var/run/", "/run/docker.sock", "/srv/other.sock"])
def test_what_leads_to_an_engine_says_so(path: str) -> None:
    assert reaches_engine(path)
    assert "whoever has that is root" in judge(host(Binds=[f"{path}:/x"])).words


def test_other_folders_of_the_host_do_not_say_so() -> None:
    assert judge(host(Binds=["/srv/data:/x:ro"])).words == "HostConfig.Binds: reads /srv/data of the host"


def test_volumes_are_judged_when_they_are_made() -> None:
    assert judge_volume("", {}).level == "allow"
    assert judge_volume("local", {"type": "tmpfs", "device": "tmpfs"}).level == "allow"
    assert judge_volume("local", {"type": "none", "o": "bind,ro", "device": "/etc"}).words == (
        "Volume: reads /etc of the host"
    )
    assert judge_volume("sshfs", {}).level == "confirm"


@pytest.mark.parametrize(
    ("dangerous", "level", "accepted", "made"),
    [
        ("allow", "confirm", False, True),
        ("allow", "deny", False, True),
        ("confirm", "allow", False, True),
        ("confirm", "confirm", False, False),
        ("confirm", "confirm", True, True),
        ("confirm", "deny", True, False),
        ("deny", "allow", False, True),
        ("deny", "confirm", True, False),
    ],
)
def test_what_a_cluster_makes_of_a_verdict(dangerous: Any, level: str, accepted: bool, made: bool) -> None:
    body = {"allow": {}, "confirm": host(Privileged=True), "deny": host(Tomorrow=True)}[level]
    verdict, rule = judge(body), Rule("", dangerous, "prod")
    assert verdict.level == level

    if made:
        allowed(verdict, rule, accepted=accepted)
    else:
        with pytest.raises(PolicyError, match="update-cluster --cluster prod --dangerous"):
            allowed(verdict, rule, accepted=accepted)


def test_a_text_of_somebody_cannot_drive_the_terminal() -> None:
    assert "\x1b" not in judge(host(Binds=["/\x1b]0;x\x07:/x"], **{"\x1bX": True})).words


@PATIENT
@given(definitions())
def test_every_member_that_a_body_of_ours_has_is_known(document: dict[str, Any]) -> None:
    for _, body in bodies(plan_of(mended(document))):
        strange = [risk for risk in judge(body).risks if risk.unknown and "not known here" in risk.gives]
        assert strange == []


@PATIENT
@given(definitions())
def test_more_privileges_in_a_definition_give_no_less(document: dict[str, Any]) -> None:
    before = [judge(body) for _, body in bodies(plan_of(mended(document)))]
    more = copy.deepcopy(document)
    for container in more["containerDefinitions"]:
        container["privileged"] = True

    after = [judge(body) for _, body in bodies(plan_of(mended(more)))]

    for less, verdict in zip(before, after, strict=True):
        assert set(less.risks) <= set(verdict.risks)
    assert all(verdict.risks for verdict in after[: len(more["containerDefinitions"])])
