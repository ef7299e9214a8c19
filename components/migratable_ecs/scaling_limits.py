"""The limits of a scaling that has schedules: they hold from when they are changed until a schedule sets others.

The aws provider knows one pair of limits, that of the scalable target, and a schedule changes that very pair. So with schedules what the
target has is no drift and is ignored there, and this resource sets the limits: when it is made, and when the program's limits or schedules
change. It never looks at what is in force, so that no refresh shows a difference.

States refer to `migratable_ecs.scaling_limits.LimitsProvider` by name: this path and the class without instance state are
public for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from .migration import plugin_process
from .migration.provider import fail
from .migration.session import connect
from .migration.state import aws_settings
from .told import Props, ToldProvider

LIMITS_TYPE = "pulumi-python:dynamic/ecs:ScalingLimits"

#: A change of any sets the limits anew.
WATCHED = ("service_namespace", "scalable_dimension", "resource_id", "minimum", "maximum", "schedules")


class LimitsProvider(ToldProvider):
    """Stateless; one for all services of a stack."""

    identity = "resource_id"
    watched = WATCHED

    def tell(self, props: Props) -> Props:
        set_limits(props)
        return {}


class ScalingLimits(Resource, module="ecs", name="ScalingLimits"):
    """Sets the limits of a scalable target that has schedules.

    `props`: WATCHED, and region. The target and its schedules must be there.
    """

    def __init__(
        self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(LimitsProvider(), name, dict(props), opts)


def set_limits(props: Props) -> None:
    """Tell Application Auto Scaling the limits; numbers come as floats from the engine.

    Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
    """
    from botocore.exceptions import BotoCoreError, ClientError

    from .migration.errors import PreflightFailed

    try:
        client = connect(aws_settings(props, plugin_process.config)).client("application-autoscaling")
        client.register_scalable_target(
            ServiceNamespace=str(props["service_namespace"]),
            ScalableDimension=str(props["scalable_dimension"]),
            ResourceId=str(props["resource_id"]),
            MinCapacity=int(props["minimum"]),
            MaxCapacity=int(props["maximum"]),
        )
    except (BotoCoreError, ClientError, PreflightFailed) as error:
        fail(
            "scaling limits not set",
            f"{props['resource_id']} was to have {int(props['minimum'])} to {int(props['maximum'])} tasks: {error}",
        )
