"""From an ECS container definition to Docker's arguments, and the order in which containers start and stop."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from tools.localcloud.launcher_docker import MIB, Image
from tools.localcloud.launcher_logs import Follower, Stream

Record = dict[str, Any]

#: Seconds between the stop signal and SIGKILL when the definition gives no ``stopTimeout``.
STOP_TIMEOUT = 30


@dataclass
class Container:
    """One container of a task while the task lives.

    Attributes:
        definition: container definition with the run's overrides applied.
        record: what DescribeTasks shows of it.
        state: ``waiting``, ``running`` or ``stopped``.
        health: Docker's health state: ``""`` without a health check, else starting, healthy or unhealthy.
    """

    definition: Record
    record: Record
    image: Image | None = None
    docker_id: str | None = None
    state: str = "waiting"
    health: str = ""
    exit_code: int | None = None
    address: str | None = None
    secrets: dict[str, str] = field(default_factory=dict)
    stream: Stream | None = None
    follower: Follower | None = None
    token: str | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def name(self) -> str:
        return str(self.definition["name"])

    @property
    def essential(self) -> bool:
        return bool(self.definition.get("essential", True))

    @property
    def stop_timeout(self) -> int:
        given = self.definition.get("stopTimeout")
        return STOP_TIMEOUT if given is None else int(given)


def with_overrides(definition: Record, override: Record) -> Record:
    """The container definition as RunTask's ``containerOverrides`` entry changes it.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerOverride.html
    """
    changed = dict(definition)
    for key in ("command", "cpu", "memory", "memoryReservation"):
        if override.get(key) is not None:
            changed[key] = override[key]
    environment = {e["name"]: e.get("value", "") for e in definition.get("environment") or []}
    environment.update({e["name"]: e.get("value", "") for e in override.get("environment") or []})
    changed["environment"] = [{"name": name, "value": value} for name, value in environment.items()]
    return changed


def docker_spec(definition: Record, environment: dict[str, str]) -> Record:
    """Arguments of Docker's container config.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
    """
    spec: Record = {
        "command": definition.get("command") or None,
        "entrypoint": definition.get("entryPoint") or None,
        "environment": environment,
        "user": definition.get("user") or None,
        "working_dir": definition.get("workingDirectory") or None,
        "hostname": definition.get("hostname") or None,
        "tty": bool(definition.get("pseudoTerminal")),
        "stdin_open": bool(definition.get("interactive")),
    }
    check = definition.get("healthCheck")
    if check:
        second = 1_000_000_000
        spec["healthcheck"] = {
            "test": check["command"],
            "interval": int(check.get("interval") or 30) * second,
            "timeout": int(check.get("timeout") or 5) * second,
            "retries": int(check.get("retries") or 3),
            "start_period": int(check.get("startPeriod") or 0) * second,
        }
    return spec


def docker_host(definition: Record, task_memory: int | None, binds: list[str]) -> Record:
    """Arguments of Docker's host config.

    Args:
        definition: the container definition.
        task_memory: the task's memory in MiB, the limit of a container that has none of its own.
        binds: Docker bind strings.
    """
    linux = definition.get("linuxParameters") or {}
    capabilities = linux.get("capabilities") or {}
    host: Record = {
        "binds": binds or None,
        "read_only": bool(definition.get("readonlyRootFilesystem")),
        "privileged": bool(definition.get("privileged")),
        "init": True if linux.get("initProcessEnabled") else None,
        "cap_add": capabilities.get("add") or None,
        "cap_drop": capabilities.get("drop") or None,
        "ulimits": [
            {"Name": limit["name"], "Soft": int(limit["softLimit"]), "Hard": int(limit["hardLimit"])}
            for limit in definition.get("ulimits") or []
        ]
        or None,
        "tmpfs": {
            mount["containerPath"]: ",".join([f"size={mount['size']}m", *(mount.get("mountOptions") or [])])
            for mount in linux.get("tmpfs") or []
        }
        or None,
        "sysctls": {s["namespace"]: s["value"] for s in definition.get("systemControls") or []} or None,
        "extra_hosts": {h["hostname"]: h["ipAddress"] for h in definition.get("extraHosts") or []},
    }
    memory = definition.get("memory") or task_memory
    if memory:
        # Fargate has no swap: at the limit the kernel kills.
        host["mem_limit"] = host["memswap_limit"] = int(memory) * MIB
    if definition.get("memoryReservation"):
        host["mem_reservation"] = int(definition["memoryReservation"]) * MIB
    if linux.get("sharedMemorySize"):
        host["shm_size"] = int(linux["sharedMemorySize"]) * MIB
    if definition.get("cpu"):
        host["cpu_shares"] = max(2, int(definition["cpu"]))
    return host


def verdict(waiting: Container, others: dict[str, Container]) -> str | None:
    """Whether a container's ``dependsOn`` lets it start.

    Returns:
        ``""`` when it may start, None when it must wait, else why it never can (the agent's words).

    Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html
    """
    for dependency in waiting.definition.get("dependsOn") or []:
        other = others[dependency["containerName"]]
        condition = dependency["condition"]
        if condition == "START":
            met, never = other.state != "waiting", False
        elif condition == "COMPLETE":
            met, never = other.state == "stopped", False
        elif condition == "SUCCESS":
            met = other.state == "stopped" and other.exit_code == 0
            never = other.state == "stopped" and not met
        else:
            met = other.state == "running" and other.health == "healthy"
            never = other.state == "stopped" or other.health == "unhealthy"
        if never:
            ending = "exit successfully" if condition == "SUCCESS" else "become healthy"
            return (
                "CannotStartContainerError: dependency graph: failed to resolve container ordering dependency "
                f"[{other.name}({other.definition['image']}) ({other.state.upper()}->RUNNING)"
                f"{'' if other.exit_code is None else f' - Exit: {other.exit_code}'}] for target "
                f"[{waiting.name}({waiting.definition['image']}) (NONE->RUNNING)] "
                f"as dependency did not {ending}"
            )
        if not met:
            return None
    return ""


def network_owner(containers: list[Container]) -> Container:
    """The container whose network the others of an awsvpc task join, so that localhost is shared.

    The first essential one that nobody waits to end: it lives as long as the task.
    """
    ending = {
        dependency["containerName"]
        for container in containers
        for dependency in container.definition.get("dependsOn") or []
        if dependency["condition"] in ("COMPLETE", "SUCCESS")
    }
    lasting = [c for c in containers if c.name not in ending]
    return next((c for c in lasting if c.essential), (lasting or containers)[0])


def may_stop(container: Container, containers: list[Container]) -> bool:
    """Whether no running container depends on this one: ECS stops in the reverse order of the start."""
    return not any(
        other.state == "running"
        and any(d["containerName"] == container.name for d in other.definition.get("dependsOn") or [])
        for other in containers
    )
