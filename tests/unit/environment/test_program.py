"""The program, `__main__.py`, run against mocks with the stacks of the repository."""

from __future__ import annotations

from functools import cache
from typing import Any

from tests.unit.component.cloud import DIGEST, MIGRATION_RUN
from tests.unit.environment.configured import FOUND, ROOT, CloudWithBase, Run, config_of, run
from tests.unit.environment.made import SECRET

SERVICE, RULE, DEFINITION = (
    "aws:ecs/service:Service",
    "aws:lb/listenerRule:ListenerRule",
    "aws:ecs/taskDefinition:TaskDefinition",
)
NETWORK, DATABASE, CLUSTER, BALANCER, REGISTRY = (
    "awsx:ec2:Vpc",
    "aws:rds/instance:Instance",
    "aws:ecs/cluster:Cluster",
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:ecr/repository:Repository",
)


@cache
def deployed(stack: str, *, first: bool = False) -> Run:
    """A run with the stack's file; unless it is the first, the image has been pushed."""
    file = ROOT / f"Pulumi.{stack}.yaml"
    image = config_of(file)["migratable-ecs:image"]
    there = {"aws:ecr/getRepositories:getRepositories": {"names": [] if first else [image.partition(":")[0]]}}
    secrets = ("learning-db-local", f"learning-app-{stack}")
    images = {} if first else {image: DIGEST}
    return run(file, stack, CloudWithBase(images=images, secrets=secrets, found={**FOUND, **there}))


def one(found: Run, type_: str) -> dict[str, Any]:
    (only,) = [each.inputs for each in found.graph.resources if each.type == type_]
    return dict(only)


def test_local_adds_the_service_to_what_is_there() -> None:
    found = deployed("local")
    graph, outputs = found.graph, found.outputs
    service = graph.one(SERVICE, "django-app").inputs
    assert service["cluster"] == outputs["cluster"] == "arn:cluster"
    assert service["networkConfiguration"]["subnets"] == ["subnet-1"]
    assert service["networkConfiguration"]["securityGroups"] == ["sg-1"]
    assert graph.one(RULE, "django-app").inputs["listenerArn"] == "arn:listener"
    assert f"{MIGRATION_RUN}::django-app-migrate" in graph.one(SERVICE, "django-app").waits_for
    assert outputs["image_digest"] == DIGEST
    assert outputs["url"] == "http://lb.test/"
    assert outputs["migration_log_group"] == "/ecs/django-app-migrate"
    made = ("aws:ec2/", "awsx:", "aws:ecr/", "aws:rds/", CLUSTER, BALANCER, "aws:lb/listener:")
    assert not [type_ for type_ in graph.types() if type_.startswith(made)]


def test_stg_makes_everything() -> None:
    found = deployed("stg")
    assert {NETWORK, DATABASE, CLUSTER, BALANCER, REGISTRY, SERVICE} <= set(found.graph.types())
    assert found.outputs["url"] == "https://app.stg.example.com/"
    assert one(found, DATABASE)["deletionProtection"] is False


def test_the_first_update_makes_all_but_the_service() -> None:
    first, next_ = deployed("stg", first=True), deployed("stg")
    service = next(each.urn for each in next_.graph.resources if "MigratableEcsService::" in each.urn)
    of_the_service = service.split("::")[2]
    rest = {(each.type, each.name) for each in next_.graph.resources if of_the_service not in each.urn}
    assert {(each.type, each.name) for each in first.graph.resources} == rest


def test_prod_cannot_lose_its_data_by_mistake() -> None:
    found = deployed("prod")
    database = one(found, DATABASE)
    assert (database["deletionProtection"], database["storageEncrypted"], database["multiAz"]) == (True,) * 3
    assert database["skipFinalSnapshot"] is False
    assert one(found, REGISTRY)["imageTagMutability"] == "IMMUTABLE"
    assert found.graph.one(MIGRATION_RUN, "learning-app-prod-migrate").inputs["protected"] is True


def test_the_backup_of_prod_is_of_the_database_that_is_made() -> None:
    found = deployed("prod")
    backup = found.graph.one(MIGRATION_RUN, "learning-app-prod-migrate").inputs["backup"]
    assert backup["instance"] == one(found, DATABASE)["identifier"]


def test_sizes_and_counts_of_the_stack_arrive() -> None:
    graph = deployed("prod").graph
    assert graph.one(SERVICE, "learning-app-prod").inputs["desiredCount"] == 3
    assert graph.one(DEFINITION, "learning-app-prod").inputs["memory"] == "1024"
    assert graph.one(DEFINITION, "learning-app-prod-migrate").inputs["memory"] == "2048"


def test_the_password_is_read_from_the_secret_that_follows_its_rotation() -> None:
    container = deployed("stg").graph.container("learning-app-stg-migrate")
    secrets = {each["name"]: each["valueFrom"] for each in container["secrets"]}
    assert secrets["DB_HOST"] == f"{SECRET}:host::"
    assert secrets["DB_PASSWORD"] == f"{SECRET}:operator_password::"


def test_the_program_fits_a_page() -> None:
    assert len((ROOT / "__main__.py").read_text(encoding="utf-8").splitlines()) <= 60
