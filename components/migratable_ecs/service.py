"""`MigratableEcsService`: wires the pieces, holds no logic of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pulumi
import pulumi_aws as aws

from . import logs, processes
from .args import MigratableEcsServiceArgs, MigrationArgs, build
from .around import Made, around, links
from .context import Context
from .ecs_service import ecs_service, service_rollout
from .iam import Roles
from .ingress import Ingress, checked
from .look_ups import LookUps
from .migration_run import CONTRACT, MIGRATE, Migration, family_of
from .protect import guarded_service
from .restarts import restarts
from .schedules import schedules
from .task_definitions import task_definition
from .workers import Worker


class MigratableEcsService(pulumi.ComponentResource):
    """An ECS service on Fargate together with the database migration that belongs to it.

    When the digest of `args.image` changes, `pulumi up` runs the migration as a task of its own before the service rolls, and goes on
    only when it has succeeded.

    Args:
        name: of the service; everything else is named after it.
        args: a MigratableEcsServiceArgs or a dict with the same names.
        opts: Pulumi's options; a provider given here is used for everything.

    Raises:
        InvalidArgument: before any resource is registered.
    """

    service_name: pulumi.Output[str]
    cluster: pulumi.Output[str]
    image_digest: pulumi.Output[str]
    task_definition_arn: pulumi.Output[str]
    task_role_arn: pulumi.Output[str]
    task_role_name: pulumi.Output[str]
    execution_role_arn: pulumi.Output[str]
    migration_task_definition_arn: pulumi.Output[str | None]
    migration_status: pulumi.Output[str | None]
    contract_status: pulumi.Output[str | None]
    log_group: pulumi.Output[str]
    migration_log_group: pulumi.Output[str | None]
    url: pulumi.Output[str | None]
    service_link: pulumi.Output[str]
    log_link: pulumi.Output[str]
    migration_log_link: pulumi.Output[str | None]
    migration_task_link: pulumi.Output[str | None]
    dashboard_link: pulumi.Output[str | None]

    def __init__(
        self,
        name: str,
        args: MigratableEcsServiceArgs | Mapping[str, Any],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        given = build(MigratableEcsServiceArgs, args)
        given.validate(name)
        given = guarded_service(name, given)
        super().__init__("migratable-ecs:index:MigratableEcsService", name, None, opts)
        look_ups = LookUps(pulumi.InvokeOptions(parent=self))
        look_ups.prefetch(given)
        self._wire(
            Context(
                name=name,
                args=given,
                look_ups=look_ups,
                image=look_ups.image(given.image),
                secrets=look_ups.secrets(given.secrets),
                region=aws.get_region_output(opts=pulumi.InvokeOutputOptions(parent=self)).region,
                tags={"migratable-ecs:service": name, **(given.tags or {})},
                parent=self,
            )
        )

    def _wire(self, context: Context) -> None:
        args, name = context.args, context.name
        family = args.task.family if args.task and args.task.family else name
        to_be_reached = checked(context)
        groups = [logs.log_group(context, name, family, context.names.log_group)]
        migration = self._migration(context, args.migration, groups, MIGRATE) if args.migration else None
        contract = (
            self._migration(context, replace(args.contract, phase="after"), groups, CONTRACT)
            if args.contract
            else None
        )
        app = processes.app(context, groups[0])
        inside = [
            *(migration.before_the_app(app) if migration else [app]),
            *processes.sidecars(context, args.sidecars, groups[0]),
        ]
        workers = [Worker(context, key, worker) for key, worker in (args.workers or {}).items()]
        scheduled = schedules(context)
        roles = Roles(
            context,
            [
                *inside,
                *(each.container for each in (migration, contract) if each),
                *(container for each in workers for container in each.containers),
                *(each.container for each in scheduled),
            ],
            exec_enabled=bool(args.rollout and args.rollout.execute_command),
        )
        definition = task_definition(
            context, name, family=family, cpu=args.cpu, memory=args.memory, roles=(roles.execution_arn, roles.task_arn),
            ready=roles.ready, containers=inside,
        )  # fmt: skip
        gate: list[pulumi.Resource] = []
        if migration and not migration.after:
            migration.register(roles)
            gate.append(migration.run)
        ingress = Ingress(context, to_be_reached) if to_be_reached else None
        service = ecs_service(context, definition, ingress, after=gate)
        rolled = self._after_the_roll(context, service, definition, roles, [migration, contract])
        migrated = [service] if args.migration and args.migration.phase == "init" else [*gate, *rolled]
        for worker in workers:
            worker.register(roles, migrated)
        for schedule in scheduled:
            schedule.register(roles, migrated)
        made = Made(
            service,
            ingress,
            groups[0].name,
            migrations=[each for each in (migration, contract) if each],
            workers={worker.key: worker.service for worker in workers},
        )
        around(context, made)
        restarts(context, service, made.workers)
        self._outputs(context, made, definition, (migration, contract), groups, roles)

    def _migration(
        self, context: Context, args: MigrationArgs, groups: list[aws.cloudwatch.LogGroup], suffix: str
    ) -> Migration:
        family = family_of(context, args, suffix)
        groups.append(logs.log_group(context, f"{context.name}-{suffix}", family, args.log_group))
        return Migration(context, args, groups[-1], suffix)

    def _after_the_roll(
        self,
        context: Context,
        service: aws.ecs.Service,
        definition: aws.ecs.TaskDefinition,
        roles: Roles,
        migrations: Sequence[Migration | None],
    ) -> list[pulumi.Resource]:
        """Migrations that come after the roll; workers wait for the first one, and only when there is none before it."""
        after = [each for each in migrations if each and each.after]
        if not after and not context.args.wait_for_steady_state:
            return []
        rollout = service_rollout(context, service, definition)
        for each in after:
            each.register(roles, [rollout])
        return [each.run for each in after if each is migrations[0]]

    def _outputs(
        self,
        context: Context,
        made: Made,
        definition: aws.ecs.TaskDefinition,
        migrations: tuple[Migration | None, Migration | None],
        groups: list[aws.cloudwatch.LogGroup],
        roles: Roles,
    ) -> None:
        migration, contract = migrations
        nothing: pulumi.Output[Any] = pulumi.Output.from_input(None)
        outputs: dict[str, pulumi.Output[Any]] = {
            "service_name": made.service.name,
            "cluster": pulumi.Output.from_input(context.args.cluster),
            "image_digest": context.image.apply(lambda found: found.digest),
            "task_definition_arn": definition.arn,
            "task_role_arn": roles.task_arn,
            "task_role_name": roles.task_name,
            "execution_role_arn": roles.execution_arn,
            "migration_task_definition_arn": migration.definition.arn if migration else nothing,
            "migration_status": migration.run.status if migration else nothing,
            "log_group": groups[0].name,
            "migration_log_group": groups[1].name if migration else nothing,
            "contract_status": contract.run.status if contract else nothing,
            **links(context, made),
        }
        for name, value in outputs.items():
            setattr(self, name, value)
        self.register_outputs(outputs)
