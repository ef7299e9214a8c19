"""The two sides of the contract behind one face: a boto3-like ecs and logs client, a cluster, and a clock."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import boto3
from migratable_ecs.testing import INSTANT, FakeAws, Script, StartFailure, Timings

from tests.integration.contract.program import Program
from tools.localcloud.instance import LocalCloud

T = TypeVar("T")
Record = dict[str, Any]

REGION = "ap-northeast-1"
OTHER = "contract-other"
"""Another cluster."""
IMAGE = "migratable-ecs/base:bookworm"
PULL_REASON = (
    "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref"
)
SECRETS_REASON = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
    "unable to retrieve secret from asm: ResourceNotFoundException: Secrets Manager can't find the specified secret."
)


class Time(Protocol):
    """The module `time`, or a fake clock."""

    def time(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


@dataclass(frozen=True)
class Made:
    """One container of a task definition.

    Args:
        program: what it does.
        name: its name.
        essential: whether its end ends the task.
        more: further members of the container definition.
        fails: how the fake plays a failure to start that the real side has by itself, from `more`.
    """

    program: Program = field(default_factory=Program)
    name: str = "app"
    essential: bool = True
    more: Record = field(default_factory=dict)
    fails: StartFailure | None = None


class World:
    """One side. `name`: "fake" or "cloud"; `settles`: the longest any scenario takes there, in seconds."""

    def __init__(self, name: str, ecs: Any, logs: Any, clock: Time, cluster: str, subnet: str) -> None:
        self.name, self.ecs, self.logs, self.clock, self.cluster = name, ecs, logs, clock, cluster
        self.group = f"/contract/{uuid.uuid4().hex[:8]}"
        self.network = {"awsvpcConfiguration": {"subnets": [subnet]}}
        self._fake: FakeAws | None = None
        logs.create_log_group(logGroupName=self.group)

    @classmethod
    def fake(cls) -> World:
        """FakeAws on its own clock."""
        aws = FakeAws(clusters=("local", OTHER), timings=Timings(**{**vars(INSTANT), "pull": 0.5}))
        world = cls("fake", aws.ecs, aws.logs, aws.clock, "local", "subnet-1")
        world._fake = aws
        return world

    @classmethod
    def real(cls, cloud: LocalCloud) -> World:
        """The local cloud: real containers, real time."""
        session = boto3.Session("test", "test", region_name=REGION)
        endpoint = cloud.env()["AWS_ENDPOINT_URL"]

        def client(service: Any) -> Any:
            return session.client(service, endpoint_url=endpoint)

        client("ecs").create_cluster(clusterName=OTHER)
        subnet = client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
        return cls("cloud", client("ecs"), client("logs"), time, "local", subnet)

    # Task definitions

    def define(self, *made: Made, family: str = "", group: str = "", **more: Any) -> str:
        """Register a task definition whose containers do what `made` says; returns its ARN."""
        family = family or f"contract-{uuid.uuid4().hex[:8]}"
        options = {
            "awslogs-group": group or self.group, "awslogs-region": REGION, "awslogs-stream-prefix": "prefix",
        }  # fmt: skip
        containers = [
            {
                "name": one.name,
                "image": IMAGE,
                "essential": one.essential,
                "command": ["sh", "-c", one.program.shell()],
                "logConfiguration": {"logDriver": "awslogs", "options": options},
                **one.more,
            }
            for one in made
        ]
        if self._fake is not None:
            self._fake.ecs.script(family, _script(made))
        reply = self.ecs.register_task_definition(
            family=family, networkMode="awsvpc", cpu="256", memory="512", requiresCompatibilities=["FARGATE"],
            containerDefinitions=containers, **more,
        )  # fmt: skip
        return str(reply["taskDefinition"]["taskDefinitionArn"])

    # Tasks

    def start(self, definition: str, **more: Any) -> Record:
        """RunTask's whole answer."""
        request = {
            "cluster": self.cluster, "taskDefinition": definition, "launchType": "FARGATE",
            "networkConfiguration": self.network, **more,
        }  # fmt: skip
        return dict(self.ecs.run_task(**request))

    def launch(self, definition: str, **more: Any) -> str:
        """The ARN of one task, started."""
        reply = self.start(definition, **more)
        assert reply["failures"] == []
        (task,) = reply["tasks"]
        return str(task["taskArn"])

    def run(self, *made: Made, **more: Any) -> Record:
        """The task as it is when it has stopped."""
        return self.finished(self.launch(self.define(*made, **more)))

    def task(self, arn: str, **more: Any) -> Record:
        """The task as it is now."""
        reply = self.ecs.describe_tasks(cluster=self.cluster, tasks=[arn], **more)
        assert reply["failures"] == []
        (task,) = reply["tasks"]
        return dict(task)

    def stop(self, arn: str, reason: str = "enough") -> Record:
        """StopTask."""
        return dict(self.ecs.stop_task(cluster=self.cluster, task=arn, reason=reason)["task"])

    def running(self, arn: str) -> Record:
        """Wait until the task is RUNNING."""
        return self.until(lambda: task if (task := self.task(arn))["lastStatus"] == "RUNNING" else None)

    def finished(self, arn: str) -> Record:
        """Wait until the task is STOPPED."""
        return self.until(lambda: task if (task := self.task(arn))["lastStatus"] == "STOPPED" else None)

    def listed(self, **filters: Any) -> set[str]:
        """ListTasks on the cluster."""
        return set(self.ecs.list_tasks(cluster=self.cluster, **filters)["taskArns"])

    # Logs

    def stream(self, arn: str, container: str = "app") -> str:
        """The log stream's name as ECS documents it."""
        return f"prefix/{container}/{arn.rsplit('/', 1)[-1]}"

    def page(self, arn: str, container: str = "app", **more: Any) -> Record:
        """One GetLogEvents."""
        return dict(
            self.logs.get_log_events(
                logGroupName=self.group, logStreamName=self.stream(arn, container), **more
            )
        )

    def lines(self, arn: str, container: str = "app") -> list[str]:
        """All lines so far, from the head, page by page to the equal token."""
        found: list[str] = []
        token: Record = {}
        while True:
            page = self.page(arn, container, startFromHead=True, **token)
            found += [event["message"] for event in page["events"]]
            if page["nextForwardToken"] == token.get("nextToken"):
                return found
            token = {"nextToken": page["nextForwardToken"]}

    def ready(self, arn: str, container: str = "app") -> list[str] | None:
        """The lines so far, None as long as there are none: a program that prints has set its trap."""
        return self.existing_lines(arn, container) or None

    def existing_lines(self, arn: str, container: str) -> list[str]:
        """The lines so far, none when there is no stream."""
        try:
            return self.lines(arn, container)
        except self.logs.exceptions.ResourceNotFoundException:
            return []

    # Time

    def settle(self) -> None:
        """Let the lines of stopped containers arrive: CloudWatch takes its time, the local cloud has them at STOPPED."""
        if self._fake is not None:
            self.clock.sleep(16)

    def until(self, what: Callable[[], T | None], seconds: float = 30.0, pause: float = 0.1) -> T:
        """Ask until there is an answer; AssertionError when none came in time."""
        end = self.clock.time() + seconds
        while (value := what()) is None:
            assert self.clock.time() < end, f"nothing came within {seconds} s"
            self.clock.sleep(pause)
        return value


def _script(made: Sequence[Made]) -> Script:
    failure = next((one.fails for one in made if one.fails is not None), None)
    return Script(
        main=made[0].program.script(),
        containers={one.name: one.program.script() for one in made},
        start_failure=failure,
    )
