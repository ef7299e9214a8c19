"""A cluster that is made: how it is watched, what it runs on, where ECS Exec is logged."""

from __future__ import annotations

from typing import Any

import pytest
from migratable_ecs import InvalidArgument
from migratable_ecs.environment.cluster import ClusterArgs, cluster

from tests.unit.component.cloud import Graph
from tests.unit.environment.made import STG, make

CLUSTER, CAPACITY = "aws:ecs/cluster:Cluster", "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"
GROUP = "aws:cloudwatch/logGroup:LogGroup"


def made(**args: Any) -> Graph:
    return make(lambda: cluster(STG, ClusterArgs(**args)))


def test_it_is_watched_and_sessions_are_logged() -> None:
    graph = made()
    found = graph.one(CLUSTER, "shop-stg-cluster").inputs
    assert found["settings"] == [{"name": "containerInsights", "value": "enabled"}]
    assert found["configuration"]["executeCommandConfiguration"] == {
        "logging": "OVERRIDE",
        "logConfiguration": {"cloudWatchLogGroupName": "/ecs/shop-stg/exec"},
    }
    group = graph.one(GROUP, "shop-stg-exec").inputs
    assert (group["name"], group["retentionInDays"]) == ("/ecs/shop-stg/exec", 30)


def test_sessions_are_not_logged_when_told_so() -> None:
    graph = made(exec_logging=False, container_insights="disabled")
    assert graph.one(CLUSTER, "shop-stg-cluster").inputs["configuration"] == {
        "executeCommandConfiguration": {"logging": "NONE"}
    }
    assert GROUP not in graph.types()


def test_the_log_of_container_insights_goes_with_the_cluster() -> None:
    """AWS would make it by itself, and keep it when the cluster is deleted."""
    graph = made()
    group = graph.one(GROUP, "shop-stg-insights").inputs
    assert (group["name"], group["retentionInDays"]) == (
        "/aws/ecs/containerinsights/shop-stg/performance",
        1,
    )
    assert graph.types().count(GROUP) == 2
    assert made(container_insights="disabled").types().count(GROUP) == 1


def test_the_first_capacity_is_what_a_task_gets_that_asks_for_none() -> None:
    graph = made(capacity=["FARGATE_SPOT", "FARGATE"])
    found = graph.one(CAPACITY, "shop-stg-cluster").inputs
    assert found["capacityProviders"] == ["FARGATE_SPOT", "FARGATE"]
    assert found["defaultCapacityProviderStrategies"] == [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    assert graph.result == "arn:aws:Cluster:shop-stg-cluster"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            {"container_insights": "on"},
            "cluster.create.container_insights is 'on'; allowed are 'disabled', 'enabled', 'enhanced'",
        ),
        ({"capacity": []}, "cluster.create.capacity is empty: give FARGATE, FARGATE_SPOT or both"),
        (
            {"capacity": ["EC2"]},
            "cluster.create.capacity is 'EC2'; allowed are 'FARGATE', 'FARGATE_SPOT'",
        ),
    ],
)
def test_what_ecs_would_refuse_is_refused_first(args: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        ClusterArgs(**args).validate("cluster.create")
    assert str(refused.value) == message
