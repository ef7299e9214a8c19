"""From the args of the migration to its task definition and its `MigrationRun`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pulumi
import pulumi_aws as aws

from . import names, processes
from .args import BackupArgs, MigrationArgs
from .args.migration import OPERATOR_COMMANDS
from .containers import Container
from .context import Context
from .ecs_service import launch_parameters
from .iam import Roles
from .image import Image
from .migration.resource import MigrationRun
from .migration.state import display_command
from .task_definitions import task_definition

#: The container that runs the migration, unless it is named.
MIGRATE = "migrate"
#: What the second migration, after the roll, is named by.
CONTRACT = "contract"


def family_of(context: Context, args: MigrationArgs, suffix: str = MIGRATE) -> str:
    """The family of the migration's task definition."""
    return args.family or names.migration(context.name, suffix)


class Migration:
    """The migration of one service: first its container, which the roles and the app's task may need, then the rest."""

    definition: aws.ecs.TaskDefinition
    run: MigrationRun

    def __init__(
        self, context: Context, args: MigrationArgs, group: aws.cloudwatch.LogGroup, suffix: str = MIGRATE
    ) -> None:
        self._context, self._args, self.group = context, args, group
        self._name = f"{context.name}-{suffix}"
        self.family = family_of(context, args, suffix)
        self.after = args.phase == "after"
        self.image: pulumi.Output[Image] = context.look_ups.image(args.image) if args.image else context.image
        self.container = processes.process(
            context, args, group, where="migration", name=MIGRATE, image=self.image
        )

    def before_the_app(self, app: Container) -> list[Container]:
        """The containers of the app's task: with `init` the migration too, and the app starts when it has succeeded."""
        if self._args.phase != "init":
            return [app]
        waits = {**app.depends_on, self.container.name: "SUCCESS"}
        return [replace(app, depends_on=waits), replace(self.container, essential=False)]

    def register(self, roles: Roles, depends_on: Sequence[pulumi.Resource] = ()) -> None:
        """Make the task definition, and the run once everything in `depends_on` is done."""
        context, args = self._context, self._args
        given = (args.execution_role_arn, args.task_role_arn)
        execution, task = (pulumi.Output.from_input(arn) if arn else None for arn in given)
        self.definition = task_definition(
            context,
            self._name,
            family=self.family,
            cpu=args.cpu,
            memory=args.memory,
            roles=(execution or roles.execution_arn, task or roles.task_arn),
            ready=roles.ready,
            containers=[self.container],
        )
        self.run = MigrationRun(
            self._name, self._props(), context.options([self.definition, *roles.ready, *depends_on])
        )

    def _props(self) -> dict[str, Any]:
        context, args = self._context, self._args
        network = args.network or context.args.network
        invoke = pulumi.InvokeOutputOptions(parent=context.parent)
        return {
            "command": display_command(*args.container_command()),
            "service": context.name,
            "stack": f"{pulumi.get_project()}/{pulumi.get_stack()}",
            "cluster": context.args.cluster,
            "family": self.family,
            "task_definition": self.definition.arn,
            "container": self.container.name,
            "image": self.image.apply(lambda found: found.uri),
            "image_digest": self.image.apply(lambda found: found.digest),
            "subnets": network.subnets,
            "security_groups": network.security_groups,
            "assign_public_ip": network.assign_public_ip,
            "launch": launch_parameters(context.args),
            "account": aws.get_caller_identity_output(opts=invoke).account_id,
            "region": context.region,
            "triggers": dict(args.triggers or {}),
            "phase": args.phase,
            "on_failure": args.on_failure,
            "on_rollback": args.on_rollback,
            "on_cancel": args.on_cancel,
            "timeout": args.timeout,
            "lock_timeout": args.lock_timeout,
            "attempts": args.attempts,
            "skip": args.skip,
            "secret_environment": list(args.secret_environment),
            "backup": _backup(args.backup),
            "environment_name": args.guarded_environment(),
            "protected": args.is_protected(),
            **{f"{name}_command": args.operator_command(name) for name in OPERATOR_COMMANDS},
        }


def _backup(backup: BackupArgs | None) -> dict[str, Any] | None:
    if backup is None:
        return None
    return {
        "instance": backup.instance or "",
        "cluster": backup.cluster or "",
        "keep": backup.keep,
        "timeout": backup.timeout,
    }
