"""How requests reach the service: a target group, and a rule with a fixed priority on an existing or an own listener."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pulumi
import pulumi_aws as aws

from . import rule_priority
from .args import IngressArgs, reached
from .context import Context
from .load_balancer import LoadBalancer, Owner
from .target_group_name import checked_vpc


def checked(context: Context) -> IngressArgs | None:
    """The args, once AWS has been asked about them: before anything is registered, so that what is refused leaves nothing behind.

    Raises:
        InvalidArgument: another rule of the listener has the priority, or the target group would have to be replaced under its name.
    """
    args = context.args.ingress
    if args is None:
        return None
    group = context.names.target_group
    priority = args.rule_priority()
    if args.listener_arn is not None:
        priority = rule_priority.free_priority(
            args.listener_arn, priority, service=context.name, target_group=group
        )
    vpc_id = checked_vpc(
        args.vpc_id, name=group, protocol_version=args.protocol_version, listener_arn=args.listener_arn
    )
    return replace(args, priority=priority, vpc_id=vpc_id)


class Ingress:
    """Target group and listener rule; the load balancer too, when one is made. `container`, at `port`, gets the requests."""

    def __init__(self, context: Context, args: IngressArgs) -> None:
        self._context, self._args = context, args
        self.container, self.port = reached(context.args) or ("", 0)
        rollout = context.args.rollout
        self.load_balancer = (
            LoadBalancer(_owner(context), args.load_balancer, args.vpc_id, self.port)
            if args.load_balancer
            else None
        )
        self.listener_arn = pulumi.Output.from_input(
            self.load_balancer.listener.arn if self.load_balancer else args.listener_arn or ""
        )
        self.target_group = self._target_group(context.name, context.names.target_group)
        self.alternate = (
            self._target_group(f"{context.name}-alternate", context.names.alternate_target_group)
            if rollout and rollout.blue_green
            else None
        )
        self.rule = aws.lb.ListenerRule(
            context.name,
            listener_arn=self.listener_arn,
            priority=args.rule_priority(),
            conditions=conditions(args),
            actions=[self._action()],
            tags=context.tags,
            opts=pulumi.ResourceOptions.merge(
                context.options(),
                # A blue/green deployment moves the weights of this very rule.
                pulumi.ResourceOptions(ignore_changes=["actions"] if self.alternate else []),
            ),
        )

    @property
    def target_groups(self) -> list[aws.lb.TargetGroup]:
        """All that get requests at one time or another."""
        return [self.target_group, *([self.alternate] if self.alternate else [])]

    @property
    def load_balancer_dimension(self) -> pulumi.Output[str]:
        """What CloudWatch calls the load balancer: `app/NAME/ID`.

        Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
        """
        if self.load_balancer:
            return self.load_balancer.balancer.arn_suffix
        # arn:aws:elasticloadbalancing:REGION:ACCOUNT:listener/app/NAME/ID/LISTENER
        return self.listener_arn.apply(lambda arn: "/".join(arn.split("/")[1:4]))

    def url(self) -> pulumi.Output[str]:
        """Where the service answers: its first host name without wildcard, else the load balancer's own."""
        hosts = (
            host for host in self._args.host_headers if isinstance(host, str) and not set("*?") & set(host)
        )
        host = next(hosts, None)
        if self.load_balancer:
            return self.load_balancer.url(host)
        invoke = pulumi.InvokeOutputOptions(parent=self._context.parent)
        listener = aws.lb.get_listener_output(arn=self.listener_arn, opts=invoke)
        if host is not None:
            return pulumi.Output.all(listener.protocol, listener.port).apply(
                lambda got: address(got[0], got[1], host)
            )
        balancer = aws.lb.get_load_balancer_output(arn=listener.load_balancer_arn, opts=invoke)
        return pulumi.Output.all(listener.protocol, listener.port, balancer.dns_name).apply(
            lambda got: address(*got)
        )

    def _target_group(self, resource: str, name: str) -> aws.lb.TargetGroup:
        args = self._args
        return aws.lb.TargetGroup(
            resource,
            name=name,
            port=self.port,
            protocol="HTTP",
            protocol_version=args.protocol_version,
            target_type="ip",
            vpc_id=args.vpc_id,
            deregistration_delay=args.deregistration_delay,
            slow_start=args.slow_start,
            stickiness=stickiness(args),
            health_check={
                "path": args.health_check_path,
                "matcher": args.matcher(),
                "interval": args.health_check_interval,
                "timeout": args.health_check_timeout,
                "healthy_threshold": args.healthy_threshold,
                "unhealthy_threshold": args.unhealthy_threshold,
            },
            tags=self._context.tags,
            opts=pulumi.ResourceOptions.merge(
                self._context.options(),
                # ECS registers each task with its own port, so this one says nothing; AWS would replace the group for it.
                pulumi.ResourceOptions(ignore_changes=["port"]),
            ),
        )

    def _action(self) -> Any:
        if self.alternate is None:
            return {"type": "forward", "target_group_arn": self.target_group.arn}
        groups = [{"arn": self.target_group.arn, "weight": 100}, {"arn": self.alternate.arn, "weight": 0}]
        return {"type": "forward", "forward": {"target_groups": groups}}


def address(protocol: str, port: int, host: str) -> str:
    """The URL of a listener. Pure."""
    scheme = protocol.lower()
    usual = {"http": 80, "https": 443}.get(scheme) == int(port)
    return f"{scheme}://{host}{'' if usual else f':{int(port)}'}/"


def stickiness(args: IngressArgs) -> Any:
    """Always written out, so that leaving it out again switches it off."""
    given = args.stickiness
    if given is None:
        return {"enabled": False, "type": "lb_cookie"}
    if given.cookie is None:
        return {"enabled": True, "type": "lb_cookie", "cookie_duration": given.seconds}
    return {
        "enabled": True, "type": "app_cookie", "cookie_duration": given.seconds, "cookie_name": given.cookie,
    }  # fmt: skip


def conditions(args: IngressArgs) -> list[Any]:
    """What a request must meet, all of it; every path when nothing is said."""
    found: list[Any] = []
    if args.host_headers:
        found.append({"host_header": {"values": list(args.host_headers)}})
    if args.path_patterns:
        found.append({"path_pattern": {"values": list(args.path_patterns)}})
    for name, values in sorted((args.http_headers or {}).items()):
        found.append({"http_header": {"http_header_name": name, "values": list(values)}})
    if args.http_methods:
        found.append({"http_request_method": {"values": list(args.http_methods)}})
    if args.query_strings:
        pairs = [{"key": key, "value": value} for key, value in sorted(args.query_strings.items())]
        found.append({"query_strings": pairs})
    if args.source_ips:
        found.append({"source_ip": {"values": list(args.source_ips)}})
    return found or [{"path_pattern": {"values": ["/*"]}}]


def _owner(context: Context) -> Owner:
    """The service, as owner of its own load balancer."""
    tasks = context.args.network.security_groups
    return Owner(
        name=context.name,
        balancer=context.names.load_balancer,
        group=context.names.security_group,
        tasks=tasks if isinstance(tasks, Sequence) else (),
        tags=context.tags,
        opts=context.options(),
    )
