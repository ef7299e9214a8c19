"""How often a test repeats itself with another seed: little for `make unit`, which has 30 s, all for `make test`."""

from __future__ import annotations

import os

#: The same switch that gives hypothesis its number of examples; see conftest.py.
THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"


def times(quick: int, thorough: int) -> int:
    """`quick` in `make unit`, `thorough` with HYPOTHESIS_PROFILE=thorough as in `make test`."""
    return thorough if THOROUGH else quick
