"""Promise P1: app and migration always carry the same `repository@sha256:…`."""

from __future__ import annotations

import pulumi
import pytest
from migratable_ecs import InvalidArgument, MigratableEcsService

from tests.unit.component.cloud import DIGEST, MIGRATION_RUN, REGION, REGISTRY, Cloud, PluginError, deploy
from tests.unit.component.service import arguments, deployed

pytestmark = pytest.mark.thorough(keep=3)

GET_IMAGE = "aws:ecr/getImage:getImage"
OTHER = "sha256:" + "b" * 64


def test_app_and_migration_carry_the_digest_of_the_tag() -> None:
    graph = deployed()
    assert graph.container("web")["image"] == f"{REGISTRY}/app@{DIGEST}"
    assert graph.container("web-migrate")["image"] == f"{REGISTRY}/app@{DIGEST}"


def test_the_migration_run_is_triggered_by_that_digest() -> None:
    run = deployed().one(MIGRATION_RUN, "web-migrate")
    assert run.inputs["image_digest"] == DIGEST
    assert run.inputs["image"] == f"{REGISTRY}/app@{DIGEST}"


def test_a_moved_tag_moves_both() -> None:
    graph = deployed(Cloud(images={"app:v1": OTHER}))
    assert {graph.container(name)["image"] for name in ("web", "web-migrate")} == {f"{REGISTRY}/app@{OTHER}"}


def test_the_tag_is_asked_for_once() -> None:
    cloud = Cloud()
    deployed(cloud)
    assert [(call["repositoryName"], call["imageTag"]) for call in cloud.asked(GET_IMAGE)] == [("app", "v1")]


def test_a_digest_is_taken_as_it_is() -> None:
    cloud = Cloud()
    graph = deployed(cloud, image=f"app@{OTHER}")
    assert graph.container()["image"] == f"{REGISTRY}/app@{OTHER}"
    assert cloud.asked(GET_IMAGE) == []


def test_of_tag_and_digest_the_digest_counts() -> None:
    cloud = Cloud()
    assert deployed(cloud, image=f"app:v9@{OTHER}").container()["image"] == f"{REGISTRY}/app@{OTHER}"
    assert cloud.asked(GET_IMAGE) == []


def test_the_registry_of_another_account_is_asked_there() -> None:
    cloud = Cloud()
    deployed(cloud, image=f"999999999999.dkr.ecr.{REGION}.amazonaws.com/app:v1")
    assert [call["registryId"] for call in cloud.asked(GET_IMAGE)] == ["999999999999"]


def test_another_registry_is_taken_by_digest_and_ecr_is_not_asked() -> None:
    cloud = Cloud()
    graph = deployed(cloud, image=f"ghcr.io/team/app@{OTHER}")
    assert graph.container("web-migrate")["image"] == f"ghcr.io/team/app@{OTHER}"
    assert not [token for token, _ in cloud.calls if "ecr" in token]


def test_an_image_known_only_later_is_resolved_then() -> None:
    def program() -> None:
        MigratableEcsService("web", arguments(image=pulumi.Output.from_input("app:v1")))

    graph = deploy(program)
    assert (
        graph.container("web")["image"]
        == graph.container("web-migrate")["image"]
        == f"{REGISTRY}/app@{DIGEST}"
    )


@pytest.mark.parametrize(
    ("image", "sentence"),
    [
        (
            "app:v9",
            "image 'app:v9' has the tag 'v9', which does not exist: push it, or give a tag that is there "
            "(`aws ecr describe-images --repository-name app`)",
        ),
        (
            "shop:v1",
            "image 'shop:v1' is in the ECR repository 'shop', which does not exist: correct it, create the repository "
            "(`aws ecr create-repository --repository-name shop`), or check aws:region and the account",
        ),
    ],
)
def test_what_is_not_in_ecr_is_refused_before_anything_of_the_service_is_made(
    image: str, sentence: str
) -> None:
    cloud = Cloud()
    with pytest.raises(InvalidArgument) as refused:
        deployed(cloud, image=image)
    assert str(refused.value) == sentence
    assert not [type_ for type_ in cloud.registered if type_.startswith("aws:")]


def test_the_plugin_being_unreachable_is_not_called_a_missing_image() -> None:
    token = "aws:ecr/getRepository:getRepository"
    with pytest.raises(InvalidArgument) as refused:
        deployed(Cloud(found={token: PluginError(token, "ExpiredToken: the token has expired")}))
    assert str(refused.value) == (
        "image 'app:v1' is in the ECR repository 'app', which could not be looked up: ExpiredToken: the token has expired; "
        "check aws:region and the credentials, then try again"
    )


def test_the_component_says_which_digest_it_deployed() -> None:
    def program() -> pulumi.Output[str]:
        return MigratableEcsService("web", arguments()).image_digest

    assert deploy(program).result == DIGEST
