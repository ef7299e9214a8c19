"""A clock of one's own."""

import time

import pytest
from migratable_ecs.testing import EPOCH, FakeClock


def test_sleeping_takes_no_real_time_and_moves_both_readings_alike() -> None:
    clock = FakeClock()
    wall, monotonic, real = clock.time(), clock.monotonic(), time.perf_counter()
    clock.sleep(3600)
    assert clock.time() == wall + 3600 == EPOCH + 3600
    assert clock.monotonic() == monotonic + 3600
    assert time.perf_counter() - real < 1


def test_the_two_readings_must_not_be_mixed_up() -> None:
    clock = FakeClock()
    assert clock.time() != clock.monotonic()


def test_timestamps_are_those_of_boto3_aware_and_utc() -> None:
    assert FakeClock().datetime().isoformat() == "2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize("move", [FakeClock.sleep, FakeClock.advance])
def test_it_does_not_run_backwards(move: object) -> None:
    with pytest.raises(ValueError):
        move(FakeClock(), -1)  # type: ignore[operator]


def test_a_deployers_wall_clock_may_be_wrong_while_its_sleeps_are_right() -> None:
    clock = FakeClock()
    mine = clock.skewed(-90)
    mine.sleep(10)
    assert mine.time() == clock.time() - 90
    assert mine.monotonic() == clock.monotonic() == FakeClock().monotonic() + 10
