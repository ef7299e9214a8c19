"""Each scenario runs on both sides, save those of the table in `claims`."""

from __future__ import annotations

from typing import cast

import pytest

from tests.integration.contract.claims import ONE_SIDED, Side
from tests.integration.contract.world import World
from tools.localcloud.instance import LocalCloud

SIDES: tuple[Side, ...] = ("fake", "cloud")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "world" in metafunc.fixturenames:
        claim = ONE_SIDED.get(metafunc.function.__name__)
        sides = SIDES if claim is None else (claim.side,)
        marks = {"fake": (), "cloud": (pytest.mark.docker,)}
        metafunc.parametrize("world", [pytest.param(s, marks=marks[s]) for s in sides], indirect=True)


@pytest.fixture
def world(request: pytest.FixtureRequest) -> World:
    """The side that the scenario runs on."""
    if request.param == "fake":
        return World.fake()
    return World.real(cast(LocalCloud, request.getfixturevalue("cloud")))
