"""Log groups and streams as `FakeLogs` keeps them, and as DescribeLogGroups and DescribeLogStreams show them.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html and API_LogStream.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from migratable_ecs.testing.pages import LAST
from migratable_ecs.testing.streams import FIRST, ContainerOutput, Source, StoredEvents


@dataclass
class LogStream:
    """What containers wrote, and what PutLogEvents stored; `created` is None until it exists."""

    name: str
    created: float | None = None
    outputs: list[ContainerOutput] = field(default_factory=list)
    stored: StoredEvents | None = None

    @property
    def sources(self) -> list[Source]:
        return [*self.outputs, *([self.stored] if self.stored is not None else [])]

    def exists(self, now: float) -> bool:
        """A container's stream comes into being with its first line."""
        if self.created is None and any(next(source.after(FIRST, now), None) for source in self.sources):
            self.created = now
        return self.created is not None

    def described(self, group_arn: str, now: float) -> dict[str, Any]:
        """The member of DescribeLogStreams' `logStreams`; times of events only when there are any by `now`."""
        answer: dict[str, Any] = {
            "logStreamName": self.name,
            "creationTime": int((now if self.created is None else self.created) * 1000),
            "arn": f"{group_arn}:log-stream:{self.name}",
            "storedBytes": 0,
        }
        firsts = [event for item in self.sources if (event := next(item.after(FIRST, now), None))]
        lasts = [event for item in self.sources if (event := next(item.before(LAST, now), None))]
        if firsts and lasts:
            last = max(lasts)
            answer["firstEventTimestamp"] = min(firsts).timestamp
            answer["lastEventTimestamp"] = last.timestamp
            answer["lastIngestionTime"] = last.ingested
        return answer


@dataclass
class LogGroup:
    """A group and its streams by name; `retention` in days, None: for ever."""

    name: str
    created: float
    retention: int | None = None
    streams: dict[str, LogStream] = field(default_factory=dict)

    def described(self, arn: str) -> dict[str, Any]:
        """The member of DescribeLogGroups' `logGroups`."""
        answer = {
            "logGroupName": self.name,
            "creationTime": int(self.created * 1000),
            "metricFilterCount": 0,
            "arn": f"{arn}:*",
            "logGroupArn": arn,
            "storedBytes": 0,
            "logGroupClass": "STANDARD",
        }
        if self.retention is not None:
            answer["retentionInDays"] = self.retention
        return answer
