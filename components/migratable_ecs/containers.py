"""Container definitions in the form in which ECS gives them back, so that nothing churns.

What ECS does to a definition that it stores, and this module therefore does before: containers sorted by name, the host's port filled
in; `environment`, `mountPoints`, `portMappings`, `volumesFrom` and `systemControls` there even when empty, other empty lists left out;
`cpu` 0 when not given; `user` a string, of a log router "0".
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html and answers of DescribeTaskDefinition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pulumi
import pulumi_aws as aws

from .args.containers import ContainerArgs, HealthCheckArgs, PortArgs
from .image import Image
from .secrets import Secret
from .volumes import mount_points

#: Lists that ECS gives back even when they are empty.
ALWAYS_LISTED = ("environment", "mountPoints", "portMappings", "volumesFrom", "systemControls")

_NOTHING_MORE = ContainerArgs()


@dataclass(frozen=True)
class Container:
    """One container as the program describes it; what is not known yet are Outputs."""

    name: str
    image: pulumi.Output[Image]
    group: aws.cloudwatch.LogGroup
    more: ContainerArgs = field(default_factory=ContainerArgs)
    essential: bool = True
    entry_point: Sequence[str] | None = None
    command: Sequence[str] | None = None
    working_directory: str | None = None
    port: int | None = None
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    secrets: pulumi.Output[list[Secret]] | None = None
    log_secrets: pulumi.Output[list[Secret]] | None = None
    stream_prefix: str | None = None
    depends_on: Mapping[str, str] = field(default_factory=dict)
    firelens: str | None = None
    firelens_options: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)

    def definition(self, region: pulumi.Output[str]) -> pulumi.Output[dict[str, Any]]:
        """Its canonical definition, once everything is known."""
        log = self.more.log
        known: pulumi.Output[Any] = pulumi.Output.from_input(
            {
                "image": self.image,
                "environment": dict(self.environment),
                "secrets": self.secrets if self.secrets is not None else [],
                "log_secrets": self.log_secrets if self.log_secrets is not None else [],
                "log_group": self.group.name,
                "region": region,
                "firelens_options": dict(self.firelens_options),
                "files": list(self.more.environment_files),
                "log_options": dict((log.options if log else None) or {}),
                "extra": dict(self.more.extra or {}),
            }
        )
        return known.apply(self._defined)

    def _defined(self, known: dict[str, Any]) -> dict[str, Any]:
        more = replace(
            self.more,
            environment_files=known.pop("files"),
            extra=known.pop("extra"),
            log=replace(self.more.log, options=known["log_options"]) if self.more.log else None,
        )
        known.pop("log_options")
        return container_definition(
            name=self.name,
            essential=self.essential,
            entry_point=self.entry_point,
            command=self.command,
            working_directory=self.working_directory,
            port=self.port,
            stream_prefix=self.stream_prefix or self.name,
            depends_on=self.depends_on,
            firelens=self.firelens,
            more=more,
            **known,
        )


def container_definition(
    *,
    name: str,
    image: Image,
    environment: Mapping[str, str],
    secrets: Sequence[Secret],
    log_group: str,
    stream_prefix: str,
    region: str,
    entry_point: Sequence[str] | None = None,
    command: Sequence[str] | None = None,
    working_directory: str | None = None,
    port: int | None = None,
    essential: bool = True,
    more: ContainerArgs = _NOTHING_MORE,
    depends_on: Mapping[str, str] | None = None,
    log_secrets: Sequence[Secret] = (),
    firelens: str | None = None,
    firelens_options: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """One container, canonical. Pure; every value is known."""
    definition: dict[str, Any] = {
        "name": name,
        "image": image.uri,
        "essential": essential,
        "entryPoint": list(entry_point or ()),
        "command": list(command or ()),
        "workingDirectory": working_directory or None,
        "environment": [{"name": key, "value": environment[key]} for key in sorted(environment)],
        "environmentFiles": [{"type": "s3", "value": file} for file in more.environment_files],
        "secrets": _secrets(secrets),
        "portMappings": _ports(port, more.ports),
        "mountPoints": mount_points(name, more),
        "logConfiguration": _log(more, log_group, stream_prefix, region, log_secrets),
        "user": more.user or ("0" if firelens else None),
        "healthCheck": _health_check(more.health_check),
        "dependsOn": [
            {"containerName": other, "condition": condition}
            for other, condition in sorted({**(more.depends_on or {}), **(depends_on or {})}.items())
        ],
        "startTimeout": more.start_timeout,
        "stopTimeout": more.stop_timeout,
        "ulimits": [
            {"name": key, "softLimit": limits[0], "hardLimit": limits[1]}
            for key, limits in sorted((more.ulimits or {}).items())
        ],
        "readonlyRootFilesystem": more.readonly_root_filesystem or None,
        "linuxParameters": {"initProcessEnabled": True} if more.init_process else None,
        "cpu": more.cpu or 0,
        "memory": more.memory,
        "memoryReservation": more.memory_reservation,
        "firelensConfiguration": _firelens(firelens, firelens_options or {}),
    }
    return canonical(merged(definition, more.extra or {}))


def canonical(definition: Mapping[str, Any]) -> dict[str, Any]:
    """`definition` as ECS gives it back: what is not given is left out, but for the lists that ECS always lists. Pure, idempotent."""
    given = {
        key: value
        for key, value in definition.items()
        if value is not None and not (isinstance(value, list | tuple | dict) and not value)
    }
    return {**{key: [] for key in ALWAYS_LISTED}, "cpu": 0, **given}


def merged(definition: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """`definition` with `extra` put in at any depth; lists and plain values of `extra` take the place of those there. Pure."""
    result = dict(definition)
    for key, value in extra.items():
        there = result.get(key)
        result[key] = (
            merged(there, value) if isinstance(there, Mapping) and isinstance(value, Mapping) else value
        )
    return result


def _secrets(secrets: Sequence[Secret]) -> list[dict[str, str]]:
    return [
        {"name": secret.name, "valueFrom": secret.value_from}
        for secret in sorted(secrets, key=lambda s: s.name)
    ]


def _ports(port: int | None, more: Sequence[PortArgs]) -> list[dict[str, Any]]:
    """The main port first; `more` may give it a name."""
    listed = [each.container_port for each in more if each.protocol == "tcp"]
    main = [PortArgs(container_port=port)] if port is not None and port not in listed else []
    return [
        {
            "containerPort": each.container_port,
            "hostPort": each.container_port,
            "protocol": each.protocol,
            **({"name": each.name} if each.name else {}),
            **({"appProtocol": each.app_protocol} if each.app_protocol else {}),
        }
        for each in (*main, *more)
    ]


def _log(
    more: ContainerArgs, group: str, prefix: str, region: str, secrets: Sequence[Secret]
) -> dict[str, Any] | None:
    """`awslogs` into the component's group, unless something else is asked for."""
    if "logConfiguration" in (more.extra or {}):
        return None
    driver = more.log.driver if more.log else "awslogs"
    options = dict((more.log.options if more.log else None) or {})
    if driver == "awslogs":
        ours = {"awslogs-group": group, "awslogs-region": region, "awslogs-stream-prefix": prefix}
        options = {**ours, **options}
    found: dict[str, Any] = {"logDriver": driver}
    if options:
        found["options"] = options
    if secrets:
        found["secretOptions"] = _secrets(secrets)
    return found


def _health_check(check: HealthCheckArgs | None) -> dict[str, Any] | None:
    """Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html"""
    if check is None:
        return None
    words = ["CMD-SHELL", check.command] if isinstance(check.command, str) else list(check.command)
    if words[0] not in ("CMD", "CMD-SHELL", "NONE"):
        words = ["CMD", *words]
    found = {"command": words, "interval": check.interval, "timeout": check.timeout, "retries": check.retries}
    return found if check.start_period is None else {**found, "startPeriod": check.start_period}


def _firelens(kind: str | None, options: Mapping[str, str]) -> dict[str, Any] | None:
    if kind is None:
        return None
    return {"type": kind, "options": dict(options)} if options else {"type": kind}
