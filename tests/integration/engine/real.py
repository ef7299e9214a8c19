"""The engine on the local cloud, without Pulumi: real containers, a real database, runs as `RunSpec`s."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import psycopg
from migratable_ecs.migration.clock import SystemClock
from migratable_ecs.migration.cloudwatch import Logs
from migratable_ecs.migration.history import read
from migratable_ecs.migration.identity import run_identity
from migratable_ecs.migration.run import execute
from migratable_ecs.migration.session import AwsClients, AwsSettings
from migratable_ecs.migration.spec import RunRecord, RunSpec

from tools.localcloud import base_images
from tools.localcloud.docker_api import Docker
from tools.localcloud.instance import LocalCloud
from tools.localcloud.settings import REGION

CLUSTER = "local"
CONTAINER = "migrate"


def clients(endpoint: str) -> AwsClients:
    """As the provider makes them, with every service at `endpoint`."""
    services = ("ecs", "logs", "sts", "ecr")
    settings = AwsSettings(
        region=REGION, access_key="test", secret_key="test", endpoints=dict.fromkeys(services, endpoint)
    )
    return AwsClients(settings)


class Console:
    """Lines with the moment at which they were shown."""

    def __init__(self) -> None:
        self.shown: list[tuple[float, str]] = []

    def __call__(self, line: str) -> None:
        self.shown.append((time.monotonic(), line))

    @property
    def lines(self) -> list[str]:
        return [line for _, line in self.shown]

    def at(self, line: str) -> float:
        """When this line was shown; an AssertionError with all lines when it was not."""
        found = [moment for moment, text in self.shown if text == line]
        assert found, self.lines
        return found[0]


class Real:
    """One family with a log group of its own on a local cloud."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud = cloud
        self.endpoint = cloud.env()["AWS_ENDPOINT_URL"]
        self.aws = clients(self.endpoint)
        self.family = f"real-{uuid.uuid4().hex[:8]}"
        self.group = f"/real/{self.family}"
        self.docker = Docker(cloud.state().docker_host)
        self.aws.client("logs").create_log_group(logGroupName=self.group)

    def spec(
        self,
        script: str = "",
        *,
        command: Sequence[str] = (),
        digest: str = "a",
        database: bool = False,
        stop_timeout: int = 2,
        **more: Any,
    ) -> RunSpec:
        """A run of `script` in a shell, or of `command`; `database`: with psql and its address as DSN."""
        container = {
            "name": CONTAINER,
            "image": base_images.postgres(self.docker) if database else base_images.DEBIAN,
            "command": list(command) or ["sh", "-c", script],
            "stopTimeout": stop_timeout,
            "environment": [{"name": "DSN", "value": self._dsn_inside()}] if database else [],
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": self.group,
                    "awslogs-region": REGION,
                    "awslogs-stream-prefix": "m",
                },
            },
        }
        reply = self.aws.client("ecs").register_task_definition(
            family=self.family,
            networkMode="awsvpc",
            cpu="256",
            memory="512",
            requiresCompatibilities=["FARGATE"],
            containerDefinitions=[container],
        )
        definition = str(reply["taskDefinition"]["taskDefinitionArn"])
        full_digest = "sha256:" + digest * 64
        given: dict[str, Any] = {
            "identity": run_identity(f"urn:{self.family}", full_digest, {}, 0, definition),
            "service": self.family,
            "stack": "real/local",
            "cluster": CLUSTER,
            "family": self.family,
            "task_definition": definition,
            "container": CONTAINER,
            "digest": full_digest,
            "network": {"subnets": [self._subnet()]},
            "launch": {"launchType": "FARGATE"},
            "region": REGION,
            "timeout": 50.0,
            "lock_timeout": 50.0,
            **more,
        }
        return RunSpec(**given)

    def run(self, spec: RunSpec, console: Console | None = None, **more: Any) -> RunRecord:
        """`execute` in this process, with clients of its own."""
        return execute(spec, clients(self.endpoint), SystemClock(), console or Console(), **more)

    def job(self, spec: RunSpec, *, hold: bool = False) -> dict[str, Any]:
        """What a deployer process is told; `hold`: to wait right before its first RunTask."""
        return {"endpoint": self.endpoint, "spec": asdict(spec), "hold": hold}

    def tasks(self) -> list[dict[str, Any]]:
        """Every task of the family that ECS knows, oldest first."""
        ecs = self.aws.client("ecs")
        arns = [
            arn
            for status in ("RUNNING", "STOPPED")
            for arn in ecs.list_tasks(cluster=CLUSTER, family=self.family, desiredStatus=status)["taskArns"]
        ]
        found = ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"] if arns else []
        return sorted(found, key=lambda task: task["createdAt"])

    def containers(self) -> list[str]:
        """Docker's names of the family's containers that still run."""
        ids = [task["taskArn"].rsplit("/", 1)[-1][:8] for task in self.tasks()]
        return [
            c.name for c in self.cloud.containers() if c.status == "running" and any(i in c.name for i in ids)
        ]

    def history(self) -> list[dict[str, Any]]:
        """The runs in the history stream, oldest first."""
        return read(Logs(self.aws.client("logs"), SystemClock()), self.group, self.family)

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the database from this machine."""
        with psycopg.connect(self.cloud.db_dsn(), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def _dsn_inside(self) -> str:
        return self.cloud.db_dsn().replace("127.0.0.1", self.docker.bridge_address())

    def _subnet(self) -> str:
        ec2 = AwsClients(
            AwsSettings(region=REGION, access_key="test", secret_key="test", endpoints={"ec2": self.endpoint})
        ).client("ec2")
        return str(ec2.describe_subnets()["Subnets"][0]["SubnetId"])
