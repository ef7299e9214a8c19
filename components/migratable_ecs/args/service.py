"""The service as a whole."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from .. import image
from ..validation import (
    InvalidArgument,
    between,
    named_texts,
    nearest,
    one_of,
    required,
    text,
    texts,
)
from . import containers, workers
from .containers import ContainerArgs, SidecarArgs
from .ingress import IngressArgs
from .migration import MigrationArgs
from .naming import NamesArgs
from .network import NetworkArgs
from .reached import reached
from .rollout import DiscoveryArgs, RolloutArgs, ServiceConnectArgs
from .running import validate_running
from .scaling import ScalingArgs
from .sizes import RETENTION_DAYS, fargate_size
from .task import TaskArgs, VolumeArgs
from .together import fit_together
from .watching import WatchingArgs
from .workers import ScheduleArgs, WorkerArgs

#: What a service, a task definition's family, a role and a target group all accept.
_NAME = re.compile(r"^[a-zA-Z]([a-zA-Z0-9-]{0,253}[a-zA-Z0-9])?\Z")


@dataclass(kw_only=True)
class MigratableEcsServiceArgs:
    """An ECS service on Fargate and its migration.

    Args:
        cluster: name or ARN of the cluster.
        image: `repository:tag` or `repository@sha256:…`; a repository without registry is ECR in the stack's own account and region.
        network: where tasks run.
        migration: the migration; None for a service without.
        contract: a second migration that runs after the roll, when no task of the old version is left; `migration` then expands.
        ingress: a rule on an existing listener, or a load balancer made for it; None for a service nobody calls.
        rollout: how tasks run and are replaced.
        scaling: the number of tasks follows the load.
        discovery: an entry in Cloud Map. service_connect: ECS Service Connect.
        watching: alarms and a dashboard; None for neither.
        names: names of your own for what is made.
        container_port: the port the app listens on; needed with ingress, unless that leads to a sidecar.
        command, entry_point, working_directory: of the app's container; default the image's.
        container_name: default `app`. stream_prefix: of its log streams, default the container's name.
        container: more of the app's container.
        sidecars: name -> further container of the app's task.
        task: platform, storage, volumes and roles of all tasks.
        workers: key -> further service from the same image; it waits for the migration too.
        schedules: key -> task from the same image that EventBridge Scheduler starts.
        environment: plain values. secrets: name -> `secret-name`, `secret-name:json-key`, or a full ARN of Secrets Manager or SSM.
        cpu, memory: units and MiB of the app's task, default 256 and 512.
        desired_count: default 1.
        log_retention_days: default 30.
        log_kms_key_arn: KMS key that encrypts the log groups; default CloudWatch's own.
        wait_for_steady_state: the update ends when the new tasks are in service; default True.
        tags: on everything.
    """

    cluster: pulumi.Input[str]
    image: pulumi.Input[str]
    network: NetworkArgs
    migration: MigrationArgs | None = None
    contract: MigrationArgs | None = None
    ingress: IngressArgs | None = None
    rollout: RolloutArgs | None = None
    scaling: ScalingArgs | None = None
    discovery: DiscoveryArgs | None = None
    service_connect: ServiceConnectArgs | None = None
    watching: WatchingArgs | None = None
    names: NamesArgs | None = None
    container_port: int | None = None
    command: Sequence[str] | None = None
    entry_point: Sequence[str] | None = None
    working_directory: str | None = None
    container_name: str = "app"
    stream_prefix: str | None = None
    container: ContainerArgs | None = None
    sidecars: Mapping[str, SidecarArgs] | None = None
    task: TaskArgs | None = None
    workers: Mapping[str, WorkerArgs] | None = None
    schedules: Mapping[str, ScheduleArgs] | None = None
    environment: Mapping[str, pulumi.Input[str]] | None = None
    secrets: Mapping[str, pulumi.Input[str]] | None = None
    cpu: int = 256
    memory: int = 512
    desired_count: int = 1
    log_retention_days: int = 30
    log_kms_key_arn: pulumi.Input[str] | None = None
    wait_for_steady_state: bool = True
    tags: Mapping[str, pulumi.Input[str]] | None = None

    def validate(self, name: str) -> None:
        """Raise InvalidArgument for the first thing that cannot work."""
        if not _NAME.match(name):
            raise InvalidArgument(
                f"the name of the service is {name!r}; allowed are letters, digits and hyphens, starting with a letter and ending with "
                "a letter or digit, at most 255"
            )
        required("cluster", self.cluster, "give the name or the ARN of the ECS cluster")
        text("cluster", self.cluster)
        required("image", self.image, "give repository:tag or repository@sha256:…")
        text("image", self.image)
        if isinstance(self.image, str):
            image.parse(self.image)
        fargate_size("the service", self.cpu, self.memory)
        between("desired_count", self.desired_count, 0, 5000)
        one_of("log_retention_days", self.log_retention_days, RETENTION_DAYS)
        required("network", self.network, "give NetworkArgs, or a dict with subnets")
        self.network.validate("network")
        if self.ingress:
            self.ingress.validate("ingress")
        if self.container_port is not None:
            between("container_port", self.container_port, 1, 65535)
        validate_running(self)
        texts("command", self.command)
        texts("entry_point", self.entry_point)
        named_texts("tags", self.tags)
        containers.variables("", self.environment, self.secrets)
        self._validate_containers()
        if self.migration:
            self.migration.validate("migration")
            self._validate_redaction(self.migration)
        if self.contract:
            self._validate_contract(self.contract)
        self._validate_processes()

    def _validate_contract(self, contract: MigrationArgs) -> None:
        contract.validate("contract")
        if contract.phase not in ("before", "after"):
            raise InvalidArgument(
                f"contract.phase is {contract.phase!r}, but contract always runs after the roll: leave phase out"
            )
        if not self.migration or self.migration.phase == "after":
            raise InvalidArgument(
                "contract is the second of two migrations: give migration with phase 'before', or only migration with phase 'after'"
            )

    def _validate_containers(self) -> None:
        containers.container_name("container_name", self.container_name)
        if self.container:
            self.container.validate("container")
        containers.refuse_extra("", self.container, vars(self))
        for name, sidecar in (self.sidecars or {}).items():
            sidecar.validate(f"sidecars[{name!r}]")
        if self.task:
            self.task.validate("task")
        main = (self.container_name, self.container, self.container_port)
        inside = self.migration if self.migration and self.migration.phase == "init" else None
        init = (inside.container_name or "migrate", inside.container) if inside else None
        fit_together("", main, self.sidecars, self._volumes(), init)
        reached(self)

    def _volumes(self) -> Mapping[str, VolumeArgs]:
        return (self.task.volumes if self.task else None) or {}

    def _validate_processes(self) -> None:
        if self.migration:
            own = (self.migration.container_name or "migrate", self.migration.container, None)
            fit_together("migration", own, None, self._volumes())
        for name, worker in (self.workers or {}).items():
            where = f"workers[{name!r}]"
            workers.key("workers", name)
            worker.validate(where)
            for beside, sidecar in (worker.sidecars or {}).items():
                sidecar.validate(f"{where}.sidecars[{beside!r}]")
            fit_together(
                where,
                (worker.container_name or name, worker.container, None),
                worker.sidecars,
                self._volumes(),
            )
        for name, schedule in (self.schedules or {}).items():
            where = f"schedules[{name!r}]"
            workers.key("schedules", name)
            schedule.validate(where)
            fit_together(
                where, (schedule.container_name or name, schedule.container, None), None, self._volumes()
            )
        twice = sorted(
            set(self.workers or ()) & set(self.schedules or ())
            | {"migrate"} & {*(self.workers or ()), *(self.schedules or ())}
        )
        if twice:
            raise InvalidArgument(
                f"{twice[0]!r} names two of workers, schedules and the migration; their names would be the same: give another key"
            )

    def _validate_redaction(self, migration: MigrationArgs) -> None:
        for name in migration.secret_environment:
            given = {**(self.environment or {}), **(migration.environment or {})}
            if name not in given:
                raise InvalidArgument(
                    f"migration.secret_environment names {name!r}, which environment does not have: add it there, or remove it here"
                    f"{nearest(name, given)}"
                )
