"""Base and application apart give the service what one stack gives it: what the base exports is what the application reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from tests.unit.environment.configured import BASE, ROOT, CloudWithBase, as_sent, cloud_for, run
from tests.unit.environment.made import PASSWORD

FILE = ROOT / "Pulumi.local.yaml"
STACK = {"stack": "organization/migratable-ecs/base"}
DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
IN = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


def injected(base: Mapping[str, Any]) -> dict[str, str]:
    """Variable -> reference, of the service on a database of the stack `base`."""
    sent = as_sent(FILE, database=STACK)
    cloud = cloud_for(sent)
    assert isinstance(cloud, CloudWithBase)
    cloud.base = base
    graph = run(FILE, "local", cloud, database=STACK).graph
    (container,) = json.loads(graph.one(DEFINITION, "django-app").inputs["containerDefinitions"])
    return {each["name"]: each["valueFrom"] for each in container["secrets"]}


def test_a_base_of_an_older_version_says_that_the_password_is_in_the_secret_of_rds() -> None:
    found = injected({**BASE, "database_password": f"{PASSWORD}:password::"})
    assert found["DB_PASSWORD"] == f"{PASSWORD}:password::"
    assert found["DB_HOST"] == f"{BASE['database_secret_arn']}:host::"


def test_a_database_of_the_base_has_its_password_beside_the_rest() -> None:
    without = {key: value for key, value in BASE.items() if key != "database_password"}
    assert injected(without)["DB_PASSWORD"] == f"{BASE['database_secret_arn']}:operator_password::"


@cache
def base_outputs() -> dict[str, Any]:
    """Of a base stack that makes everything, without a service."""
    made = {
        "network": {"create": {}},
        "cluster": {"create": {}},
        "loadBalancer": {"create": {"allowedCidrs": ["10.0.0.0/16"]}},
        "database": {"create": {}},
    }
    nothing = ("service", "image", "ingress", "migration", "secrets", "containerPort", "registry")
    empty = {name: {} if name in ("ingress", "migration", "secrets", "registry") else "" for name in nothing}
    return run(FILE, "base", CloudWithBase(), **{**empty, "containerPort": "8000", **made}).outputs


def test_a_base_exports_all_that_an_application_reads() -> None:
    assert set(BASE) <= set(base_outputs())
    assert {"public_subnet_ids", "private_subnet_ids"} <= set(base_outputs())
    # The password is a key of the secret.
    assert "database_password" not in base_outputs()


def test_a_load_balancer_can_be_made_in_the_network_of_another_stack() -> None:
    base = {**BASE, "public_subnet_ids": ["subnet-p1", "subnet-p2"]}
    changes = {"network": STACK, "loadBalancer": {"create": {"allowedCidrs": ["10.0.0.0/16"]}}}
    cloud = cloud_for(as_sent(FILE, **changes))
    assert isinstance(cloud, CloudWithBase)
    cloud.base = base
    graph = run(FILE, "local", cloud, **changes).graph
    balancer = graph.one("aws:lb/loadBalancer:LoadBalancer", "django-app-balancer").inputs
    assert balancer["subnets"] == ["subnet-p1", "subnet-p2"]
    rule = graph.one(IN, "django-app-balancer-alb-to-tasks-0").inputs
    assert (rule["securityGroupId"], rule["fromPort"]) == ("sg-b", 8000)
