"""The number of tasks follows the load, or a schedule."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws

from . import names
from .args import ScalingArgs, ScheduledScalingArgs
from .context import Context
from .ingress import Ingress
from .scaling_limits import ScalingLimits

_DIMENSION = "ecs:service:DesiredCount"
_NAMESPACE = "ecs"

#: What is followed -> Application Auto Scaling's name for it.
#: Source: https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-metrics.html
METRICS = {
    "cpu": "ECSServiceAverageCPUUtilization",
    "memory": "ECSServiceAverageMemoryUtilization",
    "requests": "ALBRequestCountPerTarget",
}


class Scaling:
    """The scalable target, a policy for each thing that is followed, and the schedules."""

    def __init__(
        self, context: Context, args: ScalingArgs, service: aws.ecs.Service, ingress: Ingress | None
    ) -> None:
        self._context, self._args = context, args
        cluster: pulumi.Output[str] = pulumi.Output.from_input(context.args.cluster)
        self.target = aws.appautoscaling.Target(
            context.name,
            service_namespace=_NAMESPACE,
            scalable_dimension=_DIMENSION,
            resource_id=pulumi.Output.all(cluster, service.name).apply(
                lambda got: f"service/{names.cluster(got[0])}/{got[1]}"
            ),
            min_capacity=args.minimum,
            max_capacity=args.maximum,
            tags=context.tags,
            opts=pulumi.ResourceOptions.merge(
                context.options([service]),
                # A schedule changes these very limits; that is no drift. scaling_limits.py sets them when the program's change.
                pulumi.ResourceOptions(
                    ignore_changes=["min_capacity", "max_capacity"] if args.schedules else []
                ),
            ),
        )
        self._follow("cpu", args.cpu)
        self._follow("memory", args.memory)
        if ingress is not None:
            label = pulumi.Output.all(ingress.load_balancer_dimension, ingress.target_group.arn_suffix)
            self._follow("requests", args.requests_per_target, label.apply(lambda got: f"{got[0]}/{got[1]}"))
        actions = [self._schedule(schedule) for schedule in args.schedules]
        if actions:
            self._limits(actions)

    def _common(self) -> dict[str, Any]:
        return {
            "service_namespace": self.target.service_namespace,
            "scalable_dimension": self.target.scalable_dimension,
            "resource_id": self.target.resource_id,
            "opts": self._context.options(),
        }

    def _follow(self, what: str, value: int | None, label: pulumi.Output[str] | None = None) -> None:
        if value is None:
            return
        metric = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs(
            predefined_metric_type=METRICS[what], resource_label=label
        )
        aws.appautoscaling.Policy(
            f"{self._context.name}-{what}",
            name=f"{self._context.names.service}-{what}",
            policy_type="TargetTrackingScaling",
            target_tracking_scaling_policy_configuration=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs(
                target_value=value,
                predefined_metric_specification=metric,
                scale_in_cooldown=self._args.scale_in_cooldown,
                scale_out_cooldown=self._args.scale_out_cooldown,
            ),
            **self._common(),
        )

    def _schedule(self, args: ScheduledScalingArgs) -> aws.appautoscaling.ScheduledAction:
        return aws.appautoscaling.ScheduledAction(
            f"{self._context.name}-{args.name}",
            name=f"{self._context.names.service}-{args.name}",
            schedule=args.schedule,
            timezone=args.timezone,
            scalable_target_action=aws.appautoscaling.ScheduledActionScalableTargetActionArgs(
                min_capacity=args.minimum, max_capacity=args.maximum
            ),
            **self._common(),
        )

    def _limits(self, actions: list[aws.appautoscaling.ScheduledAction]) -> None:
        """The limits hold from when they, or the schedules, change until a schedule sets others."""
        common = self._common()
        del common["opts"]
        schedules = [
            [each.schedule, each.timezone, each.minimum, each.maximum] for each in self._args.schedules
        ]
        limits = {
            "minimum": self._args.minimum,
            "maximum": self._args.maximum,
            "region": self._context.region,
        }
        ScalingLimits(
            self._context.name, {**common, **limits, "schedules": schedules}, self._context.options(actions)
        )
