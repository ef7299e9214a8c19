"""The unit tests' budget is 30 s; `make test` looks for more examples than `make unit`: HYPOTHESIS_PROFILE=thorough."""

from __future__ import annotations

import gc
import os
from collections import defaultdict

import pytest
from hypothesis import settings

from tests.unit.repetitions import THOROUGH

settings.register_profile("quick", max_examples=15, deadline=None)
settings.register_profile("thorough", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


#: Of a table of more cases than this `make unit` takes about as many, spread over it.
CASES = 3

#: Of a file whose tests deploy programs against mocks, which takes the longest, `make unit` takes about as many tests.
DEPLOYING = 4


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`make test` runs everything; `make unit` leaves out what is marked `thorough`, and most of long tables and of deployments.

    Of a test marked `thorough(keep=4)` every fourth case stays.
    """
    if THOROUGH:
        return
    kept = _sample(items)
    left_out = [item for item in items if item not in kept]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item in kept]


def _sample(items: list[pytest.Item]) -> set[pytest.Item]:
    tables: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        tables[item.nodeid.partition("[")[0]].append(item)
    files: dict[object, list[pytest.Item]] = defaultdict(list)
    for cases in tables.values():
        files[getattr(cases[0], "module", None)] += _kept(cases)
    return {
        item
        for module, tests in files.items()
        for item in (_spread(tests, DEPLOYING) if _deploys(module) else tests)
    }


def _kept(cases: list[pytest.Item]) -> list[pytest.Item]:
    """Those of one test's cases that `make unit` runs."""
    marker = cases[0].get_closest_marker("thorough")
    if marker and not marker.kwargs:
        return []
    return _spread(cases, min(CASES, -(-len(cases) // marker.kwargs["keep"])) if marker else CASES)


def _spread(tests: list[pytest.Item], most: int) -> list[pytest.Item]:
    return tests[:: -(-len(tests) // most)] if tests else []


def _deploys(module: object) -> bool:
    return hasattr(module, "deploy") or hasattr(module, "deployed")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave what the imports made, pulumi_aws above all, to no further garbage collection: it is walked in vain."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
