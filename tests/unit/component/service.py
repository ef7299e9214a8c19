"""The service the tests of the component talk about."""

from __future__ import annotations

from typing import Any

from migratable_ecs import MigratableEcsService

from tests.unit.component.cloud import Cloud, Graph, deploy


def arguments(**changes: Any) -> dict[str, Any]:
    """Complete arguments as a dict literal; `migration__timeout=5` changes a nested one, `...` removes one."""
    given: dict[str, Any] = {
        "cluster": "learning",
        "image": "app:v1",
        "container_port": 8000,
        "network": {"subnets": ["subnet-1", "subnet-2"], "security_groups": ["sg-1"]},
        "ingress": {
            "listener_arn": "arn:listener",
            "vpc_id": "vpc-1",
            "priority": 100,
            "path_patterns": ["/*"],
        },
        "migration": {"command": "manage migrate"},
    }
    for path, value in changes.items():
        *outer, last = path.split("__")
        inner = given
        for step in outer:
            inner = inner.setdefault(step, {})
        if value is ...:
            del inner[last]
        else:
            inner[last] = value
    return given


def deployed(cloud: Cloud | None = None, *, name: str = "web", **changes: Any) -> Graph:
    """The graph of one service with `arguments(**changes)`."""

    def program() -> None:
        MigratableEcsService(name, arguments(**changes))

    return deploy(program, cloud)
