"""What ECS's own blue/green deployment needs: a role that lets ECS move the requests from one target group to the other."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from .args import BlueGreenArgs
from .context import Context
from .ingress import Ingress

_ASSUMED_BY_ECS = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ecs.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


def policy(listener: str, rules: Sequence[str], target_groups: Sequence[str]) -> str:
    """What ECS may do to move the requests. Pure.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AmazonECSInfrastructureRolePolicyForLoadBalancers.html
    """
    on_exactly = [
        (["elasticloadbalancing:ModifyListener"], [listener]),
        (["elasticloadbalancing:ModifyRule"], sorted(rules)),
        (
            ["elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets"],
            sorted(target_groups),
        ),
        # Describing belongs to no resource: AWS allows nothing narrower than *.
        (
            [
                "elasticloadbalancing:DescribeListeners",
                "elasticloadbalancing:DescribeRules",
                "elasticloadbalancing:DescribeTargetGroups",
                "elasticloadbalancing:DescribeTargetHealth",
            ],
            ["*"],
        ),
    ]
    statements = [{"Effect": "Allow", "Action": action, "Resource": on} for action, on in on_exactly]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


class BlueGreen:
    """The second target group's configuration, and the role, given or made. `resources` must be there before the service."""

    def __init__(self, context: Context, args: BlueGreenArgs, ingress: Ingress) -> None:
        assert ingress.alternate is not None
        self.resources: list[pulumi.Resource] = [ingress.alternate]
        self.configuration = aws.ecs.ServiceLoadBalancerAdvancedConfigurationArgs(
            alternate_target_group_arn=ingress.alternate.arn,
            production_listener_rule=ingress.rule.arn,
            test_listener_rule=args.test_listener_rule_arn,
            role_arn=args.role_arn or self._role(context, args, ingress).arn,
        )

    def _role(self, context: Context, args: BlueGreenArgs, ingress: Ingress) -> aws.iam.Role:
        task = context.args.task
        role = aws.iam.Role(
            f"{context.name}-blue-green",
            name=context.names.blue_green_role,
            assume_role_policy=_ASSUMED_BY_ECS,
            permissions_boundary=task.permissions_boundary if task else None,
            tags=context.tags,
            opts=context.options(),
        )
        assert ingress.alternate is not None
        rules = pulumi.Output.all(ingress.rule.arn, *filter(None, [args.test_listener_rule_arn]))
        groups = pulumi.Output.all(ingress.target_group.arn, ingress.alternate.arn)
        self.resources.append(
            aws.iam.RolePolicy(
                f"{context.name}-blue-green",
                name="move-requests",
                role=role.name,
                policy=pulumi.Output.all(ingress.listener_arn, rules, groups).apply(lambda got: policy(*got)),
                opts=context.options(),
            )
        )
        return role
