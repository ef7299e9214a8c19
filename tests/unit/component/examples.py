"""The programs under examples/, each run once against mocks: what it registered, and what it gave to the component."""

from __future__ import annotations

import runpy
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pytest
from migratable_ecs import service
from migratable_ecs.args import build
from pulumi.runtime.config import CONFIG

from tests.unit.component.cloud import DIGEST, Cloud, Graph, deploy
from tests.unit.environment.configured import FOUND

ROOT = Path(__file__).parents[3]
PROGRAMS = sorted((ROOT / "examples").glob("**/__main__.py"))

_CONFIG = {"vpc": "v", "cluster": "c", "loadBalancer": "lb", "image": "app:v1", "database": "db"}
_IMAGES = (
    "learning-app:latest",
    "shop:latest",
    "shop-migrations:latest",
    "search:latest",
    "report:latest",
    "app:v1",
)
_SECRETS = ("db", "learning-db", "splunk", "shop-tls", "shop-broker")


@cache
def run(program: Path) -> tuple[Graph, list[Mapping[str, Any]]]:
    """The graph, and the arguments of each service as the program writes them."""
    given: list[Mapping[str, Any]] = []

    def record(cls: type[Any], args: Any) -> Any:
        given.append(args)
        return build(cls, args)

    def execute() -> None:
        pulumi.runtime.set_all_config({f"learning:{key}": value for key, value in _CONFIG.items()})
        runpy.run_path(str(program))

    token = CONFIG.set({})
    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(service, "build", record)
            cloud = Cloud(images=dict.fromkeys(_IMAGES, DIGEST), secrets=_SECRETS, found=FOUND)
            return deploy(execute, cloud), given
    finally:
        CONFIG.reset(token)
