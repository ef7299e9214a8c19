"""The unit tests' budget is 30 s; `make test` looks for more examples than `make unit`: HYPOTHESIS_PROFILE=thorough."""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import settings

settings.register_profile("quick", max_examples=25, deadline=None)
settings.register_profile("thorough", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave what the imports made, pulumi_aws above all, to no further garbage collection: it is walked in vain."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
