"""Base stack and application stack apart, the same program: the base is made once, the application stands on its outputs.

A cluster and a repository are made; what takes AWS minutes (network, load balancer, database) is looked up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import empty
from tests.e2e.stack import Stack
from tools.localcloud import example_images
from tools.localcloud.docker_api import Docker
from tools.localcloud.instance import LocalCloud

pytestmark = pytest.mark.docker

NAME = "split-app"
OF_THE_SERVICE = ("service", "image", "containerPort", "ingress", "migration", "secrets")
OF_THE_BASE = ("network", "cluster", "loadBalancer", "database")


def push(cloud: LocalCloud) -> str:
    """The example's v1 in the repository that the application has made; its digest."""
    env = cloud.env()
    docker = Docker(env["DOCKER_HOST"])
    repository = f"{env['AWS_ENDPOINT_URL'].removeprefix('http://')}/{NAME}"
    docker.tag(example_images.build(docker, "django", "v1"), repository, "latest")
    return docker.push(repository, "latest")


@pytest.fixture(scope="module")
def base(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    made = Stack(cloud, tmp_path_factory.mktemp("base"), name="split-base")
    made.configure(
        **dict.fromkeys(OF_THE_SERVICE),
        cluster={"create": {"clusterName": "split", "execLogging": False}},
    )
    yield made
    assert made.destroy().ok
    assert made.run("stack", "rm", made.name, "--yes").ok


@pytest.fixture(scope="module")
def application(base: Stack, cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    empty(cloud.db_dsn())
    made = Stack(cloud, tmp_path_factory.mktemp("application"), name="split-app")
    made.configure(
        **dict.fromkeys(OF_THE_BASE),
        base="organization/migratable-ecs/split-base",
        service=NAME,
        image=f"{NAME}:latest",
        registry={"create": {"keep": 3}},
    )
    yield made
    assert made.destroy().ok
    assert made.run("stack", "rm", made.name, "--yes").ok


def test_1_without_its_base_the_application_says_which_stack_is_missing(application: Stack) -> None:
    preview = application.preview()
    assert not preview.ok
    assert "organization/migratable-ecs/split-base" in preview.output
    assert "Traceback" not in preview.output


def test_2_the_base_makes_no_service(base: Stack) -> None:
    up = base.up()
    assert up.ok, up.output
    outputs = base.outputs()
    assert outputs["cluster_arn"].endswith(":cluster/split")
    assert {"vpc_id", "subnet_ids", "listener_arn", "database_secret_arn"} <= set(outputs)
    assert base.client("ecs").list_services(cluster="split")["serviceArns"] == []


def test_3_with_nothing_pushed_the_application_makes_its_registry_and_says_what_to_push(
    application: Stack,
) -> None:
    up = application.up()
    assert up.ok, up.output
    assert (
        f"push the image {NAME}:latest to the new registry, then `pulumi up` again: the service is left out until then"
        in up.output
    )
    assert application.outputs()["repository_url"].endswith(f"/{NAME}")


def test_4_with_the_image_there_it_runs_on_the_base(
    base: Stack, application: Stack, cloud: LocalCloud
) -> None:
    digest = push(cloud)
    up = application.up()
    assert up.ok, up.output
    outputs: dict[str, Any] = application.outputs()
    assert outputs["cluster"] == base.outputs()["cluster_arn"]
    assert (outputs["image_digest"], outputs["migration_status"]) == (digest, "succeeded")
    assert application.page()["version"] == "v1"


def test_5_neither_has_anything_to_do_afterwards(base: Stack, application: Stack) -> None:
    assert application.preview("--expect-no-changes").ok
    for stack in (base, application):
        preview = stack.preview("--refresh", "--expect-no-changes")
        assert preview.ok, preview.output
