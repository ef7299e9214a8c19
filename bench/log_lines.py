"""How many lines of the log each way shows, on a log whose lines arrive up to 15 s late, in short and empty pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from migratable_ecs.migration.run import execute

from bench.world import CONTAINER, FAMILY, GROUP, Work, World


@dataclass(frozen=True)
class Shown:
    """Of `lines` lines `lost` were never shown and `twice` more than once; `lost_short`: of as many, where pages are short or empty."""

    name: str
    lines: int
    lost: int
    lost_short: int
    twice: int


def _ours(world: World) -> list[str]:
    shown: list[str] = []
    execute(world.spec, world.aws, world.aws.clock, shown.append)
    return shown


def _page(world: World, arn: str, position: dict[str, Any]) -> tuple[list[str], str]:
    stream = f"{FAMILY}/{CONTAINER}/{arn.rsplit('/', 1)[-1]}"
    try:
        page = world.aws.logs.get_log_events(logGroupName=GROUP, logStreamName=stream, **position)
    except ClientError:
        return [], ""
    return [event["message"] for event in page["events"]], page["nextForwardToken"]


def _once_at_the_end(world: World) -> list[str]:
    """Wait until it is stopped, then one GetLogEvents: the usual example with boto3."""
    arn = world.start()
    world.aws.ecs.get_waiter("tasks_stopped").wait(cluster="default", tasks=[arn])
    return _page(world, arn, {"startFromHead": True})[0]


def _five_second_tail(world: World) -> list[str]:
    """A page every 5 s from where the last one ended, until the container has exited."""
    arn = world.start()
    shown: list[str] = []
    token, exited = "", False
    while not exited:
        world.aws.clock.sleep(5.0)
        position: dict[str, Any] = {"startFromHead": True, **({"nextToken": token} if token else {})}
        lines, new = _page(world, arn, position)
        shown, token = shown + lines, new or token
        (task,) = world.aws.ecs.describe_tasks(cluster="default", tasks=[arn])["tasks"]
        exited = task["containers"][0].get("exitCode") is not None
    return shown


WAYS: dict[str, Callable[[World], list[str]]] = {
    "this engine": _ours,
    "GetLogEvents once, after tasks_stopped": _once_at_the_end,
    "a page every 5 s until the exit": _five_second_tail,
}


def measure(seeds: int) -> list[Shown]:
    """Each way on the same `seeds` tasks, with ten lines a second."""
    work = Work(60.0, 600)
    found = []
    for name, way in WAYS.items():
        whole = [_count(work, way(World(seed, work))) for seed in range(seeds)]
        short = [_count(work, way(World(seed, work, hostile=True))) for seed in range(seeds)]
        found.append(
            Shown(
                name,
                lines=seeds * work.lines,
                lost=sum(lost for lost, _ in whole),
                lost_short=sum(lost for lost, _ in short),
                twice=sum(twice for _, twice in [*whole, *short]),
            )
        )
    return found


def _count(work: Work, shown: list[str]) -> tuple[int, int]:
    """(never shown, shown more than once)."""
    counts = Counter(shown)
    return sum(counts[text] == 0 for text in work.text), sum(counts[text] > 1 for text in work.text)
