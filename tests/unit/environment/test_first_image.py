"""A registry that the stack makes itself is empty at first: the environment is made, and one line says what to push."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from migratable_ecs import InvalidArgument

from tests.unit.component.cloud import DIGEST, Cloud, PluginError
from tests.unit.environment.configured import FOUND, ROOT, Run, run

SERVICE, REPOSITORY = "aws:ecs/service:Service", "aws:ecr/repository:Repository"
GROUPS = "aws:cloudwatch/getLogGroups:getLogGroups"
REPOSITORIES = "aws:ecr/getRepositories:getRepositories"
IMAGE = "aws:ecr/getImage:getImage"
#: The account before the first update, and after it.
FIRST: Mapping[str, Mapping[str, Any]] = {GROUPS: {"logGroupNames": []}, REPOSITORIES: {"names": []}}
EMPTY: Mapping[str, Mapping[str, Any]] = {**FIRST, REPOSITORIES: {"names": ["django-app"]}}


def deployed(
    images: Mapping[str, str], found: Mapping[str, Mapping[str, Any] | Exception], **changes: Any
) -> Run:
    cloud = Cloud(images=images, secrets=("learning-db-local",), found={**FOUND, **found})
    return run(ROOT / "Pulumi.local.yaml", "local", cloud, registry={"create": {}}, **changes)


@pytest.mark.parametrize("found", [FIRST, EMPTY], ids=["no repository", "no image in it"])
def test_without_image_the_environment_is_made_and_one_line_says_what_to_push(
    found: Mapping[str, Mapping[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("pulumi.log.warn", said.append)
    made = deployed({}, found)
    assert REPOSITORY in made.graph.types()
    assert SERVICE not in made.graph.types()
    assert "repository_url" in made.outputs
    assert said == [
        "push the image django-app:latest to the new registry, then `pulumi up` again: the service is left out until then"
    ]


def test_with_the_image_there_the_service_is_made() -> None:
    made = deployed({"django-app:latest": DIGEST}, EMPTY)
    assert {REPOSITORY, SERVICE} <= set(made.graph.types())


def test_nothing_is_looked_up_that_fails_in_the_first_update() -> None:
    assert deployed({}, FIRST).cloud.asked(IMAGE) == []


def test_a_service_that_is_there_is_never_left_out() -> None:
    there = {**EMPTY, GROUPS: {"logGroupNames": ["/ecs/django-app"]}}
    with pytest.raises(
        InvalidArgument, match="image 'django-app:latest' has the tag 'latest', which does not exist: push it"
    ):
        deployed({"django-app:other": DIGEST}, there)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "/ecs/django-app"),
        ({"task": {"family": "courses"}}, "/ecs/courses"),
        ({"names": {"logGroup": "/courses"}}, "/courses"),
    ],
)
def test_the_sign_of_it_has_the_name_that_the_component_gives(changes: dict[str, Any], name: str) -> None:
    assert deployed({}, FIRST, **changes).cloud.asked(GROUPS) == [{"logGroupNamePrefix": name}]
    others = {**FIRST, GROUPS: {"logGroupNames": [f"{name}-migrate", f"{name}-2"]}}
    assert SERVICE not in deployed({}, others, **changes).graph.types()


def test_an_image_of_another_repository_is_looked_up_as_ever() -> None:
    with pytest.raises(InvalidArgument, match="'other', which does not exist"):
        deployed({}, FIRST, image="other:latest")


@pytest.mark.parametrize("token", [GROUPS, REPOSITORIES, IMAGE])
def test_an_account_that_does_not_answer_is_no_empty_registry(token: str) -> None:
    denied = PluginError(token, "operation error, AccessDeniedException: not authorized")
    with pytest.raises(InvalidArgument, match=r"could not be looked up: .*AccessDeniedException"):
        deployed({}, {**EMPTY, token: denied})
