"""The service the tests of the component talk about."""

from __future__ import annotations

import json
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


#: What was deployed into a cloud as it is by default: the same arguments make the same graph.
_DEPLOYED: dict[str | None, Graph] = {}


def deployed(cloud: Cloud | None = None, *, name: str = "web", **changes: Any) -> Graph:
    """The graph of one service with `arguments(**changes)`; asked again for the same one, it deploys nothing."""
    key = _key(name, changes) if cloud is None else None
    if key in _DEPLOYED:
        return _DEPLOYED[key]

    def program() -> None:
        MigratableEcsService(name, arguments(**changes))

    graph = deploy(program, cloud)
    if key:
        _DEPLOYED[key] = graph
    return graph


def _key(name: str, changes: Any) -> str | None:
    """What arguments that are literals are known by; None for others, such as outputs."""
    try:
        return json.dumps([name, changes])
    except TypeError:
        return None
