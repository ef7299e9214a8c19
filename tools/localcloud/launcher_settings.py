"""What the launcher is told through its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass


class LauncherError(Exception):
    """Something the operator can put right; the text is the one sentence to print."""


@dataclass(frozen=True)
class Settings:
    """The launcher's settings.

    Attributes:
        port: the gateway's TCP port (``GATEWAY_PORT``, default 4566).
        region: AWS region of requests that name none (``MINISTACK_REGION``, default ``us-east-1``).
        account: AWS account of requests whose access key is not an account (``MINISTACK_ACCOUNT_ID``).
        docker_host: the Docker Engine's address (``DOCKER_HOST``), None for Docker's default.
        instance: name of this local cloud; first part of every container's name (``LOCALCLOUD_INSTANCE``).
        label: ``KEY=VALUE`` on every container (``LOCALCLOUD_LABEL``).
        bridge_host: address under which containers reach this machine (``LOCALCLOUD_BRIDGE_HOST``).
        bind_hosts: addresses that the gateway listens on (``BIND_HOST``, a comma-separated list; default the
            loopback address and ``bridge_host``).
        drain_seconds: upper bound of the time a deregistered target keeps its open requests
            (``LOCALCLOUD_DRAIN_SECONDS``, default 1; ECS waits the target group's deregistration delay).
        deprovision_seconds: time a task stays in DEPROVISIONING after its containers ended
            (``LOCALCLOUD_DEPROVISION_SECONDS``, default 0; Fargate takes 10 to 30).
        failed_deployment_seconds: how long a failed deployment stays in DescribeServices
            (``LOCALCLOUD_FAILED_DEPLOYMENT_SECONDS``, default 8).
        postgres_image: what RDS runs PostgreSQL from (``LOCALCLOUD_POSTGRES_IMAGE``); empty: its databases are records only.
        mariadb_image: the same for MySQL and MariaDB (``LOCALCLOUD_MARIADB_IMAGE``).
    """

    port: int
    region: str
    account: str
    docker_host: str | None
    instance: str
    label: str
    bridge_host: str
    bind_hosts: tuple[str, ...]
    drain_seconds: float
    deprovision_seconds: float
    failed_deployment_seconds: float
    postgres_image: str = ""
    mariadb_image: str = ""

    @property
    def labels(self) -> dict[str, str]:
        """The labels that mark a container as started by a launcher of this instance.

        Two, because the instance's own label is also on its database, which a launcher must not remove.
        """
        key, _, value = self.label.partition("=")
        return {key: value, "migratable-ecs.launcher": self.instance}

    @classmethod
    def from_environment(cls, env: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings.

        Raises:
            LauncherError: for a value that is not allowed.
        """
        instance = env.get("LOCALCLOUD_INSTANCE", "localcloud")
        label = env.get("LOCALCLOUD_LABEL", f"migratable-ecs.instance={instance}")
        if "=" not in label:
            raise LauncherError(f"LOCALCLOUD_LABEL is {label!r}, but must be KEY=VALUE")
        bridge = env.get("LOCALCLOUD_BRIDGE_HOST", "172.17.0.1")
        return cls(
            port=int(_number(env, "GATEWAY_PORT", 4566)),
            region=env.get("MINISTACK_REGION", "us-east-1"),
            account=env.get("MINISTACK_ACCOUNT_ID", "000000000000"),
            docker_host=env.get("DOCKER_HOST") or None,
            instance=instance,
            label=label,
            bridge_host=bridge,
            bind_hosts=tuple(h for h in env.get("BIND_HOST", f"127.0.0.1,{bridge}").split(",") if h),
            drain_seconds=_number(env, "LOCALCLOUD_DRAIN_SECONDS", 1),
            deprovision_seconds=_number(env, "LOCALCLOUD_DEPROVISION_SECONDS", 0),
            failed_deployment_seconds=_number(env, "LOCALCLOUD_FAILED_DEPLOYMENT_SECONDS", 8),
            postgres_image=env.get("LOCALCLOUD_POSTGRES_IMAGE", ""),
            mariadb_image=env.get("LOCALCLOUD_MARIADB_IMAGE", ""),
        )


def _number(env: Mapping[str, str], key: str, default: float) -> float:
    value = env.get(key) or str(default)
    try:
        number = float(value)
    except ValueError:
        number = -1
    if number < 0:
        raise LauncherError(f"{key} is {value!r}, but must be a number that is not negative")
    return number
