"""Ctrl-C while AWS does not answer: boto3 waits up to a minute and cannot be interrupted, and the user is to know sooner what goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Seconds from Ctrl-C on that an answer may take before it is said; with everything around it the user knows within five.
PATIENCE = 2.0

HOW_IT_GOES_ON = (
    "cancelled, but AWS has not answered the call that is under way: what was begun there goes on, "
    "and the next `pulumi up` resumes it"
)


@contextmanager
def told_when_unanswered(stopping: threading.Event, tell: Callable[[str], None]) -> Iterator[None]:
    """Hand `HOW_IT_GOES_ON` to `tell`, once, when the block is not over `PATIENCE` seconds after `stopping` was set."""
    over = threading.Event()

    def watch() -> None:
        while not stopping.wait(0.5):
            if over.is_set():
                return
        if not over.wait(PATIENCE):
            tell(HOW_IT_GOES_ON)

    threading.Thread(target=watch, daemon=True, name="migratable-ecs-unanswered").start()
    try:
        yield
    finally:
        over.set()
