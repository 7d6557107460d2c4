"""What clusters allow, as their files say now, and who is asked before a change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.hosts.policy.rule import PolicyError, ReadOnlyError
from app.hosts.policy.verdict import judge
from app.model.cluster import InstanceEntry
from app.model.errors import MoorageError
from app.model.requests import CreateClusterRequest, DeleteClusterRequest, UpdateClusterRequest
from app.operations.clusters import create_cluster, delete_cluster, describe_clusters, update_cluster
from app.operations.policy import ClusterPolicy, Question, accepts, ask_first
from app.operations.session import Session
from app.store.audit import AuditLog
from app.store.home import resolve_home

SOCKET = "unix:///run/nobody.sock"


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(resolve_home(str(tmp_path), {}))


def make(session: Session, name: str, **policy: Any) -> None:
    create_cluster(session, CreateClusterRequest(cluster_name=name, **policy))


def add_instance(session: Session, cluster: str, endpoint: str = SOCKET) -> None:
    entry = InstanceEntry(name="edge", id="0" * 32, endpoint=endpoint, registered_at=session.now())
    session.clusters.update(cluster, lambda found: found.with_instance(entry))


class Answering:
    def __init__(self, answer: bool) -> None:
        self.answer = answer
        self.asked: list[Question] = []

    def __call__(self, question: Question) -> bool:
        self.asked.append(question)
        return self.answer


def test_a_new_cluster_is_free_and_asks_before_what_is_dangerous(session: Session) -> None:
    make(session, "prod")
    assert session.policies.of("prod") == ClusterPolicy("free", "confirm")
    text = (session.home.clusters / "prod.toml").read_text()
    assert "policy" not in text and "dangerous" not in text


def test_a_policy_is_in_the_file_and_in_the_answer(session: Session) -> None:
    make(session, "prod", policy="type-name", dangerous="deny")
    assert session.policies.of("prod") == ClusterPolicy("type-name", "deny")
    text = (session.home.clusters / "prod.toml").read_text()
    assert 'policy = "type-name"' in text and 'dangerous = "deny"' in text
    from app.model.requests import DescribeClustersRequest

    (shape,) = describe_clusters(session, DescribeClustersRequest(clusters=["prod"]))["clusters"]
    assert (shape["policy"], shape["dangerous"]) == ("type-name", "deny")


def test_creating_it_again_with_another_policy_is_refused(session: Session) -> None:
    make(session, "prod", policy="confirm")
    make(session, "prod")
    with pytest.raises(MoorageError, match="update-cluster --cluster prod --policy free"):
        make(session, "prod", policy="free")


def test_a_file_that_says_something_else_names_what_it_may_say(session: Session) -> None:
    make(session, "prod")
    path = session.home.clusters / "prod.toml"
    path.write_text(path.read_text() + '\npolicy = "readonly"\n')
    with pytest.raises(MoorageError, match=r'prod.toml: policy: .*"read-only"'):
        session.clusters.read("prod")


def test_what_an_editor_writes_counts_at_once_and_a_slip_changes_nothing(session: Session) -> None:
    make(session, "prod")
    path = session.home.clusters / "prod.toml"
    good = path.read_text()
    path.write_text(good + '\npolicy = "read-only"\n')
    assert session.policies.of("prod").read_only
    path.write_text(good + '\npolicy = "read-only\n')
    assert session.policies.of("prod").read_only
    path.write_text(good)
    assert not session.policies.of("prod").read_only


def test_of_several_clusters_of_an_engine_the_strictest_counts_and_is_named(session: Session) -> None:
    make(session, "lax", dangerous="allow")
    make(session, "strict", dangerous="deny", policy="read-only")
    for cluster in ("lax", "strict"):
        session.clusters.update(
            cluster,
            lambda found: found.with_instance(
                InstanceEntry(name="edge", id="0" * 32, endpoint=SOCKET, registered_at=session.now())
            ),
        )
    rule = session.policies.rule(SOCKET)
    assert (rule.read_only, rule.dangerous, rule.dangerous_of) == ("strict", "deny", "strict")
    assert session.policies.untouchable() == {SOCKET}
    assert session.policies.rule("unix:///other.sock").dangerous == "confirm"


def test_free_asks_nobody_and_confirm_asks_with_what_is_touched(session: Session) -> None:
    make(session, "prod")
    session.ask = nobody = Answering(False)
    ask_first(session, "stop-task", "prod", lambda: pytest.fail("nobody reads this"))
    assert nobody.asked == []

    update_cluster(session, UpdateClusterRequest(cluster="prod", policy="confirm"))
    with pytest.raises(PolicyError, match=r"wants a yes first; say it with --yes$"):
        ask_first(session, "stop-task", "prod", ["web:1"])
    session.ask = yes = Answering(True)
    ask_first(session, "stop-task", "prod", ["web:1"])
    assert [(one.lines, one.type_name) for one in (*nobody.asked, *yes.asked)] == [(("web:1",), "")] * 2


def test_type_name_says_which(session: Session) -> None:
    make(session, "prod", policy="type-name")
    session.ask = asked = Answering(False)
    with pytest.raises(PolicyError, match="--yes prod"):
        delete_cluster(session, DeleteClusterRequest(cluster="prod"))
    assert [one.type_name for one in asked.asked] == ["prod"]
    assert session.active_clusters() == ["prod"]


def test_read_only_refuses_whoever_says_yes_and_ends_by_its_name_alone(session: Session) -> None:
    make(session, "prod", policy="read-only")
    session.ask = Answering(True)
    with pytest.raises(ReadOnlyError, match="update-cluster --cluster prod --policy free"):
        delete_cluster(session, DeleteClusterRequest(cluster="prod"))

    session.ask = asked = Answering(True)
    update_cluster(session, UpdateClusterRequest(cluster="prod", policy="free"))
    assert [one.type_name for one in asked.asked] == ["prod"]
    delete_cluster(session, DeleteClusterRequest(cluster="prod"))


def test_the_gate_of_a_read_only_engine_is_closed_whoever_made_the_engine_before(session: Session) -> None:
    make(session, "prod")
    add_instance(session, "prod")
    engine = session.engine(session.clusters.read("prod").instances[0].reached_by)
    session.clusters.update("prod", lambda found: found.model_copy(update={"policy": "read-only"}))
    for write in (
        lambda: engine.create_container("x", {}),
        lambda: engine.start("x"),
        lambda: engine.stop("x", 1),
        lambda: engine.remove_container("x"),
        lambda: engine.create_volume("x", {}),
        lambda: engine.remove_volume("x"),
        lambda: engine.create_network("x", "10.0.0.0/24", {}),
        lambda: engine.remove_network("x"),
        lambda: list(engine.pull("x")),
        lambda: engine.import_image(b"", "x", "y", []),
        lambda: engine.load_image(b""),
        lambda: engine.create_service({}),
        lambda: engine.update_service("x", 1, {}),
        lambda: engine.remove_service("x"),
        lambda: engine.gate("exec"),
    ):
        with pytest.raises(ReadOnlyError, match="'prod' is read-only"):
            write()


BODY = {"HostConfig": {"Privileged": True}}


@pytest.mark.parametrize(("dangerous", "answer", "accepted"), [("allow", False, False), ("confirm", True, True)])
def test_what_is_dangerous_goes_on(session: Session, dangerous: Any, answer: bool, accepted: bool) -> None:
    make(session, "prod", dangerous=dangerous)
    session.ask = asked = Answering(answer)
    assert accepts(session, "prod", "web:1", judge(BODY), []) is accepted
    assert [one.lines for one in asked.asked] == (
        [("HostConfig.Privileged: is root on the host in all but name",)] if accepted else []
    )


@pytest.mark.parametrize(
    ("dangerous", "body", "answer", "why"),
    [
        ("confirm", BODY, False, "say yes with --yes"),
        ("deny", BODY, True, "cluster 'prod' denies"),
        ("confirm", {"Tomorrow": 1}, True, "nobody here knows"),
    ],
)
def test_what_is_dangerous_is_refused(session: Session, dangerous: Any, body: Any, answer: bool, why: str) -> None:
    make(session, "prod", dangerous=dangerous)
    session.ask = Answering(answer)
    with pytest.raises(PolicyError, match=why):
        accepts(session, "prod", "web:1", judge(body), [])


def test_a_stricter_cluster_of_the_same_engine_is_heard(session: Session) -> None:
    make(session, "lax", dangerous="allow")
    make(session, "careful")
    add_instance(session, "careful")
    session.ask = asked = Answering(True)
    assert accepts(session, "lax", "web:1", judge(BODY), [SOCKET])
    assert len(asked.asked) == 1


def test_what_was_refused_and_what_failed_is_in_the_audit_log(session: Session) -> None:
    make(session, "prod", policy="read-only")
    for name in ("prod", "nowhere"):
        with pytest.raises(MoorageError):
            delete_cluster(session, DeleteClusterRequest(cluster=name))

    entries, broken = AuditLog(session.home).read()

    assert broken == 0
    assert [(one["verb"], one["cluster"], one["outcome"], one["command"]) for one in entries] == [
        ("create-cluster", "prod", "done", "moorage create-cluster --cluster-name prod --policy read-only"),
        ("delete-cluster", "prod", "refused", "moorage delete-cluster --cluster prod"),
        ("delete-cluster", "nowhere", "failed", "moorage delete-cluster --cluster nowhere"),
    ]
    assert all(one["operator"] == session.operator and one["host"] and "uid" in one for one in entries)


def test_an_audit_log_that_cannot_be_written_is_complained_of_and_holds_nothing_up(session: Session) -> None:
    told: list[str] = []
    session.complain = told.append
    session.home.state.mkdir(parents=True)
    AuditLog(session.home).path.mkdir()
    make(session, "prod")
    assert session.active_clusters() == ["prod"]
    (line,) = told
    assert line.startswith("what was done is not in the audit log: cannot write ")
