"""The resources of one service, by ARN, for the policies of those who deploy and operate it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from . import image, names, new_secret_value, secrets
from .args import BackupArgs, MigratableEcsServiceArgs, ProcessArgs
from .look_ups import all_images, all_secrets
from .names import Names
from .restarts import restart_name
from .validation import InvalidArgument, is_plain


@dataclass(frozen=True)
class Scope:
    """The resources of one service, by ARN."""

    name: str
    args: MigratableEcsServiceArgs
    account: str
    region: str
    partition: str
    repositories: tuple[str, ...]

    def arn(self, service: str, resource: str, *, region: bool = True) -> str:
        return f"arn:{self.partition}:{service}:{self.region if region else ''}:{self.account}:{resource}"

    @property
    def names(self) -> Names:
        return names.all_of(self.name, self.args.names)

    @property
    def cluster(self) -> str:
        """Its name."""
        return names.cluster(plain("cluster", self.args.cluster))

    def processes(self) -> dict[str, ProcessArgs]:
        """What has a task definition of its own beside the app, by the end of its name."""
        found: dict[str, ProcessArgs] = {**(self.args.workers or {}), **(self.args.schedules or {})}
        if self.args.migration:
            found["migrate"] = self.args.migration
        if self.args.contract:
            found["contract"] = self.args.contract
        return found

    def family(self, key: str) -> str:
        return self.processes()[key].family or names.shortened(f"{self.name}-{key}", 255)

    def app_family(self) -> str:
        return (self.args.task.family if self.args.task else None) or self.name

    def migrations(self) -> list[str]:
        return [key for key in ("migrate", "contract") if key in self.processes()]

    def definitions(self, keys: Sequence[str]) -> list[str]:
        """All revisions of the families."""
        return [self.arn("ecs", f"task-definition/{self.family(key)}:*") for key in keys]

    def all_definitions(self) -> list[str]:
        return [
            self.arn("ecs", f"task-definition/{self.app_family()}:*"),
            *self.definitions(list(self.processes())),
        ]

    def services(self) -> list[str]:
        workers = {key: worker.service_name for key, worker in (self.args.workers or {}).items()}
        own = [self.names.service, *(given or f"{self.name}-{key}" for key, given in workers.items())]
        return [self.arn("ecs", f"service/{self.cluster}/{service}") for service in own]

    def parts_of_services(self, kind: str) -> list[str]:
        """All `service-deployment` or `service-revision` of the services, whose ids are AWS's."""
        return [f"{service.replace(':service/', f':{kind}/')}/*" for service in self.services()]

    def log_groups(self, keys: Sequence[str] | None = None) -> list[str]:
        """ARNs, which CloudWatch Logs writes with `:*` at the end."""
        wanted = list(self.processes()) if keys is None else keys
        groups = [self.processes()[key].log_group or names.log_group(self.family(key)) for key in wanted]
        app = [] if keys is not None else [self.names.log_group or names.log_group(self.app_family())]
        return [self.arn("logs", f"log-group:{group}:*") for group in (*app, *groups)]

    def made_roles(self) -> list[str]:
        task = self.args.task
        made = [
            *([] if task and task.execution_role_arn else [self.names.execution_role]),
            *([] if task and (task.task_role_arn or task.without_task_role) else [self.names.task_role]),
        ]
        rollout = self.args.rollout
        moves = bool(rollout and rollout.blue_green and rollout.blue_green.role_arn is None)
        return [
            *(self.role(role) for role in made),
            *self.schedule_roles(),
            *(self.blue_green_roles() if moves else []),
            *self.restart_roles(),
        ]

    def blue_green_roles(self) -> list[str]:
        """The role with which ECS moves requests, made or given."""
        rollout = self.args.rollout
        if not (rollout and rollout.blue_green):
            return []
        given = rollout.blue_green.role_arn
        return [
            self.role(self.names.blue_green_role)
            if given is None
            else plain("rollout.blue_green.role_arn", given)
        ]

    def schedule_roles(self) -> list[str]:
        return [self.role(names.role(f"{self.name}-{key}", "schedule")) for key in self.args.schedules or ()]

    def restarts(self) -> str:
        """Name of what replaces the tasks when a secret has a new value; empty where nothing does."""
        rollout = self.args.rollout
        return restart_name(self.names) if rollout and rollout.restart_on else ""

    def restart_roles(self) -> list[str]:
        """That of the state machine, then that with which the rule starts it."""
        return (
            [self.role(role) for role in new_secret_value.role_names(self.restarts())]
            if self.restarts()
            else []
        )

    def role(self, role: str) -> str:
        return self.arn("iam", f"role/{role}", region=False)

    def passed_roles(self) -> list[str]:
        """Those with which tasks run."""
        task = self.args.task
        given = [task.execution_role_arn, task.task_role_arn] if task else []
        for migration in (self.args.migration, self.args.contract):
            given += [migration.execution_role_arn, migration.task_role_arn] if migration else []
        known = [plain("role", arn) for arn in given if arn]
        others = {*self.schedule_roles(), *self.blue_green_roles(), *self.restart_roles()}
        return known + [arn for arn in self.made_roles() if arn not in others]

    def ecr(self) -> list[str]:
        """ARNs of the repositories."""
        found = [self.arn("ecr", f"repository/{name}") for name in self.repositories]
        for each in all_images(self.args):
            if is_plain(each) or not self.repositories:
                found += self._repository(
                    plain("image", each, "give the names of its repositories as repositories=[…]")
                )
        return found

    def _repository(self, reference: str) -> list[str]:
        parsed = image.parse(reference)
        host = parsed.registry.split(".")
        if not parsed.registry:
            return [self.arn("ecr", f"repository/{parsed.repository}")]
        if host[1:3] != ["dkr", "ecr"]:
            return []
        return [f"arn:{self.partition}:ecr:{host[3]}:{host[0]}:repository/{parsed.repository}"]

    def secrets(self) -> list[str]:
        """ARNs of the secrets that are looked up by name; Secrets Manager adds a hyphen and six characters to it."""
        given = [reference for _, named in all_secrets(self.args) for reference in (named or {}).values()]
        plain = [reference for reference in given if isinstance(reference, str)]
        found = [secrets.parse("", reference).name for reference in plain]
        return [self.arn("secretsmanager", f"secret:{name}-??????") for name in found if name]

    def scaled(self) -> bool:
        """Whether the number of tasks of the service, or of a worker, follows anything."""
        return bool(self.args.scaling) or any(each.scaling for each in (self.args.workers or {}).values())

    def watched(self) -> bool:
        """Whether the service, or a worker, has alarms."""
        return bool(self.args.watching) or any(each.watching for each in (self.args.workers or {}).values())

    def rollback_rules(self) -> list[str]:
        """Names of the EventBridge rules that tell of failed deployments."""
        app = self.args.watching
        found = [self.names.rule("rollback")] if app and app.rollback and app.topic_arn is not None else []
        for key, worker in (self.args.workers or {}).items():
            own = worker.watching
            topic = own and (own.topic_arn if own.topic_arn is not None else app and app.topic_arn)
            if own and own.rollback and topic is not None:
                found.append(names.shortened(f"{self.names.alarms}-{key}-rollback", 64))
        return found

    def tagged(self, key: str) -> dict[str, dict[str, str]]:
        """The condition that something carries the tag of this service; `key` is `aws:RequestTag` or `aws:ResourceTag`."""
        return {"StringEquals": {f"{key}/migratable-ecs:service": self.name}}

    def backups(self) -> list[BackupArgs]:
        return [m.backup for m in (self.args.migration, self.args.contract) if m and m.backup]


def plain(argument: str, value: object, remedy: str = "give it as a string") -> str:
    """`value`, or an error when it is known only later.

    Raises:
        InvalidArgument: with `remedy`.
    """
    if not isinstance(value, str):
        raise InvalidArgument(f"{argument} is known only later, and a policy has to name it: {remedy}")
    return value
