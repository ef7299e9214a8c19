"""What `make bench` prints, held to what is promised (P6, P7)."""

from __future__ import annotations

from bench import end_of_run, log_lines, speed


def test_the_end_is_known_at_the_exit_and_not_at_stopped() -> None:
    ours, waiter, poll = end_of_run.measure(24)
    assert ours.p95 <= 1.5
    assert waiter.p95 >= 8 * ours.p95
    assert waiter.p50 >= 8 * ours.p50
    assert poll.p50 > waiter.p50
    assert min(ours.late) > 0


def test_it_stays_within_its_budget_of_calls() -> None:
    """One DescribeTasks a second at most, and two GetLogEvents a second while lines come in."""
    assert max(end_of_run.measure(6)[0].calls) <= 60 * 3


def test_the_same_seeds_give_the_same_numbers() -> None:
    assert end_of_run.measure(3) == end_of_run.measure(3)


def test_no_line_is_lost_and_the_other_ways_lose_some() -> None:
    ours, *others = log_lines.measure(2)
    assert (ours.lost, ours.lost_short, ours.twice) == (0, 0, 0)
    assert all(other.lost_short > 0 for other in others)
    assert any(other.lost > 0 for other in others)


def test_speed_is_measured() -> None:
    assert speed.redacted_lines_a_second(500) > 1000
    assert speed.decisions_a_second(500) > 1000
