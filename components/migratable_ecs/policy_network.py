"""What `pulumi up` needs for the ingress: target groups and rules; a load balancer of the service's own and its security group. Pure.

Source of actions, resource types and condition keys: https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from __future__ import annotations

from collections.abc import Sequence

from .args import IngressArgs
from .policy_scope import Scope, plain
from .policy_statements import Statement, allow


def load_balancing(scope: Scope) -> list[Statement]:
    """Target groups, the rule, and the load balancer with its listeners when it is made."""
    ingress = scope.args.ingress
    if ingress is None:
        return []
    rollout = scope.args.rollout
    groups = [scope.names.target_group]
    if rollout and rollout.blue_green:
        groups.append(scope.names.alternate_target_group)
    targets = [_elb(scope, f"targetgroup/{group}/*") for group in groups]
    listeners, rules = _listeners(scope, ingress)
    own = [_elb(scope, f"loadbalancer/app/{scope.names.load_balancer}/*")] if ingress.load_balancer else []
    described = (
        *(
            "TargetGroups",
            "TargetGroupAttributes",
            "Rules",
            "Tags",
            "Listeners",
            "LoadBalancers",
            "TargetHealth",
        ),
        *(("LoadBalancerAttributes", "ListenerAttributes", "CapacityReservation") if own else ()),
    )
    return [
        _allow(["CreateTargetGroup", "ModifyTargetGroup", "ModifyTargetGroupAttributes", "DeleteTargetGroup"], targets),
        _allow(["CreateRule"], listeners),
        _allow(["ModifyRule", "DeleteRule", "SetRulePriorities"], rules),
        _allow(
            [
                *("CreateLoadBalancer", "DeleteLoadBalancer", "ModifyLoadBalancerAttributes", "SetSecurityGroups"),
                *("SetSubnets", "SetIpAddressType", "CreateListener"),
            ],
            own,
        ),
        _allow(["ModifyListener", "ModifyListenerAttributes", "DeleteListener"], listeners if own else []),
        _allow(["AddTags", "RemoveTags"], [*targets, *rules, *(listeners if own else []), *own]),
        _allow([f"Describe{each}" for each in described], ["*"]),
    ]  # fmt: skip


def security_groups(scope: Scope) -> list[Statement]:
    """The group of a load balancer that is made, and its way into the groups of the tasks; what AWS has to see to make one.

    AWS gives groups and rules their ids, so those made here are known by the tag of the service.
    """
    ingress = scope.args.ingress
    balancer = ingress.load_balancer if ingress else None
    if ingress is None or balancer is None:
        return []
    seen = (
        "Subnets",
        "Vpcs",
        "SecurityGroups",
        "SecurityGroupRules",
        "InternetGateways",
        "AccountAttributes",
        "NetworkInterfaces",
    )
    found = [allow([f"ec2:Describe{each}" for each in seen], ["*"])]
    if not balancer.allowed_cidrs:
        return found
    vpc = plain("ingress.vpc_id", ingress.vpc_id)
    group, rule = scope.arn("ec2", "security-group/*"), scope.arn("ec2", "security-group-rule/*")
    opened = ["ec2:AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupEgress"]
    closed = [
        "ec2:RevokeSecurityGroupIngress",
        "ec2:RevokeSecurityGroupEgress",
        "ec2:ModifySecurityGroupRules",
    ]
    made = {
        "StringEquals": {
            "ec2:CreateAction": ["CreateSecurityGroup", *(each.partition(":")[2] for each in opened)]
        }
    }
    return [
        *found,
        allow(["ec2:CreateSecurityGroup"], [scope.arn("ec2", f"vpc/{vpc}")]),
        allow(["ec2:CreateSecurityGroup"], [group], scope.tagged("aws:RequestTag")),
        allow(["ec2:CreateTags"], [group, rule], made),
        allow(["ec2:DeleteSecurityGroup", "ec2:CreateTags", "ec2:DeleteTags"], [group], scope.tagged("aws:ResourceTag")),
        allow([*opened, *closed], [group], scope.tagged("aws:ResourceTag")),
        allow([*opened, *closed], _of_tasks(scope)),
        allow(opened, [rule], scope.tagged("aws:RequestTag")),
        allow([*closed, "ec2:CreateTags", "ec2:DeleteTags"], [rule], scope.tagged("aws:ResourceTag")),
    ]  # fmt: skip


def _of_tasks(scope: Scope) -> list[str]:
    given = scope.args.network.security_groups
    groups = given if isinstance(given, Sequence) else ()
    return [scope.arn("ec2", f"security-group/{plain('network.security_groups', group)}") for group in groups]


def _listeners(scope: Scope, ingress: IngressArgs) -> tuple[list[str], list[str]]:
    """(listeners, rules): the one given, or those of the load balancer that is made."""
    if ingress.load_balancer:
        path = f"app/{scope.names.load_balancer}/*"
        return [_elb(scope, f"listener/{path}")], [_elb(scope, f"listener-rule/{path}")]
    listener = plain("ingress.listener_arn", ingress.listener_arn)
    return [listener], [f"{listener.replace(':listener/', ':listener-rule/')}/*"]


def _elb(scope: Scope, resource: str) -> str:
    return scope.arn("elasticloadbalancing", resource)


def _allow(actions: Sequence[str], resources: Sequence[str]) -> Statement:
    return allow([f"elasticloadbalancing:{action}" for action in actions], resources)
