"""The planted secrets and the clean lines, made once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from clean import clean_lines
from planted import Planted, planted

from tests.unit.repetitions import times


@pytest.fixture(scope="session")
def secrets() -> list[Planted]:
    """All 200, of every shape."""
    return list(planted(200))


@pytest.fixture(scope="session")
def clean() -> list[str]:
    """10,000 lines; the first 2,000 of them in `make unit`."""
    return clean_lines(times(2_000, 10_000))
