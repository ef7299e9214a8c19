"""One migration on the fake AWS with Fargate's durations, for each way of following it; all from a seed."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from migratable_ecs.migration.shell import MARKERS, end_marker, with_end_marker
from migratable_ecs.migration.spec import RunSpec
from migratable_ecs.testing import (
    HOSTILE_PAGING,
    ContainerScript,
    FakeAws,
    Ingestion,
    Script,
    fargate_task_definition,
)

GROUP = "/ecs/web-migrate"
FAMILY = "web-migrate"
CONTAINER = "migrate"
IDENTITY = "migratable-bench"
#: Seconds that a call takes, there and back.
LATENCY = 0.05


@dataclass(frozen=True)
class Work:
    """What the migration does: `lines` over `seconds`, then exit code 0."""

    seconds: float
    lines: int

    @classmethod
    def of(cls, seed: int) -> Work:
        """Between 5 s and 5 min, about a line a second."""
        rng = random.Random(f"work {seed}")
        seconds = rng.uniform(5.0, 300.0)
        return cls(seconds, int(seconds))

    @property
    def text(self) -> list[str]:
        return [f"Applying app.{number:05d}_step... OK" for number in range(self.lines)]


class World:
    """A fake AWS with one task definition, and what is known about the container's end and output."""

    def __init__(self, seed: int, work: Work, *, hostile: bool = False) -> None:
        """`hostile`: pages of the log are short or empty."""
        self.work = work
        self.aws = FakeAws(
            seed=seed,
            latency=LATENCY,
            ingestion=Ingestion(late=(0.0, 15.0), tick=1000),
            paging=HOSTILE_PAGING if hostile else None,
        )
        self.aws.logs.create_log_group(logGroupName=GROUP)
        definition = fargate_task_definition(
            FAMILY, log_group=GROUP, entryPoint=["sh", "-c"], command=["migrate"]
        )
        reply = self.aws.ecs.register_task_definition(**definition)
        self.definition = str(reply["taskDefinition"]["taskDefinitionArn"])
        self.aws.ecs.behave(self._behave)

    def _behave(self, _definition: Mapping[str, Any], overrides: Mapping[str, Any], _number: int) -> Script:
        step = self.work.seconds / (self.work.lines + 1)
        lines = [((n + 1) * step, text) for n, text in enumerate(self.work.text)]
        main = ContainerScript(lines, self.work.seconds)
        marker = end_marker(IDENTITY)
        command = [c.get("command", ()) for c in overrides.get("containerOverrides", ())]
        if any(with_end_marker("migrate", marker) in words for words in command):
            main = replace(main, lines=[*lines, *[(self.work.seconds, marker)] * MARKERS])
        return Script(main)

    @property
    def spec(self) -> RunSpec:
        return RunSpec(
            identity=IDENTITY,
            service="web",
            stack="bench",
            cluster="default",
            family=FAMILY,
            task_definition=self.definition,
            container=CONTAINER,
            digest="sha256:" + "a" * 64,
            network={"subnets": ["subnet-1"], "assignPublicIp": "DISABLED"},
            launch={"launchType": "FARGATE"},
        )

    def start(self) -> str:
        """RunTask, as the other ways call it; returns the ARN."""
        reply = self.aws.ecs.run_task(
            cluster="default",
            taskDefinition=self.definition,
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        )
        return str(reply["tasks"][0]["taskArn"])

    @property
    def exited(self) -> float:
        """When the container has ended, in seconds since the epoch."""
        (launch,) = self.aws.ecs.launched
        assert launch.ended is not None
        return launch.ended

    @property
    def calls_a_minute(self) -> float:
        """API calls a minute from RunTask to the last call."""
        began = next(call.time for call in self.aws.calls if call.operation == "RunTask")
        calls = [call for call in self.aws.calls if call.time >= began]
        return 60.0 * len(calls) / max(1.0, calls[-1].time - began)
