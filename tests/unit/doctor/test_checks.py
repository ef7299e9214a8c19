"""Each planted fault is found, under its name and with what to do; a healthy stack has none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from migratable_ecs.doctor.checks import CHECKS, examine, together
from migratable_ecs.doctor.permissions import allowed, trusted
from migratable_ecs.doctor.running import covers
from migratable_ecs.doctor.snapshot import Database, Finding, Kept, Network, Role, Snapshot, reference

from tests.unit.doctor.healthy import (
    ACCOUNT,
    IMAGE,
    PERMISSIONS,
    REGION,
    ROLE,
    SECRET,
    TARGETS,
    allow,
    balancing,
    default,
    definition,
    endpoint,
    healthy,
    opens,
    rule,
    security_group,
    subnet,
    table,
    target,
)  # fmt: skip

TRUST = frozenset({"ecs-tasks.amazonaws.com"})
APP = security_group("sg-app", opens(8000, "sg-alb"))
ALB = security_group("sg-alb", opens(80, cidr="0.0.0.0/0"))
DB = security_group("sg-db", opens(5432, "sg-app"))
PUBLIC = Network(("subnet-1",), ("sg-app",))
ENDPOINTS = tuple(endpoint(each, "sg-vpce") for each in ("ecr.api", "ecr.dkr", "logs", "secretsmanager"))


def unhealthy(reason: str, said: str = "") -> dict[str, Any]:
    return {"balancing": (balancing(health=(target("unhealthy", reason, said),)),)}


def answered(code: int) -> dict[str, Any]:
    return unhealthy("Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{code}]")


def both(**container: Any) -> dict[str, Any]:
    return {"definitions": {"app": definition("shop", **container)}}


@dataclass(frozen=True)
class Fault:
    """`changes` of the healthy snapshot, the check that finds it, words of the finding and of its remedy."""

    name: str
    changes: dict[str, Any]
    check: str
    what: str
    remedy: str


FAULTS = (
    Fault("no cluster", {"cluster": None}, "cluster", "cluster shop does not exist in ap-northeast-1", "aws:region"),
    Fault("cluster going away", {"cluster": {"status": "DEPROVISIONING"}}, "cluster", "is DEPROVISIONING", "pulumi up"),
    Fault("revision deregistered", {"definitions": {"app": {**definition("shop"), "status": "INACTIVE"}}},
          "task-definitions", "shop:1 of the app is INACTIVE", "--refresh"),
    Fault("subnet gone", {"subnets": {}}, "subnets", "subnet subnet-1 of the app does not exist", "describe-subnets"),
    Fault("group of another VPC", {"groups": {"sg-app": {**APP, "VpcId": "vpc-2"}, "sg-db": DB, "sg-alb": ALB}},
          "subnets", "sg-app of the app is in vpc-2, its subnets are in vpc-1", "one VPC"),
    Fault("no address left", {"subnets": {"subnet-1": subnet("subnet-1", AvailableIpAddressCount=0)}},
          "subnets", "has no free address left", "add a subnet"),
    Fault("no way out", {"routes": (table(),)}, "routes", "there is no way to ecr.api, ecr.dkr, s3, logs, secretsmanager", "VPC endpoints"),
    Fault("one endpoint is missing", {"routes": (table(),), "endpoints": (*ENDPOINTS[:3], endpoint("s3"))},
          "routes", "there is no way to secretsmanager", "NAT gateway"),
    Fault("NAT gateway deleted", {"gateways": {"nat-1": {"State": "deleted"}}}, "routes", "nat-1, which is deleted", "NAT gateway"),
    Fault("public subnet, no address", {"routes": (table(default(GatewayId="igw-1")),)},
          "routes", "is public and the tasks have no public address", "assign_public_ip"),
    Fault("security group gone", {"groups": {"sg-db": DB, "sg-alb": ALB}},
          "security-groups", "security group sg-app of the app does not exist", "describe-security-groups"),
    Fault("no way out of the group", {"groups": {"sg-app": {**APP, "IpPermissionsEgress": [opens(5432)]}, "sg-db": DB, "sg-alb": ALB}},
          "security-groups", "lets it out to port 443", "outbound rule for TCP 443"),
    Fault("endpoint is closed", {
        "routes": (table(),), "endpoints": (*ENDPOINTS, endpoint("s3")),
        "groups": {"sg-app": APP, "sg-db": DB, "sg-alb": ALB, "sg-vpce": security_group("sg-vpce")}},
          "security-groups", "the VPC endpoint of ecr.api does not let the app in", "TCP 443 from sg-app to sg-vpce"),
    Fault("database closed", {"groups": {"sg-app": APP, "sg-alb": ALB, "sg-db": security_group("sg-db", opens(5432, "sg-other"))}},
          "database-security-group", "(sg-db) do not let the app in at port 5432", "TCP 5432 from sg-app to sg-db"),
    Fault("database at another port", {"groups": {"sg-app": APP, "sg-alb": ALB, "sg-db": security_group("sg-db", opens(3306, "sg-app"))}},
          "database-security-group", "do not let the app in at port 5432", "inbound rule"),
    Fault("database stopped", {"database": Database("x", 5432, {"DBInstanceIdentifier": "shop-db", "DBInstanceStatus": "stopped"})},
          "database", "database shop-db is stopped", "start-db-instance --db-instance-identifier shop-db"),
    Fault("database not reached", {"probe": "timed out"}, "database", "a task does not reach the database: timed out", "network ACLs"),
    Fault("execution role gone", {"roles": {ROLE: None}}, "roles", "the execution role of the app, does not exist", "--refresh"),
    Fault("role not trusted", {"roles": {ROLE: Role(frozenset({"ec2.amazonaws.com"}), PERMISSIONS)}},
          "roles", "does not let ecs-tasks.amazonaws.com assume it", "sts:AssumeRole"),
    Fault("no execution role", {"definitions": {"app": {**definition("shop"), "executionRoleArn": ""}}},
          "roles", "the task definition of the app has no execution role", "execution_role_arn"),
    Fault("secret not allowed", {"roles": {ROLE: Role(TRUST, (PERMISSIONS[0], PERMISSIONS[2]))}},
          "permissions", f"may not secretsmanager:GetSecretValue on {SECRET}", "allow secretsmanager:GetSecretValue"),
    Fault("logs denied", {"roles": {ROLE: Role(TRUST, (*PERMISSIONS, {"Effect": "Deny", "Action": "logs:*", "Resource": "*"}))}},
          "permissions", "may not logs:PutLogEvents", "allow logs:PutLogEvents"),
    Fault("image gone", {"images": {IMAGE: False}}, "image", "is not in ECR any longer", "lifecycle policy"),
    Fault("log group gone", {"log_groups": {"/ecs/shop": False}}, "log-groups", "log group /ecs/shop does not exist", "create-log-group"),
    Fault("secret gone", {"kept": {SECRET: Kept("missing")}}, "secrets", "of DB_HOST of the app, does not exist", "create-secret"),
    Fault("secret scheduled for deletion", {"kept": {SECRET: Kept("deleted")}}, "secrets", "is scheduled for deletion", "restore-secret"),
    Fault("secret without value", {"kept": {SECRET: Kept("empty")}}, "secrets", "has no value yet", "put-secret-value"),
    Fault("key missing", {"kept": {SECRET: Kept("there", frozenset({"host", "user"}))}},
          "secrets", "has no key 'password'; it has host, user", "add 'password'"),
    Fault("secret is no JSON", {"kept": {SECRET: Kept("there", None)}}, "secrets", "its value is no JSON object", "leave the key out"),
    Fault("tasks closed to the balancer", {"groups": {"sg-app": security_group("sg-app", opens(80, "sg-alb")), "sg-db": DB, "sg-alb": ALB}},
          "load-balancer-security-group", "(sg-app) do not let the load balancer in at port 8000", "TCP 8000 from sg-alb to sg-app"),
    Fault("rule gone", {"balancing": (balancing(rules=(rule("default", "other"),)),)},
          "listener-rule", "no listener rule leads to target group shop", "priority is taken"),
    Fault("rule behind a wider one", {"balancing": (balancing(rules=(rule(50, "other", "/*"), rule(100, TARGETS, "/api/*"))),)},
          "listener-rule", "the rule of priority 50 takes every request", "a priority below 50"),
    Fault("ALLOWED_HOSTS", answered(400), "health", "[400]", "ALLOWED_HOSTS"),
    Fault("redirect to HTTPS", answered(301), "health", "[301]", "/healthz redirects"),
    Fault("login", answered(401), "health", "[401]", "wants a login"),
    Fault("wrong path", answered(404), "health", "[404]", "the app has no /healthz"),
    Fault("app fails", answered(500), "health", "[500]", "migratable-ecs logs"),
    Fault("nothing answers", unhealthy("Target.Timeout"), "health", "Target.Timeout", "listens on 0.0.0.0"),
    Fault("refused", unhealthy("Target.FailedHealthChecks"), "health", "Target.FailedHealthChecks", "0.0.0.0:8000, not on 127.0.0.1"),
    Fault("service gone", {"service": {"status": "missing"}}, "service", "the service is missing", "pulumi up"),
    Fault("roll failed", {"service": {"status": "ACTIVE", "deployments": [{"rolloutState": "FAILED", "taskDefinition": "x/shop:2"}]}},
          "service", "the deployment of shop:2 failed", "logs"),
    Fault("tasks missing", {"service": {"status": "ACTIVE", "desiredCount": 2, "runningCount": 1, "events": [{"message": "no capacity."}]}},
          "service", "1 of 2 tasks run; ECS says: no capacity", "other findings"),
    Fault("worker gone", {"workers": {"worker queue": {"status": "missing"}}},
          "service", "the service of worker queue is missing", "pulumi up"),
    Fault("a worker's tasks missing", {"workers": {"worker queue": {"status": "ACTIVE", "desiredCount": 2, "runningCount": 1}}},
          "service", "1 of 2 tasks of worker queue run", "--service queue"),
    Fault("migration failed", {"last": {"status": "failed", "cause": "exit-1"}}, "migration", "the last migration failed: exit-1", "show"),
    Fault("migration hangs", {"executing": (("1f2e3d4c5b6a", 7200.0),)}, "migration", "executing for 2.0 h", "migratable-ecs stop"),
    Fault("exit code 0 of a failure", {"last": {"status": "succeeded", "last_lines": ["The stream could not be opened in append mode"]}},
          "exit-code", "ended with exit code 0, but its log says", "LOG_CHANNEL=stderr"),
    Fault("Laravel without log channel", both(command=["php", "artisan", "migrate", "--force"]),
          "exit-code", "container shop of the app is Laravel with LOG_CHANNEL not set", "set LOG_CHANNEL to stderr"),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=[each.name for each in FAULTS])
def test_each_planted_fault_is_found(fault: Fault) -> None:
    found = [each for each in examine(replace(healthy(), **fault.changes)) if each.check == fault.check]
    fitting = [each for each in found if fault.what in each.what]
    assert fitting, found
    assert fault.remedy in fitting[0].remedy


def test_a_healthy_stack_has_none() -> None:
    assert examine(healthy()) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"routes": (table(),), "endpoints": (*ENDPOINTS, endpoint("s3")),
         "groups": {"sg-app": APP, "sg-db": DB, "sg-alb": ALB, "sg-vpce": security_group("sg-vpce", opens(443, cidr="10.0.0.0/16"))}},
        {"routes": (table(default(GatewayId="igw-1")),), "networks": {"app": replace(PUBLIC, public_ip=True)}},
        {"routes": ({**table(default(NatGatewayId="nat-1"), subnet="subnet-9"), "Associations": [{"Main": True}]},)},
        {"routes": None}, {"balancing": ()}, {"balancing": (balancing(rules=None),)}, {"database": None, "probe": None, "last": None},
        {"roles": {}, "kept": {}, "images": {}, "log_groups": {}, "service": {}},
        {"balancing": (balancing(health=(target("draining"),)),)},
        {"groups": {"sg-app": security_group("sg-app", opens(8000, cidr="10.0.0.0/16")), "sg-db": DB, "sg-alb": ALB}},
        {"balancing": (balancing(rules=(rule(50, "other", "/*", host="other.example"), rule(100, TARGETS, "/*"))),)},
        {"executing": (("1f2e3d4c5b6a", 60.0),)},
        both(command=["php", "artisan", "migrate"], environment=[{"name": "LOG_CHANNEL", "value": "stderr"}]),
        both(command=["php", "artisan", "migrate"],
             environment=[{"name": "LOG_CHANNEL", "value": "stack"}, {"name": "LOG_STACK", "value": "stderr,syslog"}]),
    ],
    ids=["endpoints", "public", "main table", "routes not allowed", "no balancer", "rules not allowed", "no database", "nothing allowed",
         "draining", "open to addresses", "another host", "a migration that runs", "Laravel that speaks", "Laravel with a stack"],
)  # fmt: skip
def test_what_is_well_or_not_known_is_no_finding(changes: dict[str, Any]) -> None:
    assert examine(replace(healthy(), **changes)) == []


def test_what_is_wrong_for_both_is_said_once() -> None:
    same = [
        Finding("routes", f"from subnet s-1 ({which}) there is no way", "make one")
        for which in ("app", "migration")
    ]
    other = Finding("routes", "from subnet s-2 (app) there is no way", "make one")
    role = Finding("roles", "the role (of somebody) does not exist", "make it")
    assert together([*same, other, role]) == [
        Finding("routes", "from subnet s-1 (app, migration) there is no way", "make one"),
        other,
        role,
    ]


def test_a_role_may_be_given_by_its_name_alone() -> None:
    """As RegisterTaskDefinition takes it."""
    app = {**definition("shop"), "executionRoleArn": "shop-execution"}
    logs_only = {"shop-execution": Role(TRUST, PERMISSIONS[2:]), ROLE: healthy().roles[ROLE]}
    found = examine(replace(healthy(), definitions={"app": app}, roles=logs_only))
    assert {each.check for each in found} == {"permissions"}
    assert f"may not secretsmanager:GetSecretValue on {SECRET}" in found[-1].what


def test_each_check_has_a_fault_that_it_finds() -> None:
    assert {fault.check for fault in FAULTS} == {check.name for check in CHECKS}


def test_no_value_of_a_secret_is_in_the_snapshot() -> None:
    assert set(Kept.__dataclass_fields__) == {"state", "keys"}
    assert not {"values", "settings"} & set(Snapshot.__dataclass_fields__)


def test_value_from() -> None:
    assert reference(f"{SECRET}:host::") == type(reference(""))(SECRET, "host")
    assert not reference(SECRET).parameter
    assert reference(f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/shop/key").parameter
    assert reference("/shop/key").parameter


class TestPermissions:
    def test_wildcards(self) -> None:
        assert allowed(
            [allow("secretsmanager:Get*", f"{SECRET[:-6]}??????")], "secretsmanager:GetSecretValue", SECRET
        )
        assert allowed([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], "logs:PutLogEvents", "x")
        assert not allowed([allow("secretsmanager:Put*", "*")], "secretsmanager:GetSecretValue", SECRET)

    def test_a_denial_with_a_condition_is_not_judged(self) -> None:
        denied = {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        assert allowed([allow("*", "*"), denied], "logs:PutLogEvents", "x")

    def test_trust(self) -> None:
        document = {
            "Statement": {
                "Effect": "Allow",
                "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        }
        assert trusted(document) == TRUST


@pytest.mark.parametrize(
    ("wide", "narrow", "covered"),
    [
        (rule(1, "a", "/*"), rule(2, "b", "/api/*"), True),
        (rule(1, "a", "/api/*"), rule(2, "b", "/*"), False),
        (rule(1, "a", "/*", host="x.example"), rule(2, "b", "/*", host="y.example"), False),
        (rule(1, "a", host="*.example"), rule(2, "b", "/*", host="y.example"), True),
        (rule(1, "a", "/admin/*"), rule(2, "b", host="y.example"), False),
    ],
)
def test_rules_that_cover_others(wide: dict[str, Any], narrow: dict[str, Any], covered: bool) -> None:
    assert covers(wide, narrow) is covered
