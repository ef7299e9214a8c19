"""The unit tests' budget is 30 s; `make test` looks for more examples than `make unit`: HYPOTHESIS_PROFILE=thorough."""

from __future__ import annotations

import gc
import os
from collections import defaultdict

import pytest
from hypothesis import settings

from tests.unit.repetitions import THOROUGH

settings.register_profile("quick", max_examples=25, deadline=None)
settings.register_profile("thorough", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests marked `thorough` are for `make test`; of one marked `thorough(keep=4)` every fourth case is for `make unit` too."""
    if THOROUGH:
        return
    cases: dict[str, int] = defaultdict(int)
    left_out = [item for item in items if _is_left_out(item, cases)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def _is_left_out(item: pytest.Item, cases: dict[str, int]) -> bool:
    marker = item.get_closest_marker("thorough")
    if marker is None:
        return False
    name = item.nodeid.partition("[")[0]
    cases[name] += 1
    keep = marker.kwargs.get("keep")
    return keep is None or cases[name] % keep != 1 % keep


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave what the imports made, pulumi_aws above all, to no further garbage collection: it is walked in vain."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
