"""Pages of GetLogEvents: their size, their tokens, and the ways in which they are shorter than one would
think.

Source: GetLogEvents in the CloudWatch Logs API reference: at most 10,000 events or 1 MB; pages may be short
or empty although more follows; the end is reached when the token returned equals the one passed; tokens
expire after 24 hours.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, takewhile

from migratable_ecs.testing.streams import FIRST, Event, Key, Source

MAX_EVENTS = 10_000
MAX_BYTES = 1_048_576
EVENT_OVERHEAD = 26
"""Bytes that CloudWatch counts for an event besides its UTF-8 text (PutLogEvents API reference)."""
TOKEN_LIFE = 24 * 3600
LAST: Key = (10**15 - 1, 10**4, 10**11)


@dataclass(frozen=True)
class Paging:
    """The share of pages that are cut short, and of those that are empty, although more events follow."""

    short: float = 0.0
    empty: float = 0.0


HOSTILE_PAGING = Paging(short=0.8, empty=0.25)


@dataclass(frozen=True, slots=True)
class Token:
    """A place between two events; `nonce` tells tokens of the same place apart, `issued` is in seconds since
    1970."""

    direction: str
    key: Key
    issued: int
    nonce: int

    def __str__(self) -> str:
        timestamp, source, index = self.key
        place = f"{timestamp:015d}{source:05d}{index + 1:012d}"
        return f"{self.direction}/{place}{self.issued:012d}{self.nonce:012d}"


def parse(text: str) -> Token | None:
    """The token, None when it is not one of ours."""
    direction, slash, digits = text.partition("/")
    if direction not in {"f", "b"} or not slash or len(digits) != 56 or not digits.isdigit():
        return None
    cuts = [int(digits[begin:end]) for begin, end in ((0, 15), (15, 20), (20, 32), (32, 44), (44, 56))]
    return Token(direction, (cuts[0], cuts[1], cuts[2] - 1), cuts[3], cuts[4])


@dataclass(frozen=True, slots=True)
class Request:
    """One GetLogEvents call; times in ms since 1970, `token` already checked."""

    token: Token | None
    from_head: bool
    limit: int
    start: int | None
    end: int | None


@dataclass(frozen=True, slots=True)
class Page:
    events: Sequence[Event]
    forward: str
    backward: str


class Reader:
    """Cuts pages out of the sources of a stream. `rng`: decides which pages are short or empty."""

    def __init__(self, paging: Paging, rng: random.Random) -> None:
        self._paging = paging
        self._random = rng
        self._nonces = count(1)

    def read(self, sources: Sequence[Source], request: Request, now: float) -> Page:
        token = request.token
        forwards = request.from_head if token is None else token.direction == "f"
        return self._forwards(sources, request, now) if forwards else self._backwards(sources, request, now)

    def _forwards(self, sources: Sequence[Source], request: Request, now: float) -> Page:
        token = request.token
        cursor = token.key if token is not None else FIRST
        if request.start is not None:
            cursor = max(cursor, (request.start, -1, -1))
        found = heapq.merge(*(source.after(cursor, now) for source in sources))
        end = request.end
        events = self._cut(
            found if end is None else takewhile(lambda item: item.timestamp < end, found), request
        )
        if events and self._empties():
            return Page([], self._token("f", cursor, now), self._token("b", cursor, now))
        if events:
            return Page(
                events, self._token("f", events[-1].key, now), self._token("b", _before(events[0]), now)
            )
        forward = str(token) if token is not None else self._token("f", cursor, now)
        return Page([], forward, self._token("b", cursor, now))

    def _backwards(self, sources: Sequence[Source], request: Request, now: float) -> Page:
        token = request.token
        cursor = token.key if token is not None else LAST
        if request.end is not None:
            cursor = min(cursor, (request.end, -1, -1))
        found = heapq.merge(*(source.before(cursor, now) for source in sources), reverse=True)
        start = request.start
        events = self._cut(
            found if start is None else takewhile(lambda item: item.timestamp >= start, found), request
        )
        if events and self._empties():
            return Page([], self._token("f", cursor, now), self._token("b", cursor, now))
        events.reverse()
        if events:
            return Page(
                events, self._token("f", events[-1].key, now), self._token("b", _before(events[0]), now)
            )
        place = FIRST if cursor == LAST else cursor
        backward = str(token) if token is not None else self._token("b", place, now)
        return Page([], self._token("f", place, now), backward)

    def _cut(self, found: Iterator[Event], request: Request) -> list[Event]:
        limit = request.limit
        if self._paging.short and self._random.random() < self._paging.short:
            limit = self._random.randint(1, max(1, min(limit, 100) // 2))
        events: list[Event] = []
        size = 0
        for event in found:
            size += len(event.message.encode()) + EVENT_OVERHEAD
            if events and size > MAX_BYTES:
                break
            events.append(event)
            if len(events) >= limit:
                break
        return events

    def _empties(self) -> bool:
        return bool(self._paging.empty) and self._random.random() < self._paging.empty

    def _token(self, direction: str, key: Key, now: float) -> str:
        timestamp, source, index = key
        # A start time has no source and index of its own yet: the place just before its first event.
        place = (timestamp, max(source, 0), max(index, -1))
        return str(Token(direction, place, int(now), next(self._nonces)))


def _before(event: Event) -> Key:
    timestamp, source, index = event.key
    return timestamp, source, index - 1
