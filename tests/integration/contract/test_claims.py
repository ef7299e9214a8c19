"""The table of one-sided behaviours names scenarios that exist, and says why."""

from __future__ import annotations

from tests.integration.contract import test_logs, test_requests, test_tasks
from tests.integration.contract.claims import ONE_SIDED


def test_every_row_is_a_scenario_with_a_reason() -> None:
    scenarios = {name for module in (test_tasks, test_requests, test_logs) for name in vars(module)}
    assert scenarios >= ONE_SIDED.keys()
    assert all(len(claim.reason) > 20 for claim in ONE_SIDED.values())
