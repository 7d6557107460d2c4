"""Verbs of container instances and their attributes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.cli.command import Call, Command, answering
from app.cli.outcome import FAILED, complain
from app.model.requests import (
    DeleteAttributesRequest,
    DeregisterContainerInstanceRequest,
    DescribeContainerInstancesRequest,
    ListContainerInstancesRequest,
    PutAttributesRequest,
    RegisterContainerInstanceRequest,
    UpdateContainerInstanceRequest,
    UpdateContainerInstancesStateRequest,
)
from app.operations import instances, leaving
from app.operations.draining import Say
from app.operations.session import Session


def _telling(operation: Callable[[Session, Any, Say], dict[str, Any]]) -> Callable[[Call], int]:
    """The run of a verb that has something to say beside its response: on stderr, as are its failures."""

    def run(call: Call) -> int:
        shape = operation(call.session, call.request, complain)
        call.show(shape)
        failures = shape.get("failures", ())
        for failure in failures:
            complain(f"{failure['reason']}: {failure['detail']}")
        return FAILED if failures else 0

    return run


COMMANDS = {
    "register-container-instance": Command(
        RegisterContainerInstanceRequest, _telling(instances.register_container_instance), "endpoint"
    ),
    "deregister-container-instance": Command(
        DeregisterContainerInstanceRequest, _telling(leaving.deregister_container_instance), "containerInstance"
    ),
    "update-container-instance": Command(
        UpdateContainerInstanceRequest, answering(instances.update_container_instance), "containerInstance"
    ),
    "update-container-instances-state": Command(
        UpdateContainerInstancesStateRequest,
        _telling(instances.update_container_instances_state),
        "containerInstances",
    ),
    "list-container-instances": Command(
        ListContainerInstancesRequest, answering(instances.list_container_instances), "cluster"
    ),
    "describe-container-instances": Command(
        DescribeContainerInstancesRequest, answering(instances.describe_container_instances), "containerInstances"
    ),
    "put-attributes": Command(PutAttributesRequest, answering(instances.put_attributes)),
    "delete-attributes": Command(DeleteAttributesRequest, answering(instances.delete_attributes)),
}
