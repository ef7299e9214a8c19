"""An update that did not get past its migration: what the stack's state then holds of it. Pure.

The engine writes each resource down when it is made: the migration's new task definition is in the state, while its MigrationRun is still
that of the update before, or not there at all. Who then runs, stops or looks at the migration means the one that did not get through.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

#: Resource type of a task definition in the state.
DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
#: What the component calls the migration's container.
CONTAINER = "migrate"


def of_this_update(props: Mapping[str, Any], definition: Mapping[str, Any]) -> Mapping[str, Any]:
    """The inputs of a MigrationRun with the image of `definition`, where that is newer than what they name.

    Args:
        props: inputs of the MigrationRun in the state. definition: outputs of its task definition there; empty when there is none.
    """
    arn, container = str(definition.get("arn") or ""), _container(definition, str(props["container"]))
    if not arn or arn == props.get("task_definition") or not container:
        return props
    return {**props, "task_definition": arn, **_image(container)}


def first_update(
    definition: Mapping[str, Any], *, urn: str, service: str, stack: str, region: str
) -> dict[str, Any] | None:
    """What is known of a migration whose first update failed: enough to look at its runs, not to start one. None when that is nothing.

    Args:
        stack: `project/stack`. urn: that the MigrationRun would have.
    """
    container = _container(definition, CONTAINER)
    if not definition.get("arn") or not container:
        return None
    return {
        "urn": urn,
        "service": service,
        "stack": stack,
        "cluster": "",
        "family": str(definition["family"]),
        "task_definition": str(definition["arn"]),
        "container": CONTAINER,
        "region": region,
        "environment_name": stack.rsplit("/", 1)[-1],
        **_image(container),
    }


def _image(container: Mapping[str, Any]) -> dict[str, str]:
    image = str(container.get("image") or "")
    return {"image": image, "image_digest": image.partition("@")[2]}


def _container(definition: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Empty when the containers are hidden, because the program has put a secret into them."""
    try:
        containers = json.loads(str(definition.get("containerDefinitions") or ""))
    except ValueError:
        return {}
    return next((each for each in containers if each.get("name") == name), {})
