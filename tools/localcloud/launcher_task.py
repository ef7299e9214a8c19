"""One ECS task on Docker, from PROVISIONING to STOPPED.

Source of the states and of the fields that go with them:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html and
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from docker.errors import APIError, DockerException  # type: ignore[import-untyped]
from ministack.core.responses import request_scope
from ministack.services import ecs, ecs_metadata

from tools.localcloud import launcher_containers as shape
from tools.localcloud.launcher_containers import Container
from tools.localcloud.launcher_docker import Engine, StartError, cannot_start
from tools.localcloud.launcher_logs import Follower, open_stream
from tools.localcloud.launcher_secrets import resolve
from tools.localcloud.launcher_task_record import Record, note_address, now, prepare_record

logger = logging.getLogger("launcher")

#: Longest time to wait for the rest of a container's log after its exit, in seconds.
_LOG_DRAIN_SECONDS = 120.0


class TaskRun:
    """A running task: its record in the emulator's store and its containers.

    Args:
        engine: the Docker Engine.
        record: the task as DescribeTasks shows it; changed in place under ``changed``.
        definition: the task definition.
        overrides: RunTask's ``containerOverrides``.
        account: AWS account.
        region: AWS region.
        leave: called when the task begins to stop; takes it out of its target groups and returns when done.
        tell: called after each change, for the service scheduler.
    """

    def __init__(
        self,
        engine: Engine,
        record: Record,
        definition: Record,
        overrides: list[Record],
        account: str,
        region: str,
        leave: Callable[[TaskRun], None],
        tell: Callable[[], None],
    ) -> None:
        self.engine, self.record, self.definition = engine, record, definition
        self.account, self.region = account, region
        self.changed = threading.Condition()
        #: Set when RunTask has its answer, which shows the task as it was created.
        self.released = threading.Event()
        self._leave, self._tell = leave, tell
        self.arn = str(record["taskArn"])
        #: For the service scheduler: target group, address and port of each target that this task is.
        self.targets: set[tuple[str, str, int]] = set()
        self.running_since = float("inf")
        self.was_healthy = self.failed_health = self.counted = False
        self.id = self.arn.rsplit("/", 1)[-1]
        self.awsvpc = definition.get("networkMode") == "awsvpc"
        self._stopping = False
        self._volumes: dict[str, str] = {}
        by_name = {override.get("name"): override for override in overrides}
        self.containers = [
            Container(shape.with_overrides(one, by_name.get(one["name"]) or {}), shown)
            for one, shown in zip(definition["containerDefinitions"], record["containers"], strict=True)
        ]
        self._by_name = {container.name: container for container in self.containers}
        prepare_record(record, awsvpc=self.awsvpc)

    # The life of a task

    def run(self) -> None:
        """Take the task through its whole life; returns when it is STOPPED."""
        self.released.wait(5)
        with request_scope(self.account, self.region):
            try:
                self._start()
            except StartError as error:
                if error.container:
                    self._show(self._by_name[error.container], reason=error.reason)
                self.begin_stop("TaskFailedToStart", error.reason)
            except Exception as error:
                # Whatever it was: a task must not stay PENDING for ever.
                logger.exception("task %s did not start", self.id)
                self.begin_stop("TaskFailedToStart", f"ResourceInitializationError: {error}")
            with self.changed:
                while not self._stopping:
                    self.changed.wait()
            self._shut_down()

    def begin_stop(self, code: str, reason: str) -> None:
        """Ask the task to stop; the first reason stays.

        Args:
            code: ``stopCode``.
            reason: ``stoppedReason``.
        """
        with self.changed:
            if self._stopping:
                return
            self._stopping = True
            self._set(desiredStatus="STOPPED", stoppingAt=now(), stopCode=code, stoppedReason=reason)
        self._tell()

    def snapshot(self) -> Record:
        """The task as the API shows it."""
        with self.changed:
            shown: Record = ecs._sanitize(self.record)
            return shown

    def note_health(self, docker_id: str, health: str) -> bool:
        """Take over a health state that Docker reported; False when the container is not of this task."""
        for container in self.containers:
            if container.docker_id == docker_id:
                with self.changed:
                    container.health = health
                    states = {"healthy": "HEALTHY", "unhealthy": "UNHEALTHY"}
                    container.record["healthStatus"] = states.get(health, "UNKNOWN")
                    checked = [c.health for c in self.containers if c.essential and c.health]
                    worst = next((h for h in ("unhealthy", "starting") if h in checked), "healthy")
                    self._set(healthStatus=states.get(worst, "UNKNOWN") if checked else "UNKNOWN")
                self._tell()
                return True
        return False

    def address_of(self, container_name: str) -> str | None:
        """The IP address of a container, for target groups."""
        return self._by_name[container_name].address if container_name in self._by_name else None

    # Start

    def _start(self) -> None:
        self._set(lastStatus="PENDING")
        for container in self.containers:
            container.secrets = resolve(container.definition, self.account, self.region)
        self._set(pullStartedAt=now())
        for container in self.containers:
            if self._stopping:
                return
            try:
                container.image = self.engine.fetch(container.definition["image"])
            except StartError as error:
                raise StartError(error.reason, container.name) from error
            self._show(container, imageDigest=container.image.digest)
        self._set(pullStoppedAt=now())
        for container in self.containers:
            container.stream = open_stream(container.definition, self.account, self.region, self.id)
        self._start_in_order()
        with self.changed:
            # A short task may have ended by now: it has been RUNNING all the same.
            if not self._stopping or self.record["stopCode"] == "EssentialContainerExited":
                self.running_since = time.monotonic()
                self._set(lastStatus="RUNNING", startedAt=now())
        self._tell()

    def _start_in_order(self) -> None:
        deadline = {
            c.name: time.monotonic() + c.definition["startTimeout"]
            for c in self.containers
            if c.definition.get("startTimeout")
        }
        while True:
            with self.changed:
                waiting = [c for c in self.containers if c.state == "waiting"]
                if self._stopping or not waiting:
                    return
                verdicts = {c.name: shape.verdict(c, self._by_name) for c in waiting}
                if all(v is None for v in verdicts.values()):
                    left = min(
                        (
                            deadline[c.name] - time.monotonic()
                            for c in self.containers
                            if c.state == "running" and c.name in deadline
                        ),
                        default=None,
                    )
                    if left is not None and left <= 0:
                        raise StartError(
                            "Task failed to start: a container did not meet its dependency "
                            "condition within its startTimeout"
                        )
                    self.changed.wait(left)
                    continue
            for container in waiting:
                why = verdicts[container.name]
                if why == "":
                    self._start_container(container)
                elif why is not None:
                    self._give_up(container, why)

    def _give_up(self, container: Container, why: str) -> None:
        # The agent gives a container that can never start the exit code of SIGTERM.
        with self.changed:
            container.state, container.exit_code = "stopped", 143
            self._show(container, lastStatus="STOPPED", exitCode=143, reason=why)
            container.ended.set()
            self.changed.notify_all()
        if container.essential:
            self.begin_stop("EssentialContainerExited", "Essential container in task exited")

    def _start_container(self, container: Container) -> None:
        assert container.image is not None
        environment = {e["name"]: e.get("value", "") for e in container.definition["environment"]}
        environment = {**container.secrets, **environment}
        self._register_metadata(container, environment)
        try:
            container.docker_id = self.engine.create(
                f"{self.id[:8]}-{container.name}",
                container.image.local,
                shape.docker_spec(container.definition, environment),
                self._host(container),
                {"com.amazonaws.ecs.task-arn": self.arn, "com.amazonaws.ecs.container-name": container.name},
            )
            self.engine.start(container.docker_id)
        except APIError as error:
            self._show(container, reason=cannot_start(error))
            raise StartError("Task failed to start", None) from error
        address = self.engine.address(container.docker_id)
        owner = shape.network_owner(self.containers)
        with self.changed:
            container.address = address or owner.address
            container.state = "running"
            container.health = "starting" if container.definition.get("healthCheck") else ""
            self._show(container, lastStatus="RUNNING", runtimeId=f"{self.id}-{container.docker_id[:10]}")
            if self.awsvpc and container.address:
                note_address(self.record, container, first=container is owner)
            self.changed.notify_all()
        ecs_metadata.set_docker_id(container.token, container.docker_id)
        ecs_metadata.set_container_status(container.token, "RUNNING")
        if container.stream:
            container.follower = Follower(self.engine, container.docker_id, container.stream)
        threading.Thread(
            target=self._await_exit, args=(container,), daemon=True, name=f"wait-{container.docker_id[:8]}"
        ).start()

    def _host(self, container: Container) -> Record:
        memory = str(self.record.get("memory") or "")
        host = shape.docker_host(
            container.definition, int(memory) if memory.isdigit() else None, self._binds(container)
        )
        host["extra_hosts"]["host.docker.internal"] = self.engine.settings.bridge_host
        owner = shape.network_owner(self.containers)
        mode = self.definition.get("networkMode")
        if mode in ("host", "none"):
            host["network_mode"] = mode
        elif self.awsvpc and owner is not container and owner.state == "running":
            # Containers of an awsvpc task share one network interface, and so localhost.
            host["network_mode"] = f"container:{owner.docker_id}"
            host.pop("extra_hosts")
        elif not self.awsvpc:
            host["port_bindings"] = {
                f"{m['containerPort']}/{m.get('protocol', 'tcp')}": ("127.0.0.1", m.get("hostPort") or None)
                for m in container.definition.get("portMappings") or []
            }
        return host

    def _binds(self, container: Container) -> list[str]:
        sources = {
            v["name"]: (v.get("host") or {}).get("sourcePath") for v in self.definition.get("volumes") or []
        }
        binds = []
        for mount in container.definition.get("mountPoints") or []:
            name = mount.get("sourceVolume")
            source = sources.get(name)
            if source is None:
                # A volume without a host path lives and dies with the task.
                if name not in self._volumes:
                    self._volumes[name] = self.engine.make_volume(f"{self.id[:8]}-{name}")
                source = self._volumes[name]
            binds.append(f"{source}:{mount['containerPath']}:{'ro' if mount.get('readOnly') else 'rw'}")
        return binds

    def _register_metadata(self, container: Container, environment: dict[str, str]) -> None:
        container.token = ecs._register_metadata(
            self.arn,
            self.record["clusterArn"],
            self.definition,
            container.definition,
            self.record.get("launchType"),
            environment,
            False,
            self.engine.settings.bridge_host,
        )
        environment.setdefault("AWS_REGION", self.region)

    # Stop

    def _await_exit(self, container: Container) -> None:
        assert container.docker_id is not None
        try:
            ended = self.engine.wait(container.docker_id)
        except (DockerException, OSError) as error:
            logger.warning("container %s was lost: %s", container.docker_id[:12], error)
            ended = None
        with self.changed:
            container.state = "stopped"
            container.exit_code = ended.code if ended else None
            self._show(container, lastStatus="STOPPED", exitCode=container.exit_code)
            if ended and ended.out_of_memory:
                self._show(container, reason="OutOfMemoryError: Container killed due to memory usage")
            container.ended.set()
            self.changed.notify_all()
        ecs_metadata.set_container_status(container.token, "STOPPED")
        if container.essential or all(c.state == "stopped" for c in self.containers):
            self.begin_stop("EssentialContainerExited", "Essential container in task exited")
        self._tell()

    def _shut_down(self) -> None:
        if str(self.record.get("group") or "").startswith("service:"):
            self._set(lastStatus="DEACTIVATING")
            self._leave(self)
        if any(c.state == "running" for c in self.containers):
            self._set(lastStatus="STOPPING")
            self._stop_containers()
        if any(c.exit_code is not None for c in self.containers):
            self._set(executionStoppedAt=now())
        for container in self.containers:
            if container.state == "waiting":
                self._show(container, lastStatus="STOPPED")
        self._set(lastStatus="DEPROVISIONING")
        self._tell()
        try:
            self._clean_up()
        except (DockerException, OSError):
            logger.exception("containers of task %s are left", self.id)
        time.sleep(self.engine.settings.deprovision_seconds)
        for attachment in self.record.get("attachments") or []:
            attachment["status"] = "DELETED"
        self._set(lastStatus="STOPPED", stoppedAt=now())
        self._tell()

    def _stop_containers(self) -> None:
        asked: set[str] = set()
        with self.changed:
            while running := [c for c in self.containers if c.state == "running"]:
                for container in running:
                    if container.name not in asked and shape.may_stop(container, self.containers):
                        asked.add(container.name)
                        threading.Thread(
                            target=self.engine.stop,
                            args=(container.docker_id, container.stop_timeout),
                            daemon=True,
                            name=f"stop-{self.id[:8]}-{container.name}",
                        ).start()
                self.changed.wait()

    def _clean_up(self) -> None:
        for container in self.containers:
            if container.follower and not container.follower.finish(_LOG_DRAIN_SECONDS):
                logger.warning("the log of container %s of task %s is incomplete", container.name, self.id)
            if container.token:
                ecs_metadata.unregister_token(container.token)
            if container.docker_id:
                self.engine.remove(container.docker_id)
        for volume in self._volumes.values():
            self.engine.remove_volume(volume)

    # Changes of the record

    def _set(self, **values: Any) -> None:
        with self.changed:
            if "lastStatus" in values and values["lastStatus"] != self.record["lastStatus"]:
                ecs._bump_task_version(self.record)
            self.record.update(values)
            self.changed.notify_all()
        ecs_metadata.set_task_status(
            self.arn, known_status=values.get("lastStatus"), desired_status=values.get("desiredStatus")
        )

    def _show(self, container: Container, **values: Any) -> None:
        with self.changed:
            container.record.update(values)
