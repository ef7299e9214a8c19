"""One build for all tests of this folder, and one environment with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.packaging.distribution import Built, build, copy_of_the_sources, environment


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    sources = copy_of_the_sources(tmp_path_factory.mktemp("sources"))
    return build(sources, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh environment with the wheel."""
    return environment(tmp_path_factory.mktemp("environment") / "venv", built.wheel)
