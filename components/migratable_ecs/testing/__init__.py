"""A fake AWS for tests of anything that runs ECS tasks: no network, no containers, a clock of its own.

    aws = FakeAws()
    aws.logs.create_log_group(logGroupName="/ecs/migrate")
    aws.ecs.register_task_definition(**fargate_task_definition("migrate", log_group="/ecs/migrate"))
    aws.ecs.script("migrate", exits(1, "relation does not exist"))

`aws.client("ecs")` then takes and returns what boto3's client does, `aws.clock` stands for the module `time`,
and `aws.ecs.launched` tells what really ran.
"""

from migratable_ecs.testing.aws import FakeAws
from migratable_ecs.testing.client import HIDDEN_THROTTLING, FakeClient, FakeWaiter
from migratable_ecs.testing.clock import EPOCH, FakeClock, SkewedClock
from migratable_ecs.testing.ecr import FakeEcr
from migratable_ecs.testing.ecs import Consistency, FakeEcs
from migratable_ecs.testing.interleaving import Interleaving, Outcome
from migratable_ecs.testing.logs import NO_LOG_GROUP, FakeLogs
from migratable_ecs.testing.pages import HOSTILE_PAGING, Paging
from migratable_ecs.testing.rds import FakeRds
from migratable_ecs.testing.script import (
    INSTANT,
    OUT_OF_MEMORY,
    ContainerScript,
    GeneratedLines,
    Interruption,
    Script,
    StartFailure,
    Timings,
    exits,
    hangs,
    never_starts,
    runs_out_of_memory,
    succeeds,
)
from migratable_ecs.testing.services import Roll
from migratable_ecs.testing.streams import PROMPT, Ingestion
from migratable_ecs.testing.sts import FakeSts
from migratable_ecs.testing.task import FakeTask, Launch
from migratable_ecs.testing.task_definitions import fargate_task_definition
from migratable_ecs.testing.throttle import ECS_LIMITS, Limit, logs_limits
from migratable_ecs.testing.wire import Call, CrashPlan, Killed

__all__ = [
    "ECS_LIMITS",
    "EPOCH",
    "HIDDEN_THROTTLING",
    "HOSTILE_PAGING",
    "INSTANT",
    "NO_LOG_GROUP",
    "OUT_OF_MEMORY",
    "PROMPT",
    "Call",
    "Consistency",
    "ContainerScript",
    "CrashPlan",
    "FakeAws",
    "FakeClient",
    "FakeClock",
    "FakeEcr",
    "FakeEcs",
    "FakeLogs",
    "FakeRds",
    "FakeSts",
    "FakeTask",
    "FakeWaiter",
    "GeneratedLines",
    "Ingestion",
    "Interleaving",
    "Interruption",
    "Killed",
    "Launch",
    "Limit",
    "Outcome",
    "Paging",
    "Roll",
    "Script",
    "SkewedClock",
    "StartFailure",
    "Timings",
    "exits",
    "fargate_task_definition",
    "hangs",
    "logs_limits",
    "never_starts",
    "runs_out_of_memory",
    "succeeds",
]
