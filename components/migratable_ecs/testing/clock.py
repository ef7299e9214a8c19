"""A clock that only moves when somebody sleeps."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from migratable_ecs.testing.wire import Killed, Wire

EPOCH = 1_767_225_600.0
"""Where every `FakeClock` starts unless told otherwise: 2026-01-01T00:00:00Z."""

_MONOTONIC_START = 1_000.0


class FakeClock:
    """Time for one fake AWS and everybody who talks to it; seconds, deterministic.

    All fakes built on the same clock share its `wire`: the call counter, the crash plans and, in a race test,
    the scheduler. Without a scheduler `sleep` returns at once, having moved the time forward.
    """

    def __init__(self, start: float = EPOCH) -> None:
        """`start`: seconds since 1970 (UTC)."""
        self._start = float(start)
        self._now = float(start)
        self._lock = threading.Lock()
        self.wire = Wire(self)

    def time(self) -> float:
        """Seconds since 1970, like `time.time()`."""
        return self._now

    def monotonic(self) -> float:
        """Seconds since some moment, like `time.monotonic()`; deliberately another origin than `time()`."""
        return self._now - self._start + _MONOTONIC_START

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass; a switching point in a race test. Raises `ValueError` when negative, as
        `time.sleep`."""
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        if self.wire.is_dead():
            raise Killed("a killed process does not sleep")
        scheduler = self.wire.scheduler
        if scheduler is not None:
            scheduler.sleep(seconds)
        else:
            self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Move the time forward without being a switching point (for the body of a test)."""
        if seconds < 0:
            raise ValueError("a clock does not run backwards")
        with self._lock:
            self._now += seconds

    def advance_to(self, moment: float) -> None:
        """Move the time forward to `moment` (seconds since 1970); no effect when that is past."""
        with self._lock:
            self._now = max(self._now, moment)

    def datetime(self, moment: float | None = None) -> datetime:
        """`moment` (default: now) as boto3 returns timestamps: aware, UTC."""
        return datetime.fromtimestamp(self._now if moment is None else moment, UTC)

    def skewed(self, seconds: float) -> SkewedClock:
        """The clock of a machine whose wall clock is `seconds` ahead (negative: behind) of AWS."""
        return SkewedClock(self, seconds)


class SkewedClock:
    """A deployer's own wrong wall clock, in all else the clock of the fake AWS."""

    def __init__(self, clock: FakeClock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds

    def time(self) -> float:
        return self._clock.time() + self._seconds

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)
