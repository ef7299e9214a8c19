"""Behaviours that only one side claims, in one table, each with the reason.

Everything else in this folder is claimed by both: the same scenario runs on FakeAws and on the local cloud.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Side = Literal["fake", "cloud"]


class OneSided(NamedTuple):
    """`side` claims it, the other does not, because of `reason`."""

    side: Side
    reason: str


ONE_SIDED: dict[str, OneSided] = {
    "test_a_stream_is_missing_until_its_container_s_first_line": OneSided(
        "fake",
        "the real log driver makes the stream when the container starts; the fake shows readers the worse case, "
        "in which a quiet container has none yet",
    ),
    "test_a_line_may_become_readable_seconds_after_it_was_written": OneSided(
        "fake", "the local cloud stores a line within 0.1 s; CloudWatch takes up to 15 s"
    ),
    "test_the_exit_code_is_there_before_the_task_is_stopped": OneSided(
        "fake", "the local cloud has no network interface to take down: STOPPED follows the exit at once"
    ),
    "test_memory_above_the_limit_is_an_out_of_memory_error": OneSided(
        "cloud",
        "a fake container has no memory to exceed: `runs_out_of_memory` plays what this scenario sees",
    ),
    "test_overrides_change_the_command": OneSided(
        "cloud", "a fake container runs its script, whatever its command: `behave` sees the overrides"
    ),
}
