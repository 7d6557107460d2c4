"""Verbs of container instances and their attributes."""

from __future__ import annotations

from app.cli.command import Command, answering
from app.model.requests import (
    DeleteAttributesRequest,
    DeregisterContainerInstanceRequest,
    DescribeContainerInstancesRequest,
    ListContainerInstancesRequest,
    PutAttributesRequest,
    RegisterContainerInstanceRequest,
    UpdateContainerInstancesStateRequest,
)
from app.operations import instances

COMMANDS = {
    "register-container-instance": Command(
        RegisterContainerInstanceRequest, answering(instances.register_container_instance), "endpoint"
    ),
    "deregister-container-instance": Command(
        DeregisterContainerInstanceRequest, answering(instances.deregister_container_instance), "containerInstance"
    ),
    "update-container-instances-state": Command(
        UpdateContainerInstancesStateRequest,
        answering(instances.update_container_instances_state),
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
