"""A launcher of its own for the tests: free port, own instance name, nothing left behind."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import docker  # type: ignore[import-untyped]
import pytest
from botocore.config import Config

REPOSITORY = Path(__file__).resolve().parents[2]
REGION = "ap-northeast-1"
ACCOUNT = "000000000000"
IMAGE = os.environ.get("LAUNCHER_TEST_IMAGE", "migratable-ecs/base:bookworm")

Record = dict[str, Any]


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def until(what: Callable[[], Any], seconds: float = 30, pause: float = 0.05) -> Any:
    """Call ``what`` until it gives something true."""
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"nothing came within {seconds} s: {what}")
        time.sleep(pause)


class Cloud:
    """A launcher process and clients for it."""

    def __init__(self, log: Path) -> None:
        self.port = free_port()
        self.instance = f"lt{uuid.uuid4().hex[:8]}"
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {
            **os.environ,
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_REGION": REGION,
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LOCALCLOUD_INSTANCE": self.instance,
            "LOCALCLOUD_LABEL": f"migratable-ecs.instance={self.instance}",
            "LOCALCLOUD_FAILED_DEPLOYMENT_SECONDS": "3",
        }
        self.log = log
        self.docker = docker.from_env()
        self.process = self.start()

    def start(self, **env: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tools.localcloud.launcher"],
                cwd=REPOSITORY,
                env={**self.env, **env},
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        until(self._healthy, 30)
        return self.process

    def _healthy(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the launcher ended:\n{self.log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def client(self, service: str, *, key: str = "test") -> Any:
        """A client; an access key of 12 digits is the account that it belongs to."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=key,
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 0}),
        )

    def containers(self, *, everything: bool = True) -> list[Any]:
        wanted = {"label": f"migratable-ecs.instance={self.instance}"}
        return list(self.docker.containers.list(all=everything, filters=wanted))


class Cluster:
    """One cluster with a subnet and a log group, and short ways to run tasks on it."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.name = f"c{uuid.uuid4().hex[:8]}"
        self.group = f"/ecs/{self.name}"
        self.ecs, self.logs = cloud.client("ecs"), cloud.client("logs")
        self.ecs.create_cluster(clusterName=self.name)
        self.logs.create_log_group(logGroupName=self.group)
        subnets = cloud.client("ec2").describe_subnets()["Subnets"]
        self.network = {"awsvpcConfiguration": {"subnets": [subnets[0]["SubnetId"]]}}

    def container(self, script: str | None = None, **more: Any) -> Record:
        """A container definition that runs a shell script and logs to the cluster's group."""
        definition: Record = {
            "name": "app",
            "image": IMAGE,
            "essential": True,
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": self.group,
                    "awslogs-region": REGION,
                    "awslogs-stream-prefix": "t",
                },
            },
        }
        if script is not None:
            definition["command"] = ["sh", "-c", script]
        definition.update(more)
        return definition

    def define(self, *containers: Record, **more: Any) -> str:
        arguments: Record = {
            "family": f"f{uuid.uuid4().hex[:8]}",
            "networkMode": "awsvpc",
            "cpu": "256",
            "memory": "512",
            "requiresCompatibilities": ["FARGATE"],
            "containerDefinitions": list(containers),
            **more,
        }
        return str(self.ecs.register_task_definition(**arguments)["taskDefinition"]["taskDefinitionArn"])

    def run(self, *containers: Record, overrides: Record | None = None, **more: Any) -> str:
        """Register a definition, run it once, return the task's ARN."""
        extra = {"overrides": overrides} if overrides else {}
        return self.launch(self.define(*containers, **more), **extra)

    def launch(self, definition: str, **more: Any) -> str:
        answer = self.ecs.run_task(
            **{
                "cluster": self.name,
                "taskDefinition": definition,
                "launchType": "FARGATE",
                "networkConfiguration": self.network,
                **more,
            }
        )
        return str(answer["tasks"][0]["taskArn"])

    def task(self, arn: str) -> Any:
        return self.ecs.describe_tasks(cluster=self.name, tasks=[arn])["tasks"][0]

    def reached(self, arn: str, status: str, seconds: float = 60) -> Any:
        def there() -> Any:
            task = self.task(arn)
            return task if task["lastStatus"] in (status, "STOPPED") else None

        task = until(there, seconds)
        assert task["lastStatus"] == status, task
        return task

    def finished(self, arn: str, seconds: float = 60) -> Any:
        return self.reached(arn, "STOPPED", seconds)

    def lines(self, arn: str, container: str = "app") -> list[str]:
        """All lines of a container, in the order in which CloudWatch gives them."""
        stream, found, token = f"t/{container}/{arn.rsplit('/', 1)[-1]}", [], None
        while True:
            more = {"nextToken": token} if token else {}
            page = self.logs.get_log_events(
                logGroupName=self.group, logStreamName=stream, startFromHead=True, **more
            )
            found += [event["message"] for event in page["events"]]
            if page["nextForwardToken"] == token:
                return found
            token = page["nextForwardToken"]

    def output(self, script: str | None, **more: Any) -> list[str]:
        """Lines printed by a container that runs to its end."""
        arn = self.run(self.container(script, **more))
        self.finished(arn)
        return self.lines(arn)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A running launcher, shared by the tests of one file."""
    started = Cloud(tmp_path_factory.mktemp("launcher") / "launcher.log")
    yield started
    started.close()
    assert started.containers() == [], "the launcher left containers behind"
    kept = os.environ.get("LAUNCHER_TEST_LOG")
    if kept:
        shutil.copy(started.log, kept)


@pytest.fixture
def cluster(cloud: Cloud) -> Cluster:
    return Cluster(cloud)
