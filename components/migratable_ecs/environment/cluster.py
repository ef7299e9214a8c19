"""An ECS cluster: how it is watched, what it runs on, where sessions of ECS Exec are logged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from ..args.sizes import RETENTION_DAYS
from ..validation import InvalidArgument, one_of, text, texts
from .making import Making

#: Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ClusterSetting.html
INSIGHTS = ("disabled", "enabled", "enhanced")
#: Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html
CAPACITY = ("FARGATE", "FARGATE_SPOT")


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """An ECS cluster of the environment's own.

    Args:
        cluster_name: default the environment's name.
        container_insights: `enabled` (default), `enhanced` (per task, dearer) or `disabled`.
        exec_logging: whether what is typed and shown in ECS Exec is kept in the log group `/ecs/{cluster}/exec`. Default True.
        exec_retention_days: how long, default 30.
        capacity: what tasks may run on, of `FARGATE` and `FARGATE_SPOT`; default both. The first is what a task gets that asks for none.
    """

    cluster_name: str | None = None
    container_insights: str = "enabled"
    exec_logging: bool = True
    exec_retention_days: int = 30
    capacity: Sequence[str] = CAPACITY

    def validate(self, where: str) -> None:
        """Refuse what ECS would refuse.

        Raises:
            InvalidArgument: one sentence with the remedy.
        """
        text(f"{where}.cluster_name", self.cluster_name)
        one_of(f"{where}.container_insights", self.container_insights, INSIGHTS)
        one_of(f"{where}.exec_retention_days", self.exec_retention_days, RETENTION_DAYS)
        texts(f"{where}.capacity", self.capacity)
        if not self.capacity:
            raise InvalidArgument(f"{where}.capacity is empty: give FARGATE, FARGATE_SPOT or both")
        for each in self.capacity:
            one_of(f"{where}.capacity", each, CAPACITY)


def cluster(making: Making, args: ClusterArgs) -> pulumi.Output[str]:
    """The ARN of a cluster that is made, known once services may use its capacity."""
    name = args.cluster_name or making.called("", 255)
    made = aws.ecs.Cluster(
        making.called("cluster"),
        name=name,
        settings=[{"name": "containerInsights", "value": args.container_insights}],
        configuration=aws.ecs.ClusterConfigurationArgs(
            execute_command_configuration=_exec(making, args, name)
        ),
        tags=making.tagged("cluster"),
        opts=pulumi.ResourceOptions(depends_on=_insights(making, args, name)),
    )
    providers = aws.ecs.ClusterCapacityProviders(
        making.called("cluster"),
        cluster_name=made.name,
        capacity_providers=list(args.capacity),
        default_capacity_provider_strategies=[{"capacity_provider": args.capacity[0], "weight": 1}],
    )
    return pulumi.Output.all(made.arn, providers.id).apply(lambda known: str(known[0]))


def exec_log_group(cluster_name: str) -> str:
    """Where sessions of ECS Exec are logged."""
    return f"/ecs/{cluster_name}/exec"


def _insights(making: Making, args: ClusterArgs, name: str) -> list[pulumi.Resource]:
    """Where Container Insights writes, made before it makes that itself: its own would stay after the cluster. It keeps a day too.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-reference-performance-logs-ECS.html
    """
    if args.container_insights == "disabled":
        return []
    group = aws.cloudwatch.LogGroup(
        making.called("insights"),
        name=f"/aws/ecs/containerinsights/{name}/performance",
        retention_in_days=1,
        tags=making.tagged("insights"),
    )
    return [group]


def _exec(
    making: Making, args: ClusterArgs, name: str
) -> aws.ecs.ClusterConfigurationExecuteCommandConfigurationArgs:
    """Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ExecuteCommandConfiguration.html"""
    if not args.exec_logging:
        return aws.ecs.ClusterConfigurationExecuteCommandConfigurationArgs(logging="NONE")
    group = aws.cloudwatch.LogGroup(
        making.called("exec"),
        name=exec_log_group(name),
        retention_in_days=args.exec_retention_days,
        tags=making.tagged("exec"),
    )
    where = aws.ecs.ClusterConfigurationExecuteCommandConfigurationLogConfigurationArgs(
        cloud_watch_log_group_name=group.name
    )
    return aws.ecs.ClusterConfigurationExecuteCommandConfigurationArgs(
        logging="OVERRIDE", log_configuration=where
    )
