"""What the new image would apply: its plan_command as a one-off task, and the SQL of what that prints.

The new image has no task definition before `pulumi up`; so the one that is deployed is copied, with the new image, into the family
`FAMILY-plan`, run, and made inactive again. Off unless asked for: it needs more permissions than a preview does (docs/drift.md).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..migration.clock import Clock
from ..migration.errors import MigrationError, MigrationFailed
from ..migration.run import execute
from ..migration.session import Clients
from ..migration.spec import RunSpec
from ..migration.state import UNKNOWN, run_spec
from .events import Step
from .hiding import hidden_text
from .model import Plan
from .sql import lint, statements

#: Seconds; a look takes no longer.
TIMEOUT = 600.0

# What RegisterTaskDefinition takes of what DescribeTaskDefinition gives.
_KEPT = (
    "taskRoleArn", "executionRoleArn", "networkMode", "containerDefinitions", "volumes", "placementConstraints", "requiresCompatibilities",
    "cpu", "memory", "pidMode", "ipcMode", "proxyConfiguration", "ephemeralStorage", "runtimePlatform",
)  # fmt: skip


def planned(
    step: Step, clients: Clients, clock: Clock, say: Callable[[str], None], *, role: str = ""
) -> Plan | None:
    """Run the plan_command of the migration `step`; None when the program gives none.

    Args:
        role: ARN of the task role for this one task, such as one that may only read; the migration's own when empty.
        say: told what is under way.
    """
    command = step.new_inputs.get("plan_command")
    if not command or command == UNKNOWN:
        return None
    deployed = str(step.old_inputs.get("task_definition") or "")
    if not deployed:
        return Plan(problem="nothing is deployed yet whose network and secrets the task could have")
    unknown = [
        key
        for key in ("image", "cluster", "subnets", "security_groups")
        if _unknown(step.new_inputs.get(key))
    ]
    if unknown:
        return Plan(problem=f"{', '.join(unknown)} of the migration will be known after `pulumi up` only")
    words = [command] if isinstance(command, str) else [str(word) for word in command]
    lines: list[str] = []
    try:
        _run(step, deployed, words, role, clients, clock, say, lines.append)
    except MigrationFailed as failed:
        return Plan(text=_text(lines), problem=f"plan_command failed: {_first_line(failed)}")
    except MigrationError as error:
        return Plan(text=_text(lines), problem=_first_line(error))
    return shown(lines)


def shown(lines: Sequence[str]) -> Plan:
    """What a plan_command printed, its SQL, and what the linter says about that."""
    text = _text(lines)
    sql = statements(text)
    dangers, not_linted = lint(sql) if sql else ((), "")
    return Plan(text=text, sql=sql, dangers=dangers, not_linted=not_linted)


def copy_of(definition: Mapping[str, Any], container: str, image: str, role: str) -> dict[str, Any]:
    """RegisterTaskDefinition's request for `definition` with another image in its container, in a family of its own. Pure."""
    kept = {key: definition[key] for key in _KEPT if definition.get(key)}
    containers = [
        {**each, "image": image} if each["name"] == container else each
        for each in definition["containerDefinitions"]
    ]
    roles = {"taskRoleArn": role} if role else {}
    return {**kept, **roles, "family": f"{definition['family']}-plan", "containerDefinitions": containers}


def _run(
    step: Step,
    deployed: str,
    words: list[str],
    role: str,
    clients: Clients,
    clock: Clock,
    say: Callable[[str], None],
    output: Callable[[str], None],
) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    ecs = clients.client("ecs")
    given = run_spec({**step.new_inputs, "task_definition": deployed}, None)
    try:
        definition = ecs.describe_task_definition(taskDefinition=deployed)["taskDefinition"]
        request = copy_of(definition, given.container, str(step.new_inputs["image"]), role)
        made = str(ecs.register_task_definition(**request)["taskDefinition"]["taskDefinitionArn"])
        try:
            execute(_look(given, request["family"], made, words), clients, clock, say, output=output)
        finally:
            ecs.deregister_task_definition(taskDefinition=made)
    except (ClientError, BotoCoreError) as error:
        raise MigrationError(f"AWS refused the task of plan_command: {error}") from error


def _text(lines: Sequence[str]) -> str:
    return hidden_text("\n".join(lines)).strip()


def _look(given: RunSpec, family: str, definition: str, words: list[str]) -> RunSpec:
    return replace(
        given,
        identity=f"migratable-ecs-plan-{uuid.uuid4().hex[:12]}",
        family=family,
        task_definition=definition,
        purpose="plan",
        command=tuple(words),
        attempts=1,
        backup=None,
        timeout=min(given.timeout, TIMEOUT),
        on_cancel="stop",
    )


def _unknown(value: Any) -> bool:
    return value == UNKNOWN or (isinstance(value, list) and UNKNOWN in value)


def _first_line(error: Exception) -> str:
    return hidden_text(str(error)).strip().splitlines()[0]
