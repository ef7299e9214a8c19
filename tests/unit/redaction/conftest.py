"""The planted secrets and the clean lines, made once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from clean import clean_lines
from planted import Planted, planted


@pytest.fixture(scope="session")
def secrets() -> list[Planted]:
    return list(planted(200))


@pytest.fixture(scope="session")
def clean() -> list[str]:
    return clean_lines(10_000)
