"""P3, P4 and P7 on the fakes once more, at every point and with many seeds; too long for `make unit`."""

from __future__ import annotations

import pytest

from tests.unit.migration import test_lock
from tests.unit.migration.test_crash import CALLS, assert_run_once_after_a_kill
from tests.unit.migration.test_log import assert_whole, silence_of


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_every_call(when: str) -> None:
    for call in range(1, CALLS + 1):
        assert_run_once_after_a_kill(call, when)


@pytest.mark.parametrize("batch", [0.0, 5.0])
def test_logs_of_many_seeds_are_whole(batch: float) -> None:
    for seed in range(150):
        assert_whole(seed, batch)


def test_a_silence_of_more_than_a_day() -> None:
    silence_of(26 * 3600.0)


@pytest.mark.timeout(300)
def test_the_lock_holds_however_late_lists_are() -> None:
    late = test_lock.TestAnswersThatLagBehind()
    for seed in range(40):
        late.test_the_lock_holds_when_lists_are_many_seconds_late(seed)
        late.test_a_list_that_is_minutes_late_is_no_reason_to_start_a_second_one(seed)
        late.test_a_retry_is_not_answered_with_the_task_that_failed(seed)
