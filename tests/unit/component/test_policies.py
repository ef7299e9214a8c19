"""The policies of the deployer and of the operator: exact resources, each action with its reason in docs/security.md."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pulumi
import pytest
from migratable_ecs import InvalidArgument
from migratable_ecs.policies import deployer_policy, operator_policy, split_policy

from tests.unit.component.cloud import ACCOUNT, REGION
from tests.unit.component.service import arguments

PAGE = (Path(__file__).parents[3] / "docs" / "security.md").read_text(encoding="utf-8")
ECS, LOGS = f"arn:aws:ecs:{REGION}:{ACCOUNT}", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:db-AbCdEf"
LISTENER = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:listener/app/shared/1/2"

#: Actions for which AWS defines no resource, or which list what is there.
ON_EVERYTHING = {
    *("elasticloadbalancing:DescribeLoadBalancerAttributes", "elasticloadbalancing:DescribeListenerAttributes"),
    *("elasticloadbalancing:DescribeCapacityReservation", "servicediscovery:GetOperation", "ecs:ListTaskDefinitions"),
    *("ec2:DescribeSubnets", "ec2:DescribeVpcs", "ec2:DescribeSecurityGroups", "ec2:DescribeSecurityGroupRules"),
    *("ec2:DescribeInternetGateways", "ec2:DescribeAccountAttributes", "ec2:DescribeNetworkInterfaces"),
    *("cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics", "cloudwatch:ListMetrics", "cloudtrail:LookupEvents"),
    "application-autoscaling:DescribeScalingActivities",
    *("ecs:DeregisterTaskDefinition", "ecs:DescribeTaskDefinition", "ecs:ListTasks", "logs:DescribeLogGroups"),
    *("elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetGroupAttributes"),
    *("elasticloadbalancing:DescribeRules", "elasticloadbalancing:DescribeTags", "elasticloadbalancing:DescribeListeners"),
    *("elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeTargetHealth"),
    *("application-autoscaling:DescribeScalableTargets", "application-autoscaling:DescribeScalingPolicies"),
    *("application-autoscaling:DescribeScheduledActions", "states:ValidateStateMachineDefinition"),
}  # fmt: skip

WRITTEN = {"deployer": deployer_policy, "operator": operator_policy}


STATE: dict[str, Any] = {
    "state_bucket": "states/shop",
    "state_kms_key_arns": [f"arn:aws:kms:{REGION}:{ACCOUNT}:key/2"],
}


def everything(**changes: Any) -> dict[str, Any]:
    """A service on a listener that is there, which uses whatever needs a permission."""
    return arguments(
        ingress__listener_arn=LISTENER,
        secrets={"A": "db", "B": "learning-db:key"},
        migration__backup={"instance": "db-1"},
        contract={"command": "contract", "backup": {"cluster": "db-c"}},
        workers={"queue": {"command": "x"}},
        schedules={"nightly": {"command": "x", "expression": "rate(1 day)"}},
        scaling={"minimum": 1, "maximum": 2, "cpu": 50},
        watching={"topic_arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"},
        rollout={"execute_command": True, "restart_on": [SECRET]},
        log_kms_key_arn=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1",
        **changes,
    )


def with_its_own(**changes: Any) -> dict[str, Any]:
    """A service with a load balancer of its own, deployed blue/green, that others find; a worker is all that scales and is watched."""
    own = {"subnets": ["subnet-1", "subnet-2"], "allowed_cidrs": ["10.0.0.0/16"]}
    return arguments(
        ingress={"vpc_id": "vpc-1", "load_balancer": own},
        rollout={"blue_green": {}},
        discovery={"namespace_id": "ns-1"},
        workers={
            "queue": {
                "command": "x",
                "scaling": {"minimum": 1, "maximum": 2, "cpu": 50},
                "watching": {"topic_arn": "arn:t"},
            }
        },
        **changes,
    )


def statements(who: str, given: Any = None, **more: Any) -> list[dict[str, Any]]:
    """Of `given`, else of both services above."""
    found = []
    for each in [given] if given else [everything(), with_its_own()]:
        extra = STATE if who == "deployer" and not given else {}
        document = json.loads(WRITTEN[who]("web", each, account=ACCOUNT, region=REGION, **extra, **more))  # type: ignore[operator]
        assert document["Version"] == "2012-10-17"
        found += document["Statement"]
    return found


def resources_of(action: str, who: str = "deployer", given: Any = None) -> set[str]:
    return {arn for each in statements(who, given) if action in each["Action"] for arn in each["Resource"]}


@pytest.mark.parametrize("who", WRITTEN)
def test_no_action_has_a_wildcard_and_nothing_is_allowed_by_exclusion(who: str) -> None:
    for statement in statements(who):
        assert set(statement) <= {"Effect", "Action", "Resource", "Condition"}
        assert statement["Effect"] == "Allow"
        assert not [action for action in statement["Action"] if "*" in action]


@pytest.mark.parametrize("who", WRITTEN)
def test_everything_is_the_resource_only_where_aws_has_nothing_narrower(who: str) -> None:
    found = {a for each in statements(who) if "*" in each["Resource"] for a in each["Action"]}
    assert found <= ON_EVERYTHING


@pytest.mark.parametrize("who", WRITTEN)
def test_every_other_resource_names_the_account_and_something_of_the_service(who: str) -> None:
    for each in statements(who):
        for arn in set(each["Resource"]) - {"*"}:
            _, _, service, _, account, resource = arn.split(":", 5)
            assert account in (ACCOUNT, "")
            narrow = resource.split("/", 1)[-1].rstrip("*") not in ("", ":")
            assert narrow or "Condition" in each or service in ("rds", "application-autoscaling"), arn


@pytest.mark.parametrize("who", WRITTEN)
def test_the_security_page_gives_a_reason_for_each_action_and_for_no_other(who: str) -> None:
    heading = {"deployer": "## Who runs `pulumi up`", "operator": "## Who runs the command-line tool"}[who]
    table = PAGE.partition(heading)[2].partition("\n## ")[0]
    rows = [line.split("|") for line in table.splitlines() if line.startswith("| `")]
    documented = {action for row in rows for action in re.findall(r"`([a-z0-9-]+:[A-Za-z]+)`", row[1])}
    assert all(row[3].strip() for row in rows)
    assert documented == {action for each in statements(who) for action in each["Action"]}


def test_whoever_waits_for_a_roll_may_look_at_it() -> None:
    """The aws provider waits for the deployment that it has started, not for the service alone."""
    waiting, not_waiting = arguments(ingress=...), arguments(ingress=..., wait_for_steady_state=False)
    assert resources_of("ecs:ListServiceDeployments", given=waiting) == {f"{ECS}:service/learning/web"}
    assert resources_of("ecs:DescribeServiceDeployments", given=waiting) == {
        f"{ECS}:service-deployment/learning/web/*"
    }
    for action in ("ecs:ListServiceDeployments", "ecs:DescribeServiceDeployments"):
        assert resources_of(action, given=not_waiting) == set()


def test_what_is_named_by_the_user_is_named_in_the_policy() -> None:
    given = arguments(
        names={"service": "django-ecs-service", "execution_role": "start", "task_role": "app"},
        task={"family": "django-app"},
        cluster=f"{ECS}:cluster/django",
        migration__family="django-migrate",
        migration__log_group="/migrations",
    )
    assert resources_of("ecs:UpdateService", given=given) == {f"{ECS}:service/django/django-ecs-service"}
    assert resources_of("ecs:RunTask", given=given) == {f"{ECS}:task-definition/django-migrate:*"}
    assert f"{LOGS}:/migrations:*" in resources_of("logs:GetLogEvents", given=given)
    assert {arn.rpartition("/")[2] for arn in resources_of("iam:PassRole", given=given)} == {"start", "app"}


def test_roles_that_exist_are_passed_on_but_not_changed() -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/existing"
    given = arguments(task={"execution_role_arn": role, "task_role_arn": role})
    assert resources_of("iam:PassRole", given=given) == {role}
    assert not resources_of("iam:PutRolePolicy", given=given)


def test_roles_are_passed_to_nobody_but_the_service_that_uses_them() -> None:
    for each in statements("deployer"):
        if "iam:PassRole" in each["Action"]:
            (service,) = each["Condition"]["StringEquals"].values()
            passed = {arn.rpartition("/")[2] for arn in each["Resource"]}
            assert (
                passed
                == {
                    "ecs-tasks.amazonaws.com": {"web-execution", "web-task"},
                    "scheduler.amazonaws.com": {"web-nightly-schedule"},
                    "ecs.amazonaws.com": {"web-blue-green"},
                    "states.amazonaws.com": {"web-restart-run"},
                    "events.amazonaws.com": {"web-restart-start"},
                }[service]
            )


def test_aws_s_own_roles_are_made_for_exactly_the_services_that_need_them() -> None:
    def made(given: dict[str, Any]) -> set[str]:
        return {arn.rpartition("/")[2] for arn in resources_of("iam:CreateServiceLinkedRole", given=given)}

    ecs, scaling = "AWSServiceRoleForECS", "AWSServiceRoleForApplicationAutoScaling_ECSService"
    assert made(arguments()) == {ecs}
    assert made(everything()) == {ecs, scaling}
    assert made(with_its_own()) == {ecs, scaling, "AWSServiceRoleForElasticLoadBalancing"}


def test_a_load_balancer_and_its_security_group_are_reached_by_name_and_tag_only() -> None:
    balancer = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}"
    assert resources_of("elasticloadbalancing:DeleteLoadBalancer", given=with_its_own()) == {
        f"{balancer}:loadbalancer/app/web/*"
    }
    assert resources_of("elasticloadbalancing:DeleteListener", given=with_its_own()) == {
        f"{balancer}:listener/app/web/*"
    }
    assert not resources_of("elasticloadbalancing:DeleteLoadBalancer", given=everything())
    tag = "migratable-ecs:service"
    for each in statements("deployer", with_its_own()):
        if any(arn.endswith(("security-group/*", "security-group-rule/*")) for arn in each["Resource"]):
            (condition,) = each["Condition"]["StringEquals"].items()
            assert condition[0] == "ec2:CreateAction" or condition in (
                (f"aws:RequestTag/{tag}", "web"),
                (f"aws:ResourceTag/{tag}", "web"),
            )
    tasks = f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/sg-1"
    assert tasks in resources_of("ec2:AuthorizeSecurityGroupIngress", given=with_its_own())
    assert tasks not in resources_of("ec2:DeleteSecurityGroup", given=with_its_own())


def test_the_state_is_where_it_is_said_to_be_and_left_out_otherwise() -> None:
    given = arguments()
    own = statements("deployer", given, **STATE)
    (objects,) = [each["Resource"] for each in own if "s3:PutObject" in each["Action"]]
    (bucket,) = [each["Resource"] for each in own if "s3:ListBucket" in each["Action"]]
    (keys,) = [each["Resource"] for each in own if "kms:Decrypt" in each["Action"]]
    assert (bucket, objects, keys) == (
        ["arn:aws:s3:::states"],
        ["arn:aws:s3:::states/shop/*"],
        STATE["state_kms_key_arns"],
    )
    assert not [
        a for each in statements("deployer", given) for a in each["Action"] if a.startswith(("s3:", "kms:"))
    ]


def test_an_operator_reads_the_state_and_writes_none() -> None:
    given = arguments()
    of_state = {
        a
        for each in statements("operator", given, **STATE)
        for a in each["Action"]
        if a.startswith(("s3:", "kms:"))
    }
    assert of_state == {"s3:ListBucket", "s3:GetBucketLocation", "s3:GetObject", "kms:Decrypt"}
    assert not [
        a for each in statements("operator", given) for a in each["Action"] if a.startswith(("s3:", "kms:"))
    ]


def test_a_worker_alone_that_scales_and_is_watched_is_covered() -> None:
    given = with_its_own()
    assert resources_of("events:PutRule", given=given) == {
        f"arn:aws:events:{REGION}:{ACCOUNT}:rule/web-queue-rollback"
    }
    assert resources_of("cloudwatch:PutMetricAlarm", given=given) == {
        f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:web-*"
    }
    assert resources_of("application-autoscaling:RegisterScalableTarget", given=given)
    assert not resources_of("cloudwatch:PutDashboard", given=given)


def test_a_listener_that_is_known_only_later_cannot_be_named() -> None:
    with pytest.raises(
        InvalidArgument, match=r"^ingress\.listener_arn is known only later, and a policy has to name it"
    ):
        statements("deployer", arguments(ingress__listener_arn=pulumi.Output.from_input("x")))


def test_one_that_is_too_long_for_iam_is_split_into_some_that_are_not() -> None:
    """6,144 characters without white space: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
    for each in (everything(), with_its_own()):
        whole = deployer_policy("web", each, account=ACCOUNT, region=REGION, **STATE)
        parts = split_policy(whole)
        assert 1 < len(parts) <= 10, "a role has at most 10 managed policies"
        assert all(len(re.sub(r"\s", "", part)) <= 6144 for part in parts)
        assert [s for part in parts for s in json.loads(part)["Statement"]] == json.loads(whole)["Statement"]
    with pytest.raises(InvalidArgument, match=r"^the statement about .* alone is longer than 100 characters"):
        split_policy(whole, 100)


def test_an_operator_sees_and_scales_but_registers_nothing_else() -> None:
    assert resources_of("ecs:DescribeServiceRevisions", "operator") == {
        f"{ECS}:service-revision/learning/{service}/*" for service in ("web", "web-queue")
    }
    assert resources_of("rds:DescribeDBInstances", "operator") == {f"arn:aws:rds:{REGION}:{ACCOUNT}:db:db-1"}
    assert resources_of("cloudtrail:LookupEvents", "operator") == {"*"}
    plain = arguments(ingress=..., container_port=...)
    services = {a.partition(":")[0] for each in statements("operator", plain) for a in each["Action"]}
    assert services == {"ecs", "iam", "logs", "ecr", "cloudwatch", "cloudtrail"}


def test_snapshots_of_others_are_not_deleted() -> None:
    for who in WRITTEN:
        for each in statements(who):
            if any(action.startswith("rds:Delete") for action in each["Action"]):
                assert each["Condition"] == {
                    "StringEquals": {"aws:ResourceTag/migratable-ecs:service": "web"}
                }


def test_the_operator_makes_and_destroys_nothing() -> None:
    actions = {action for each in statements("operator") for action in each["Action"]}
    assert not [
        a
        for a in actions
        if re.match(r"(iam:(?!PassRole)|ecs:(Create|Delete|Register)|logs:(Delete|CreateLogGroup))", a)
    ]


def test_what_is_not_used_is_not_allowed() -> None:
    plain = arguments(ingress=..., container_port=...)
    services = {a.partition(":")[0] for each in statements("deployer", plain) for a in each["Action"]}
    assert services == {"ecs", "iam", "logs", "ecr"}


def test_repositories_are_given_when_the_image_is_known_only_later() -> None:
    later = arguments(image=pulumi.Output.from_input("x"))
    with pytest.raises(InvalidArgument, match=r"image is known only later, .* repositories=\[…\]"):
        statements("deployer", later)
    found = statements("deployer", later, repositories=["shop"])
    assert f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/shop" in str(found)


def test_an_image_of_another_registry_needs_no_permission() -> None:
    assert not resources_of(
        "ecr:DescribeImages", given=arguments(image="ghcr.io/team/app@sha256:" + "c" * 64)
    )


def test_secrets_and_images_of_sidecars_and_workers_are_found_too() -> None:
    sidecar = {
        "image": "proxy:v1",
        "secrets": {"KEY": "tls"},
        "log": {"driver": "splunk", "secret_options": {"splunk-token": "splunk"}},
    }
    given = arguments(workers={"queue": {"command": "x", "sidecars": {"proxy": sidecar}}})
    secrets = resources_of("secretsmanager:DescribeSecret", given=given)
    assert {arn.rpartition(":")[2] for arn in secrets} == {"tls-??????", "splunk-??????"}
    repositories = resources_of("ecr:DescribeImages", given=given)
    assert {arn.rpartition("/")[2] for arn in repositories} == {"app", "proxy"}
