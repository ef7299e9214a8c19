"""The Prisma example's three versions, run directly (without ECS) against a PostgreSQL container."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from tests.integration import example_lab
from tests.integration.example_lab import Lab

pytestmark = pytest.mark.docker

V1 = ["20250101000001_notes", "20250101000002_tags", "20250101000003_first_notes"]
V2 = "20250101000004_pinned"
BROKEN = "20250101000005_require_author"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with example_lab.postgres("prisma", tmp_path_factory.mktemp("state")) as made:
        yield made


def started(lab: Lab, version: str, *command: str) -> str:
    given = lab.variables
    address = f"{given['DB_HOST']}:{given['DB_PORT']}/{given['DB_NAME']}"
    url = f"postgresql://{given['DB_USER']}:{given['DB_PASSWORD']}@{address}"
    return lab.start_with("prisma", version, {"DATABASE_URL": url}, *command)


def migrate(lab: Lab, version: str, word: str = "deploy") -> tuple[int, str]:
    return lab.end_of(started(lab, version, "prisma", "migrate", word))


def applied(lab: Lab) -> list[object]:
    finished = (
        "SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL ORDER BY started_at"
    )
    return [row[0] for row in lab.rows(finished)]


def test_v1_then_v2_then_broken_which_blocks_what_follows(lab: Lab) -> None:
    code, output = migrate(lab, "v1", "status")
    assert (code, V1[0] in output) == (1, True), "pending is exit code 1"
    code, output = migrate(lab, "v1")
    assert code == 0, output
    assert applied(lab) == V1

    code, output = migrate(lab, "v2")
    assert code == 0, output
    assert "All migrations have been successfully applied." in output
    assert applied(lab) == [*V1, V2]

    name = started(lab, "v2")
    assert json.loads(lab.get(name, "/healthz")) == {"status": "ok", "version": "v2"}
    assert json.loads(lab.get(name, "/")) == {
        "version": "v2",
        "schema": V2,
        "notes": [
            {"title": "Groceries", "author": "Hana", "pinned": False},
            {"title": "Ideas", "author": "Taro", "pinned": True},
            {"title": "Untitled", "author": None, "pinned": False},
        ],
    }
    assert lab.docker.exit_of(name, ["sh", "-c", 'test "$(id -u)" = 10001']) == 0
    begun = time.monotonic()
    lab.docker.stop(name)
    assert (lab.docker.wait(name), time.monotonic() - begun < 5) == (0, True)

    code, output = migrate(lab, "broken")
    assert (code, BROKEN in output) == (1, True)
    assert applied(lab) == [*V1, V2]
    assert lab.rows('SELECT DISTINCT "reviewed" FROM "Note"') == [(False,)], "the first half of it stays"

    code, output = migrate(lab, "broken")
    assert (code, "P3009" in output) == (1, True)


def test_three_at_once_wait_for_each_other_and_one_of_them_migrates(lab: Lab) -> None:
    """What the tasks of a service do with `phase: init`: Prisma's lock keeps them apart."""
    lab.rows("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    ended = [
        lab.end_of(name) for name in [started(lab, "v2", "prisma", "migrate", "deploy") for _ in range(3)]
    ]
    assert [code for code, _ in ended] == [0, 0, 0], ended
    outputs = [output for _, output in ended]
    assert sum("All migrations have been successfully applied." in each for each in outputs) == 1
    assert sum("No pending migrations to apply." in each for each in outputs) == 2
    assert applied(lab) == [*V1, V2]


def test_a_missing_variable_is_named_in_one_sentence(lab: Lab) -> None:
    assert lab.end_of(lab.start_with("prisma", "v1", {})) == (
        1,
        "Not set: DATABASE_URL; the application needs it to start.\n",
    )
