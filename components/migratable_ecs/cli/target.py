"""Which service a command is about: found in a Pulumi stack (from_stack.py) or in AWS alone (from_aws.py). Plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..migration import state
from ..migration.guard import is_protected
from ..migration.session import AwsSettings
from ..migration.spec import RunSpec
from . import exit_codes
from .errors import CommandError

#: What the operator's commands are called in the arguments of the component: `{name}_command`.
OPERATOR_COMMANDS = ("status", "plan", "rollback")


@dataclass(frozen=True)
class Migration:
    """The migration of a service.

    `props` are the inputs of the MigrationRun as state.py reads them; without Pulumi they are made from ECS. `recorded` are its outputs
    after the last update, empty when there are none.
    """

    props: Mapping[str, Any]
    recorded: Mapping[str, Any] = field(default_factory=dict)

    @property
    def family(self) -> str:
        return str(self.props["family"])

    @property
    def container(self) -> str:
        return str(self.props["container"])

    @property
    def task_definition(self) -> str:
        """ARN with the revision."""
        return str(self.props["task_definition"])

    @property
    def digest(self) -> str:
        """Digest of the image that the next run has."""
        return str(self.props.get("image_digest") or "")

    def spec(self, **changes: Any) -> RunSpec:
        """The run that the stack asks for, with other values for some of its fields."""
        return replace(state.run_spec(self.props, self.recorded or None), **changes)


@dataclass(frozen=True)
class Target:
    """One service.

    Args:
        title: for people: `stack shop/stg` or `cluster shop`.
        name: of the service in the program; what its resources are named after.
        cluster: name or ARN.
        service: name of the ECS service; empty where there is none.
        region: of AWS; empty means boto3's own default.
        stack: name of the stack, `stg`; empty without Pulumi.
        environment: the name that says whether its data matters. protected: whether it does.
        aws: where AWS calls go.
        migration: None when the service has none.
        unfinished: the last update did not get past the migration, which then is that of its image (unfinished.py).
        workers: further services of the same image, key in the program -> name of the ECS service; empty without Pulumi.
        asked: what named it among several in the stack; empty where the stack alone says it.
        outputs: of the component: url, log_group, task_definition_arn, …; empty without Pulumi but for what ECS knows.
        resources: of the whole stack, as `pulumi stack export` gives them; empty without Pulumi.
        config: of the stack, key -> value; secret ones are not in it.
    """

    title: str
    name: str
    cluster: str
    service: str = ""
    region: str = ""
    stack: str = ""
    environment: str = ""
    protected: bool = False
    aws: AwsSettings = field(default_factory=AwsSettings)
    migration: Migration | None = None
    unfinished: bool = False
    workers: Mapping[str, str] = field(default_factory=dict)
    asked: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    resources: tuple[Mapping[str, Any], ...] = ()
    config: Mapping[str, str] = field(default_factory=dict)

    @property
    def production(self) -> bool:
        """Whether destructive commands want the name typed."""
        return self.protected or any(
            map(is_protected, (self.stack, self.environment, self.name, self.cluster))
        )

    @property
    def confirmation(self) -> str:
        """What is to be typed for it."""
        return self.stack or self.service or self.name

    @property
    def options(self) -> str:
        """The options that name it on a command line."""
        if self.stack:
            return f"-s {self.stack} --service {self.asked}" if self.asked else f"-s {self.stack}"
        return f"--cluster {self.cluster.rsplit('/', 1)[-1]} --service {self.service}"

    def need_migration(self) -> Migration:
        """The migration.

        Raises:
            CommandError: the service has none.
        """
        if self.migration is None:
            raise CommandError(
                f"{self.name} in {self.title} has no migration: give it `migration` in the program, or name the family of its task "
                "definition with --family",
                exit_codes.NOT_FOUND,
            )
        return self.migration

    def need_service(self) -> str:
        """Name of the ECS service.

        Raises:
            CommandError: none is known.
        """
        if not self.service:
            if self.unfinished:
                raise CommandError(
                    f"{self.title} has no ECS service yet, as its first update did not get to its end: "
                    f"`migratable-ecs show {self.options}` says why; then run `pulumi up` again",
                    exit_codes.NOT_FOUND,
                )
            raise CommandError(
                f"{self.title} names no ECS service: give it with --service, or a stack with -s",
                exit_codes.USAGE,
            )
        return self.service

    def need_cluster(self) -> str:
        """Name or ARN of the cluster.

        Raises:
            CommandError: it is not known yet.
        """
        if not self.cluster:
            raise CommandError(
                f"the state of {self.title} does not name the cluster yet, as its first update did not get to its end: run `pulumi up` "
                "again, which runs the migration",
                exit_codes.NOT_FOUND,
            )
        return self.cluster

    def operator_command(self, name: str) -> tuple[str, ...]:
        """The words that replace the container's command for `{name}_command`.

        Raises:
            CommandError: the program gives no such command.
        """
        words = self.need_migration().props.get(f"{name}_command")
        if not words:
            raise CommandError(
                f"the migration of {self.name} has no {name}_command: give it in the program, such as "
                f"{name}_command={_EXAMPLES[name]!r}, run `pulumi up`, or run one with `migratable-ecs run --command`"
            )
        return tuple(str(word) for word in words)


_EXAMPLES = {
    "status": "python manage.py showmigrations --plan",
    "plan": "python manage.py migrate --plan",
    "rollback": "python manage.py migrate app 0007",
}
