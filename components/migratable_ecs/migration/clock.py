"""Time, so that tests can have their own."""

from __future__ import annotations

import threading
import time as _time
from typing import Protocol


class Clock(Protocol):
    """What a run needs of time. `migratable_ecs.testing.FakeClock` is one too."""

    def time(self) -> float:
        """Seconds since the epoch."""

    def monotonic(self) -> float:
        """Seconds that never go back."""

    def sleep(self, seconds: float) -> None:
        """Wait, or less when there is a reason to look up."""


class SystemClock:
    """The real time. Setting `wake` ends every sleep, now and from then on, within 0.05 s."""

    def __init__(self, wake: threading.Event | None = None) -> None:
        self._wake = wake or threading.Event()

    def time(self) -> float:
        return _time.time()

    def monotonic(self) -> float:
        return _time.monotonic()

    def sleep(self, seconds: float) -> None:
        if self._wake.is_set():
            _time.sleep(min(seconds, 0.05))
        else:
            self._wake.wait(max(0.0, seconds))
