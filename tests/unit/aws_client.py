"""What the client of ``aws`` makes of a request before it asks ECS, and documents to try it with."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

SAMPLES = sorted((Path(__file__).parents[2] / "sample_defs").glob("*.json"))
READ_ONLY: dict[str, Any] = {
    "taskDefinitionArn": "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:7",
    "revision": 7,
    "status": "ACTIVE",
    "requiresAttributes": [{"name": "com.amazonaws.ecs.capability.docker-remote-api.1.18"}],
    "compatibilities": ["EXTERNAL", "EC2"],
    "registeredAt": "2025-01-31T09:30:00.123000+01:00",
    "registeredBy": "arn:aws:iam::123456789012:user/ops",
    "deregisteredAt": "2025-02-01T09:30:00+01:00",
    "deleteRequestedAt": "2025-02-02T09:30:00+01:00",
}


@cache
def ecs() -> Any:
    """botocore's model of ECS."""
    return ServiceModel(Loader().load_service_model("ecs", "service-2"))


def input_shape() -> Any:
    return ecs().operation_model("RegisterTaskDefinition").input_shape


def refused_by_aws(members: dict[str, Any]) -> str:
    """What the client says about the input of RegisterTaskDefinition; "" when it is content."""
    report: str = ParamValidator().validate(members, input_shape()).generate_report()
    return report
