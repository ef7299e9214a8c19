"""P3 once more, over a thousand histories; too long for `make unit`."""

from __future__ import annotations

import pytest

from tests.unit.migration.test_race import assert_one_at_a_time


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(4))
def test_a_thousand_histories(part: int) -> None:
    for seed in range(part, 1000, 4):
        assert_one_at_a_time(seed)
