"""All checks, in the order in which causes come before their effects. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from . import access, network, running
from .snapshot import Finding, Snapshot

#: Of whom a finding is, in its sentence.
_WHICH = re.compile(r"\((app|migration|worker [^)]+)\)")
_ROLE = (
    "GetRole",
    "ListRolePolicies",
    "GetRolePolicy",
    "ListAttachedRolePolicies",
    "GetPolicy",
    "GetPolicyVersion",
)


@dataclass(frozen=True)
class Check:
    """`name` is that of its findings; `asks` is what it makes sure of; without the answers of `needs` that is not known."""

    name: str
    asks: str
    find: Callable[[Snapshot], Iterator[Finding]]
    needs: tuple[str, ...] = ()


CHECKS: tuple[Check, ...] = (
    Check("cluster", "the cluster is ACTIVE", running.cluster, ("DescribeClusters",)),
    Check(
        "task-definitions",
        "the task definitions are ACTIVE",
        access.task_definitions,
        ("DescribeTaskDefinition",),
    ),
    Check(
        "subnets",
        "the subnets exist, in one VPC",
        network.subnets,
        ("DescribeSubnets", "DescribeSecurityGroups"),
    ),
    Check(
        "routes",
        "the subnets lead to ECR, logs and secrets",
        network.routes,
        ("DescribeSubnets", "DescribeRouteTables", "DescribeVpcEndpoints", "DescribeNatGateways"),
    ),
    Check(
        "security-groups",
        "the security groups let tasks out to AWS",
        network.groups,
        ("DescribeSecurityGroups", "DescribeVpcEndpoints"),
    ),
    Check("roles", "the roles exist and ECS may assume them", access.roles, _ROLE),
    Check("permissions", "the execution role may pull, read secrets, write logs", access.permissions, _ROLE),
    Check("image", "ECR has the images", access.images, ("DescribeImages",)),
    Check("log-groups", "the log groups exist", access.log_groups, ("DescribeLogGroups",)),
    Check(
        "secrets",
        "secrets and their keys exist",
        access.secrets,
        ("DescribeSecret", "GetSecretValue", "GetParameter"),
    ),
    Check(
        "database-security-group",
        "tasks get to the database's port",
        network.database_groups,
        (
            "DescribeSecurityGroups",
            "DescribeDBInstances",
            "DescribeDBClusters",
            "GetSecretValue",
            "GetParameter",
        ),
    ),
    Check(
        "database",
        "the database is available",
        running.database,
        ("DescribeDBInstances", "DescribeDBClusters", "GetSecretValue", "GetParameter"),
    ),
    Check(
        "load-balancer-security-group",
        "the load balancer gets to the tasks",
        network.balancer_groups,
        ("DescribeSecurityGroups", "DescribeLoadBalancers"),
    ),
    Check(
        "listener-rule",
        "a rule leads here, and none before it",
        running.rules,
        ("DescribeTargetGroups", "DescribeListeners", "DescribeRules"),
    ),
    Check("health", "the targets are healthy", running.health, ("DescribeTargetHealth",)),
    Check("service", "the service and its workers are steady", running.service, ("DescribeServices",)),
    Check("migration", "the last migration succeeded", running.migration),
    Check("exit-code", "an exit code of 0 is a success", running.log_channel),
)


def examine(found: Snapshot) -> list[Finding]:
    """Everything that is wrong, in the order of CHECKS."""
    order = {check.name: number for number, check in enumerate(CHECKS)}
    findings = together(each for check in CHECKS for each in check.find(found))
    return sorted(findings, key=lambda each: order[each.check])


def together(findings: Iterable[Finding]) -> list[Finding]:
    """What is wrong for the app and for the migration in the same way is one finding, `(app, migration)`. Pure."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for each in findings:
        which = _WHICH.search(each.what)
        key = (each.check, _WHICH.sub("(%)", each.what, count=1), each.remedy)
        found.setdefault(key, []).append(which[1] if which else "")
    return [
        Finding(check, what.replace("(%)", f"({', '.join(dict.fromkeys(which))})", 1), remedy)
        for (check, what, remedy), which in found.items()
    ]


def verdicts(found: Snapshot) -> dict[str, bool | None]:
    """Check -> whether all is well; None where that is not known, because AWS did not say."""
    bad = {each.check for each in examine(found)}
    refused = {each.partition(":")[0] for each in found.unknown}
    return {
        check.name: False if check.name in bad else None if refused & set(check.needs) else True
        for check in CHECKS
    }
