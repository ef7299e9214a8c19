"""FilterLogEvents: events of many streams in the order of their timestamps.

Source: FilterLogEvents in the CloudWatch Logs API reference; "Filter pattern syntax" in the CloudWatch Logs
guide, of which only unstructured terms and quoted phrases are understood.
"""

from __future__ import annotations

import base64
import heapq
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from migratable_ecs.testing.streams import Event, Key, Source
from migratable_ecs.testing.wire import Params

Found = tuple[int, str, Event]
"""(timestamp in ms, stream name, event)."""


@dataclass(frozen=True, slots=True)
class FilterToken:
    """The last event that was looked at."""

    timestamp: int
    stream: str
    key: Key

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(json.dumps([self.timestamp, self.stream, self.key]).encode()).decode()

    @classmethod
    def parse(cls, text: str) -> FilterToken | None:
        """The token, None when it is not one of ours."""
        try:
            timestamp, stream, key = json.loads(base64.urlsafe_b64decode(text))
            return cls(int(timestamp), str(stream), (int(key[0]), int(key[1]), int(key[2])))
        except (ValueError, TypeError, IndexError):
            return None


def found_by(name: str, sources: Sequence[Source], token: FilterToken, now: float) -> Iterator[Found]:
    """The events of one stream beyond the token."""
    begin = (token.timestamp, -1, -1)
    events = heapq.merge(*(source.after(begin, now) for source in sources))
    for event in events:
        if (event.timestamp, name, event.key) > (token.timestamp, token.stream, token.key):
            yield event.timestamp, name, event


def matching(
    merged: Iterator[Found], params: Params, limit: int
) -> tuple[list[dict[str, Any]], FilterToken | None]:
    """At most `limit` events that the request wants, and the token when there may be more."""
    terms = [
        phrase or term for phrase, term in re.findall(r'"([^"]*)"|(\S+)', params.get("filterPattern", ""))
    ]
    start, end = params.get("startTime", 0), params.get("endTime", 10**15)
    events: list[dict[str, Any]] = []
    for timestamp, name, event in merged:
        if timestamp >= end:
            break
        if timestamp < start or not all(term in event.message for term in terms):
            continue
        events.append(
            {
                "logStreamName": name,
                "timestamp": timestamp,
                "message": event.message,
                "ingestionTime": event.ingested,
                "eventId": f"{timestamp:020d}{event.key[1]:06d}{event.key[2]:030d}",
            }
        )
        if len(events) == limit:
            return events, FilterToken(timestamp, name, event.key)
    return events, None
