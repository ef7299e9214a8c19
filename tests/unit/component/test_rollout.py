"""How the service runs and replaces its tasks, and how others find it: every argument arrives, what contradicts itself is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from migratable_ecs.args import (
    BlueGreenArgs,
    CapacityProviderArgs,
    DiscoveryArgs,
    MigratableEcsServiceArgs,
    RolloutArgs,
    ServiceConnectArgs,
    build,
)
from migratable_ecs.ecs_service import launch_parameters

from tests.unit.component.cloud import MIGRATION_RUN, Graph
from tests.unit.component.service import arguments, deployed
from tests.unit.component.test_refusals import refusal

pytestmark = pytest.mark.thorough(keep=3)

SERVICE, ROLE, POLICY = "aws:ecs/service:Service", "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
RULE, TARGET_GROUP = "aws:lb/listenerRule:ListenerRule", "aws:lb/targetGroup:TargetGroup"
CLOUD_MAP = "aws:servicediscovery/service:Service"
SPOT = [{"name": "FARGATE", "base": 1}, {"name": "FARGATE_SPOT", "weight": 3}]
STRATEGY = [
    {"capacityProvider": "FARGATE", "weight": 1, "base": 1},
    {"capacityProvider": "FARGATE_SPOT", "weight": 3, "base": 0},
]

#: Argument, value, key of the service, what arrives there.
ARRIVALS: list[tuple[str, Any, str, Any]] = [
    ("minimum_healthy_percent", 50, "deploymentMinimumHealthyPercent", 50),
    ("maximum_percent", 150, "deploymentMaximumPercent", 150),
    ("circuit_breaker", False, "deploymentCircuitBreaker", {"enable": False, "rollback": False}),
    ("rollback", False, "deploymentCircuitBreaker", {"enable": True, "rollback": False}),
    ("grace_period", 5, "healthCheckGracePeriodSeconds", 5),
    ("grace_period", 0, "healthCheckGracePeriodSeconds", 0),
    ("capacity_providers", SPOT, "capacityProviderStrategies", STRATEGY),
    ("platform_version", "1.4.0", "platformVersion", "1.4.0"),
    ("execute_command", True, "enableExecuteCommand", True),
    ("zone_rebalancing", False, "availabilityZoneRebalancing", "DISABLED"),
    ("propagate_tags", "TASK_DEFINITION", "propagateTags", "TASK_DEFINITION"),
    ("managed_tags", False, "enableEcsManagedTags", False),
    ("force_new_deployment", True, "forceNewDeployment", True),
    ("redeploy_triggers", {"key": "2"}, "triggers", {"key": "2"}),
    ("redeploy_triggers", {"key": "2"}, "forceNewDeployment", True),
    (
        "blue_green",
        {"bake_minutes": 10},
        "deploymentConfiguration",
        {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": "10"},
    ),
]


def service(graph: Graph) -> Mapping[str, Any]:
    return graph.one(SERVICE).inputs


@pytest.mark.parametrize(
    ("name", "value", "key", "arrived"), ARRIVALS, ids=[f"{a[0]}-{n}" for n, a in enumerate(ARRIVALS)]
)
@pytest.mark.thorough(keep=4)
def test_it_arrives(name: str, value: Any, key: str, arrived: Any) -> None:
    assert service(deployed(rollout={name: value}))[key] == arrived


def test_no_argument_is_left_out() -> None:
    # What restart_on makes is beside the service: test_restarts.py.
    assert {field.name for field in fields(RolloutArgs)} == {name for name, *_ in ARRIVALS} | {"restart_on"}
    assert {field.name for field in fields(CapacityProviderArgs)} == {"name", "weight", "base"}
    assert {field.name for field in fields(BlueGreenArgs)} == {
        "bake_minutes",
        "test_listener_rule_arn",
        "role_arn",
    }
    assert {field.name for field in fields(DiscoveryArgs)} == {"namespace_id", "service", "record", "ttl"}
    assert {field.name for field in fields(ServiceConnectArgs)} == {
        "namespace",
        "port_name",
        "dns_name",
        "port",
    }


def test_what_is_not_said_is_written_out() -> None:
    found = service(deployed())
    assert (found["deploymentMinimumHealthyPercent"], found["deploymentMaximumPercent"]) == (100, 200)
    assert found["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert (found["launchType"], found["enableExecuteCommand"], found["healthCheckGracePeriodSeconds"]) == (
        "FARGATE",
        False,
        60,
    )
    assert (found["availabilityZoneRebalancing"], found["propagateTags"]) == ("ENABLED", "SERVICE")
    assert not {
        "capacityProviderStrategies",
        "deploymentConfiguration",
        "forceNewDeployment",
        "triggers",
    } & set(found)


def test_with_capacity_providers_there_is_no_launch_type() -> None:
    assert "launchType" not in service(deployed(rollout={"capacity_providers": SPOT}))


def test_the_migration_s_task_runs_on_the_capacity_of_the_service() -> None:
    def launch(**rollout: Any) -> Any:
        graph = deployed(rollout=rollout)
        found = graph.one(MIGRATION_RUN, "web-migrate").inputs["launch"]
        assert found == launch_parameters(build(MigratableEcsServiceArgs, arguments(rollout=rollout)))
        return found

    assert launch() == {"launchType": "FARGATE"}
    assert launch(capacity_providers=SPOT) == {"capacityProviderStrategy": STRATEGY}
    assert launch(platform_version="1.4.0") == {"launchType": "FARGATE", "platformVersion": "1.4.0"}


def test_a_shell_in_the_task_needs_the_task_role_and_only_then_it_may() -> None:
    def actions(graph: Graph) -> set[str]:
        policies = [each for each in graph.resources if each.type == POLICY]
        found = [json.loads(each.inputs["policy"])["Statement"] for each in policies]
        return {action for statements in found for each in statements for action in each["Action"]}

    needed = {
        f"ssmmessages:{verb}{channel}Channel"
        for verb in ("Create", "Open")
        for channel in ("Control", "Data")
    }
    assert needed <= actions(deployed(rollout={"execute_command": True}))
    assert not needed & actions(deployed())


# -- blue/green: mocks only, since the Terraform AWS provider 5.100 under the local plugin does not have ECS's own ----


def test_blue_green_has_two_target_groups_alike_and_one_rule_for_both() -> None:
    graph = deployed(rollout={"blue_green": {}}, ingress__health_check_path="/healthz")
    blue, green = (dict(graph.one(TARGET_GROUP, name).inputs) for name in ("web", "web-alternate"))
    assert (blue.pop("name"), green.pop("name")) == ("web", "web-alternate")
    assert blue == green
    (action,) = graph.one(RULE).inputs["actions"]
    weights = {group["arn"]: group["weight"] for group in action["forward"]["targetGroups"]}
    assert weights == {"arn:aws:TargetGroup:web": 100, "arn:aws:TargetGroup:web-alternate": 0}


def test_the_service_knows_where_to_move_the_requests() -> None:
    graph = deployed(rollout={"blue_green": {"test_listener_rule_arn": "arn:test-rule"}})
    (balancer,) = service(graph)["loadBalancers"]
    assert balancer["advancedConfiguration"] == {
        "alternateTargetGroupArn": "arn:aws:TargetGroup:web-alternate",
        "productionListenerRule": "arn:aws:ListenerRule:web",
        "testListenerRule": "arn:test-rule",
        "roleArn": "arn:aws:Role:web-blue-green",
    }
    assert f"{POLICY}::web-blue-green" in graph.waits_for(SERVICE)


def test_the_role_may_move_these_requests_and_no_others() -> None:
    graph = deployed(rollout={"blue_green": {"test_listener_rule_arn": "arn:test-rule"}})
    statements = json.loads(graph.one(POLICY, "web-blue-green").inputs["policy"])["Statement"]
    allowed = {action.partition(":")[2]: each["Resource"] for each in statements for action in each["Action"]}
    groups = ["arn:aws:TargetGroup:web", "arn:aws:TargetGroup:web-alternate"]
    assert allowed.pop("RegisterTargets") == allowed.pop("DeregisterTargets") == groups
    assert allowed.pop("ModifyRule") == ["arn:aws:ListenerRule:web", "arn:test-rule"]
    assert allowed.pop("ModifyListener") == ["arn:listener"]
    assert {name: on for name, on in allowed.items() if on != ["*"]} == {}
    assert all(name.startswith("Describe") for name in allowed)


def test_the_security_page_gives_a_reason_for_each_action_and_for_no_other() -> None:
    page = (Path(__file__).parents[3] / "docs" / "security.md").read_text(encoding="utf-8")
    table = page.partition("## The role of a blue/green deployment")[2].partition("\n## ")[0]
    documented = set(re.findall(r"^\| `([a-z]+:[A-Za-z]+)` \|", table, re.MULTILINE))
    policy = deployed(rollout={"blue_green": {}}).one(POLICY, "web-blue-green").inputs["policy"]
    assert documented == {action for each in json.loads(policy)["Statement"] for action in each["Action"]}


def test_a_role_given_is_used() -> None:
    graph = deployed(rollout={"blue_green": {"role_arn": "arn:role"}})
    assert service(graph)["loadBalancers"][0]["advancedConfiguration"]["roleArn"] == "arn:role"
    assert not [each for each in graph.resources if each.name == "web-blue-green"]


# -- others find it -------------------------------------------------------------------------------------------------


def test_cloud_map_has_an_entry_with_the_addresses_of_the_tasks() -> None:
    graph = deployed(discovery={"namespace_id": "ns-1", "ttl": 5})
    entry = graph.one(CLOUD_MAP).inputs
    assert entry["name"] == "web"
    assert entry["dnsConfig"] == {
        "namespaceId": "ns-1",
        "routingPolicy": "MULTIVALUE",
        "dnsRecords": [{"type": "A", "ttl": 5}],
    }
    assert service(graph)["serviceRegistries"] == {"registryArn": "arn:aws:Service:web"}


def test_an_srv_record_has_the_port_too() -> None:
    graph = deployed(discovery={"namespace_id": "ns-1", "record": "SRV", "service": "api"})
    assert graph.one(CLOUD_MAP).inputs["name"] == "api"
    assert service(graph)["serviceRegistries"] == {
        "registryArn": "arn:aws:Service:web",
        "containerName": "app",
        "containerPort": 8000,
    }


# -- Service Connect: mocks only, since the local cloud stores it but runs no proxy -----------------------------------


def test_service_connect_offers_the_named_port() -> None:
    port = {"ports": [{"container_port": 8000, "name": "http"}]}
    found = deployed(
        container=port, service_connect={"namespace": "shop", "port_name": "http", "dns_name": "api"}
    )
    assert service(found)["serviceConnectConfiguration"] == {
        "enabled": True,
        "namespace": "shop",
        "services": [
            {"portName": "http", "discoveryName": "api", "clientAlias": [{"dnsName": "api", "port": 8000}]}
        ],
    }
    other = deployed(container=port, service_connect={"port_name": "http", "port": 80})
    assert service(other)["serviceConnectConfiguration"]["services"][0]["clientAlias"] == [
        {"dnsName": "web", "port": 80}
    ]


def test_service_connect_without_a_port_only_calls_others() -> None:
    assert service(deployed(service_connect={}))["serviceConnectConfiguration"] == {"enabled": True}


#: Changed arguments, and the whole sentence.
REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {
            "rollout": {"blue_green": {}},
            "scaling": {"minimum": 1, "maximum": 2, "requests_per_target": 100},
        },
        "Only one of scaling.requests_per_target and rollout.blue_green can be provided: AWS counts the requests of one target group, and "
        "blue/green moves them to the other; give scaling.cpu instead",
    ),
    (
        {"rollout": {"maximum_percent": 100}},
        "rollout.minimum_healthy_percent and rollout.maximum_percent are both 100, so that no task could be replaced: lower the first or "
        "raise the second",
    ),
    (
        {"rollout": {"maximum_percent": 100, "minimum_healthy_percent": 0}},
        "rollout.maximum_percent is 100, with which ECS cannot rebalance zones: raise it, or give zone_rebalancing=False",
    ),
    (
        {"rollout": {"capacity_providers": [{"name": "SPOT"}]}},
        "rollout.capacity_providers[0].name is 'SPOT'; allowed are 'FARGATE', 'FARGATE_SPOT'",
    ),
    (
        {"rollout": {"capacity_providers": [{"name": "FARGATE"}, {"name": "FARGATE"}]}},
        "rollout.capacity_providers has ['FARGATE', 'FARGATE']; give each provider once",
    ),
    (
        {
            "rollout": {
                "capacity_providers": [{"name": "FARGATE", "base": 1}, {"name": "FARGATE_SPOT", "base": 1}]
            }
        },
        "rollout.capacity_providers has a base for 2 providers; only one of them can have it, give 0 to the other",
    ),
    (
        {"rollout": {"capacity_providers": [{"name": "FARGATE", "weight": 0}]}},
        "rollout.capacity_providers has no weight above 0: give one, such as weight=1",
    ),
    (
        {"rollout": {"capacity_providers": {"name": "FARGATE"}}},
        "rollout.capacity_providers is of type dict; give a list of CapacityProviderArgs",
    ),
    (
        {"rollout": {"platform_version": "new"}},
        "rollout.platform_version is 'new'; give LATEST or a version such as '1.4.0'",
    ),
    ({"rollout": {"rollback": "yes"}}, "rollout.rollback is 'yes'; give True or False"),
    (
        {"rollout": {"grace_period": 5}, "ingress": ..., "container_port": ...},
        "rollout.grace_period needs ingress, whose health checks it delays: give ingress, or leave it out",
    ),
    (
        {"rollout": {"blue_green": {}}, "ingress": ...},
        "rollout.blue_green needs ingress, whose requests it moves: give ingress, or leave it out",
    ),
    (
        {"rollout": {"blue_green": {}}, "ingress__stickiness": {}},
        "Only one of rollout.blue_green and ingress.stickiness can be provided: sticky clients would stay on the old version",
    ),
    ({"discovery": {}}, "discovery lacks 'namespace_id': give a value, see DiscoveryArgs"),
    (
        {"discovery": {"namespace_id": "ns-1", "record": "SRV"}, "ingress": ..., "container_port": ...},
        "discovery.record is 'SRV', which needs container_port: give it, or 'A'",
    ),
    (
        {"service_connect": {"port_name": "http"}},
        "service_connect.port_name is 'http', but container.ports names none: give a port that name, such as "
        "container={'ports': [{'container_port': 8000, 'name': 'http'}]}",
    ),
    (
        {"service_connect": {"dns_name": "api"}},
        "service_connect has a dns_name or port but no port_name: give the name of the container's port, or leave both out",
    ),
]


@pytest.mark.parametrize(("changes", "sentence"), REFUSED, ids=[str(n) for n in range(len(REFUSED))])
def test_it_is_refused(changes: dict[str, Any], sentence: str) -> None:
    assert refusal("web", arguments(**changes)) == sentence
