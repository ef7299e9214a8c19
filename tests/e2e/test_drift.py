"""Drift made by hand behind Pulumi's back: all of it is found, rightly worded, and nothing else is.

One stack; twelve kinds of drift are planted at once and looked for in one run. That takes two minutes, since the AWS provider looks that
long for a service that is gone.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import empty
from tests.e2e.stack import ROOT, SERVICE, Stack
from tools.localcloud.instance import LocalCloud

pytestmark = pytest.mark.docker

#: What a clean stack must give, ten times: nothing.
CLEAN_RUNS = 10

PROJECT = """
name: migratable-ecs
runtime: {name: python, options: {virtualenv: .venv}}
"""

PROGRAM = """
import pulumi_aws as aws
from migratable_ecs import MigratableEcsService

vpc = aws.ec2.get_vpc(tags={"Name": "local"}).id
balancer = aws.lb.get_load_balancer(name="local")
network = {
    "subnets": aws.ec2.get_subnets(filters=[{"name": "vpc-id", "values": [vpc]}], tags={"Tier": "private"}).ids,
    "security_groups": [aws.ec2.get_security_group(name="local-app", vpc_id=vpc).id],
}
columns = ("host", "port", "dbname", "operator_user", "operator_password")
names = ("DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD")
secrets = {name: f"learning-db-local:{column}" for name, column in zip(names, columns)}
secrets["DJANGO_SECRET_KEY"] = "learning-db-local:django_secret_key"

topic = aws.sns.Topic("alarms", name="drift-alarms")
aws.ec2.SecurityGroup(
    "cache", name="drift-cache", description="What the cache lets in", vpc_id=vpc,
    ingress=[{"protocol": "tcp", "from_port": 6379, "to_port": 6379, "cidr_blocks": ["10.0.0.0/16"]}],
)
aws.secretsmanager.Secret("api-key", name="drift-api-key", recovery_window_in_days=7)

MigratableEcsService("django-app", {
    "cluster": "local",
    "image": "django-app:latest",
    "container_port": 8000,
    "secrets": secrets,
    "tags": {"Team": "shop"},
    "network": network,
    "ingress": {
        "listener_arn": aws.lb.get_listener(load_balancer_arn=balancer.arn, port=80).arn, "vpc_id": vpc,
        "priority": 100, "path_patterns": ["/*"], "health_check_path": "/healthz",
    },
    "rollout": {"capacity_providers": [{"name": "FARGATE"}]},
    "watching": {"topic_arn": topic.arn, "cpu": 80},
    "migration": {
        "command": "python manage.py migrate --noinput",
        "plan_command": "python manage.py sqlmigrate courses 0004",
    },
})
MigratableEcsService("reports", {
    "cluster": "local",
    "image": "django-app:latest",
    "command": ["sleep", "3600"],
    "network": network,
    "scaling": {"minimum": 1, "maximum": 3, "cpu": 60},
    "wait_for_steady_state": False,
})
"""

SERVICE_TYPE = "aws:ecs/service:Service"
TASK_DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
RULE = "aws:lb/listenerRule:ListenerRule"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
PATHS = "conditions[0].pathPattern.values"


@pytest.fixture(scope="module")
def stack(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    empty(cloud.db_dsn())
    cloud.push("django", "v1")
    made = Stack(cloud, tmp_path_factory.mktemp("drift"), program=PROGRAM, project=PROJECT)
    yield made
    with contextlib.suppress(made.client("secretsmanager").exceptions.ClientError):
        made.client("secretsmanager").restore_secret(SecretId="drift-api-key")
    assert made.destroy().ok
    assert made.run("stack", "rm", made.name, "--yes").ok


@pytest.fixture(scope="module")
def up(stack: Stack) -> Stack:
    done = stack.up()
    assert done.ok, done.output
    record_calls(stack)
    return stack


def record_calls(stack: Stack) -> None:
    """CloudTrail's event history, which AWS always keeps, is off in MiniStack until it is asked for."""
    body = json.dumps({"cloudtrail._recording_enabled": "true"}).encode()
    request = urllib.request.Request(
        f"{stack.cloud.env()['AWS_ENDPOINT_URL']}/_ministack/config", body, method="POST"
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


def drift(stack: Stack, *words: str) -> tuple[int, dict[str, Any]]:
    """`scripts/drift`: its exit code and its JSON."""
    command = [str(ROOT / "scripts/drift"), "-s", stack.name, "--cwd", str(stack.folder), "--json", *words]
    done = subprocess.run(command, env=stack.env, capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout.startswith("{"), done.stderr
    found = json.loads(done.stdout)
    assert found["errors"] == []
    return done.returncode, found


# -- by hand ---------------------------------------------------------------------------------------------------------------


def task_definition_swapped(stack: Stack) -> None:
    ecs = stack.client("ecs")
    now = ecs.describe_task_definition(taskDefinition=SERVICE)["taskDefinition"]
    kept = (
        "family",
        "networkMode",
        "requiresCompatibilities",
        "cpu",
        "memory",
        "executionRoleArn",
        "taskRoleArn",
        "containerDefinitions",
    )
    made = ecs.register_task_definition(**{key: now[key] for key in kept if key in now})["taskDefinition"]
    ecs.update_service(cluster="local", service=SERVICE, taskDefinition=made["taskDefinitionArn"])


def desired_count(stack: Stack) -> None:
    stack.client("ecs").update_service(cluster="local", service=SERVICE, desiredCount=2)


def capacity_provider(stack: Stack) -> None:
    stack.client("ecs").update_service(
        cluster="local",
        service=SERVICE,
        capacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
        forceNewDeployment=True,
    )


def security_group_rule(stack: Stack) -> None:
    ec2 = stack.client("ec2")
    (group,) = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["drift-cache"]}])[
        "SecurityGroups"
    ]
    opened = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=opened)


def role_policy(stack: Stack) -> None:
    iam, role = stack.client("iam"), f"{SERVICE}-execution"
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    policy["Statement"].append({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))


def log_retention(stack: Stack) -> None:
    stack.client("logs").put_retention_policy(logGroupName=f"/ecs/{SERVICE}", retentionInDays=1)


def listener_rule(stack: Stack) -> None:
    elb = stack.client("elbv2")
    (balancer,) = elb.describe_load_balancers(Names=["local"])["LoadBalancers"]
    (listener,) = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    rules = elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    arn = next(rule["RuleArn"] for rule in rules if rule["Priority"] == "100")
    elb.set_rule_priorities(RulePriorities=[{"RuleArn": arn, "Priority": 900}])
    elb.modify_rule(
        RuleArn=arn, Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/shop/*"]}}]
    )


def health_check(stack: Stack) -> None:
    elb = stack.client("elbv2")
    (group,) = elb.describe_target_groups(Names=[SERVICE])["TargetGroups"]
    elb.modify_target_group(TargetGroupArn=group["TargetGroupArn"], HealthCheckPath="/")


def secret_deleted(stack: Stack) -> None:
    stack.client("secretsmanager").delete_secret(SecretId="drift-api-key", RecoveryWindowInDays=7)


def alarm_off(stack: Stack) -> None:
    stack.client("cloudwatch").disable_alarm_actions(AlarmNames=[f"{SERVICE}-cpu"])


def tag(stack: Stack) -> None:
    logs, name = stack.client("logs"), f"/ecs/{SERVICE}-migrate"
    (group,) = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    logs.tag_resource(resourceArn=group["arn"].removesuffix(":*"), tags={"Team": "ops"})


def service_deleted(stack: Stack) -> None:
    stack.client("ecs").delete_service(cluster="local", service="reports", force=True)


BY_HAND: tuple[Callable[[Stack], None], ...] = (
    task_definition_swapped, desired_count, capacity_provider, security_group_rule, role_policy, log_retention, listener_rule, health_check,
    secret_deleted, alarm_off, tag, service_deleted,
)  # fmt: skip

#: What was done -> type, name, property, state's value and AWS's value (None: gone), a piece of what the report says it means.
EXPECTED: dict[str, tuple[str, str, str, Any, Any, str]] = {
    "task definition swapped": (SERVICE_TYPE, SERVICE, "taskDefinition", "django-app:OLD", "django-app:NEW", "other tasks are running"),
    "desired count": (SERVICE_TYPE, SERVICE, "desiredCount", 1, 2, "another number of tasks"),
    "capacity provider": (
        SERVICE_TYPE, SERVICE, "capacityProviderStrategies[0].capacityProvider", "FARGATE", "FARGATE_SPOT", "on other capacity",
    ),
    "security-group rule": (SECURITY_GROUP, "cache", "ingress[]", None, 22, "network access has changed"),
    "role policy": (ROLE_POLICY, f"{SERVICE}-execution", "policy.Statement[]", None, "s3:*", "the role may do other things"),
    "log retention": (LOG_GROUP, SERVICE, "retentionInDays", 30, 1, "logs are kept for another time"),
    "listener rule's priority": (RULE, SERVICE, "priority", 100, 900, "tried at another place"),
    "listener rule's condition": (
        RULE, SERVICE, PATHS, ["/*"], ["/shop/*"], "the service gets other requests",
    ),
    "health check": ("aws:lb/targetGroup:TargetGroup", SERVICE, "healthCheck.path", "/healthz", "/", "judged healthy in another way"),
    "secret deleted": ("aws:secretsmanager/secret:Secret", "api-key", "", None, None, "gone or scheduled for deletion"),
    "alarm off": (ALARM, f"{SERVICE}-cpu", "actionsEnabled", True, False, "whether the alarm tells anybody"),
    "tag": (LOG_GROUP, f"{SERVICE}-migrate", "tags.Team", "shop", "ops", "tags have changed"),
    "service deleted": (SERVICE_TYPE, "reports", "", None, None, "no task of it is running"),
}  # fmt: skip


# -- clean -----------------------------------------------------------------------------------------------------------------


def test_a_clean_stack_has_no_finding_ten_times(up: Stack) -> None:
    """Three at once where possible: they only read, so none waits for another."""
    code, whole = drift(up)
    assert (code, whole["drifts"], whole["changes"]) == (0, [], [])
    assert whole["looked_at"] > 20
    (migration,) = whole["migrations"]
    assert "is already migrated" in migration["line"]
    with ThreadPoolExecutor(3) as several:
        again = list(several.map(lambda _: drift(up, "--only", "drift"), range(CLEAN_RUNS - 1)))
    assert [(code, found["drifts"]) for code, found in again] == [(0, [])] * (CLEAN_RUNS - 1)


def test_a_scaled_count_is_no_finding(up: Stack) -> None:
    up.client("ecs").update_service(cluster="local", service="reports", desiredCount=2)
    assert drift(up, "--only", "drift")[0] == 0


# -- changed ---------------------------------------------------------------------------------------------------------------


def test_a_new_image_s_migration_is_announced_with_its_sql_and_nothing_is_left(
    up: Stack, cloud: LocalCloud
) -> None:
    ecs = up.client("ecs")
    old, new = up.running_digest(), cloud.push("django", "v2")
    code, found = drift(up, "--only", "changes", "--plan")
    assert code == 2
    (migration,) = found["migrations"]
    assert (migration["will_run"], migration["old_digest"], migration["new_digest"]) == (True, old, new)
    assert migration["plan"]["problem"] == ""
    assert 'ALTER TABLE "courses_course" ADD COLUMN "level"' in migration["plan"]["sql"]
    assert migration["plan"]["not_linted"] == ""
    (service,) = [
        each for each in found["changes"] if (each["type"], each["name"]) == (SERVICE_TYPE, SERVICE)
    ]
    assert (service["operation"], service["meanings"][0].partition(":")[0]) == ("updated", "tasks roll")
    revisions = {
        each["name"]: each["operation"] for each in found["changes"] if each["type"] == TASK_DEFINITION
    }
    assert revisions == {SERVICE: "replaced", f"{SERVICE}-migrate": "replaced", "reports": "replaced"}
    family = f"{SERVICE}-migrate-plan"
    assert ecs.list_task_definitions(familyPrefix=family, status="ACTIVE")["taskDefinitionArns"] == []
    assert len(up.migration_tasks()) == 1


# -- drifted ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def report(up: Stack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The one run that finds everything."""
    for make in BY_HAND:
        make(up)
    folder = tmp_path_factory.mktemp("report")
    code, found = drift(
        up, "--only", "drift", "--save", str(folder / "events"), "--markdown", str(folder / "report.md")
    )
    assert code == 3
    return {**found, "folder": folder}


def of(report: dict[str, Any], type_: str, name: str) -> dict[str, Any]:
    (found,) = [each for each in report["drifts"] if (each["type"], each["name"]) == (type_, name)]
    return dict(found)


@pytest.mark.parametrize("what", EXPECTED)
def test_each_kind_of_drift_is_found_and_rightly_worded(report: dict[str, Any], what: str) -> None:
    type_, name, path, state, aws, means = EXPECTED[what]
    found = of(report, type_, name)
    assert any(means in each for each in found["meanings"])
    assert found["kind"] == ("changed" if path else "deleted")
    if path:
        (difference,) = [each for each in found["differences"] if each["path"] == path]
        assert same(state, difference.get("before"))
        assert same(aws, difference.get("after"))


def same(wanted: Any, found: Any) -> bool:
    """Equal, or a part of what was found: a revision's number and an added rule are not known beforehand in full."""
    if isinstance(wanted, str) and wanted.startswith("django-app:"):
        return f":task-definition/{SERVICE}:" in found
    return wanted in found.values() if isinstance(found, dict) else bool(wanted == found)


def test_nothing_else_is_found(report: dict[str, Any]) -> None:
    found = {
        (each["type"], each["name"], diff["path"])
        for each in report["drifts"]
        for diff in each["differences"]
    }
    gone = {(each["type"], each["name"], "") for each in report["drifts"] if not each["differences"]}
    assert found | gone == {(type_, name, path) for type_, name, path, *_ in EXPECTED.values()}


def test_who_did_it_is_told_where_cloudtrail_knows(report: dict[str, Any]) -> None:
    """MiniStack records the names of ECS's calls, not those of IAM and EC2."""
    (call,) = of(report, SERVICE_TYPE, "reports")["who"]["calls"]
    assert (call["name"], call["actor"]) == ("DeleteService", "arn:aws:iam::000000000000:user/test")
    assert of(report, SECURITY_GROUP, "cache")["who"]["unknown"].startswith("among the calls")


def test_the_saved_log_gives_the_same_report_without_the_engine(report: dict[str, Any], stack: Stack) -> None:
    command = [str(ROOT / "scripts/drift"), "--from", str(report["folder"] / "events"), "--json"]
    done = subprocess.run(command, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False)
    again = json.loads(done.stdout)
    assert done.returncode == 3
    assert [each["differences"] for each in again["drifts"]] == [
        each["differences"] for each in report["drifts"]
    ]


def test_the_commands_of_the_report_put_things_back(report: dict[str, Any], up: Stack) -> None:
    """For one resource, word by word as the report has them; a shell runs them."""
    found = of(report, LOG_GROUP, SERVICE)
    (command,) = found["way_out"]["put_back_commands"]
    line = f"{command} --yes --skip-preview --non-interactive"
    done = subprocess.run(
        ["sh", "-c", line],
        cwd=up.folder,
        env=up.env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    (group,) = [
        each
        for each in up.client("logs").describe_log_groups(logGroupNamePrefix=f"/ecs/{SERVICE}")["logGroups"]
        if each["logGroupName"] == f"/ecs/{SERVICE}"
    ]
    assert group["retentionInDays"] == 30


def test_the_report_fits_a_comment_and_holds_no_secret(report: dict[str, Any], stack: Stack) -> None:
    text = Path(report["folder"] / "report.md").read_text()
    assert len(text) < 65_536
    secret = json.loads(
        stack.client("secretsmanager").get_secret_value(SecretId="learning-db-local")["SecretString"]
    )
    assert not [key for key in ("operator_password", "django_secret_key") if secret[key] in text]
