"""A local cloud of the integration tests' own: other names, ports and labels than `make up`, in this checkout or another."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.localcloud import engine
from tools.localcloud.instance import LocalCloud


@pytest.fixture(scope="session", autouse=True)
def _docker_host(request: pytest.FixtureRequest) -> Iterator[None]:
    """Docker's own clients find the engine that the local cloud uses, also when it is not at the usual socket."""
    if not any(item.get_closest_marker("docker") for item in request.session.items):
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", engine.ensure()[0])
        yield


@pytest.fixture(scope="session")
def cloud() -> Iterator[LocalCloud]:
    """One cloud for all tests that leave it as it is; gone with them."""
    folder = Path(tempfile.mkdtemp(prefix="migratable-integration-"))
    made = LocalCloud(f"it-{os.getpid()}", folder, print)
    try:
        made.up()
        yield made
    finally:
        made.down()
        shutil.rmtree(folder, ignore_errors=True)
