"""How fast this machine is just now: a bound on time in its own measure means the same on a slow or busy machine."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

_WORD = re.compile(r"[a-z]+\d")


def in_paces(seconds: Callable[[], float], *, below: float, tries: int = 3) -> float:
    """What `seconds` measures, in multiples of the processor time of a fixed piece of work: one pace, about 0.1 s.

    What else runs on the machine only ever adds to a time, and comes and goes: so the fixed piece is done before and
    after, the slower of both counts, and a result that is not below the bound is measured again, `tries` times at most.
    """
    best = float("inf")
    for _ in range(tries):
        before = processor_time(_fixed)
        took = seconds()
        best = min(best, took / max(before, processor_time(_fixed)))
        if best < below:
            break
    return best


def processor_time(work: Callable[[], object]) -> float:
    """Seconds of this process's processor time."""
    began = time.process_time()
    work()
    return time.process_time() - began


def _fixed() -> int:
    found: dict[str, int] = {}
    for number in range(60_000):
        text = f"line {number} of abc{number % 97}"
        if match := _WORD.search(text):
            found[match.group()] = found.get(match.group(), 0) + len(text)
    return len(found)
