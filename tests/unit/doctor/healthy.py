"""A stack with nothing wrong, as AWS describes it. Tests plant faults in it."""

from __future__ import annotations

from typing import Any

from migratable_ecs.doctor.snapshot import Balancing, Database, Kept, Network, Role, Snapshot

REGION = "ap-northeast-1"
ACCOUNT = "123456789012"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/shop@sha256:" + "a" * 64
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:shop-db-AbCdEf"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/shop-execution"
TASK_ROLE = f"arn:aws:iam::{ACCOUNT}:role/shop-task"
TARGETS = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/shop/0123"


def opens(port: int, group: str = "", cidr: str = "") -> dict[str, Any]:
    """A rule of a security group; port -1: everything."""
    rule: dict[str, Any] = (
        {"IpProtocol": "-1"} if port < 0 else {"IpProtocol": "tcp", "FromPort": port, "ToPort": port}
    )
    rule["UserIdGroupPairs"] = [{"GroupId": group}] if group else []
    rule["IpRanges"] = [{"CidrIp": cidr}] if cidr else []
    return rule


def security_group(name: str, *inbound: dict[str, Any]) -> dict[str, Any]:
    everything = [opens(-1, cidr="0.0.0.0/0")]
    return {
        "GroupId": name,
        "VpcId": "vpc-1",
        "IpPermissions": list(inbound),
        "IpPermissionsEgress": everything,
    }


def definition(family: str, **container: Any) -> dict[str, Any]:
    secrets = [
        {"name": name, "valueFrom": f"{SECRET}:{key}::"}
        for name, key in (("DB_HOST", "host"), ("DB_PASSWORD", "password"))
    ]
    given = {
        "name": family,
        "image": IMAGE,
        "command": ["python", "manage.py", "migrate"],
        "secrets": secrets,
        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": f"/ecs/{family}"}},
        **container,
    }
    return {
        "taskDefinitionArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{family}:1",
        "status": "ACTIVE", "executionRoleArn": ROLE, "taskRoleArn": TASK_ROLE, "containerDefinitions": [given],
    }  # fmt: skip


def rule(priority: int | str, target: str, *paths: str, host: str = "") -> dict[str, Any]:
    """A listener rule that forwards."""
    conditions: list[dict[str, Any]] = []
    if paths:
        conditions.append({"Field": "path-pattern", "PathPatternConfig": {"Values": list(paths)}})
    if host:
        conditions.append({"Field": "host-header", "HostHeaderConfig": {"Values": [host]}})
    return {
        "Priority": str(priority),
        "Conditions": conditions,
        "Actions": [{"Type": "forward", "TargetGroupArn": target}],
    }


def allow(action: str, resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": [action], "Resource": resource}


PERMISSIONS = (
    allow("ecr:*", "*"),
    allow("secretsmanager:GetSecretValue", SECRET),
    allow("logs:PutLogEvents", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/ecs/shop*:*"),
)


def subnet(name: str, **more: Any) -> dict[str, Any]:
    return {
        "SubnetId": name,
        "VpcId": "vpc-1",
        "CidrBlock": "10.0.10.0/24",
        "AvailableIpAddressCount": 200,
        **more,
    }


def table(*routes: dict[str, Any], subnet: str = "subnet-1") -> dict[str, Any]:
    local = {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"}
    return {
        "VpcId": "vpc-1",
        "Associations": [{"SubnetId": subnet, "Main": False}],
        "Routes": [local, *routes],
    }


def default(**to: Any) -> dict[str, Any]:
    return {"DestinationCidrBlock": "0.0.0.0/0", "State": "active", **to}


def endpoint(service: str, group: str = "") -> dict[str, Any]:
    kind = (
        {"VpcEndpointType": "Interface", "Groups": [{"GroupId": group}]}
        if group
        else {"VpcEndpointType": "Gateway"}
    )
    return {
        "ServiceName": f"com.amazonaws.{REGION}.{service}",
        "VpcId": "vpc-1",
        "State": "available",
        **kind,
    }


def target(state: str, reason: str = "", said: str = "") -> dict[str, Any]:
    health = {"State": state, "Reason": reason, "Description": said}
    return {"Target": {"Id": "10.0.10.7", "Port": 8000}, "TargetHealth": health}


def balancing(**changes: Any) -> Balancing:
    group = {
        "TargetGroupArn": TARGETS, "TargetGroupName": "shop", "HealthCheckPath": "/healthz", "Matcher": {"HttpCode": "200"},
    }  # fmt: skip
    whole: dict[str, Any] = {
        "group": group, "health": (target("healthy"),), "rules": (rule(100, TARGETS, "/*"), rule("default", "other")),
        "groups": ("sg-alb",), "container": "shop", "port": 8000,
    }  # fmt: skip
    return Balancing(**{**whole, **changes})


def healthy(**changes: Any) -> Snapshot:
    """Private subnet with a NAT gateway, RDS, secrets in one JSON, a load balancer, a migration that succeeded."""
    network = Network(("subnet-1",), ("sg-app",))
    rds = {
        "DBInstanceIdentifier": "shop-db", "DBInstanceStatus": "available", "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-db"}],
    }  # fmt: skip
    whole: dict[str, Any] = {
        "region": REGION,
        "cluster": {"status": "ACTIVE"},
        "cluster_name": "shop",
        "service": {
            "status": "ACTIVE", "desiredCount": 1, "runningCount": 1,
            "deployments": [{"status": "PRIMARY", "rolloutState": "COMPLETED", "taskDefinition": "x/shop:1"}],
        },
        "definitions": {"app": definition("shop"), "migration": definition("shop-migrate")},
        "networks": {"app": network, "migration": network},
        "subnets": {"subnet-1": subnet("subnet-1")},
        "groups": {
            "sg-app": security_group("sg-app", opens(8000, "sg-alb")),
            "sg-db": security_group("sg-db", opens(5432, "sg-app")),
            "sg-alb": security_group("sg-alb", opens(80, cidr="0.0.0.0/0")),
        },
        "routes": (table(default(NatGatewayId="nat-1")),),
        "gateways": {"nat-1": {"State": "available"}},
        "roles": {
            ROLE: Role(frozenset({"ecs-tasks.amazonaws.com"}), PERMISSIONS),
            TASK_ROLE: Role(frozenset({"ecs-tasks.amazonaws.com"})),
        },
        "kept": {SECRET: Kept("there", frozenset({"host", "password"}))},
        "images": {IMAGE: True},
        "log_groups": {"/ecs/shop": True, "/ecs/shop-migrate": True},
        "balancing": (balancing(),),
        "database": Database("shop-db.example", 5432, rds),
        "last": {"status": "succeeded", "last_lines": ["Applying 0001_initial... OK"]},
        "probe": "",
    }  # fmt: skip
    return Snapshot(**{**whole, **changes})
