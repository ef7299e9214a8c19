"""Containers: what the app's, the migration's and any further one can be told."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi

from .. import image as images
from .. import secrets as references
from ..validation import InvalidArgument, between, is_plain, named_texts, one_of, required, text, texts

Condition = Literal["START", "COMPLETE", "SUCCESS", "HEALTHY"]

#: Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html
CONDITIONS = ("START", "COMPLETE", "SUCCESS", "HEALTHY")

#: Log drivers of Fargate. Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html
LOG_DRIVERS = ("awslogs", "awsfirelens", "splunk")

#: Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Ulimit.html
ULIMITS = (
    "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio", "rttime",
    "sigpending", "stack",
)  # fmt: skip

#: Keys of the API that only the args that have secrets, images and volumes in them can give, since roles are made from those.
NEVER_EXTRA = {
    "name": "container_name",
    "image": "image",
    "essential": "essential",
    "secrets": "secrets",
    "environmentFiles": "environment_files",
    "mountPoints": "mounts",
}

#: Key of the API -> the arg that says the same.
SAME_AS_EXTRA = {
    "command": "command",
    "entryPoint": "entry_point",
    "workingDirectory": "working_directory",
    "environment": "environment",
    "portMappings": "ports",
    "user": "user",
    "healthCheck": "health_check",
    "dependsOn": "depends_on",
    "stopTimeout": "stop_timeout",
    "startTimeout": "start_timeout",
    "ulimits": "ulimits",
    "readonlyRootFilesystem": "readonly_root_filesystem",
    "logConfiguration": "log",
    "cpu": "cpu",
    "memory": "memory",
    "memoryReservation": "memory_reservation",
    "firelensConfiguration": "firelens",
}

#: Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
_NAME = re.compile(r"^[a-zA-Z0-9_-]{1,255}\Z")
_ENVIRONMENT_FILE = re.compile(r"^arn:aws[a-z-]*:s3:::[^/]+/.+\.env\Z")


@dataclass(kw_only=True)
class PortArgs:
    """A port of a container.

    Args:
        container_port: 1 to 65535; the host's port is the same.
        protocol: `tcp` (default) or `udp`.
        name: for Service Connect.
        app_protocol: `http`, `http2` or `grpc`, for Service Connect.
    """

    container_port: int
    protocol: Literal["tcp", "udp"] = "tcp"
    name: str | None = None
    app_protocol: Literal["http", "http2", "grpc"] | None = None

    def validate(self, where: str) -> None:
        between(f"{where}.container_port", self.container_port, 1, 65535)
        one_of(f"{where}.protocol", self.protocol, ("tcp", "udp"))
        one_of(f"{where}.app_protocol", self.app_protocol, ("http", "http2", "grpc"))
        if self.app_protocol and not self.name:
            raise InvalidArgument(
                f"{where}.app_protocol is {self.app_protocol!r} without a name: give {where}.name too"
            )


@dataclass(kw_only=True)
class HealthCheckArgs:
    """How ECS asks a container whether it is healthy.

    Args:
        command: a string runs in the container's shell, a list as it is.
        interval: seconds between checks, 5 to 300, default 30.
        timeout: seconds until a check has failed, 2 to 60, default 5.
        retries: failures in a row until it is unhealthy, 1 to 10, default 3.
        start_period: seconds at the start in which failures do not count, 0 to 300, default none.
    """

    command: str | Sequence[str]
    interval: int = 30
    timeout: int = 5
    retries: int = 3
    start_period: int | None = None

    def validate(self, where: str) -> None:
        required(
            f"{where}.command", self.command, "give the command that exits 0 when the container is healthy"
        )
        between(f"{where}.interval", self.interval, 5, 300, " s")
        between(f"{where}.timeout", self.timeout, 2, 60, " s")
        between(f"{where}.retries", self.retries, 1, 10)
        between(f"{where}.start_period", self.start_period, 0, 300, " s")


@dataclass(kw_only=True)
class MountArgs:
    """A volume in a container.

    Args:
        volume: name of a volume of `task.volumes`.
        read_only: default False.
    """

    volume: str
    read_only: bool = False


@dataclass(kw_only=True)
class LogArgs:
    """Where a container's output goes.

    Args:
        driver: `awslogs` (default), `awsfirelens` (through a sidecar with `firelens`) or `splunk`.
        options: of the driver; with `awslogs` they add to the ones of the component (group, region, stream prefix) or replace them.
        secret_options: option -> reference to a secret, as in `secrets`.
    """

    driver: str = "awslogs"
    options: Mapping[str, pulumi.Input[str]] | None = None
    secret_options: Mapping[str, pulumi.Input[str]] | None = None

    def validate(self, where: str) -> None:
        one_of(f"{where}.driver", self.driver, LOG_DRIVERS)
        named_texts(f"{where}.options", self.options)
        for option, reference in (self.secret_options or {}).items():
            if reference is None or is_plain(reference):
                references.parse(option, reference, f"{where}.secret_options")


@dataclass(kw_only=True)
class ContainerArgs:
    """More of a container: all but its image, command and variables.

    Args:
        ports: further ports; one with the number of `container_port` gives that one its name and protocol.
        user: `name`, `uid` or `uid:gid`; default the image's.
        environment_files: ARNs of objects in S3 whose names end in `.env`.
        health_check: how ECS asks whether it is healthy.
        depends_on: name of another container of the task -> `START`, `COMPLETE`, `SUCCESS` or `HEALTHY`.
        start_timeout: seconds to wait for what it depends on, 2 to 120.
        stop_timeout: seconds between SIGTERM and SIGKILL, 2 to 120, default ECS's 30.
        ulimits: name -> [soft, hard].
        readonly_root_filesystem: default False.
        writable: paths that can be written all the same; each is an empty volume of its own that is gone with the task.
        mounts: path -> a volume of `task.volumes`.
        init_process: a small process 1 that passes signals on and reaps children, default False.
        log: where its output goes, default the component's log group.
        cpu: units reserved for it, default none.
        memory: MiB at which it is killed, default the task's.
        memory_reservation: MiB reserved for it, default none.
        extra: keys of the API's ContainerDefinition that have no arg here, passed on as they are.
    """

    ports: Sequence[PortArgs] = ()
    user: str | None = None
    environment_files: Sequence[pulumi.Input[str]] = ()
    health_check: HealthCheckArgs | None = None
    depends_on: Mapping[str, Condition] | None = None
    start_timeout: int | None = None
    stop_timeout: int | None = None
    ulimits: Mapping[str, Sequence[int]] | None = None
    readonly_root_filesystem: bool = False
    writable: Sequence[str] = ()
    mounts: Mapping[str, MountArgs] | None = None
    init_process: bool = False
    log: LogArgs | None = None
    cpu: int | None = None
    memory: int | None = None
    memory_reservation: int | None = None
    extra: Mapping[str, Any] | None = None

    def validate(self, where: str) -> None:
        for number, port in enumerate(self.ports):
            port.validate(f"{where}.ports[{number}]")
        text(f"{where}.user", self.user)
        texts(f"{where}.environment_files", self.environment_files)
        for file in self.environment_files:
            if isinstance(file, str) and not _ENVIRONMENT_FILE.match(file):
                raise InvalidArgument(
                    f"{where}.environment_files has {file!r}; give the ARN of an object whose name ends in .env, such as "
                    "arn:aws:s3:::bucket/web.env"
                )
        if self.health_check:
            self.health_check.validate(f"{where}.health_check")
        for name, condition in (self.depends_on or {}).items():
            one_of(f"{where}.depends_on[{name!r}]", condition, CONDITIONS)
        between(f"{where}.start_timeout", self.start_timeout, 2, 120, " s")
        between(f"{where}.stop_timeout", self.stop_timeout, 2, 120, " s")
        self._validate_limits(where)
        self._validate_paths(where)
        if self.log:
            self.log.validate(f"{where}.log")
        self._validate_extra(where)

    def _validate_limits(self, where: str) -> None:
        between(f"{where}.cpu", self.cpu, 1, 16384)
        between(f"{where}.memory", self.memory, 6, 122880, " MiB")
        between(f"{where}.memory_reservation", self.memory_reservation, 6, 122880, " MiB")
        if self.memory and self.memory_reservation and self.memory_reservation > self.memory:
            raise InvalidArgument(
                f"{where}.memory_reservation is {self.memory_reservation} MiB, more than {where}.memory, {self.memory} MiB: give less"
            )
        for name, limits in (self.ulimits or {}).items():
            one_of(f"{where}.ulimits", name, ULIMITS)
            given = list(limits) if isinstance(limits, Sequence) and not isinstance(limits, str) else []
            if len(given) != 2 or not all(type(limit) is int and limit >= -1 for limit in given):
                raise InvalidArgument(
                    f"{where}.ulimits[{name!r}] is {limits!r}; give [soft, hard], such as [1024, 4096]"
                )

    def _validate_paths(self, where: str) -> None:
        for path in (*self.writable, *(self.mounts or {})):
            if isinstance(path, str) and not path.startswith("/"):
                raise InvalidArgument(f"{where} mounts {path!r}; give an absolute path, such as '/{path}'")
        both = sorted(set(self.writable) & set(self.mounts or {}))
        if both:
            raise InvalidArgument(
                f"Only one of {where}.writable and {where}.mounts can be provided for {both[0]!r}: remove it from the other"
            )

    def _validate_extra(self, where: str) -> None:
        for key in self.extra or {}:
            if key in NEVER_EXTRA:
                raise InvalidArgument(f"{where}.extra has {key!r}: give it as {NEVER_EXTRA[key]}")
            if _given(self, SAME_AS_EXTRA.get(key, "")):
                raise _twice(f"{where}.{SAME_AS_EXTRA[key]}", f"{where}.extra[{key!r}]")
        linux = (self.extra or {}).get("linuxParameters")
        if self.init_process and isinstance(linux, Mapping) and "initProcessEnabled" in linux:
            raise _twice(f"{where}.init_process", f"{where}.extra['linuxParameters']['initProcessEnabled']")


def refuse_extra(where: str, container: ContainerArgs | None, given: Mapping[str, object]) -> None:
    """Refuse what `container.extra` says although an arg beside `container` says it too. `given`: arg -> value."""
    for key in (container.extra if container else None) or {}:
        named = SAME_AS_EXTRA.get(key, "")
        if given.get(named):
            raise _twice(f"{where}{named}", f"{where}container.extra[{key!r}]")


def container_name(where: str, name: object) -> None:
    """Refuse what ECS does not take as the name of a container."""
    if not isinstance(name, str) or not _NAME.match(name):
        raise InvalidArgument(
            f"{where} is {name!r}; allowed are letters, digits, hyphens and underscores, at most 255"
        )


def variables(where: str, environment: Mapping[str, Any] | None, secrets: Mapping[str, Any] | None) -> None:
    """Refuse variables that are no strings, secrets that are no references, and what both give."""
    prefix = f"{where}." if where else ""
    named_texts(f"{prefix}environment", environment)
    for variable, reference in (secrets or {}).items():
        if reference is None or is_plain(reference):
            references.parse(variable, reference, f"{prefix}secrets")
    both = sorted(set(environment or ()) & set(secrets or ()))
    if both:
        raise InvalidArgument(
            f"Only one of {prefix}environment and {prefix}secrets can provide {both[0]!r}: remove it from the other"
        )


def _given(args: object, name: str) -> bool:
    return bool(name) and bool(getattr(args, name, None))


def _twice(first: str, second: str) -> InvalidArgument:
    return InvalidArgument(f"Only one of {first} and {second} can be provided: remove one")


@dataclass(kw_only=True)
class SidecarArgs(ContainerArgs):
    """A further container beside the app's: nginx, OpenTelemetry, X-Ray, a log router. Its name is its key in `sidecars`.

    Args:
        image: `repository:tag` or `repository@sha256:…`, as the service's; another registry than ECR by digest.
        command, entry_point, working_directory: default the image's.
        environment, secrets: of its own; it has none of the service's.
        essential: its end stops the task; default True.
        firelens: `fluentbit` or `fluentd` makes it the log router of the containers with the log driver `awsfirelens`.
        firelens_options: of the log router, such as `enable-ecs-log-metadata`.
        ports: all its ports.
        user: `name`, `uid` or `uid:gid`; default the image's, of a log router root.
        environment_files, health_check, depends_on, start_timeout, stop_timeout, ulimits, readonly_root_filesystem, writable, mounts,
        init_process, log, cpu, memory, memory_reservation, extra: as in ContainerArgs.
    """

    image: pulumi.Input[str]
    command: Sequence[str] | None = None
    entry_point: Sequence[str] | None = None
    working_directory: str | None = None
    environment: Mapping[str, pulumi.Input[str]] | None = None
    secrets: Mapping[str, pulumi.Input[str]] | None = None
    essential: bool = True
    firelens: Literal["fluentbit", "fluentd"] | None = None
    firelens_options: Mapping[str, pulumi.Input[str]] | None = None

    def validate(self, where: str) -> None:
        super().validate(where)
        required(f"{where}.image", self.image, "give repository:tag or repository@sha256:…")
        text(f"{where}.image", self.image)
        if isinstance(self.image, str):
            images.parse(self.image)
        texts(f"{where}.command", self.command)
        texts(f"{where}.entry_point", self.entry_point)
        one_of(f"{where}.firelens", self.firelens, ("fluentbit", "fluentd"))
        named_texts(f"{where}.firelens_options", self.firelens_options)
        if self.firelens_options and not self.firelens:
            raise InvalidArgument(
                f"{where}.firelens_options is given without {where}.firelens: give 'fluentbit' or 'fluentd'"
            )
        variables(where, self.environment, self.secrets)
