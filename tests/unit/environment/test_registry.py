"""A repository that is made: what production adds, what is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from migratable_ecs import InvalidArgument
from migratable_ecs.environment.making import Making
from migratable_ecs.environment.registry import RegistryArgs, registry

from tests.unit.component.cloud import Graph
from tests.unit.environment.made import PROD, PROD_TO_GO, STG, make

REPOSITORY, LIFECYCLE = "aws:ecr/repository:Repository", "aws:ecr/lifecyclePolicy:LifecyclePolicy"


def made(making: Making = STG, **args: Any) -> Graph:
    return make(lambda: registry(making, RegistryArgs(**args)))


def inputs(making: Making = STG, **args: Any) -> dict[str, Any]:
    return dict(made(making, **args).one(REPOSITORY, f"{making.name}-images").inputs)


def test_images_are_scanned_and_outside_production_go_with_the_repository() -> None:
    found = inputs()
    assert found["imageScanningConfiguration"] == {"scanOnPush": True}
    assert (found["name"], found["imageTagMutability"], found["forceDelete"]) == ("shop-stg", "MUTABLE", True)
    assert made().result == "registry.test/shop"


def test_in_production_a_tag_stays_with_its_image_and_images_stay() -> None:
    found = inputs(PROD)
    assert (found["imageTagMutability"], found["forceDelete"]) == ("IMMUTABLE", False)
    assert inputs(PROD, immutable=False)["imageTagMutability"] == "MUTABLE"
    assert inputs(PROD_TO_GO)["forceDelete"] is True


def test_the_newest_images_are_kept() -> None:
    policy = json.loads(made(keep=7).one(LIFECYCLE, "shop-stg-images").inputs["policy"])
    (rule,) = policy["rules"]
    assert (rule["selection"]["countType"], rule["selection"]["countNumber"]) == ("imageCountMoreThan", 7)
    assert rule["action"] == {"type": "expire"}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            {"repository": "Shop/App"},
            "registry.create.repository is 'Shop/App'; give 2 to 256 lower-case letters, digits, and . _ - / between them, such as "
            "'shop/app'",
        ),
        ({"keep": 0}, "registry.create.keep is 0; give a whole number from 1 to 10000 images"),
    ],
)
def test_what_ecr_would_refuse_is_refused_first(args: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        RegistryArgs(**args).validate("registry.create")
    assert str(refused.value) == message
