"""Revisions of task definitions, which `pulumi destroy` leaves registered for rolling back: outside production they go with the stack.

A revision goes when its family is one of the stack's and it bears the tag of the stack's service; one that something else has registered in
the same family stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .pulumi import Refused

_KIND = "aws:ecs/taskDefinition:TaskDefinition"
_TAG = "migratable-ecs:service"
#: Of DeleteTaskDefinitions. Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteTaskDefinitions.html
_AT_ONCE = 10


@dataclass(frozen=True)
class Family:
    """A family of task definitions, and the service that its revisions are tagged with."""

    name: str
    service: str


def families(resources: Iterable[Mapping[str, Any]]) -> list[Family]:
    """The families of the services in a stack's state; what bears no tag of a service is not ours to remove. Pure."""
    found: dict[Family, None] = {}
    for each in resources:
        inputs = each.get("inputs") or {}
        service = (inputs.get("tags") or {}).get(_TAG)
        if each.get("type") == _KIND and service:
            found[Family(str(inputs["family"]), str(service))] = None
    return list(found)


def client_of(stack: str) -> Any:
    """An ECS client on the account, region and endpoint of `stack`; made while its configuration is there.

    Raises:
        Refused: no configuration, or no client for it.
    """
    from migratable_ecs.cli.errors import CommandError
    from migratable_ecs.cli.from_stack import clients
    from migratable_ecs.cli.outside import Outside
    from migratable_ecs.migration.errors import MigrationError

    try:
        return clients(Outside(), stack, Path.cwd()).client("ecs")
    except (CommandError, MigrationError) as error:
        raise Refused(str(error)) from None


def remove(ecs: Any, wanted: Iterable[Family]) -> int:
    """Deregister and delete the revisions of `wanted`; returns how many."""
    removed: list[str] = []
    for family in wanted:
        pages = ecs.get_paginator("list_task_definitions").paginate(familyPrefix=family.name, status="ACTIVE")
        for arn in [arn for page in pages for arn in page["taskDefinitionArns"]]:
            if _is_of(ecs, arn, family):
                ecs.deregister_task_definition(taskDefinition=arn)
                removed.append(arn)
    for first in range(0, len(removed), _AT_ONCE):
        ecs.delete_task_definitions(taskDefinitions=removed[first : first + _AT_ONCE])
    return len(removed)


def _is_of(ecs: Any, arn: str, family: Family) -> bool:
    found = ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])
    tags = {each["key"]: each["value"] for each in found.get("tags") or ()}
    return found["taskDefinition"]["family"] == family.name and tags.get(_TAG) == family.service
