"""The dialog by which a Docker Engine becomes a container instance."""

from __future__ import annotations

import os

from app.hosts.endpoint import local_endpoint
from app.model.endpoint import NO_FILES
from app.screens.desk import Desk
from app.screens.form_dialog import Field, FormDialog, Values


def add_instance_dialog(desk: Desk, cluster: str) -> FormDialog:
    """``cluster``: the one that is proposed; one that does not exist is made."""

    def work(values: Values) -> str:
        from app.model.requests import CreateClusterRequest, RegisterContainerInstanceRequest
        from app.operations.clusters import create_cluster
        from app.operations.instances import register_container_instance
        from app.screens.added import beware_words

        given = {**values, "cluster": values["cluster"] or cluster, "insecure": bool(values["insecure"])}
        request = RegisterContainerInstanceRequest.model_validate(given)
        if request.cluster not in desk.session.active_clusters():
            create_cluster(desk.session, CreateClusterRequest(cluster_name=request.cluster))
        beware: list[str] = []
        added = register_container_instance(desk.session, request, beware=beware.append)["containerInstance"]
        drained = f"; it is DRAINING: {added['statusReason']}" if added["status"] == "DRAINING" else ""
        return f"Added {added['name']} to cluster {request.cluster}{drained}{beware_words(beware)}"

    return FormDialog(desk, "Add a container instance", _fields(cluster), "Add", work)


def _fields(cluster: str) -> list[Field]:
    local = local_endpoint(os.environ)
    files = local.tls or NO_FILES
    return [
        Field("cluster", "Cluster", cluster, "made if it does not exist"),
        Field("endpoint", "Endpoint", local.url, "unix:///PATH, ssh://USER@HOST or tcp://HOST:PORT"),
        Field("name", "Name", "", "the engine's host name if empty"),
        Field("ca", "CA", files.ca, "file of the CA that signed the engine's certificate", only_if=_has_tls),
        Field("cert", "Cert", files.cert, "file of ours, if the engine asks for one", only_if=_has_tls),
        Field("key", "Key", files.key, "file of its key, mode 0600", only_if=_has_tls),
        Field("tls_name", "TLS name", "", "if its certificate is for another name", only_if=_has_tls),
        Field("insecure", "Insecure", "", "no TLS: who is on the way can read and drive it", True, _is_tcp),
    ]


def _is_tcp(values: Values) -> bool:
    return values["endpoint"].startswith("tcp://")


def _has_tls(values: Values) -> bool:
    return _is_tcp(values) and not values["insecure"]
