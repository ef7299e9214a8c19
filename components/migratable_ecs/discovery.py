"""How other services find this one: Cloud Map, or ECS Service Connect."""

from __future__ import annotations

import pulumi_aws as aws

from .context import Context


def registries(context: Context) -> aws.ecs.ServiceServiceRegistriesArgs | None:
    """The entry in Cloud Map, made for the service; ECS keeps the addresses of its tasks in it.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-discovery.html
    """
    args = context.args.discovery
    if args is None:
        return None
    found = aws.servicediscovery.Service(
        context.name,
        name=args.service or context.names.service,
        dns_config=aws.servicediscovery.ServiceDnsConfigArgs(
            namespace_id=args.namespace_id,
            routing_policy="MULTIVALUE",
            dns_records=[aws.servicediscovery.ServiceDnsConfigDnsRecordArgs(type=args.record, ttl=args.ttl)],
        ),
        # ECS itself says which tasks are healthy; one failure is what Cloud Map has had since it ignores the number.
        health_check_custom_config={"failure_threshold": 1},
        tags=context.tags,
        opts=context.options(),
    )
    if args.record == "A":
        return aws.ecs.ServiceServiceRegistriesArgs(registry_arn=found.arn)
    return aws.ecs.ServiceServiceRegistriesArgs(
        registry_arn=found.arn,
        container_name=context.args.container_name,
        container_port=context.args.container_port,
    )


def service_connect(context: Context) -> aws.ecs.ServiceServiceConnectConfigurationArgs | None:
    """Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts.html"""
    args = context.args.service_connect
    if args is None:
        return None
    offered = []
    if args.port_name is not None:
        offered = [
            aws.ecs.ServiceServiceConnectConfigurationServiceArgs(
                port_name=args.port_name,
                discovery_name=args.dns_name or context.names.service,
                client_alias=[
                    aws.ecs.ServiceServiceConnectConfigurationServiceClientAliasArgs(
                        dns_name=args.dns_name or context.names.service,
                        port=args.port or _port(context, args.port_name),
                    )
                ],
            )
        ]
    return aws.ecs.ServiceServiceConnectConfigurationArgs(
        enabled=True, namespace=args.namespace, services=offered or None
    )


def _port(context: Context, name: str) -> int:
    """The container's port of that name; running.py has made sure that there is one."""
    container = context.args.container
    return next(port.container_port for port in (container.ports if container else ()) if port.name == name)
