"""A registry that the stack makes itself is empty at first: the environment is made, and one line says what to push."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from migratable_ecs import InvalidArgument
from migratable_ecs.environment import image_to_push

from tests.unit.component.cloud import DIGEST, Cloud, PluginError, deploy
from tests.unit.environment.configured import FOUND, ROOT, run, settings_of

LOCAL = ROOT / "Pulumi.local.yaml"

SERVICE, REPOSITORY = "aws:ecs/service:Service", "aws:ecr/repository:Repository"
GROUPS = "aws:cloudwatch/getLogGroups:getLogGroups"
REPOSITORIES = "aws:ecr/getRepositories:getRepositories"
IMAGE = "aws:ecr/getImage:getImage"
#: The account before the first update, and after it.
FIRST: Mapping[str, Mapping[str, Any]] = {GROUPS: {"logGroupNames": []}, REPOSITORIES: {"names": []}}
EMPTY: Mapping[str, Mapping[str, Any] | Exception] = {
    **FIRST,
    REPOSITORIES: {"names": ["django-app"]},
    IMAGE: PluginError(IMAGE, "reading ECR Images: couldn't find resource"),
}


def asked(found: Mapping[str, Mapping[str, Any] | Exception], **changes: Any) -> tuple[str | None, Cloud]:
    """What is to be pushed before the service can be, and what was asked for."""
    cloud = Cloud(found={**FIRST, **found})
    settings = settings_of(LOCAL, **{"registry": {"create": {}}, **changes})
    return deploy(lambda: image_to_push(settings), cloud).result, cloud


@pytest.mark.parametrize("found", [FIRST, EMPTY], ids=["no repository", "no image in it"])
def test_without_image_the_environment_is_made_and_one_line_says_what_to_push(
    found: Mapping[str, Mapping[str, Any] | Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("pulumi.log.warn", said.append)
    cloud = Cloud(images={}, secrets=("learning-db-local",), found={**FOUND, **found})
    made = run(LOCAL, "local", cloud, registry={"create": {}})
    assert REPOSITORY in made.graph.types()
    assert SERVICE not in made.graph.types()
    assert "repository_url" in made.outputs
    assert said == [
        "push the image django-app:latest to the new registry, then `pulumi up` again: the service is left out until then"
    ]


def test_nothing_is_looked_up_that_fails_in_the_first_update() -> None:
    image, cloud = asked(FIRST)
    assert image == "django-app:latest"
    assert cloud.asked(IMAGE) == []


def test_any_image_in_it_means_that_it_is_in_use() -> None:
    image, cloud = asked({**EMPTY, IMAGE: {"imageDigest": DIGEST}})
    assert image is None
    assert cloud.asked(IMAGE) == [{"repositoryName": "django-app", "mostRecent": True}]


def test_a_service_that_is_there_is_never_left_out() -> None:
    assert asked({**EMPTY, GROUPS: {"logGroupNames": ["/ecs/django-app"]}})[0] is None


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "/ecs/django-app"),
        ({"task": {"family": "courses"}}, "/ecs/courses"),
        ({"names": {"logGroup": "/courses"}}, "/courses"),
    ],
)
def test_the_sign_of_it_is_the_log_group_of_the_component_and_none_with_a_longer_name(
    changes: dict[str, Any], name: str
) -> None:
    image, cloud = asked({GROUPS: {"logGroupNames": [f"{name}-migrate", f"{name}-2"]}}, **changes)
    assert image == "django-app:latest"
    assert cloud.asked(GROUPS) == [{"logGroupNamePrefix": name}]


@pytest.mark.parametrize(
    "changes",
    [
        {"image": "other:latest"},
        {"image": f"ghcr.io/shop/django-app@{DIGEST}"},
        {"registry": {"repository": "django-app"}},
    ],
    ids=["another repository", "another registry", "a registry that was there"],
)
def test_any_other_image_is_looked_up_as_ever(changes: dict[str, Any]) -> None:
    image, cloud = asked(FIRST, **changes)
    assert (image, cloud.calls) == (None, [])


@pytest.mark.parametrize("token", [GROUPS, REPOSITORIES, IMAGE])
def test_an_account_that_does_not_answer_is_no_empty_registry(token: str) -> None:
    denied = PluginError(token, "operation error, AccessDeniedException: not authorized")
    with pytest.raises(InvalidArgument, match=r"could not be looked up: .*AccessDeniedException"):
        asked({**EMPTY, token: denied})
