"""Requests about how hosts are reached. None of them is one of ECS's: there an agent reaches out from each host."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from app.model.requests import CaFile, CertFile, Insecure, KeyFile, Request, TlsName


class TrustHostKeyRequest(Request):
    endpoint: Annotated[str, Field(description="The host, as in ssh://USER@HOST.")]
    fingerprint: Annotated[
        str,
        Field(
            pattern=r"^(SHA256:[A-Za-z0-9+/]{43}=?)?$", description="The key's, as you know it: then nobody is asked."
        ),
    ] = ""


class DoctorRequest(Request):
    cluster: Annotated[str, Field(description="Cluster, by name or ARN (default: all clusters).")] = ""
    container_instance: Annotated[str, Field(description="Only this container instance, by name, id or ARN.")] = ""
    endpoint: Annotated[str, Field(description="An engine that is in no cluster, as in ssh://USER@HOST.")] = ""
    ca: CaFile = ""
    cert: CertFile = ""
    key: KeyFile = ""
    tls_name: TlsName = ""
    insecure: Insecure = False
