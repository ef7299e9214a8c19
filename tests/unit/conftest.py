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


#: Of a table of more cases than this `make unit` takes about as many, spread over it.
CASES = 3


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`make test` runs everything; `make unit` leaves out tests marked `thorough`, and most cases of long tables.

    Of a test marked `thorough(keep=4)` every fourth case stays.
    """
    if THOROUGH:
        return
    tables: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        tables[item.nodeid.partition("[")[0]].append(item)
    kept = {case for cases in tables.values() for case in _kept(cases)}
    left_out = [item for item in items if item not in kept]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item in kept]


def _kept(cases: list[pytest.Item]) -> list[pytest.Item]:
    """Those of one test's cases that `make unit` runs."""
    marker = cases[0].get_closest_marker("thorough")
    if marker and not marker.kwargs:
        return []
    step = -(-len(cases) // CASES)
    return cases[:: max(step, marker.kwargs["keep"]) if marker else step]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave what the imports made, pulumi_aws above all, to no further garbage collection: it is walked in vain."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
