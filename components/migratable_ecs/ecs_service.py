"""The ECS service itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from . import discovery
from .args import MigratableEcsServiceArgs, RolloutArgs
from .blue_green import BlueGreen
from .context import Context
from .ingress import Ingress
from .migration.resource import ServiceRollout

#: Seconds for which a new task's health does not count, with ingress and unless told otherwise.
GRACE_PERIOD = 60


def service_rollout(
    context: Context, service: aws.ecs.Service, definition: aws.ecs.TaskDefinition
) -> ServiceRollout:
    """Fails the update when `service` does not end up on `definition`, which a steady state alone does not tell."""
    props = {
        "service": service.name,
        "cluster": context.args.cluster,
        "task_definition": definition.arn,
        "region": context.region,
    }
    return ServiceRollout(context.name, props, context.options([service]))


def ecs_service(
    context: Context,
    definition: aws.ecs.TaskDefinition,
    ingress: Ingress | None,
    after: Sequence[pulumi.Resource],
) -> aws.ecs.Service:
    """The service on `definition`; it is touched only when everything in `after` is done."""
    args = context.args
    rollout = args.rollout or RolloutArgs()
    blue_green = (
        BlueGreen(context, rollout.blue_green, ingress)
        if rollout.blue_green and ingress and ingress.alternate
        else None
    )
    return aws.ecs.Service(
        context.name,
        name=context.names.service,
        cluster=args.cluster,
        task_definition=definition.arn,
        desired_count=desired_count(args),
        network_configuration=aws.ecs.ServiceNetworkConfigurationArgs(
            subnets=args.network.subnets,
            security_groups=args.network.security_groups,
            assign_public_ip=args.network.assign_public_ip,
        ),
        load_balancers=_targets(ingress, blue_green),
        service_registries=discovery.registries(context),
        service_connect_configuration=discovery.service_connect(context),
        wait_for_steady_state=args.wait_for_steady_state,
        tags=context.tags,
        opts=pulumi.ResourceOptions.merge(
            context.options([*([ingress.rule] if ingress else []), *(blue_green.resources if blue_green else []), *after]),
            # A scaled count is no drift.
            pulumi.ResourceOptions(ignore_changes=["desired_count"] if args.scaling else []),
        ),
        **_rollout(rollout, ingress),
        **_launch(args),
    )  # fmt: skip


def desired_count(args: MigratableEcsServiceArgs) -> int:
    """How many tasks the first deployment starts: within the limits of the scaling, which AWS would enforce anyway. Pure."""
    if args.scaling is None:
        return args.desired_count
    return min(max(args.desired_count, args.scaling.minimum), args.scaling.maximum)


def launch_parameters(args: MigratableEcsServiceArgs) -> dict[str, Any]:
    """Where a task of the service runs, as parameters of RunTask: for the migration, on the same capacity as the service. Pure.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
    """
    rollout = args.rollout or RolloutArgs()
    found: dict[str, Any] = {"launchType": "FARGATE"}
    if rollout.capacity_providers:
        found = {
            "capacityProviderStrategy": [
                {"capacityProvider": each.name, "weight": each.weight, "base": each.base}
                for each in rollout.capacity_providers
            ]
        }
    if rollout.platform_version is not None:
        found["platformVersion"] = rollout.platform_version
    return found


def _launch(args: MigratableEcsServiceArgs) -> dict[str, Any]:
    """A launch type or a capacity provider strategy: ECS takes only one of the two."""
    rollout = args.rollout or RolloutArgs()
    found: dict[str, Any] = {"platform_version": rollout.platform_version}
    if not rollout.capacity_providers:
        return {**found, "launch_type": "FARGATE"}
    strategies = [
        aws.ecs.ServiceCapacityProviderStrategyArgs(
            capacity_provider=each.name, weight=each.weight, base=each.base
        )
        for each in rollout.capacity_providers
    ]
    return {**found, "capacity_provider_strategies": strategies}


def _rollout(rollout: RolloutArgs, ingress: Ingress | None) -> dict[str, Any]:
    grace = GRACE_PERIOD if rollout.grace_period is None else rollout.grace_period
    blue_green = rollout.blue_green
    triggers = dict(rollout.redeploy_triggers or {})
    return {
        "deployment_minimum_healthy_percent": rollout.minimum_healthy_percent,
        "deployment_maximum_percent": rollout.maximum_percent,
        "deployment_circuit_breaker": aws.ecs.ServiceDeploymentCircuitBreakerArgs(
            enable=rollout.circuit_breaker, rollback=rollout.circuit_breaker and rollout.rollback
        ),
        "deployment_configuration": aws.ecs.ServiceDeploymentConfigurationArgs(
            strategy="BLUE_GREEN", bake_time_in_minutes=str(blue_green.bake_minutes)
        )
        if blue_green
        else None,
        "health_check_grace_period_seconds": grace if ingress else None,
        "enable_execute_command": rollout.execute_command,
        "availability_zone_rebalancing": "ENABLED" if rollout.zone_rebalancing else "DISABLED",
        "propagate_tags": rollout.propagate_tags,
        "enable_ecs_managed_tags": rollout.managed_tags,
        "force_new_deployment": True if rollout.force_new_deployment or triggers else None,
        "triggers": triggers or None,
    }


def _targets(ingress: Ingress | None, blue_green: BlueGreen | None) -> list[aws.ecs.ServiceLoadBalancerArgs]:
    if ingress is None:
        return []
    return [
        aws.ecs.ServiceLoadBalancerArgs(
            target_group_arn=ingress.target_group.arn,
            container_name=ingress.container,
            container_port=ingress.port,
            advanced_configuration=blue_green.configuration if blue_green else None,
        )
    ]
