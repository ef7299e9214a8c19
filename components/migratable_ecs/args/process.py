"""A command that runs in the service's own image: the migration, a worker, a scheduled task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from ..validation import InvalidArgument, required, text, texts
from .containers import ContainerArgs, container_name, refuse_extra, variables
from .sizes import fargate_size


@dataclass(kw_only=True)
class ProcessArgs:
    """A command in a task of its own: the image, variables, roles and network of the service.

    Args:
        command: a string runs as `sh -c`, a list as it is.
        entry_point: default the image's.
        working_directory: default the service's, else the image's.
        environment: plain values besides the service's; one with the same name replaces the service's.
        secrets: references besides the service's, written as the service's; one with the same name replaces the service's.
        cpu, memory: units and MiB of the task, default 256 and 512.
        container: more of its container.
        container_name: default depends on what it is.
        family: of its task definition, default `{service}-{its name}`.
        log_group: its log group's name, default `/ecs/{family}`.
        stream_prefix: of its log streams, default the container's name.
    """

    command: str | Sequence[str]
    entry_point: Sequence[str] | None = None
    working_directory: str | None = None
    environment: Mapping[str, pulumi.Input[str]] | None = None
    secrets: Mapping[str, pulumi.Input[str]] | None = None
    cpu: int = 256
    memory: int = 512
    container: ContainerArgs | None = None
    container_name: str | None = None
    family: str | None = None
    log_group: str | None = None
    stream_prefix: str | None = None

    def validate(self, where: str) -> None:
        required(f"{where}.command", self.command, "give the command to run, such as 'bin/queue'")
        if self.entry_point and isinstance(self.command, str) and list(self.entry_point)[-1:] != ["-c"]:
            raise InvalidArgument(
                f"{where}.command is the string {self.command!r}, which needs a shell, but {where}.entry_point is "
                f"{list(self.entry_point)!r}: give the command as a list, or leave entry_point out"
            )
        texts(f"{where}.entry_point", self.entry_point)
        if not isinstance(self.command, str):
            texts(f"{where}.command", self.command)
        text(f"{where}.working_directory", self.working_directory)
        fargate_size(where, self.cpu, self.memory)
        variables(where, self.environment, self.secrets)
        if self.container_name is not None:
            container_name(f"{where}.container_name", self.container_name)
        if self.container:
            self.container.validate(f"{where}.container")
        refuse_extra(f"{where}.", self.container, vars(self))

    def container_command(self) -> tuple[list[str] | None, list[str]]:
        """(entryPoint, command) of the container: a string becomes `sh -c`."""
        if isinstance(self.command, str):
            return list(self.entry_point or ("sh", "-c")), [self.command]
        return (list(self.entry_point) if self.entry_point else None), list(self.command)
