"""The local cloud that the integration tests share, and the Docker engine it uses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import local_cloud
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
    with local_cloud.running("it", "migratable-integration-") as made:
        yield made
