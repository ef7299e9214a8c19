"""Request throttling by token buckets.

Sources: "Request throttling for the Amazon ECS API" and "AWS Fargate throttling quotas" in the ECS guide;
"CloudWatch Logs quotas" in the CloudWatch Logs guide; numbers as of 2026.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """One bucket: the operations that draw from it, its size, and how many tokens a second flow back."""

    operations: frozenset[str]
    burst: float
    per_second: float


def limit(burst: float, per_second: float, *operations: str) -> Limit:
    return Limit(frozenset(operations), burst, per_second)


ECS_LIMITS: tuple[Limit, ...] = (
    limit(100, 40, "RunTask", "StopTask"),
    limit(20, 20, "RunTask"),  # Fargate's own, on top of that of ECS
    limit(100, 20, "DescribeTasks", "ListTasks"),
    limit(100, 20, "DescribeServices"),
    limit(50, 5, "UpdateService", "CreateService", "DeleteService"),
    limit(20, 1, "RegisterTaskDefinition", "DeregisterTaskDefinition"),
    limit(50, 20, "DescribeTaskDefinition", "ListTaskDefinitions"),
    limit(50, 20, "DescribeClusters"),
)

_SLOW_REGIONS = ("eu-central-1", "ap-northeast-3", "ap-southeast-3", "ca-west-1", "il-central-1")
_GET_LOG_EVENTS_10 = frozenset(["us-west-2", "eu-west-1", *_SLOW_REGIONS])
_FILTER_LOG_EVENTS_5 = frozenset(_SLOW_REGIONS)


def logs_limits(region: str) -> tuple[Limit, ...]:
    """The quotas of CloudWatch Logs that differ by region and cannot be raised, and the others' defaults."""
    get = 30 if region == "eu-west-3" else 10 if region in _GET_LOG_EVENTS_10 else 25
    filtered = 25 if region == "us-east-1" else 5 if region in _FILTER_LOG_EVENTS_5 else 10
    return (
        limit(get, get, "GetLogEvents"),
        limit(filtered, filtered, "FilterLogEvents"),
        limit(25, 25, "DescribeLogStreams"),
        limit(10, 10, "DescribeLogGroups"),
        limit(50, 50, "CreateLogStream"),
        limit(10, 10, "CreateLogGroup"),
        limit(5000, 5000, "PutLogEvents"),
    )


class Throttle:
    """The buckets of one service in one account and region; all start full."""

    def __init__(self, limits: Sequence[Limit]) -> None:
        self._limits = tuple(limits)
        self._tokens = [item.burst for item in self._limits]
        self._filled: list[float | None] = [None] * len(self._limits)

    def admit(self, operation: str, now: float) -> bool:
        """Take one token for `operation` at `now` (seconds) from each of its buckets; False when one is
        empty."""
        mine = [index for index, item in enumerate(self._limits) if operation in item.operations]
        for index in mine:
            self._refill(index, now)
        if any(self._tokens[index] < 1 for index in mine):
            return False
        for index in mine:
            self._tokens[index] -= 1
        return True

    def _refill(self, index: int, now: float) -> None:
        filled = self._filled[index]
        if filled is not None:
            item = self._limits[index]
            self._tokens[index] = min(item.burst, self._tokens[index] + (now - filled) * item.per_second)
        self._filled[index] = now
