"""Verbs of clusters."""

from __future__ import annotations

from app.cli.command import Call, Command, answering
from app.cli.outcome import warn
from app.model.requests import (
    CreateClusterRequest,
    DeleteClusterRequest,
    DescribeClustersRequest,
    ListClustersRequest,
    UpdateClusterRequest,
)
from app.operations import clusters


def _list(call: Call) -> int:
    call.show(clusters.list_clusters(call.session, call.request))
    for broken in call.session.clusters.read_all()[1].values():
        warn(broken.message)
    return 0


COMMANDS = {
    "create-cluster": Command(CreateClusterRequest, answering(clusters.create_cluster), "clusterName"),
    "update-cluster": Command(UpdateClusterRequest, answering(clusters.update_cluster), "cluster"),
    "delete-cluster": Command(DeleteClusterRequest, answering(clusters.delete_cluster), "cluster"),
    "list-clusters": Command(ListClustersRequest, _list),
    "describe-clusters": Command(DescribeClustersRequest, answering(clusters.describe_clusters), "clusters"),
}
