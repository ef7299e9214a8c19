"""How often to ask. Pure.

API limits (per account and region): DescribeTasks and ListTasks share 20 calls/s after a burst of 100; GetLogEvents
allows 10 calls/s in the scarcest regions. Sources: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
"""

from __future__ import annotations

#: One state poll a second is 5 % of the DescribeTasks budget, and runs of one process share their calls.
STATE_INTERVAL = 1.0
LOG_INTERVAL = 1.0
LOG_INTERVAL_IDLE = 3.0
LOG_INTERVAL_DRAINING = 0.5
LOG_INTERVAL_BEHIND = 0.1


def state_interval(elapsed: float) -> float:
    """Seconds to the next DescribeTasks, `elapsed` seconds after the start: 1 s for ten minutes, then up to 5 s for runs of hours."""
    if elapsed <= 600:
        return STATE_INTERVAL
    return min(5.0, STATE_INTERVAL * elapsed / 600)


def log_interval(empty_polls: int, *, draining: bool, behind: bool = False) -> float:
    """Seconds to the next GetLogEvents after `empty_polls` polls in a row that brought nothing; `behind`: there is more to read."""
    if draining:
        return LOG_INTERVAL_DRAINING
    if behind:
        return LOG_INTERVAL_BEHIND
    return min(LOG_INTERVAL_IDLE, LOG_INTERVAL * (1.0 + empty_polls / 5))


def retry_delay(attempt: int, *, longest: float = 30.0) -> float:
    """Seconds before start attempt `attempt + 1` (attempt counts from 1): 2, 4, 8, … up to `longest`."""
    return min(longest, float(2 ** min(attempt, 10)))
