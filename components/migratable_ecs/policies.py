"""The IAM policies of people and of CI: what `pulumi up` needs, and what an operator with the command-line tool needs. Pure.

Both name exact resources. `*` is the resource only of actions for which AWS defines none, or which list what is there.
Source of the resource types: https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import names
from .args import BackupArgs, MigratableEcsServiceArgs, build
from .iam import policy
from .policy_scope import Scope, plain

_TASKS = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
_SCHEDULER = {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}

Statement = dict[str, Any]


def deployer_policy(
    name: str,
    args: MigratableEcsServiceArgs | Mapping[str, Any],
    *,
    account: str,
    region: str,
    partition: str = "aws",
    repositories: Sequence[str] = (),
) -> str:
    """The policy document, as JSON, of whoever runs `pulumi up` for the service `name`; docs/security.md says why each action is in it.

    It is for the service itself. Not in it: where Pulumi keeps its state, the network, a load balancer made for the service, Cloud Map, and
    the role of a blue/green deployment.

    Args:
        name, args: as given to MigratableEcsService.
        account, region: twelve digits; such as `ap-northeast-1`.
        repositories: names of the ECR repositories, when `image` is known only later.

    Raises:
        InvalidArgument: the cluster, or an image without `repositories`, is not known yet.
    """
    found = Scope(
        name, build(MigratableEcsServiceArgs, args), account, region, partition, tuple(repositories)
    )
    return policy(
        _compact([*_making(found), *_reaching(found), *_running(found), *_watching(found), *_reading(found)])
    )


def operator_policy(
    name: str,
    args: MigratableEcsServiceArgs | Mapping[str, Any],
    *,
    account: str,
    region: str,
    partition: str = "aws",
    repositories: Sequence[str] = (),
) -> str:
    """The policy document, as JSON, of an operator: run the migration by hand, follow it, go back to an earlier revision, open a shell.

    Args and errors as of deployer_policy.
    """
    found = Scope(
        name, build(MigratableEcsServiceArgs, args), account, region, partition, tuple(repositories)
    )
    service = [
        _allow(["ecs:DescribeServices", "ecs:UpdateService"], found.services()),
        _allow(["logs:FilterLogEvents"], found.log_groups()),
    ]
    return policy(_compact([*_running(found), *service, *_shell(found), *_reading(found)]))


def _making(scope: Scope) -> list[Statement]:
    """Task definitions, services, roles, log groups, schedules."""
    roles = scope.made_roles()
    own = [_without_star(arn) for arn in scope.log_groups()]
    schedules = [
        scope.arn("scheduler", f"schedule/default/{names.shortened(scope.family(key), 64)}")
        for key in scope.args.schedules or ()
    ]
    return [
        _allow(["ecs:RegisterTaskDefinition"], scope.all_definitions()),
        _allow(["ecs:DeregisterTaskDefinition", "ecs:DescribeTaskDefinition"], ["*"]),
        _allow(["ecs:CreateService", "ecs:UpdateService", "ecs:DeleteService", "ecs:DescribeServices"], scope.services()),
        _allow(
            ["ecs:TagResource", "ecs:UntagResource", "ecs:ListTagsForResource"], [*scope.all_definitions(), *scope.services()]
        ),
        _allow(
            [
                *("iam:CreateRole", "iam:GetRole", "iam:DeleteRole", "iam:UpdateRole", "iam:UpdateAssumeRolePolicy"),
                *("iam:PutRolePolicy", "iam:GetRolePolicy", "iam:DeleteRolePolicy", "iam:ListRolePolicies"),
                *("iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole", "iam:TagRole", "iam:UntagRole"),
                *("iam:PutRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary"),
            ],
            roles,
        ),
        _allow(["iam:PassRole"], scope.schedule_roles(), _SCHEDULER),
        _allow(
            [
                *("logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:PutRetentionPolicy", "logs:DeleteRetentionPolicy"),
                *("logs:TagResource", "logs:UntagResource", "logs:ListTagsForResource"),
                *(("logs:AssociateKmsKey", "logs:DisassociateKmsKey") if scope.args.log_kms_key_arn else ()),
            ],
            [*own, *scope.log_groups()],
        ),
        _allow(
            ["scheduler:CreateSchedule", "scheduler:GetSchedule", "scheduler:UpdateSchedule", "scheduler:DeleteSchedule"],
            schedules,
        ),
    ]  # fmt: skip


def _reaching(scope: Scope) -> list[Statement]:
    """Target groups and the rule on an existing listener."""
    ingress = scope.args.ingress
    if ingress is None:
        return []
    groups = [scope.names.target_group, scope.names.alternate_target_group]
    targets = [scope.arn("elasticloadbalancing", f"targetgroup/{group}/*") for group in groups]
    listener = str(ingress.listener_arn) if isinstance(ingress.listener_arn, str) else ""
    rules = [f"{listener.replace(':listener/', ':listener-rule/')}/*"] if listener else []
    return [
        _allow(
            [
                *("elasticloadbalancing:CreateTargetGroup", "elasticloadbalancing:ModifyTargetGroup"),
                *(
                    "elasticloadbalancing:ModifyTargetGroupAttributes",
                    "elasticloadbalancing:DeleteTargetGroup",
                ),
            ],
            targets,
        ),
        _allow(["elasticloadbalancing:CreateRule"], [listener] if listener else []),
        _allow(
            [
                *("elasticloadbalancing:ModifyRule", "elasticloadbalancing:DeleteRule"),
                "elasticloadbalancing:SetRulePriorities",
            ],
            rules,
        ),
        _allow(["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"], [*targets, *rules]),
        _allow(
            [
                *(
                    "elasticloadbalancing:DescribeTargetGroups",
                    "elasticloadbalancing:DescribeTargetGroupAttributes",
                ),
                *("elasticloadbalancing:DescribeRules", "elasticloadbalancing:DescribeTags"),
                *("elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeLoadBalancers"),
                "elasticloadbalancing:DescribeTargetHealth",
            ],
            ["*"],
        ),
    ]


def _running(scope: Scope) -> list[Statement]:
    """A migration run: start, follow, stop, read and write its log, snapshot."""
    keys = scope.migrations()
    if not keys:
        return []
    in_cluster = {"ArnEquals": {"ecs:cluster": scope.arn("ecs", f"cluster/{scope.cluster}")}}
    tasks = [scope.arn("ecs", f"task/{scope.cluster}/*")]
    return [
        _allow(["ecs:DescribeClusters"], [scope.arn("ecs", f"cluster/{scope.cluster}")]),
        _allow(["ecs:DescribeTaskDefinition"], ["*"]),
        _allow(["ecs:RunTask"], scope.definitions(keys), in_cluster),
        _allow(["ecs:ListTasks"], ["*"], in_cluster),
        _allow(["ecs:DescribeTasks", "ecs:StopTask", "ecs:TagResource"], tasks),
        _allow(["iam:PassRole"], scope.passed_roles(), _TASKS),
        _allow(["logs:DescribeLogGroups"], ["*"]),
        _allow(["logs:GetLogEvents", "logs:CreateLogStream", "logs:PutLogEvents"], scope.log_groups(keys)),
        *(statement for backup in scope.backups() for statement in _backup(scope, backup)),
    ]


def _backup(scope: Scope, backup: BackupArgs) -> list[Statement]:
    """Snapshots of the component are named after the service."""
    kind, of = ("Cluster", backup.cluster) if backup.cluster else ("", backup.instance)
    source = scope.arn("rds", f"{'cluster' if kind else 'db'}:{plain('backup', of)}")
    snapshots = scope.arn("rds", f"{'cluster-snapshot' if kind else 'snapshot'}:*")
    return [
        _allow([f"rds:CreateDB{kind}Snapshot", "rds:AddTagsToResource"], [source, snapshots]),
        _allow([f"rds:DescribeDB{kind}Snapshots"], [source, snapshots]),
        _allow([f"rds:DeleteDB{kind}Snapshot"], [snapshots], {"StringEquals": {"aws:ResourceTag/migratable-ecs:service": scope.name}}),
    ]  # fmt: skip


def _watching(scope: Scope) -> list[Statement]:
    """Scaling, alarms and the dashboard."""
    found: list[Statement] = []
    if scope.args.scaling:
        actions = (
            *(
                "RegisterScalableTarget",
                "DeregisterScalableTarget",
                "PutScalingPolicy",
                "DeleteScalingPolicy",
            ),
            *(
                "PutScheduledAction",
                "DeleteScheduledAction",
                "TagResource",
                "UntagResource",
                "ListTagsForResource",
            ),
        )
        target = [scope.arn("application-autoscaling", "scalable-target/*")]
        described = ("DescribeScalableTargets", "DescribeScalingPolicies", "DescribeScheduledActions")
        only = {"StringEquals": {"application-autoscaling:service-namespace": "ecs"}}
        found += [
            _allow([f"application-autoscaling:{action}" for action in actions[:6]], target, only),
            _allow([f"application-autoscaling:{action}" for action in actions[6:]], target),
            _allow([f"application-autoscaling:{action}" for action in described], ["*"]),
        ]
    if scope.args.watching:
        alarms = [scope.arn("cloudwatch", f"alarm:{scope.names.alarms}-*")]
        dashboard = [scope.arn("cloudwatch", f"dashboard/{scope.names.dashboard}", region=False)]
        of_alarms = (
            "PutMetricAlarm",
            "DeleteAlarms",
            "DescribeAlarms",
            "TagResource",
            "UntagResource",
            "ListTagsForResource",
        )
        found += [
            _allow([f"cloudwatch:{action}" for action in of_alarms], alarms),
            _allow(
                [f"cloudwatch:{action}" for action in ("PutDashboard", "GetDashboard", "DeleteDashboards")],
                dashboard,
            ),
        ]
    return found


def _reading(scope: Scope) -> list[Statement]:
    """Look-ups: digests of images, ARNs of secrets; never their values."""
    return [
        _allow(["ecr:DescribeRepositories", "ecr:DescribeImages", "ecr:ListTagsForResource"], scope.ecr()),
        _allow(["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"], scope.secrets()),
    ]


def _shell(scope: Scope) -> list[Statement]:
    """ECS Exec and port forwarding into tasks of the service."""
    if not (scope.args.rollout and scope.args.rollout.execute_command):
        return []
    cluster, tasks = scope.arn("ecs", f"cluster/{scope.cluster}"), scope.arn("ecs", f"task/{scope.cluster}/*")
    documents = (
        f"arn:{scope.partition}:ssm:{scope.region}::document/AWS-StartPortForwardingSessionToRemoteHost"
    )
    return [
        _allow(["ecs:ExecuteCommand"], [cluster, tasks]),
        _allow(["ssm:StartSession"], [tasks, documents]),
    ]


def _allow(
    actions: Sequence[str], resources: Sequence[str], condition: Mapping[str, Any] | None = None
) -> Statement:
    found: Statement = {"Effect": "Allow", "Action": list(actions), "Resource": sorted(set(resources))}
    return {**found, "Condition": dict(condition)} if condition else found


def _compact(statements: Sequence[Statement]) -> list[Statement]:
    """Without statements about nothing, and each once."""
    found: list[Statement] = []
    for statement in statements:
        if statement["Resource"] and statement not in found:
            found.append(statement)
    return found


def _without_star(arn: str) -> str:
    return arn.removesuffix(":*")
