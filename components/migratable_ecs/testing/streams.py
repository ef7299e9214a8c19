"""A log stream of the fake CloudWatch Logs: events from containers and from PutLogEvents, read in one order.

Events are kept in the order of (timestamp, source, position in the source); a page token points between two
of them. So an event that arrives late with an earlier timestamp lies behind the token of a reader who has
passed that moment, and is not seen by it.
"""

from __future__ import annotations

import bisect
import random
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf
from typing import NamedTuple, Protocol

from migratable_ecs.testing.script import Output, Seconds
from migratable_ecs.testing.timeline import Span, draw

Key = tuple[int, int, int]
"""(timestamp in ms, number of the source in its stream, index in the source)."""

FIRST: Key = (0, 0, -1)


class Event(NamedTuple):
    """`timestamp` and `ingested` in milliseconds since 1970."""

    key: Key
    timestamp: int
    ingested: int
    message: str


Withheld = Callable[[str, int], bool]
"""(stream name, number of the line in its container, from 0) -> whether it never arrives."""


@dataclass(frozen=True)
class Ingestion:
    """How CloudWatch takes in what containers write.

    `late`: seconds from writing to being readable, drawn anew for every event, or for every batch when
    `batch` (seconds of output that travel together) is not 0. Events of a stream arrive in order, save the
    share `behind_tail` of them which is `behind_by` seconds late without holding up those written after it.
    `withheld` events never arrive. `tick`: timestamps are rounded down to this many milliseconds, so that
    many are equal.
    """

    late: Seconds = (0.0, 15.0)
    batch: float = 0.0
    behind_tail: float = 0.0
    behind_by: Seconds = (2.0, 15.0)
    withheld: Withheld | None = None
    tick: int = 1


PROMPT = Ingestion(late=0.0)
"""Every line can be read the moment it is written."""


class Source(Protocol):
    """Events in the order of their keys."""

    def after(self, key: Key, now: float) -> Iterator[Event]:
        """Those readable at `now` beyond `key`, in order."""

    def before(self, key: Key, now: float) -> Iterator[Event]:
        """Those readable at `now` up to and including `key`, the last one first."""


class ContainerOutput:
    """The lines of one container, made when they are read; keeps one number a line (when it arrives), no
    text.

    `span`: asked each time, because StopTask may cut the container's life short. `obeys`: whether SIGTERM
    ends the ordinary lines and brings the last words.
    """

    def __init__(
        self,
        stream: str,
        number: int,
        lines: Output,
        last_words: Output,
        span: Callable[[], Span],
        ingestion: Ingestion,
        seed: str,
        *,
        obeys: bool = True,
    ) -> None:
        self._stream = stream
        self._number = number
        self._lines = lines
        self._last_words = last_words
        self._span = span
        self._obeys = obeys
        self._ingestion = ingestion
        self._random = random.Random(f"{seed}:{stream}")
        self._arrivals = array("d")
        self._latest = 0.0
        self._batch_end = -inf

    def after(self, key: Key, now: float) -> Iterator[Event]:
        self._grow(now)
        index = self._position(key)
        while index < len(self._arrivals):
            if self._arrivals[index] <= now:
                yield self._event(index)
            index += 1

    def before(self, key: Key, now: float) -> Iterator[Event]:
        self._grow(now)
        for index in range(self._position(key) - 1, -1, -1):
            if self._arrivals[index] <= now:
                yield self._event(index)

    def _grow(self, now: float) -> None:
        """Settle when the lines written up to `now` arrive."""
        while (written := self._written(len(self._arrivals))) is not None and written <= now:
            self._arrivals.append(self._arrival(len(self._arrivals), written))

    def _written(self, index: int) -> float | None:
        """When the line is written (seconds since 1970); None when it never is."""
        span = self._span()
        if not span.started:
            return None
        if index < len(self._lines):
            moment = span.start + self._lines[index][0]
            if moment <= min(span.end, self._silenced(span)):
                return moment
        # The container was signalled before it got there: what follows are its last words.
        spoken = self._spoken(span)
        if self._silenced(span) == inf or index - spoken >= len(self._last_words):
            return None
        moment = span.signalled + self._last_words[index - spoken][0]
        return moment if moment <= span.end else None

    def _silenced(self, span: Span) -> float:
        return span.signalled if self._obeys else inf

    def written(self, now: float) -> Iterator[str]:
        """The text of every line written up to `now`, whether it has arrived, or ever will, or not."""
        self._grow(now)
        return (self._line(index)[1] for index in range(len(self._arrivals)))

    def _spoken(self, span: Span) -> int:
        """How many of the ordinary lines were written before the signal."""
        if self._silenced(span) == inf:
            return len(self._lines)
        return bisect.bisect_right(self._lines, span.signalled - span.start, key=lambda line: line[0])

    def _line(self, index: int) -> tuple[float, str]:
        """When (seconds since 1970) and what: of a line known to be written."""
        span = self._span()
        spoken = self._spoken(span)
        begun, (offset, text) = (
            (span.start, self._lines[index])
            if index < spoken
            else (span.signalled, self._last_words[index - spoken])
        )
        return begun + offset, text

    def _arrival(self, index: int, written: float) -> float:
        rules = self._ingestion
        if rules.withheld is not None and rules.withheld(self._stream, index):
            return inf
        if rules.behind_tail and self._random.random() < rules.behind_tail:
            return written + draw(rules.behind_by, self._random)
        if rules.batch:
            if written >= self._batch_end:
                start = self._span().start
                self._batch_end = start + (int((written - start) / rules.batch) + 1) * rules.batch
                # The driver sends what it has when the container ends.
                sent = min(self._batch_end, self._span().end)
                self._latest = max(self._latest, sent + draw(rules.late, self._random))
        else:
            self._latest = max(self._latest, written + draw(rules.late, self._random))
        return self._latest

    def _event(self, index: int) -> Event:
        written, text = self._line(index)
        timestamp = self._timestamp(written)
        ingested = max(timestamp, int(self._arrivals[index] * 1000))
        return Event((timestamp, self._number, index), timestamp, ingested, text)

    def _timestamp(self, written: float) -> int:
        # The tiny summand undoes the rounding of sums such as 1767225600 + 0.1.
        return int(written * 1000 + 1e-3) // self._ingestion.tick * self._ingestion.tick

    def _position(self, key: Key) -> int:
        """The index of the first known line beyond `key`."""
        return bisect.bisect_right(range(len(self._arrivals)), key, key=self._key)

    def _key(self, index: int) -> Key:
        return self._timestamp(self._line(index)[0]), self._number, index


class StoredEvents:
    """What PutLogEvents brought."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._events: list[tuple[float, Event]] = []
        self._count = 0

    def put(self, timestamp: int, message: str, readable: float) -> None:
        """`timestamp` in ms; `readable` from then on, in seconds."""
        key = (timestamp, self._number, self._count)
        self._count += 1
        item = (readable, Event(key, timestamp, int(readable * 1000), message))
        bisect.insort(self._events, item, key=lambda entry: entry[1].key)

    def after(self, key: Key, now: float) -> Iterator[Event]:
        begin = bisect.bisect_right(self._events, key, key=lambda entry: entry[1].key)
        return (event for readable, event in self._events[begin:] if readable <= now)

    def before(self, key: Key, now: float) -> Iterator[Event]:
        end = bisect.bisect_right(self._events, key, key=lambda entry: entry[1].key)
        return (event for readable, event in reversed(self._events[:end]) if readable <= now)
