"""`stop`: names what is lost, asks, and waits until the container is gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from migratable_ecs.testing import hangs

from tests.unit.cli.world import World
from tests.unit.migration.scenario import Scenario


@pytest.fixture
def running() -> World:
    """A migration that would never end, left by Ctrl-C."""
    world = World(Scenario(hangs("working")))
    world.interrupt_after = 60
    assert world.run("run").exit_code == 4
    world.interrupt_after = None
    world.clock.sleep(300)
    return world


def test_the_screen(running: World, golden: Callable[..., None]) -> None:
    done = running.run("stop", "-s", "stg", "--yes")
    assert done.exit_code == 0
    golden("stop", done.stdout)
    golden("stop_stderr", done.stderr, lines=True)
    assert running.run("stop").exit_code == 6


def test_json(running: World, matches: Callable[[str, str], Any]) -> None:
    assert matches("stop", running.run("stop", "--yes", "--json").stdout)["exit_code"] == 143


def test_it_asks(running: World) -> None:
    no = running.run("stop", input="n\n")
    assert no.exit_code == 3
    assert "the schema may be half migrated" in no.stderr
    assert "not done: you did not agree to stop task" in no.stderr
    assert running.run("stop", input="y\n").exit_code == 0


def test_nobody_there_to_ask(running: World) -> None:
    done = running.run("stop")
    assert done.exit_code == 3
    assert "pass --yes in scripts" in done.stderr


def test_production_wants_its_name() -> None:
    world = World(Scenario(hangs()), stack="live")
    world.interrupt_after = 60
    world.run("run")
    world.interrupt_after = None
    assert world.run("stop", input="y\n").exit_code == 3
    assert world.run("stop", input="live\n").exit_code == 0


def test_nothing_to_stop(world: World) -> None:
    done = world.run("stop", "--yes")
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (
        6,
        "error: no task of family web-migrate is executing",
    )
