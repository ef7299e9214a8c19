"""How long after its exit the end of a migration is known, and what the asking costs.

Sources of the other ways: boto3's waiter `tasks_stopped` (6 s, until STOPPED) as botocore's model has it, and a poll of 15 s until STOPPED,
which is what AWS's own deployment action does.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass

from migratable_ecs.migration.run import execute

from bench.world import LATENCY, Work, World


@dataclass(frozen=True)
class Measured:
    """`late`: seconds from the container's exit until it is known, one for each seed; `calls`: API calls a minute."""

    name: str
    late: list[float]
    calls: list[float]

    @property
    def p50(self) -> float:
        return statistics.median(self.late)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.late, n=20)[-1]

    @property
    def calls_a_minute(self) -> float:
        return statistics.mean(self.calls)


def _ours(world: World) -> float:
    """The state is not asked for again once the end is known: the reply of the last question is the moment."""
    execute(world.spec, world.aws, world.aws.clock, lambda _line: None)
    return max(call.time for call in world.aws.calls if call.operation == "DescribeTasks") + LATENCY / 2


def _waiter(world: World) -> float:
    arn = world.start()
    world.aws.ecs.get_waiter("tasks_stopped").wait(cluster="default", tasks=[arn])
    return world.aws.clock.time()


def _poll(world: World) -> float:
    arn = world.start()
    while True:
        world.aws.clock.sleep(15.0)
        (task,) = world.aws.ecs.describe_tasks(cluster="default", tasks=[arn])["tasks"]
        if task["lastStatus"] == "STOPPED":
            return world.aws.clock.time()


WAYS: dict[str, Callable[[World], float]] = {
    "this engine": _ours,
    "boto3 waiter tasks_stopped": _waiter,
    "poll every 15 s until STOPPED": _poll,
}


def measure(seeds: int) -> list[Measured]:
    """Each way on the same `seeds` tasks."""
    found = []
    for name, way in WAYS.items():
        late, calls = [], []
        for seed in range(seeds):
            world = World(seed, Work.of(seed))
            known = way(world)
            late.append(known - world.exited)
            calls.append(world.calls_a_minute)
        found.append(Measured(name, late, calls))
    return found
