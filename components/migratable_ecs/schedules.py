"""Scheduled tasks: EventBridge Scheduler starts a task of the service's image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from . import logs, names, processes
from .args import RolloutArgs, ScheduleArgs
from .context import Context
from .iam import Roles, policy
from .task_definitions import task_definition


def assumed_by_scheduler(account: str) -> str:
    """Trust of the schedule's role: the Scheduler of this account and no other. Pure.

    Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
    """
    return policy(
        [
            {
                "Effect": "Allow",
                "Principal": {"Service": "scheduler.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": account}},
            }
        ]
    )


def start_policy(definition_arn: str, cluster_arn: str, role_arns: Sequence[str | None]) -> str:
    """What the Scheduler may do: run tasks of this family on this cluster, and pass on their roles. Pure.

    The revision is left open: the schedule still starts the old one while an update is under way.
    """
    family = definition_arn.rpartition(":")[0]
    return policy(
        [
            {
                "Effect": "Allow",
                "Action": ["ecs:RunTask"],
                "Resource": [f"{family}:*"],
                "Condition": {"ArnEquals": {"ecs:cluster": cluster_arn}},
            },
            {
                "Effect": "Allow",
                "Action": ["iam:PassRole"],
                "Resource": sorted({arn for arn in role_arns if arn}),
                "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
            },
        ]
    )


def cluster_arn(cluster: str, account_arn: str) -> str:
    """The ARN of `cluster`, a name or an ARN. Pure.

    Args:
        account_arn: an ARN of anything in the same account and region.
    """
    if cluster.startswith("arn:"):
        return cluster
    _, partition, _, region, account = account_arn.split(":")[:5]
    return f"arn:{partition}:ecs:{region}:{account}:cluster/{cluster}"


class Schedule:
    """One scheduled task: first its container, which the roles need, then the rest."""

    definition: aws.ecs.TaskDefinition
    schedule: aws.scheduler.Schedule

    def __init__(self, context: Context, key: str, args: ScheduleArgs) -> None:
        self._context, self._args = context, args
        self.name = f"{context.name}-{key}"
        self.family = args.family or names.shortened(self.name, 255)
        self._group = logs.log_group(context, self.name, self.family, args.log_group)
        self.container = processes.process(context, args, self._group, where=f"schedules[{key!r}]", name=key)

    def register(self, roles: Roles, after: Sequence[pulumi.Resource]) -> None:
        """Make task definition, role and schedule; the new revision is scheduled once everything in `after` is done."""
        context, args = self._context, self._args
        self.definition = task_definition(
            context,
            self.name,
            family=self.family,
            cpu=args.cpu,
            memory=args.memory,
            roles=(roles.execution_arn, roles.task_arn),
            ready=roles.ready,
            containers=[self.container],
        )
        cluster = pulumi.Output.all(context.args.cluster, self._group.arn).apply(
            lambda got: cluster_arn(got[0], got[1])
        )
        role, allowed = self._role(roles, cluster)
        self.schedule = aws.scheduler.Schedule(
            self.name,
            name=names.shortened(self.family, 64),
            schedule_expression=args.expression,
            schedule_expression_timezone=args.timezone,
            state="ENABLED" if args.enabled else "DISABLED",
            flexible_time_window=self._window(),
            target=self._target(cluster, role),
            opts=context.options([allowed, *after]),
        )

    def _window(self) -> aws.scheduler.ScheduleFlexibleTimeWindowArgs:
        minutes = self._args.flexible_minutes
        return aws.scheduler.ScheduleFlexibleTimeWindowArgs(
            mode="FLEXIBLE" if minutes else "OFF", maximum_window_in_minutes=minutes
        )

    def _target(self, cluster: pulumi.Output[str], role: aws.iam.Role) -> aws.scheduler.ScheduleTargetArgs:
        network = self._context.args.network
        return aws.scheduler.ScheduleTargetArgs(
            arn=cluster,
            role_arn=role.arn,
            ecs_parameters=aws.scheduler.ScheduleTargetEcsParametersArgs(
                task_definition_arn=self.definition.arn,
                task_count=1,
                network_configuration=aws.scheduler.ScheduleTargetEcsParametersNetworkConfigurationArgs(
                    subnets=network.subnets,
                    security_groups=network.security_groups,
                    assign_public_ip=network.assign_public_ip,
                ),
                **self._launch(),
            ),
            retry_policy=aws.scheduler.ScheduleTargetRetryPolicyArgs(
                maximum_retry_attempts=self._args.retries, maximum_event_age_in_seconds=self._args.max_age
            ),
        )

    def _launch(self) -> dict[str, Any]:
        """The capacity of the service. Of platform versions the Scheduler takes numbers only; without one it is the latest."""
        rollout = self._context.args.rollout or RolloutArgs()
        version = None if rollout.platform_version == "LATEST" else rollout.platform_version
        if not rollout.capacity_providers:
            return {"launch_type": "FARGATE", "platform_version": version}
        strategies = [
            aws.scheduler.ScheduleTargetEcsParametersCapacityProviderStrategyArgs(
                capacity_provider=each.name, weight=each.weight, base=each.base
            )
            for each in rollout.capacity_providers
        ]
        return {"capacity_provider_strategies": strategies, "platform_version": version}

    def _role(self, roles: Roles, cluster: pulumi.Output[str]) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        context = self._context
        account = self._group.arn.apply(lambda arn: assumed_by_scheduler(arn.split(":")[4]))
        boundary = context.args.task.permissions_boundary if context.args.task else None
        role = aws.iam.Role(
            f"{self.name}-schedule",
            name=names.role(self.name, "schedule"),
            assume_role_policy=account,
            permissions_boundary=boundary,
            tags=context.tags,
            opts=context.options(),
        )
        known = pulumi.Output.all(self.definition.arn, cluster, roles.execution_arn, roles.task_arn)
        allowed = aws.iam.RolePolicy(
            f"{self.name}-schedule",
            name="start-tasks",
            role=role.name,
            policy=known.apply(lambda got: start_policy(got[0], got[1], got[2:])),
            opts=context.options(),
        )
        return role, allowed


def schedules(context: Context) -> list[Schedule]:
    """All schedules of the service."""
    return [Schedule(context, key, args) for key, args in (context.args.schedules or {}).items()]
