"""The Rails system's environment beside ours, one row for each of its 31 Terraform resources.

Its document gives the number, and names and sizes in text, diagram and commands; the Terraform files are not part of it. The rows are what
it names, completed by what a VPC with two kinds of subnets cannot do without. What is ours comes from the presets rails-base.yaml and
rails.yaml as one stack. awsx makes the parts of the network when it runs; here its inputs are looked at (test_network.py has the rest).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from tests.unit.environment.configured import ROOT, Run, as_sent, cloud_for, config_of, run
from tests.unit.environment.made import SECRET

PRESETS = ROOT / "examples" / "presets"
_LOG_GROUPS = "aws:cloudwatch/getLogGroups:getLogGroups"
NETWORK = ("awsx:ec2:Vpc", "rails-app-network")
_BASE = {key.partition(":")[2]: value for key, value in config_of(PRESETS / "rails-base.yaml").items()}


@dataclass(frozen=True)
class Row:
    """A Terraform resource of the document, and ours: type and name in Pulumi, one input of it, and its value."""

    theirs: str
    ours: tuple[str, str]
    at: str
    value: Any


def _subnet(number: int, kind: str) -> str:
    return f"subnetSpecs.{('Public', 'Private').index(kind)}.cidrBlocks.{number}"


ROWS = (
    Row("aws_vpc.main", NETWORK, "cidrBlock", "10.0.0.0/16"),
    Row("aws_internet_gateway.main", NETWORK, "subnetSpecs.0.type", "Public"),
    Row("aws_subnet.public[0]", NETWORK, _subnet(0, "Public"), "10.0.1.0/24"),
    Row("aws_subnet.public[1]", NETWORK, _subnet(1, "Public"), "10.0.2.0/24"),
    Row("aws_subnet.private[0]", NETWORK, _subnet(0, "Private"), "10.0.10.0/24"),
    Row("aws_subnet.private[1]", NETWORK, _subnet(1, "Private"), "10.0.11.0/24"),
    Row("aws_eip.nat", NETWORK, "natGateways.strategy", "Single"),
    Row("aws_nat_gateway.main", NETWORK, "natGateways.strategy", "Single"),
    Row("aws_route_table.public", NETWORK, "subnetSpecs.0.type", "Public"),
    Row("aws_route_table.private", NETWORK, "subnetSpecs.1.type", "Private"),
    Row("aws_route_table_association.public[0]", NETWORK, "numberOfAvailabilityZones", 2),
    Row("aws_route_table_association.public[1]", NETWORK, "numberOfAvailabilityZones", 2),
    Row("aws_route_table_association.private[0]", NETWORK, "numberOfAvailabilityZones", 2),
    Row("aws_route_table_association.private[1]", NETWORK, "numberOfAvailabilityZones", 2),
    Row("aws_security_group.alb", ("aws:ec2/securityGroup:SecurityGroup", "rails-app-balancer-alb"), "vpcId", "vpc-made"),
    Row("aws_security_group.ecs", ("aws:ec2/securityGroup:SecurityGroup", "rails-app-tasks"), "vpcId", "vpc-made"),
    Row("aws_security_group.rds", ("aws:ec2/securityGroup:SecurityGroup", "rails-app-db"), "vpcId", "vpc-made"),
    Row("aws_lb.main", ("aws:lb/loadBalancer:LoadBalancer", "rails-app-balancer"), "loadBalancerType", "application"),
    Row("aws_lb_target_group.app", ("aws:lb/targetGroup:TargetGroup", "rails-app"), "name", "rails-app-tg"),
    Row("aws_lb_listener.http", ("aws:lb/listener:Listener", "rails-app-balancer-http"), "port", 80),
    Row("aws_ecr_repository.app", ("aws:ecr/repository:Repository", "rails-app-images"), "name", "rails-app"),
    Row("aws_ecs_cluster.main", ("aws:ecs/cluster:Cluster", "rails-app-cluster"), "name", "rails-app-cluster"),
    Row("aws_cloudwatch_log_group.app", ("aws:cloudwatch/logGroup:LogGroup", "rails-app"), "name", "/ecs/rails-app"),
    Row("aws_iam_role.ecs_task_execution", ("aws:iam/role:Role", "rails-app-execution"), "name", "rails-app-execution"),
    Row("aws_iam_role.ecs_task", ("aws:iam/role:Role", "rails-app-task"), "name", "rails-app-task"),
    Row("aws_ecs_task_definition.app", ("aws:ecs/taskDefinition:TaskDefinition", "rails-app"), "memory", "512"),
    Row("aws_ecs_service.app", ("aws:ecs/service:Service", "rails-app"), "name", "rails-app-service"),
    Row("aws_db_subnet_group.main", ("aws:rds/subnetGroup:SubnetGroup", "rails-app-db"), "subnetIds.1", "subnet-private-c"),
    Row("aws_db_instance.main", ("aws:rds/instance:Instance", "rails-app-db"), "identifier", "rails-app-db"),
    Row("aws_secretsmanager_secret.db_password", ("aws:rds/instance:Instance", "rails-app-db"), "manageMasterUserPassword", True),
    # Given by a person: its value would be in the state of whoever makes it. Made once with `aws secretsmanager create-secret`.
    Row("aws_secretsmanager_secret.rails_master_key", ("aws:ecs/taskDefinition:TaskDefinition", "rails-app"), "containerDefinitions",
        "rails-app-rails-master-key"),
)  # fmt: skip


@cache
def everything() -> Run:
    """Both presets as one stack, whose image has been pushed."""
    changes = {**_BASE, "base": ""}
    file = PRESETS / "rails.yaml"
    cloud = cloud_for(as_sent(file, **changes))
    cloud.found = {**cloud.found, _LOG_GROUPS: {"logGroupNames": ["/ecs/rails-app"]}}
    return run(file, "rails", cloud, **changes)


def test_there_are_31_as_the_document_says() -> None:
    assert len({row.theirs for row in ROWS}) == len(ROWS) == 31


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.theirs)
def test_it_is_there(row: Row) -> None:
    value: Any = everything().graph.one(*row.ours).inputs
    for step in row.at.split("."):
        value = value[int(step)] if step.isdigit() else value[step]
    if row.at == "containerDefinitions":
        assert row.value in value
    else:
        assert value == row.value


def test_what_the_document_s_commands_name_is_named_so() -> None:
    graph = everything().graph
    database = graph.one("aws:rds/instance:Instance", "rails-app-db").inputs
    assert (database["engine"], database["engineVersion"], database["instanceClass"]) == (
        "mysql",
        "8.0",
        "db.t3.micro",
    )
    assert (database["dbName"], database["username"], database["backupRetentionPeriod"]) == (
        "myapp_production",
        "myapp",
        7,
    )
    rule = graph.one(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "rails-app-db-from-tasks-0"
    ).inputs
    assert (rule["fromPort"], rule["referencedSecurityGroupId"]) == (3306, "rails-app-tasks-id")


def test_the_database_s_password_reaches_the_container_from_the_secret_that_follows_its_rotation() -> None:
    (container,) = json.loads(
        everything()
        .graph.one("aws:ecs/taskDefinition:TaskDefinition", "rails-app")
        .inputs["containerDefinitions"]
    )
    given = {each["name"]: each["valueFrom"] for each in container["secrets"]}
    assert given["MYAPP_DATABASE_PASSWORD"] == f"{SECRET}:operator_password::"
    copied = everything().graph.one("pulumi-python:dynamic/ecs:PasswordCopy", "rails-app-db").inputs
    assert ":secret:rds!db-1" in copied["source"]
    assert given["DATABASE_HOST"].endswith(":host::")


def test_nothing_is_open_to_the_world_but_the_load_balancer_s_port() -> None:
    opened = [
        (each.name, each.inputs["fromPort"], each.inputs["toPort"])
        for each in everything().graph.resources
        if each.type == "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
        and {"0.0.0.0/0", "::/0"} & {each.inputs.get("cidrIpv4"), each.inputs.get("cidrIpv6")}
    ]
    assert opened == [("rails-app-balancer-alb-80-0.0.0.0/0", 80, 80)]
    groups = [
        each for each in everything().graph.resources if each.type == "aws:ec2/securityGroup:SecurityGroup"
    ]
    assert not [each.name for each in groups if {"ingress", "egress"} & set(each.inputs)]
    database = everything().graph.one("aws:rds/instance:Instance", "rails-app-db").inputs
    assert database["publiclyAccessible"] is False
