"""What `pulumi up` needs beyond running a migration: make, compare, change and destroy what belongs to a service. Pure.

Source of actions, resource types and condition keys: https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from __future__ import annotations

from typing import Any

from . import names
from .new_secret_value import machine_name, rule_name
from .policy_network import load_balancing, security_groups
from .policy_scope import Scope, plain
from .policy_statements import TASKS, Statement, allow

_RULES = (
    *("PutRule", "DescribeRule", "DeleteRule", "PutTargets", "RemoveTargets", "ListTargetsByRule"),
    *("TagResource", "UntagResource", "ListTagsForResource"),
)
_SCHEDULER = {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}
_ECS = {"StringEquals": {"iam:PassedToService": "ecs.amazonaws.com"}}


def deploying(scope: Scope) -> list[Statement]:
    """All of it."""
    return [
        *_making(scope),
        *_linked_roles(scope),
        *load_balancing(scope),
        *security_groups(scope),
        *_found_by_others(scope),
        *_scaling(scope),
        *_watching(scope),
        *_restarting(scope),
    ]


def _making(scope: Scope) -> list[Statement]:
    """Task definitions, services, roles, log groups, schedules."""
    roles = scope.made_roles()
    own = [arn.removesuffix(":*") for arn in scope.log_groups()]
    schedules = [
        scope.arn("scheduler", f"schedule/default/{names.shortened(scope.family(key), 64)}")
        for key in scope.args.schedules or ()
    ]
    return [
        allow(["ecs:RegisterTaskDefinition"], scope.all_definitions()),
        allow(["ecs:DeregisterTaskDefinition", "ecs:DescribeTaskDefinition"], ["*"]),
        allow(["ecs:CreateService", "ecs:UpdateService", "ecs:DeleteService", "ecs:DescribeServices"], scope.services()),
        *_waiting(scope),
        allow(
            ["ecs:TagResource", "ecs:UntagResource", "ecs:ListTagsForResource"], [*scope.all_definitions(), *scope.services()]
        ),
        allow(
            [
                *("iam:CreateRole", "iam:GetRole", "iam:DeleteRole", "iam:UpdateRole", "iam:UpdateAssumeRolePolicy"),
                *("iam:PutRolePolicy", "iam:GetRolePolicy", "iam:DeleteRolePolicy", "iam:ListRolePolicies"),
                *("iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole", "iam:TagRole", "iam:UntagRole"),
                *("iam:PutRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary"),
            ],
            roles,
        ),
        allow(["iam:PassRole"], scope.passed_roles(), TASKS),
        allow(["iam:PassRole"], scope.schedule_roles(), _SCHEDULER),
        allow(["iam:PassRole"], scope.blue_green_roles(), _ECS),
        allow(
            [
                *("logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:PutRetentionPolicy", "logs:DeleteRetentionPolicy"),
                *("logs:TagResource", "logs:UntagResource", "logs:ListTagsForResource"),
                *(("logs:AssociateKmsKey", "logs:DisassociateKmsKey") if scope.args.log_kms_key_arn else ()),
            ],
            [*own, *scope.log_groups()],
        ),
        allow(
            ["scheduler:CreateSchedule", "scheduler:GetSchedule", "scheduler:UpdateSchedule", "scheduler:DeleteSchedule"],
            schedules,
        ),
    ]  # fmt: skip


def _waiting(scope: Scope) -> list[Statement]:
    """The provider waits for the deployment that it has started, by its own number.

    Source: https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/ecs/service.go (waitServiceStable)
    """
    if not scope.args.wait_for_steady_state:
        return []
    return [
        allow(["ecs:ListServiceDeployments"], scope.services()),
        allow(["ecs:DescribeServiceDeployments"], scope.parts_of_services("service-deployment")),
    ]


def _linked_roles(scope: Scope) -> list[Statement]:
    """Roles that AWS makes for itself the first time a service is used in an account.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
    """
    ingress = scope.args.ingress
    needed = {
        "ecs.amazonaws.com": ("AWSServiceRoleForECS", True),
        "elasticloadbalancing.amazonaws.com": (
            "AWSServiceRoleForElasticLoadBalancing",
            bool(ingress and ingress.load_balancer),
        ),
        "ecs.application-autoscaling.amazonaws.com": (
            "AWSServiceRoleForApplicationAutoScaling_ECSService",
            bool(scope.scaled()),
        ),
    }
    return [
        allow(
            ["iam:CreateServiceLinkedRole"],
            [scope.role(f"aws-service-role/{service}/{role}")],
            {"StringEquals": {"iam:AWSServiceName": service}},
        )
        for service, (role, wanted) in needed.items()
        if wanted
    ]


def _found_by_others(scope: Scope) -> list[Statement]:
    """The entry in Cloud Map; AWS gives it its id, so it is known by its tag."""
    discovery = scope.args.discovery
    if discovery is None:
        return []
    namespace = plain("discovery.namespace_id", discovery.namespace_id)
    entries = [scope.arn("servicediscovery", "service/*")]
    changed = ("GetService", "UpdateService", "DeleteService", "UntagResource", "ListTagsForResource")
    return [
        allow(
            ["servicediscovery:CreateService"],
            [scope.arn("servicediscovery", f"namespace/{namespace}")],
            scope.tagged("aws:RequestTag"),
        ),
        allow(["servicediscovery:TagResource"], entries, scope.tagged("aws:RequestTag")),
        allow([f"servicediscovery:{action}" for action in changed], entries, scope.tagged("aws:ResourceTag")),
        allow(["servicediscovery:GetOperation"], ["*"]),
    ]


def _scaling(scope: Scope) -> list[Statement]:
    """Scalable targets, policies and scheduled actions."""
    if not scope.scaled():
        return []
    target = [scope.arn("application-autoscaling", "scalable-target/*")]
    only = {"StringEquals": {"application-autoscaling:service-namespace": "ecs"}}
    changed = (
        *("RegisterScalableTarget", "DeregisterScalableTarget", "PutScalingPolicy", "DeleteScalingPolicy"),
        *("PutScheduledAction", "DeleteScheduledAction"),
    )
    tags = ("TagResource", "UntagResource", "ListTagsForResource")
    described = ("DescribeScalableTargets", "DescribeScalingPolicies", "DescribeScheduledActions")
    return [
        allow([f"application-autoscaling:{action}" for action in changed], target, only),
        allow([f"application-autoscaling:{action}" for action in tags], target),
        allow([f"application-autoscaling:{action}" for action in described], ["*"]),
    ]


def _watching(scope: Scope) -> list[Statement]:
    """Alarms, the counted runs, the message of a rollback, the dashboard."""
    watched = scope.watched()
    if not watched:
        return []
    of_alarms = (
        "PutMetricAlarm",
        "DeleteAlarms",
        "DescribeAlarms",
        "TagResource",
        "UntagResource",
        "ListTagsForResource",
    )
    of_filters = ("PutMetricFilter", "DeleteMetricFilter", "DescribeMetricFilters")
    own = scope.args.watching
    dashboard = [scope.arn("cloudwatch", f"dashboard/{scope.names.dashboard}", region=False)]
    return [
        allow(
            [f"cloudwatch:{action}" for action in of_alarms],
            [scope.arn("cloudwatch", f"alarm:{scope.names.alarms}-*")],
        ),
        allow(
            [f"logs:{action}" for action in of_filters], scope.log_groups(scope.migrations()) if own else []
        ),
        allow(
            [f"events:{action}" for action in _RULES],
            [scope.arn("events", f"rule/{rule}") for rule in scope.rollback_rules()],
        ),
        allow(
            [f"cloudwatch:{action}" for action in ("PutDashboard", "GetDashboard", "DeleteDashboards")],
            dashboard if own and own.dashboard else [],
        ),
    ]


def _restarting(scope: Scope) -> list[Statement]:
    """What replaces the tasks when a secret has a new value: state machine, rule, their roles. That of watching makes the alarm."""
    name = scope.restarts()
    if not name:
        return []
    runs, starts = scope.restart_roles()
    of_machines = (
        *("CreateStateMachine", "DescribeStateMachine", "UpdateStateMachine", "DeleteStateMachine"),
        *("ListStateMachineVersions", "TagResource", "UntagResource", "ListTagsForResource"),
    )
    return [
        allow(["iam:PassRole"], [runs], {"StringEquals": {"iam:PassedToService": "states.amazonaws.com"}}),
        allow(["iam:PassRole"], [starts], {"StringEquals": {"iam:PassedToService": "events.amazonaws.com"}}),
        allow(
            [f"states:{action}" for action in of_machines],
            [scope.arn("states", f"stateMachine:{machine_name(name)}")],
        ),
        allow(["states:ValidateStateMachineDefinition"], ["*"]),
        allow([f"events:{action}" for action in _RULES], [scope.arn("events", f"rule/{rule_name(name)}")]),
    ]


def state(partition: str, bucket: str, keys: Any, *, writing: bool = True) -> list[Statement]:
    """Where Pulumi keeps its state: `bucket` or `bucket/folder` in S3, and the KMS keys of its secrets and of the bucket.

    Args:
        writing: as an update does; `stack export`, with which the command-line tool reads a stack, only reads.

    Sources: https://www.pulumi.com/docs/iac/concepts/state-and-backends/#aws-s3 and https://www.pulumi.com/docs/iac/concepts/secrets/#aws-kms
    """
    name, _, folder = bucket.strip("/").partition("/")
    of_bucket = [f"arn:{partition}:s3:::{name}"] if name else []
    objects = [f"arn:{partition}:s3:::{name}/{folder + '/' if folder else ''}*"] if name else []
    return [
        allow(["s3:ListBucket", "s3:GetBucketLocation"], of_bucket),
        allow(["s3:GetObject", *(["s3:PutObject", "s3:DeleteObject"] if writing else [])], objects),
        allow(["kms:Decrypt", *(["kms:Encrypt", "kms:GenerateDataKey"] if writing else [])], list(keys)),
    ]
