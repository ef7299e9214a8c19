"""What a service stands on is found by name; what is not there is one sentence with the key to correct."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from migratable_ecs import InvalidArgument
from migratable_ecs.environment import Balancer, Environment, Network, Settings, stand_on
from migratable_ecs.environment.settings_pieces import (
    BalancerSettings,
    ClusterSettings,
    DatabaseSettings,
    NetworkSettings,
    RegistrySettings,
)

from tests.unit.component.cloud import Cloud, PluginError, deploy

VPC, SUBNETS, GROUP = (
    "aws:ec2/getVpc:getVpc",
    "aws:ec2/getSubnets:getSubnets",
    "aws:ec2/getSecurityGroup:getSecurityGroup",
)
BALANCER, LISTENER, CLUSTER = (
    "aws:lb/getLoadBalancer:getLoadBalancer",
    "aws:lb/getListener:getListener",
    "aws:ecs/getCluster:getCluster",
)
SECRET, REPOSITORY = "aws:secretsmanager/getSecret:getSecret", "aws:ecr/getRepository:getRepository"

THERE: dict[str, Mapping[str, Any] | Exception] = {
    VPC: {"id": "vpc-1"},
    SUBNETS: {"ids": ["subnet-2", "subnet-1"]},
    GROUP: {"id": "sg-1"},
    BALANCER: {"arn": "arn:lb", "dnsName": "lb.test"},
    LISTENER: {"arn": "arn:listener"},
    CLUSTER: {"arn": "arn:cluster"},
    SECRET: {"arn": "arn:secret"},
    REPOSITORY: {"repositoryUrl": "registry.test/learning-app"},
}
SETTINGS = Settings(
    network=NetworkSettings(
        vpc="learning-vpc", subnets={"Tier": "private"}, security_groups=["learning-app"]
    ),
    cluster=ClusterSettings(name="learning-cluster"),
    load_balancer=BalancerSettings(name="learning-alb", listener_port=443),
    database=DatabaseSettings(secret="learning-db"),
    registry=RegistrySettings(repository="learning-app"),
)


def looked_up(**changed: Mapping[str, Any] | Exception) -> tuple[Environment, Cloud]:
    cloud = Cloud(found={**THERE, **changed})
    found: list[Environment] = []
    deploy(lambda: found.append(stand_on(SETTINGS)), cloud)
    return found[0], cloud


def test_ids_and_arns() -> None:
    environment, _ = looked_up()
    assert environment == Environment(
        network=Network(vpc_id="vpc-1", subnet_ids=["subnet-1", "subnet-2"], security_group_ids=["sg-1"]),
        cluster_arn="arn:cluster",
        balancer=Balancer(listener_arn="arn:listener", dns_name="lb.test", port=443),
        database_secret_arn="arn:secret",
        repository_url="registry.test/learning-app",
    )


def test_only_what_is_configured_is_looked_up() -> None:
    cloud = Cloud()
    found: list[Environment] = []
    deploy(lambda: found.append(stand_on(Settings())), cloud)
    assert (found, cloud.calls) == ([Environment()], [])


def test_subnets_and_groups_are_looked_for_in_that_vpc_only() -> None:
    _, cloud = looked_up()
    assert cloud.asked(SUBNETS) == [
        {"filters": [{"name": "vpc-id", "values": ["vpc-1"]}], "tags": {"Tier": "private"}}
    ]
    assert cloud.asked(GROUP) == [{"name": "learning-app", "vpcId": "vpc-1"}]


def test_a_vpc_and_groups_are_found_by_id_too() -> None:
    network = NetworkSettings(
        vpc="vpc-0123456789abcdef0", subnets={"Tier": "private"}, security_groups=["sg-01234567"]
    )
    cloud = Cloud(found=THERE)
    found: list[Environment] = []
    deploy(lambda: found.append(stand_on(Settings(network=network))), cloud)
    assert cloud.asked(VPC) == [{"id": "vpc-0123456789abcdef0"}]
    assert cloud.asked(GROUP) == [{"id": "sg-01234567", "vpcId": "vpc-1"}]


def test_the_listener_is_the_one_of_that_load_balancer_and_port() -> None:
    _, cloud = looked_up()
    assert cloud.asked(BALANCER) == [{"name": "learning-alb"}]
    assert cloud.asked(LISTENER) == [{"loadBalancerArn": "arn:lb", "port": 443}]


MISSING = [
    (VPC, "no matching EC2 VPC found", "config key network.vpc is 'learning-vpc', a VPC's Name tag"),
    (
        BALANCER,
        "reading ELBv2 Load Balancers: couldn't find resource",
        "config key loadBalancer.name is 'learning-alb', a load balancer",
    ),
    (
        LISTENER,
        "no matching ELBv2 Listener found",
        "config key loadBalancer.listenerPort is 443, a listener of learning-alb",
    ),
    (
        CLUSTER,
        "reading ECS Cluster (learning-cluster): empty result",
        "config key cluster.name is 'learning-cluster', an ECS cluster",
    ),
    (
        GROUP,
        "no matching EC2 Security Group found",
        "config key network.securityGroups is 'learning-app', a security group in the VPC learning-vpc",
    ),
    (
        SECRET,
        "reading Secrets Manager Secret (learning-db): couldn't find resource",
        "config key database.secret is 'learning-db', a secret in Secrets Manager",
    ),
    (
        REPOSITORY,
        "reading ECR Repository (learning-app): couldn't find resource",
        "config key registry.repository is 'learning-app', an ECR repository",
    ),
]


@pytest.mark.parametrize(
    ("token", "said", "beginning"), MISSING, ids=[token.split(":")[-1] for token, *_ in MISSING]
)
def test_what_is_not_there(token: str, said: str, beginning: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        looked_up(**{token: PluginError(token, f"{said}:")})
    assert str(refused.value) == (
        f"{beginning}, which does not exist: create it, or correct the key, aws:region or the account"
    )


def test_no_subnet_with_these_tags() -> None:
    with pytest.raises(InvalidArgument) as refused:
        looked_up(**{SUBNETS: {"ids": []}})
    assert str(refused.value) == (
        "config key network.subnets is {'Tier': 'private'}, tags of subnets in the VPC learning-vpc, and no subnet has "
        "them: correct the tags"
    )


@pytest.mark.parametrize("token", [VPC, SUBNETS, GROUP, BALANCER, LISTENER, CLUSTER, SECRET, REPOSITORY])
def test_an_account_that_does_not_answer_is_not_called_a_wrong_key(token: str) -> None:
    said = "operation error STS: GetCallerIdentity,\n  https response error StatusCode: 403, ExpiredToken: the token is expired"
    with pytest.raises(InvalidArgument) as refused:
        looked_up(**{token: PluginError(token, said)})
    sentence = str(refused.value)
    assert "\n" not in sentence
    assert sentence.endswith(
        "which could not be looked up: https response error StatusCode: 403, ExpiredToken: the token is expired; "
        "check aws:region and the credentials, then try again"
    )
