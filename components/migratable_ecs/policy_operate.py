"""What an operator needs beyond running a migration: see what is going on, go back, scale, open a shell. Pure.

Source of actions, resource types and condition keys: https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from __future__ import annotations

from .policy_scope import Scope, plain
from .policy_statements import Statement, allow


def operating(scope: Scope) -> list[Statement]:
    """All of it."""
    return [*_services(scope), *_seeing(scope), *_scaling(scope), *_databases(scope), *_shell(scope)]


def _services(scope: Scope) -> list[Statement]:
    services = scope.services()
    return [
        allow(["ecs:DescribeServices", "ecs:UpdateService", "ecs:ListServiceDeployments"], services),
        allow(["ecs:DescribeServiceDeployments"], scope.parts_of_services("service-deployment")),
        allow(["ecs:DescribeServiceRevisions"], scope.parts_of_services("service-revision")),
        allow(["ecs:ListTaskDefinitions"], ["*"]),
    ]


def _seeing(scope: Scope) -> list[Statement]:
    """Logs, alarms and metrics, health behind the load balancer, and who has changed something."""
    balanced = ("TargetGroups", "TargetHealth", "Rules", "Listeners", "LoadBalancers", "Tags")
    return [
        allow(["logs:FilterLogEvents", "logs:DescribeLogStreams", "logs:GetLogEvents"], scope.log_groups()),
        allow(
            ["cloudwatch:DescribeAlarms"],
            [scope.arn("cloudwatch", f"alarm:{scope.names.alarms}-*")] if scope.watched() else [],
        ),
        allow(["cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics", "cloudwatch:ListMetrics"], ["*"]),
        allow([f"elasticloadbalancing:Describe{each}" for each in balanced], ["*"] if scope.args.ingress else []),
        allow(["cloudtrail:LookupEvents"], ["*"]),
    ]  # fmt: skip


def _scaling(scope: Scope) -> list[Statement]:
    if not scope.scaled():
        return []
    described = ("ScalableTargets", "ScalingPolicies", "ScheduledActions", "ScalingActivities")
    return [
        allow(
            ["application-autoscaling:RegisterScalableTarget"],
            [scope.arn("application-autoscaling", "scalable-target/*")],
            {"StringEquals": {"application-autoscaling:service-namespace": "ecs"}},
        ),
        allow([f"application-autoscaling:Describe{each}" for each in described], ["*"]),
    ]


def _databases(scope: Scope) -> list[Statement]:
    """Whether the database is there, before it is copied."""
    backups = scope.backups()
    instances = [
        scope.arn("rds", f"db:{plain('backup', each.instance)}") for each in backups if each.instance
    ]
    clusters = [
        scope.arn("rds", f"cluster:{plain('backup', each.cluster)}") for each in backups if each.cluster
    ]
    return [allow(["rds:DescribeDBInstances"], instances), allow(["rds:DescribeDBClusters"], clusters)]


def _shell(scope: Scope) -> list[Statement]:
    """ECS Exec and port forwarding into tasks of the service."""
    if not (scope.args.rollout and scope.args.rollout.execute_command):
        return []
    cluster, tasks = scope.arn("ecs", f"cluster/{scope.cluster}"), scope.arn("ecs", f"task/{scope.cluster}/*")
    documents = (
        f"arn:{scope.partition}:ssm:{scope.region}::document/AWS-StartPortForwardingSessionToRemoteHost"
    )
    return [
        allow(["ecs:ExecuteCommand"], [cluster, tasks]),
        allow(["ssm:StartSession"], [tasks, documents]),
    ]
