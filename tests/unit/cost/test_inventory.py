"""What is counted of a stack's resources, and what is not."""

from __future__ import annotations

from typing import Any

import pytest
from migratable_ecs.cost.inventory import Database, Tasks, inventory

from tests.unit.cost.stacks import COMPONENT, everything, resource, service


def test_all_that_costs_money_is_counted() -> None:
    stack = inventory(everything())
    assert stack.tasks == (
        Tasks("web", 2, 0.5, 1.0),
        Tasks("web-worker", 1, 0.25, 0.5, arm=True),
    )
    assert stack.databases == (
        Database("learning-db", "db.t4g.micro", multi_az=True, storage_gb=20, engine="postgres"),
    )
    assert (stack.nats, stack.addresses, stack.balancers, stack.balancer_zones) == (2, 2, 1, 2)
    assert (stack.endpoint_zones, stack.secrets, stack.log_groups, stack.repositories) == (0, 2, 1, 1)
    assert stack.retention_days == 30


def test_a_preview_knows_no_arn_yet() -> None:
    """The task definition is then the one of the same name in the same component."""
    definition, made = service()
    del definition["outputs"], made["outputs"], made["inputs"]["taskDefinition"]
    other = resource("aws:ecs/taskDefinition:TaskDefinition", "web", "elsewhere", cpu="4096", memory="8192")
    (tasks,) = inventory([other, definition, made]).tasks
    assert (tasks.vcpu, tasks.gb) == (0.5, 1.0)
    assert definition["parent"] == COMPONENT


@pytest.mark.parametrize(
    ("strategies", "spot"),
    [
        ([], 0),
        ([{"capacityProvider": "FARGATE_SPOT", "weight": 1}], 4),
        ([{"capacityProvider": "FARGATE", "base": 1}, {"capacityProvider": "FARGATE_SPOT", "weight": 3}], 3),
        (
            [{"capacityProvider": "FARGATE", "weight": 1}, {"capacityProvider": "FARGATE_SPOT", "weight": 2}],
            2,
        ),
        ([{"capacityProvider": "FARGATE", "weight": 1}], 0),
    ],
)
def test_tasks_on_spot(strategies: list[dict[str, Any]], spot: int) -> None:
    (tasks,) = inventory(service(desiredCount=4, capacityProviderStrategies=strategies)).tasks
    assert tasks.spot == spot


def test_public_tasks() -> None:
    (tasks,) = inventory(service(networkConfiguration={"assignPublicIp": True})).tasks
    assert tasks.public


def test_aurora_serverless_is_counted_at_its_lowest_capacity() -> None:
    found = inventory(
        [
            resource(
                "aws:rds/cluster:Cluster",
                "db",
                clusterIdentifier="db",
                serverlessv2ScalingConfiguration={"minCapacity": 0.5},
            ),
            *(
                resource(
                    "aws:rds/clusterInstance:ClusterInstance",
                    f"db-{zone}",
                    clusterIdentifier="db",
                    instanceClass="db.serverless",
                )
                for zone in "ab"
            ),
        ]
    )
    assert found.databases == (Database("db", "db.serverless", 2, acu=1.0),)


@pytest.mark.parametrize(
    ("engine", "price"),
    [("postgres", "postgres"), ("mysql", "mysql"), ("mariadb", "mysql"), ("oracle-ee", "oracle-ee")],
)
def test_the_price_of_a_database_is_that_of_its_engine(engine: str, price: str) -> None:
    made = resource("aws:rds/instance:Instance", "db", engine=engine, instanceClass="db.t3.micro")
    assert [each.price for each in inventory([made]).databases] == [f"db.t3.micro {price}"]


@pytest.mark.parametrize(
    ("storage", "engine"), [("", "aurora"), ("aurora", "aurora"), ("aurora-iopt1", "aurora-iopt1")]
)
def test_provisioned_aurora_is_counted_by_class_and_kind_of_storage(storage: str, engine: str) -> None:
    found = inventory(
        [
            resource("aws:rds/cluster:Cluster", "db", clusterIdentifier="db", storageType=storage),
            resource(
                "aws:rds/clusterInstance:ClusterInstance",
                "db-a",
                clusterIdentifier="db",
                instanceClass="db.r6g.large",
            ),
        ]
    )
    assert found.databases == (Database("db", "db.r6g.large", engine=engine),)


def test_endpoints_are_counted_by_zone() -> None:
    endpoint = resource(
        "aws:ec2/vpcEndpoint:VpcEndpoint", "logs", vpcEndpointType="Interface", subnetIds=["a", "b"]
    )
    assert inventory([endpoint]).endpoint_zones == 2


def test_what_is_looked_up_or_about_to_be_deleted_is_not_counted() -> None:
    nat = resource("aws:ec2/natGateway:NatGateway", "nat")
    assert inventory([{**nat, "external": True}, {**nat, "delete": True}]).nats == 0


def test_internal_and_network_balancers_have_no_public_address_or_price() -> None:
    kind = "aws:lb/loadBalancer:LoadBalancer"
    stack = inventory(
        [resource(kind, "inner", internal=True), resource(kind, "net", loadBalancerType="network")]
    )
    assert (stack.balancers, stack.balancer_zones) == (1, 0)


def test_an_empty_stack_has_nothing() -> None:
    assert inventory([]) == inventory([{"type": "pulumi:pulumi:Stack", "urn": "x"}])
