"""The migration and the snapshot before it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi

from .. import image as images
from ..migration import guard
from ..protect import may_destroy
from ..validation import InvalidArgument, between, named_texts, one_of, required, texts
from .containers import ContainerArgs
from .network import NetworkArgs
from .process import ProcessArgs
from .task import family, role

#: When the migration runs.
PHASES = ("before", "after", "init", "manual")

#: Commands for the operator: `{name}_command`.
OPERATOR_COMMANDS = ("status", "plan", "rollback")


@dataclass(kw_only=True)
class BackupArgs:
    """A snapshot before each run; without it no run.

    Args:
        instance: identifier of an RDS instance, or
        cluster: identifier of an Aurora cluster. Only one of the two.
        keep: how many snapshots of this service stay, default 5.
        timeout: seconds until the snapshot must be available, default 3600.
    """

    instance: pulumi.Input[str] | None = None
    cluster: pulumi.Input[str] | None = None
    keep: int = 5
    timeout: int = 3600

    def validate(self, where: str) -> None:
        if bool(self.instance) == bool(self.cluster):
            raise InvalidArgument(
                f"Only one of {where}.instance and {where}.cluster can be provided, and one must be: give exactly one"
            )
        between(f"{where}.keep", self.keep, 1, 100)
        between(f"{where}.timeout", self.timeout, 60, 86400, " s")


@dataclass(kw_only=True)
class MigrationArgs(ProcessArgs):
    """The migration of the service: same image, environment, secrets, roles and network, its own command and size.

    Args:
        command: a string runs as `sh -c`, a list as it is; then the log can only be called complete when the program prints
            what it finds in `MIGRATABLE_ECS_LOG_END` as its last line, on both outputs.
        entry_point: default the image's.
        working_directory: default the service's, else the image's.
        environment, secrets: besides the service's; one with the same name replaces the service's, such as an owner's credentials.
        cpu, memory: units and MiB of the task, default 256 and 512.
        image: an image of its own, as the service's `image`; its digest is then what makes the migration run.
        network: default the service's.
        execution_role_arn, task_role_arn: existing roles of its own, default the service's.
        container: more of its container. container_name: default `migrate`.
        family: default `{service}-migrate`. log_group: default `/ecs/{family}`. stream_prefix: default the container's name.
        phase: `before` the service rolls (default); `after`: when the new revision is steady, and never after a rollback; `init`: inside
            each new task, before the app starts (failure keeps the app from starting; several new tasks run it at the same time);
            `manual`: never during an update.
        triggers: named values; a change of any runs the migration again.
        on_failure: `fail` (default) stops the update; `warn` goes on and tries again at the next one.
        on_rollback: when the image goes back to an earlier digest: `run` (default), `skip` or `refuse`.
        on_cancel: when the update is cancelled: `detach` (default) lets the task go on, `stop` stops it.
        timeout: seconds from the task's creation until it is stopped, default 3600.
        lock_timeout: seconds to wait for another task of the family, default 1800.
        attempts: how often a migration that exits non-zero is tried, default 1.
        skip: do not run now; it stays pending.
        backup: snapshot before each run.
        secret_environment: names of environment variables whose values are removed from every line shown.
        status_command, plan_command, rollback_command: what the command-line tool runs to show which migrations are pending, to show what
            would run, and to take the last one back; written as `command`. They never run during an update.
        environment_name: of the environment the data belongs to, default the stack's name.
        protected: refuse commands that destroy data; default whether environment_name is one of production (`prod`, `shop-live`).
    """

    image: pulumi.Input[str] | None = None
    network: NetworkArgs | None = None
    execution_role_arn: pulumi.Input[str] | None = None
    task_role_arn: pulumi.Input[str] | None = None
    phase: Literal["before", "after", "init", "manual"] = "before"
    triggers: Mapping[str, pulumi.Input[str]] | None = None
    on_failure: Literal["fail", "warn"] = "fail"
    on_rollback: Literal["run", "skip", "refuse"] = "run"
    on_cancel: Literal["detach", "stop"] = "detach"
    timeout: int = 3600
    lock_timeout: int = 1800
    attempts: int = 1
    skip: bool = False
    backup: BackupArgs | None = None
    secret_environment: Sequence[str] = ()
    status_command: str | Sequence[str] | None = None
    plan_command: str | Sequence[str] | None = None
    rollback_command: str | Sequence[str] | None = None
    environment_name: str | None = None
    protected: bool | None = None

    def validate(self, where: str) -> None:
        required(f"{where}.command", self.command, "give the command that migrates the database")
        super().validate(where)
        one_of(f"{where}.phase", self.phase, PHASES)
        one_of(f"{where}.on_failure", self.on_failure, ("fail", "warn"))
        one_of(f"{where}.on_rollback", self.on_rollback, ("run", "skip", "refuse"))
        one_of(f"{where}.on_cancel", self.on_cancel, ("detach", "stop"))
        between(f"{where}.timeout", self.timeout, 1, 7 * 86400, " s")
        between(f"{where}.lock_timeout", self.lock_timeout, 0, 7 * 86400, " s")
        between(f"{where}.attempts", self.attempts, 1, 10)
        texts(f"{where}.secret_environment", self.secret_environment)
        named_texts(f"{where}.triggers", self.triggers)
        if self.backup:
            self.backup.validate(f"{where}.backup")
        if self.network:
            self.network.validate(f"{where}.network")
        if isinstance(self.image, str):
            images.parse(self.image)
        family(f"{where}.family", self.family)
        role(f"{where}.execution_role_arn", self.execution_role_arn)
        role(f"{where}.task_role_arn", self.task_role_arn)
        self._validate_log(where)
        self._validate_commands(where)

    def is_protected(self) -> bool:
        """Whether commands that destroy data are refused."""
        if self.protected is not None:
            return self.protected
        return guard.is_protected(self.guarded_environment()) and not may_destroy()

    def guarded_environment(self) -> str:
        """Name of the environment the data belongs to."""
        return self.environment_name or pulumi.get_stack()

    def operator_command(self, name: str) -> list[str] | None:
        """What replaces the container's command to run `{name}_command` in the same task definition.

        RunTask can override the command of a container but not its entry point: a script is the shell's argument where the entry point
        is a shell, else it brings its own.
        """
        given: str | Sequence[str] | None = getattr(self, f"{name}_command")
        if not given:
            return None
        entry_point, _ = self.container_command()
        shell = bool(entry_point) and (entry_point or [])[-1:] == ["-c"]
        if isinstance(given, str):
            return [given] if shell else ["sh", "-c", given]
        return [shlex.join(given)] if shell else list(given)

    def _validate_log(self, where: str) -> None:
        more = self.container or ContainerArgs()
        elsewhere = more.log is not None and more.log.driver != "awslogs"
        if elsewhere or "logConfiguration" in (more.extra or {}):
            raise InvalidArgument(
                f"{where}.container sends the log elsewhere, but the migration's lines are read from CloudWatch: leave its log driver at "
                "'awslogs'"
            )

    def _validate_commands(self, where: str) -> None:
        for name in OPERATOR_COMMANDS:
            argument, command = f"{where}.{name}_command", getattr(self, f"{name}_command")
            if command is not None and not isinstance(command, str):
                texts(argument, command)
            if isinstance(command, str) and self.entry_point and list(self.entry_point)[-1:] != ["-c"]:
                raise InvalidArgument(
                    f"{argument} is the string {command!r}, which needs a shell, but {where}.entry_point is "
                    f"{list(self.entry_point)!r}: give the command as a list, or leave entry_point out"
                )
        if not self.is_protected():
            return
        for argument, command in [
            (f"{where}.command", [*(self.entry_point or ()), *_words(self.command)]),
            *(
                (f"{where}.{name}_command", _words(getattr(self, f"{name}_command")))
                for name in OPERATOR_COMMANDS
            ),
        ]:
            sentence = guard.refusal(argument, command, self.guarded_environment())
            if sentence:
                raise InvalidArgument(sentence)


def _words(command: str | Sequence[str] | None) -> list[str]:
    return [command] if isinstance(command, str) else list(command or ())
