"""A load balancer, of a service or of an environment: who may call it is what the user says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from .args import LoadBalancerArgs

#: Ports of a security group's rule that lets every TCP port through.
_ANY_PORT = (0, 65535)

#: What a listener answers when no rule matches.
_NOT_FOUND: dict[str, Any] = {
    "type": "fixed-response",
    "fixed_response": {"content_type": "text/plain", "message_body": "Not found", "status_code": "404"},
}
_TO_HTTPS: dict[str, Any] = {
    "type": "redirect",
    "redirect": {"port": "443", "protocol": "HTTPS", "status_code": "HTTP_301"},
}


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Whose load balancer it is.

    Args:
        name: what the resources are called in Pulumi.
        balancer, group: names of load balancer and security group in AWS.
        tasks: security groups of the tasks that it calls.
        opts: of every resource.
    """

    name: str
    balancer: str
    group: str
    tasks: Sequence[pulumi.Input[str]]
    tags: Mapping[str, Any]
    opts: pulumi.ResourceOptions

    def options(self) -> pulumi.ResourceOptions:
        """Of its own for each resource: Pulumi writes into them."""
        return pulumi.ResourceOptions.merge(self.opts, None)


class LoadBalancer:
    """The ALB, its listeners, and the security group that lets callers in and requests out to the tasks only.

    `port` of the tasks; None lets it call all of them, for services that are not known here.
    """

    def __init__(
        self, owner: Owner, args: LoadBalancerArgs, vpc_id: pulumi.Input[str], port: int | None
    ) -> None:
        self._owner, self._args = owner, args
        self.group = self._security_group(vpc_id, port) if args.allowed_cidrs else None
        self.balancer = aws.lb.LoadBalancer(
            owner.name,
            name=owner.balancer,
            internal=args.internal,
            load_balancer_type="application",
            subnets=args.subnets,
            security_groups=[self.group.id] if self.group else list(args.security_groups),
            idle_timeout=args.idle_timeout,
            enable_deletion_protection=args.deletion_protection,
            drop_invalid_header_fields=True,
            access_logs=self._access_logs(),
            tags=dict(owner.tags),
            opts=owner.options(),
        )
        self.listener = self._listeners()

    def url(self, host: str | None) -> pulumi.Output[str]:
        """Where the service answers: `host`, else the load balancer's own name."""
        scheme = "https" if self._args.certificate_arn is not None else "http"
        if host is not None:
            return pulumi.Output.from_input(f"{scheme}://{host}/")
        return self.balancer.dns_name.apply(lambda name: f"{scheme}://{name}/")

    def _access_logs(self) -> aws.lb.LoadBalancerAccessLogsArgs | None:
        if self._args.access_logs_bucket is None:
            return None
        return aws.lb.LoadBalancerAccessLogsArgs(
            bucket=self._args.access_logs_bucket, prefix=self._args.access_logs_prefix, enabled=True
        )

    def _listeners(self) -> aws.lb.Listener:
        """The listener for the service's rule; with a certificate it is 443, and 80 redirects there."""
        if self._args.certificate_arn is None:
            return self._listener("http", 80, "HTTP", _NOT_FOUND)
        self._listener("http", 80, "HTTP", _TO_HTTPS)
        return self._listener(
            "https", 443, "HTTPS", _NOT_FOUND,
            certificate_arn=self._args.certificate_arn, ssl_policy=self._args.ssl_policy,
        )  # fmt: skip

    def _listener(self, suffix: str, port: int, protocol: str, action: Any, **more: Any) -> aws.lb.Listener:
        return aws.lb.Listener(
            f"{self._owner.name}-{suffix}",
            load_balancer_arn=self.balancer.arn,
            port=port,
            protocol=protocol,
            default_actions=[action],
            tags=dict(self._owner.tags),
            opts=self._owner.options(),
            **more,
        )

    def _security_group(self, vpc_id: pulumi.Input[str], port: int | None) -> aws.ec2.SecurityGroup:
        owner = self._owner
        group = aws.ec2.SecurityGroup(
            f"{owner.name}-alb",
            name=owner.group,
            description=f"Load balancer of {owner.name}",
            vpc_id=vpc_id,
            tags=dict(owner.tags),
            opts=owner.options(),
        )
        open_ports = (80, 443) if self._args.certificate_arn is not None else (80,)
        for open_port in open_ports:
            for block in self._args.allowed_cidrs:
                self._let_in(group, open_port, block)
        for number, tasks_group in enumerate(owner.tasks):
            self._let_through(group, number, tasks_group, port)
        return group

    def _let_in(self, group: aws.ec2.SecurityGroup, port: int, block: str) -> None:
        ipv6 = ":" in block
        aws.vpc.SecurityGroupIngressRule(
            f"{self._owner.name}-alb-{port}-{block}",
            security_group_id=group.id,
            description="Callers",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            cidr_ipv4=None if ipv6 else block,
            cidr_ipv6=block if ipv6 else None,
            tags=dict(self._owner.tags),
            opts=self._owner.options(),
        )

    def _let_through(
        self, group: aws.ec2.SecurityGroup, number: int, tasks: pulumi.Input[str], port: int | None
    ) -> None:
        """From the load balancer to the tasks, on their port and no other: out of the one group, into the other."""
        low, high = _ANY_PORT if port is None else (port, port)
        common: dict[str, Any] = {
            "ip_protocol": "tcp", "from_port": low, "to_port": high, "tags": dict(self._owner.tags),
            # With another port a second rule is made and the first goes last: until then tasks with the old port are still called.
            "opts": pulumi.ResourceOptions.merge(
                self._owner.options(), pulumi.ResourceOptions(replace_on_changes=["from_port", "to_port"])
            ),
        }  # fmt: skip
        aws.vpc.SecurityGroupEgressRule(
            f"{self._owner.name}-alb-out-{number}",
            security_group_id=group.id,
            referenced_security_group_id=tasks,
            description="Tasks",
            **common,
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{self._owner.name}-alb-to-tasks-{number}",
            security_group_id=tasks,
            referenced_security_group_id=group.id,
            description=f"Load balancer of {self._owner.name}",
            **common,
        )
