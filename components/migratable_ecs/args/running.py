"""Whether what the service is told about running, reaching, scaling and watching fits together. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..validation import InvalidArgument, text

if TYPE_CHECKING:
    from .service import MigratableEcsServiceArgs


def validate_running(args: MigratableEcsServiceArgs) -> None:
    """Refuse what cannot work.

    Raises:
        InvalidArgument: one sentence that names the argument and the remedy.
    """
    text("log_kms_key_arn", args.log_kms_key_arn)
    for name in ("rollout", "discovery", "service_connect", "scaling", "watching", "names"):
        if getattr(args, name):
            getattr(args, name).validate(name)
    if args.scaling and args.scaling.requests_per_target is not None and args.ingress is None:
        raise InvalidArgument(
            "scaling.requests_per_target needs ingress, whose requests it counts: give ingress, or leave it out"
        )
    if (
        args.scaling
        and args.scaling.requests_per_target is not None
        and args.rollout
        and args.rollout.blue_green
    ):
        raise InvalidArgument(
            "Only one of scaling.requests_per_target and rollout.blue_green can be provided: AWS counts the requests of one target "
            "group, and blue/green moves them to the other; give scaling.cpu instead"
        )
    if args.discovery and args.discovery.record == "SRV" and args.container_port is None:
        raise InvalidArgument("discovery.record is 'SRV', which needs container_port: give it, or 'A'")
    _validate_service_connect(args)
    _validate_rollout(args)
    _validate_load_balancer(args)


def _validate_service_connect(args: MigratableEcsServiceArgs) -> None:
    connect = args.service_connect
    if connect is None or connect.port_name is None:
        return
    ports = [port.name for port in (args.container.ports if args.container else ()) if port.name]
    if connect.port_name not in ports:
        known = (
            f"container.ports has {', '.join(map(repr, ports))}" if ports else "container.ports names none"
        )
        raise InvalidArgument(
            f"service_connect.port_name is {connect.port_name!r}, but {known}: give a port that name, such as "
            f"container={{'ports': [{{'container_port': {args.container_port or 8000}, 'name': {connect.port_name!r}}}]}}"
        )


def _validate_rollout(args: MigratableEcsServiceArgs) -> None:
    rollout = args.rollout
    if rollout is None:
        return
    if rollout.grace_period is not None and args.ingress is None:
        raise InvalidArgument(
            "rollout.grace_period needs ingress, whose health checks it delays: give ingress, or leave it out"
        )
    if rollout.blue_green and args.ingress is None:
        raise InvalidArgument(
            "rollout.blue_green needs ingress, whose requests it moves: give ingress, or leave it out"
        )
    if rollout.blue_green and args.ingress and args.ingress.stickiness:
        raise InvalidArgument(
            "Only one of rollout.blue_green and ingress.stickiness can be provided: sticky clients would stay on the old version"
        )


def _validate_load_balancer(args: MigratableEcsServiceArgs) -> None:
    """The group made for the load balancer has rules from and to the groups of the tasks, so these must be known one by one."""
    balancer = args.ingress.load_balancer if args.ingress else None
    groups = args.network.security_groups
    if balancer and balancer.allowed_cidrs and not (isinstance(groups, Sequence) and len(groups)):
        raise InvalidArgument(
            "ingress.load_balancer.allowed_cidrs makes a security group that must reach the tasks, and network.security_groups is no "
            "list of at least one group: give it, or ingress.load_balancer.security_groups"
        )
