"""Clusters: create, update, delete, list, describe."""

from __future__ import annotations

from typing import Any

from app.model.errors import MoorageError, NotFoundError
from app.model.ids import cluster_arn, short_id
from app.model.names import BUILT_IN
from app.model.requests import (
    CreateClusterRequest,
    DeleteClusterRequest,
    DescribeClustersRequest,
    ListClustersRequest,
    UpdateClusterRequest,
)
from app.operations.deeds import kept
from app.operations.policy import ask_for_change
from app.operations.session import Session
from app.operations.shapes import cluster_shape


@kept("create-cluster", lambda _, answer: answer["cluster"]["clusterName"], asks=False)
def create_cluster(session: Session, request: CreateClusterRequest) -> dict[str, Any]:
    """Make a cluster; one that exists already is returned, as ECS does.

    Raises MoorageError when that one has another scheduler or another policy than is asked for.
    """
    wanted = _wanted(session, request)
    cluster = session.clusters.create(request.cluster_name, **wanted)
    for member, value in wanted.items():
        has = getattr(cluster, member)
        if has != value:
            asked = getattr(request, member)
            raise MoorageError(
                f"cluster {cluster.name!r} exists, with {member} {has or BUILT_IN!r}; to change that: "
                f"moorage update-cluster --cluster {cluster.name} --{member} {asked}",
                code="InvalidParameterException",
            )
    return {"cluster": cluster_shape(cluster, session.survey(cluster))}


@kept("update-cluster", lambda request, _: _change_words(request), asks=False)
def update_cluster(session: Session, request: UpdateClusterRequest) -> dict[str, Any]:
    """Give a cluster another scheduler or another policy. Tasks that run stay where they are."""
    wanted = _wanted(session, request)
    if not wanted:
        raise MoorageError(
            "nothing to change: --scheduler, --policy or --dangerous is needed", code="InvalidParameterException"
        )
    name = session.cluster(request.cluster).name
    ask_for_change(session, name, _change_words(request))
    cluster = session.clusters.update(name, lambda found: found.model_copy(update=wanted))
    return {"cluster": cluster_shape(cluster, session.survey(cluster))}


def _wanted(session: Session, request: CreateClusterRequest | UpdateClusterRequest) -> dict[str, str]:
    """The members of a cluster's file that the request gives."""
    members = {"scheduler": request.scheduler, "policy": request.policy, "dangerous": request.dangerous}
    wanted = {name: value for name, value in members.items() if value}
    if request.scheduler:
        wanted["scheduler"] = _scheduler(session, request.scheduler)
    return wanted


def _change_words(request: UpdateClusterRequest) -> str:
    members = (("scheduler", request.scheduler), ("policy", request.policy), ("dangerous", request.dangerous))
    return ", ".join(f"{name} {value}" for name, value in members if value)


@kept("delete-cluster", lambda _, answer: answer["cluster"]["clusterName"])
def delete_cluster(session: Session, request: DeleteClusterRequest) -> dict[str, Any]:
    cluster = session.cluster(request.cluster)
    if cluster.instances:
        names = ", ".join(entry.name for entry in cluster.instances)
        raise MoorageError(
            f"cluster {cluster.name!r} still has container instances ({names}); deregister them first",
            code="ClusterContainsContainerInstancesException",
        )
    shape = cluster_shape(session.clusters.delete(cluster.name), session.survey(cluster))
    return {"cluster": {**shape, "status": "INACTIVE"}}


def list_clusters(session: Session, _request: ListClustersRequest) -> dict[str, Any]:
    return {"clusterArns": [cluster_arn(name) for name in sorted(session.active_clusters())]}


def describe_clusters(session: Session, request: DescribeClustersRequest) -> dict[str, Any]:
    """Clusters with counts of instances and tasks; an unknown one is a failure MISSING, not an error."""
    shapes, failures = [], []
    for name in request.clusters or [session.config.default_cluster]:
        try:
            cluster = session.cluster(name)
        except NotFoundError:
            failures.append({"arn": cluster_arn(short_id(name)), "reason": "MISSING"})
        else:
            shapes.append(cluster_shape(cluster, session.survey(cluster)))
    return {"clusters": shapes, "failures": failures}


def _scheduler(session: Session, name: str) -> str:
    """As a cluster's file has it. Raises NotFoundError for one that is unknown here."""
    if not name:
        return ""
    # Here: most clusters have none, and to list them all this is not needed.
    from app.operations.schedulers import check_scheduler

    return check_scheduler(session, name)
