"""Requests reach the service through a rule with a fixed priority on a listener that is there already."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.component.service import arguments, deployed
from tests.unit.component.test_refusals import refusal

pytestmark = pytest.mark.thorough(keep=3)

RULE, TARGET_GROUP, SERVICE = (
    "aws:lb/listenerRule:ListenerRule",
    "aws:lb/targetGroup:TargetGroup",
    "aws:ecs/service:Service",
)


def test_the_rule_has_the_priority_given_and_forwards_to_the_target_group() -> None:
    graph = deployed(ingress__priority=4321)
    rule = graph.one(RULE).inputs
    assert rule["listenerArn"] == "arn:listener"
    assert rule["priority"] == 4321
    assert [(a["type"], a["targetGroupArn"]) for a in rule["actions"]] == [
        ("forward", "arn:aws:TargetGroup:web")
    ]


@pytest.mark.parametrize(
    ("hosts", "paths", "conditions"),
    [
        ([], ["/*"], [{"pathPattern": {"values": ["/*"]}}]),
        (["a.test"], [], [{"hostHeader": {"values": ["a.test"]}}]),
        (
            ["a.test", "b.test"],
            ["/api/*"],
            [{"hostHeader": {"values": ["a.test", "b.test"]}}, {"pathPattern": {"values": ["/api/*"]}}],
        ),
    ],
)
def test_host_and_path_must_both_match(hosts: list[str], paths: list[str], conditions: Any) -> None:
    graph = deployed(ingress__host_headers=hosts, ingress__path_patterns=paths)
    assert graph.one(RULE).inputs["conditions"] == conditions


def test_the_target_group_takes_addresses_and_asks_for_health() -> None:
    graph = deployed(
        ingress__health_check_path="/healthz",
        ingress__health_check_matcher="200-299",
        ingress__health_check_interval=20,
        ingress__deregistration_delay=5,
    )
    group = graph.one(TARGET_GROUP).inputs
    assert (group["targetType"], group["port"], group["protocol"], group["vpcId"]) == (
        "ip",
        8000,
        "HTTP",
        "vpc-1",
    )
    assert group["deregistrationDelay"] == 5
    check = group["healthCheck"]
    assert (check["path"], check["matcher"], check["interval"]) == ("/healthz", "200-299", 20)
    assert check["timeout"] < 5, "a check must end before the shortest interval"


def test_another_port_of_the_container_does_not_replace_the_target_group() -> None:
    """With targets by address the group's own port says nothing, and a second group of the same name cannot be made."""
    group = deployed(container_port=9000).one(TARGET_GROUP)
    assert group.ignored == ("port",)
    assert deployed(container_port=9000).one(SERVICE).inputs["loadBalancers"][0]["containerPort"] == 9000


def test_the_service_registers_its_container_there() -> None:
    assert deployed().one(SERVICE).inputs["loadBalancers"] == [
        {"targetGroupArn": "arn:aws:TargetGroup:web", "containerName": "app", "containerPort": 8000}
    ]


def test_without_ingress_there_is_no_rule_and_no_target_group() -> None:
    graph = deployed(ingress=...)
    assert not [each.type for each in graph.resources if each.type.startswith("aws:lb/")]
    assert not graph.one(SERVICE).inputs.get("loadBalancers")
    assert "healthCheckGracePeriodSeconds" not in graph.one(SERVICE).inputs


# -- a sidecar in front of the app ----------------------------------------------------------------------------------

NGINX: dict[str, Any] = {
    "image": "public.ecr.aws/nginx/nginx@sha256:" + "f" * 64,
    "ports": [{"container_port": 8080}],
}


def in_front(sidecar: dict[str, Any] | None = None, **ingress: Any) -> dict[str, Any]:
    """Arguments of an app behind a sidecar."""
    changes = {f"ingress__{name}": value for name, value in ingress.items()}
    return {"sidecars": {"nginx": sidecar or NGINX}, **changes}


def test_requests_go_to_the_sidecar_that_is_named_at_its_only_port() -> None:
    graph = deployed(**in_front(container_name="nginx"))
    (balancer,) = graph.one(SERVICE).inputs["loadBalancers"]
    assert (balancer["containerName"], balancer["containerPort"]) == ("nginx", 8080)
    assert graph.one(TARGET_GROUP).inputs["port"] == 8080


def test_the_app_behind_it_needs_no_port() -> None:
    graph = deployed(container_port=..., **in_front(container_name="nginx", container_port=8080))
    (balancer,) = graph.one(SERVICE).inputs["loadBalancers"]
    assert (balancer["containerName"], balancer["containerPort"]) == ("nginx", 8080)


def test_the_app_may_be_called_at_another_of_its_ports() -> None:
    more = {"ports": [{"container_port": 9100}]}
    (balancer,) = deployed(container=more, ingress__container_port=9100).one(SERVICE).inputs["loadBalancers"]
    assert (balancer["containerName"], balancer["containerPort"]) == ("app", 9100)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            in_front(container_name="ngnix"),
            "ingress.container_name is 'ngnix', which is no container of the app's task; it has app, nginx (did you mean 'nginx'?)",
        ),
        (
            in_front(container_name="nginx", container_port=8000),
            "ingress.container_port is 8000; give a tcp port of the container 'nginx', which has 8080",
        ),
        (
            in_front({**NGINX, "ports": [{"container_port": 8080}, {"container_port": 8443}]}, container_name="nginx"),
            "ingress.container_port is missing; give a tcp port of the container 'nginx', which has 8080, 8443",
        ),
        (
            in_front({"image": NGINX["image"]}, container_name="nginx"),
            "ingress.container_port is missing; give a tcp port of the container 'nginx', which has none: give its ports",
        ),
        (
            in_front({**NGINX, "ports": [{"container_port": 53, "protocol": "udp"}]}, container_name="nginx", container_port=53),
            "ingress.container_port is 53; give a tcp port of the container 'nginx', which has none: give its ports",
        ),
        (
            {"ingress__container_port": 9000},
            "ingress.container_port is 9000; give a tcp port of the container 'app', which has 8000",
        ),
        ({"container_port": ...}, "container_port is missing: ingress needs the port that the app listens on"),
    ],
    ids=["no-container", "not-its-port", "two-ports", "no-port", "udp", "not-the-app-s", "no-port-of-the-app"],
)  # fmt: skip
def test_a_container_that_cannot_be_reached_is_refused(given: dict[str, Any], sentence: str) -> None:
    assert refusal("web", arguments(**given)) == sentence
