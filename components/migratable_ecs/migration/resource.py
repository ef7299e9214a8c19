"""`MigrationRun`, which stands for the migration of one service, and `ServiceRollout`, which stands for its roll."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from .provider import MigrationProvider, RolloutProvider
from .state import EMPTY_OUTPUTS

TYPE = "pulumi-python:dynamic/ecs:MigrationRun"
ROLLOUT_TYPE = "pulumi-python:dynamic/ecs:ServiceRollout"


class MigrationRun(Resource, module="ecs", name="MigrationRun"):
    """Runs the migration task during `pulumi up` when the image digest, or a trigger, has changed.

    `props` are the inputs that state.py reads; `MigratableEcsService` makes them. Outputs are those of state.EMPTY_OUTPUTS.
    """

    status: pulumi.Output[str]
    digest: pulumi.Output[str]
    reason: pulumi.Output[str]
    task_arn: pulumi.Output[str]
    task_definition_arn: pulumi.Output[str]
    exit_code: pulumi.Output[float | None]
    attempts: pulumi.Output[float]
    started_at: pulumi.Output[str]
    stopped_at: pulumi.Output[str]
    timings: pulumi.Output[dict[str, float]]
    log_streams: pulumi.Output[list[str]]
    log_lines: pulumi.Output[float]
    log_sha256: pulumi.Output[str]
    log_complete: pulumi.Output[bool]
    log_reason: pulumi.Output[str]
    snapshot_id: pulumi.Output[str]
    message: pulumi.Output[str]
    history: pulumi.Output[list[dict[str, Any]]]
    migrated: pulumi.Output[list[str]]
    serial: pulumi.Output[float]

    def __init__(
        self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        outputs = dict.fromkeys(EMPTY_OUTPUTS)
        urn = _own_urn(name, opts.parent if opts else None, TYPE)
        super().__init__(MigrationProvider(), name, {**outputs, **props, "urn": urn}, opts)


class ServiceRollout(Resource, module="ecs", name="ServiceRollout"):
    """Fails the update when the service does not run the revision it was given, as after a circuit breaker's rollback.

    `props`: service, cluster, task_definition (ARN with revision), region, timeout in seconds.
    """

    task_definition: pulumi.Output[str]

    def __init__(
        self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        urn = _own_urn(name, opts.parent if opts else None, ROLLOUT_TYPE)
        super().__init__(RolloutProvider(), name, {**props, "urn": urn}, opts)


async def _own_urn(name: str, parent: pulumi.Resource | None, own_type: str) -> str:
    """The URN this resource will have, which the provider is not told.

    It is awaited, not an Output: the parent's URN as an Output would make the resource depend on all children of its parent, itself
    among them. Source of the form: https://www.pulumi.com/docs/iac/concepts/resources/names/#urns
    """
    if parent is None:
        return f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::{own_type}::{name}"
    stack_and_project, types, _ = (await parent.urn.future() or "").rsplit("::", 2)
    own = own_type if types == "pulumi:pulumi:Stack" else f"{types}${own_type}"
    return f"{stack_and_project}::{own}::{name}"
