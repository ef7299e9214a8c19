"""How many tasks run, and who decides."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import available_timezones

from ..validation import InvalidArgument, between, nearest, required

#: Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html
_SCHEDULE = re.compile(
    r"^(cron\(\S+( \S+){5}\)|rate\([1-9]\d* (minute|hour|day)s?\)|at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\))\Z"
)


@dataclass(kw_only=True)
class ScheduledScalingArgs:
    """Other limits from a time on.

    Args:
        name: of the schedule, unique in the service.
        schedule: `cron(0 8 ? * MON-FRI *)`, `rate(1 hour)` or `at(2030-01-31T08:00:00)`.
        minimum, maximum: number of tasks from then on; at least one of the two.
        timezone: of the schedule, such as `Asia/Tokyo`; default `UTC`.
    """

    name: str
    schedule: str
    minimum: int | None = None
    maximum: int | None = None
    timezone: str = "UTC"

    def validate(self, where: str) -> None:
        required(f"{where}.name", self.name, "give a name that no other schedule of the service has")
        if not _SCHEDULE.match(self.schedule):
            raise InvalidArgument(
                f"{where}.schedule is {self.schedule!r}; give cron(…) with six fields, rate(…) or at(yyyy-mm-ddThh:mm:ss)"
            )
        between(f"{where}.minimum", self.minimum, 0, 5000)
        between(f"{where}.maximum", self.maximum, 0, 5000)
        if self.minimum is None and self.maximum is None:
            raise InvalidArgument(f"{where} has neither minimum nor maximum: give at least one")
        _in_order(where, self.minimum, self.maximum)
        if self.timezone not in available_timezones():
            raise InvalidArgument(
                f"{where}.timezone is {self.timezone!r}; give a name such as 'Asia/Tokyo'"
                f"{nearest(self.timezone, available_timezones())}"
            )


@dataclass(kw_only=True)
class ScalingArgs:
    """The number of tasks follows the load. `desired_count` then counts for the first deployment only, and is no drift afterwards.

    Args:
        minimum, maximum: number of tasks.
        cpu, memory: average use in percent to keep, such as 60.
        requests_per_target: requests a minute for each task to keep; needs ingress.
        scale_in_cooldown, scale_out_cooldown: seconds after a change before the next, default 300 and 60.
        schedules: other limits at certain times.
    """

    minimum: int
    maximum: int
    cpu: int | None = None
    memory: int | None = None
    requests_per_target: int | None = None
    scale_in_cooldown: int = 300
    scale_out_cooldown: int = 60
    schedules: Sequence[ScheduledScalingArgs] = ()

    def may_be_none(self) -> bool:
        """Whether these limits let the number of tasks be 0."""
        least = [self.minimum, *(each.minimum for each in self.schedules if each.minimum is not None)]
        return min(least) == 0 or 0 in [each.maximum for each in self.schedules]

    def validate(self, where: str) -> None:
        required(f"{where}.minimum", self.minimum, "give the least number of tasks")
        required(f"{where}.maximum", self.maximum, "give the greatest number of tasks")
        between(f"{where}.minimum", self.minimum, 0, 5000)
        between(f"{where}.maximum", self.maximum, 0, 5000)
        _in_order(where, self.minimum, self.maximum)
        between(f"{where}.cpu", self.cpu, 1, 100, " percent")
        between(f"{where}.memory", self.memory, 1, 100, " percent")
        between(f"{where}.requests_per_target", self.requests_per_target, 1, 10_000_000, " a minute")
        between(f"{where}.scale_in_cooldown", self.scale_in_cooldown, 0, 86400, " s")
        between(f"{where}.scale_out_cooldown", self.scale_out_cooldown, 0, 86400, " s")
        for number, schedule in enumerate(self.schedules):
            schedule.validate(f"{where}.schedules[{number}]")
        names = [schedule.name for schedule in self.schedules]
        if len(set(names)) < len(names):
            raise InvalidArgument(f"{where}.schedules has the names {names!r}; give each its own")
        if (self.cpu, self.memory, self.requests_per_target) == (None,) * 3 and not self.schedules:
            raise InvalidArgument(
                f"{where} has nothing to follow: give cpu, memory, requests_per_target or schedules, such as cpu=60"
            )


def _in_order(where: str, low: int | None, high: int | None) -> None:
    if low is not None and high is not None and low > high:
        raise InvalidArgument(
            f"{where}.minimum is {low}, above {where}.maximum, which is {high}: exchange them"
        )
