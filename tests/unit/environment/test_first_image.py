"""A registry that the stack makes itself is empty at first: the environment is made, and one line says what to push."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from migratable_ecs import InvalidArgument

from tests.unit.component.cloud import DIGEST, Cloud, PluginError
from tests.unit.environment.configured import FOUND, ROOT, Run, run

SERVICE, REPOSITORY = "aws:ecs/service:Service", "aws:ecr/repository:Repository"
GROUP = "aws:cloudwatch/getLogGroup:getLogGroup"
IMAGE = "aws:ecr/getImage:getImage"
NO_GROUP = PluginError(GROUP, "reading CloudWatch Logs Log Group (/ecs/django-app): empty result")
NO_REPOSITORY = PluginError(
    IMAGE, "RepositoryNotFoundException: The repository with name 'django-app' does not exist in the registry"
)


def deployed(
    images: Mapping[str, str], found: Mapping[str, Mapping[str, Any] | Exception], **changes: Any
) -> Run:
    cloud = Cloud(images=images, secrets=("learning-db-local",), found={**FOUND, **found})
    return run(ROOT / "Pulumi.local.yaml", "local", cloud, registry={"create": {}}, **changes)


@pytest.mark.parametrize("found", [{}, {IMAGE: NO_REPOSITORY}], ids=["no image", "no repository"])
def test_without_image_the_environment_is_made_and_one_line_says_what_to_push(
    found: Mapping[str, Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("pulumi.log.warn", said.append)
    made = deployed({}, {GROUP: NO_GROUP, **found})
    assert REPOSITORY in made.graph.types()
    assert SERVICE not in made.graph.types()
    assert "repository_url" in made.outputs
    assert said == [
        "push the image django-app:latest to the new registry, then `pulumi up` again: the service is left out until then"
    ]


def test_with_the_image_there_the_service_is_made() -> None:
    made = deployed({"django-app:latest": DIGEST}, {})
    assert {REPOSITORY, SERVICE} <= set(made.graph.types())


def test_a_service_that_is_there_is_never_left_out() -> None:
    with pytest.raises(
        InvalidArgument, match="image 'django-app:latest' has the tag 'latest', which does not exist: push it"
    ):
        deployed({"django-app:other": DIGEST}, {GROUP: {"arn": "arn:group"}})


def test_the_sign_of_it_has_the_name_that_the_component_gives() -> None:
    for changes, name in [
        ({}, "/ecs/django-app"),
        ({"task": {"family": "courses"}}, "/ecs/courses"),
        ({"names": {"logGroup": "/courses"}}, "/courses"),
    ]:
        assert deployed({}, {GROUP: NO_GROUP}, **changes).cloud.asked(GROUP) == [{"name": name}]


def test_an_image_of_another_repository_is_looked_up_as_ever() -> None:
    with pytest.raises(InvalidArgument, match="'other', which does not exist"):
        deployed({}, {GROUP: NO_GROUP}, image="other:latest")


def test_an_account_that_does_not_answer_is_no_empty_registry() -> None:
    denied = PluginError(IMAGE, "operation error ECR: DescribeImages, AccessDeniedException: not authorized")
    with pytest.raises(InvalidArgument, match=r"could not be looked up: .*AccessDeniedException"):
        deployed({}, {GROUP: NO_GROUP, IMAGE: denied})
