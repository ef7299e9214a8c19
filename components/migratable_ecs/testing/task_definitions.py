"""Task definitions of the fake ECS, and a short way to write one down.

Sources: RegisterTaskDefinition, DescribeTaskDefinition, DeregisterTaskDefinition in the ECS API reference.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from migratable_ecs.testing.client import REGION, FakeClient, operation
from migratable_ecs.testing.wire import Params, Response


def fargate_task_definition(
    family: str,
    *,
    image: str = "app:1",
    container: str = "migrate",
    log_group: str | None = None,
    sidecars: Sequence[Mapping[str, Any]] = (),
    region: str = REGION,
    **more: Any,
) -> dict[str, Any]:
    """Parameters for `register_task_definition`: one essential container named `container`, and `sidecars`.

    `log_group`: all containers write there through awslogs, the family being the stream prefix. `more`:
    further members of the first container's definition, such as `stopTimeout`.
    """
    containers = [{"name": container, "image": image, "essential": True, **more}, *map(dict, sidecars)]
    if log_group is not None:
        options = {"awslogs-group": log_group, "awslogs-region": region, "awslogs-stream-prefix": family}
        for item in containers:
            item.setdefault("logConfiguration", {"logDriver": "awslogs", "options": dict(options)})
    return {
        "family": family,
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": containers,
    }


class TaskDefinitionCalls(FakeClient):
    """The operations on task definitions."""

    service = "ecs"

    def _prepare_task_definitions(self) -> None:
        self._families: dict[str, list[dict[str, Any]]] = {}
        self._definition_tags: dict[str, list[Mapping[str, str]]] = {}

    @operation("RegisterTaskDefinition")
    def register_task_definition(self, params: Params) -> Response:
        """A new revision of the family, with the defaults ECS fills in."""
        given = copy.deepcopy(params)
        tags = given.pop("tags", [])
        containers = given["containerDefinitions"]
        if not any(item.get("essential", True) for item in containers):
            message = "Invalid 'containerDefinitions' setting: at least one container must be essential."
            raise self.error("RegisterTaskDefinition", "ClientException", message)
        revisions = self._families.setdefault(given["family"], [])
        revision = len(revisions) + 1
        definition = {
            "placementConstraints": [],
            "volumes": [],
            "requiresAttributes": [],
            **given,
            "containerDefinitions": [_with_defaults(item) for item in containers],
            "taskDefinitionArn": self.arn(f"task-definition/{given['family']}:{revision}"),
            "revision": revision,
            "status": "ACTIVE",
            "compatibilities": ["EC2", "FARGATE"],
            "registeredAt": self.clock.datetime(),
            "registeredBy": f"arn:aws:iam::{self.account}:root",
        }
        revisions.append(definition)
        self._definition_tags[definition["taskDefinitionArn"]] = tags
        return {"taskDefinition": copy.deepcopy(definition), "tags": copy.deepcopy(tags)}

    @operation("DescribeTaskDefinition")
    def describe_task_definition(self, params: Params) -> Response:
        """By family (the latest ACTIVE revision), family:revision or ARN."""
        definition = self._definition(params["taskDefinition"])
        if definition is None:
            message = "Unable to describe task definition."
            raise self.error("DescribeTaskDefinition", "ClientException", message)
        answer: Response = {"taskDefinition": copy.deepcopy(definition)}
        if "TAGS" in params.get("include", ()):
            answer["tags"] = copy.deepcopy(self._definition_tags[definition["taskDefinitionArn"]])
        return answer

    @operation("DeregisterTaskDefinition")
    def deregister_task_definition(self, params: Params) -> Response:
        """The revision becomes INACTIVE: existing tasks run on, new ones cannot be started."""
        name = params["taskDefinition"]
        definition = self._definition(name) if ":" in name else None
        if definition is None:
            message = f"Invalid revision number. Number: {name}"
            raise self.error("DeregisterTaskDefinition", "InvalidParameterException", message)
        definition["status"] = "INACTIVE"
        definition["deregisteredAt"] = self.clock.datetime()
        return {"taskDefinition": copy.deepcopy(definition)}

    @operation("ListTaskDefinitions")
    def list_task_definitions(self, params: Params) -> Response:
        """The ARNs of one family or of all, by family and revision."""
        wanted = params.get("status", "ACTIVE")
        arns = [
            definition["taskDefinitionArn"]
            for family in sorted(self._families)
            for definition in self._families[family]
            if params.get("familyPrefix", family) == family and definition["status"] == wanted
        ]
        if params.get("sort") == "DESC":
            arns.reverse()
        return self._page("ListTaskDefinitions", "taskDefinitionArns", arns, params)

    def _definition(self, name: str) -> dict[str, Any] | None:
        family, _, revision = name.rsplit("/", 1)[-1].partition(":")
        revisions = self._families.get(family, [])
        if revision:
            known = revision.isdigit() and 1 <= int(revision) <= len(revisions)
            return revisions[int(revision) - 1] if known else None
        return next((item for item in reversed(revisions) if item["status"] == "ACTIVE"), None)

    def _page(self, operation_name: str, key: str, items: Sequence[Any], params: Params) -> Response:
        """One page of at most maxResults (1-100, default 100) items; the token is opaque to callers."""
        size = params.get("maxResults", 100)
        if not 1 <= size <= 100:
            message = f"maxResults must be between 1 and 100 but was {size}"
            raise self.error(operation_name, "InvalidParameterException", message)
        token = params.get("nextToken")
        prefix = "page-"
        if token is not None and not (token.startswith(prefix) and token[len(prefix) :].isdigit()):
            raise self.error(operation_name, "InvalidParameterException", "Invalid token")
        begin = int(token[len(prefix) :]) if token else 0
        answer: Response = {key: list(items[begin : begin + size])}
        if begin + size < len(items):
            answer["nextToken"] = f"{prefix}{begin + size}"
        return answer


def _with_defaults(container: Mapping[str, Any]) -> dict[str, Any]:
    empty = ("portMappings", "environment", "mountPoints", "volumesFrom", "systemControls")
    return {"cpu": 0, "essential": True, **{key: [] for key in empty}, **container}
