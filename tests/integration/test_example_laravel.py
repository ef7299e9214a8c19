"""The Laravel example's three versions, run directly (without ECS) against a MariaDB container."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from tests.integration import example_lab
from tests.integration.example_lab import Lab

pytestmark = pytest.mark.docker

MIGRATE = ("php", "artisan", "migrate", "--force")
V1 = [
    "2025_01_01_000001_create_courses",
    "2025_01_01_000002_create_learners",
    "2025_01_01_000003_first_courses",
]
V2 = "2025_01_01_000004_add_level_to_courses"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with example_lab.mariadb("laravel", tmp_path_factory.mktemp("state")) as made:
        yield made


def started(lab: Lab, version: str, *command: str, **more: str) -> str:
    variables = {
        "DB_HOST": lab.variables["host"],
        "DB_USERNAME": lab.variables["operator_user"],
        "DB_PASSWORD": lab.variables["operator_password"],
    }
    return lab.start_with("laravel", version, variables | more, *command)


def run(lab: Lab, version: str, *command: str, **more: str) -> tuple[int, str]:
    return lab.end_of(started(lab, version, *command, **more))


def applied(lab: Lab) -> list[object]:
    return [row[0] for row in lab.rows("SELECT migration FROM migrations ORDER BY id")]


def test_v1_then_v2_then_broken_then_v2_again(lab: Lab) -> None:
    code, output = run(lab, "v1", *MIGRATE)
    assert code == 0, output
    assert [f"Migrated:  {name}" in output for name in V1] == [True] * 3
    assert applied(lab) == V1
    code, output = run(lab, "v1", *MIGRATE)
    assert (code, output.strip()) == (0, "Nothing to migrate.")

    code, output = run(lab, "v2", *MIGRATE)
    assert code == 0, output
    assert "first_courses" not in output
    assert applied(lab) == [*V1, V2]
    assert lab.rows("SELECT level FROM courses WHERE title = '代数'") == [("advanced",)]

    for _ in range(2):  # it fails in the same way when it is tried again
        code, output = run(lab, "broken", *MIGRATE)
        assert code == 1
        assert "SQLSTATE" in output
    assert applied(lab) == [*V1, V2]
    assert lab.rows("SELECT DISTINCT room FROM courses") == [(None,)], (
        "half of it stays, as MySQL's DDL is final"
    )

    code, output = run(lab, "v2", *MIGRATE)
    assert (code, output.strip()) == (0, "Nothing to migrate.")


def test_status_and_rollback(lab: Lab) -> None:
    assert run(lab, "v2", *MIGRATE)[0] == 0
    code, output = run(lab, "broken", "php", "artisan", "migrate:status")
    assert code == 0
    rows = [line.split() for line in output.splitlines() if "2025_" in line]
    assert [(row[1], row[3]) for row in rows] == [
        *(("Yes", name) for name in [*V1, V2]),
        ("No", "2025_01_01_000005_require_teacher_of_courses"),
    ]
    code, output = run(lab, "v2", "php", "artisan", "migrate:rollback", "--force", "--step=1")
    assert (code, f"Rolled back:  {V2}" in output) == (0, True)
    assert applied(lab) == V1


def test_a_failed_migration_ends_with_0_when_its_log_cannot_be_written(lab: Lab) -> None:
    """The trap for which the example logs to standard error."""
    assert run(lab, "v2", *MIGRATE)[0] == 0
    code, output = run(lab, "broken", *MIGRATE, LOG_CHANNEL="single")
    assert code == 0
    assert "StreamHandler.php" in output
    assert "SQLSTATE" not in output, "the reason is not shown either"
    assert applied(lab)[-1] == V2


def test_the_pages_show_the_migrated_rows_and_the_app_stops_at_once(lab: Lab) -> None:
    assert run(lab, "v2", *MIGRATE)[0] == 0
    name = started(lab, "v2")
    assert json.loads(lab.get(name, "/healthz")) == {"status": "ok", "version": "v2"}
    shown = json.loads(lab.get(name, "/"))
    assert shown["version"] == "v2"
    assert shown["courses"] == [
        {"title": "Biology", "teacher": "Suzuki", "level": "basic"},
        {"title": "Drawing", "teacher": None, "level": "basic"},
        {"title": "代数", "teacher": "田中", "level": "advanced"},
    ]
    assert lab.docker.exit_of(name, ["sh", "-c", 'test "$(id -u)" = 10001']) == 0
    begun = time.monotonic()
    lab.docker.stop(name)
    lab.docker.wait(name)
    assert time.monotonic() - begun < 5


def test_missing_variables_are_named_in_one_sentence(lab: Lab) -> None:
    assert lab.end_of(lab.start_with("laravel", "v1", {}, *MIGRATE)) == (
        1,
        "Not set: DB_HOST, DB_USERNAME, DB_PASSWORD; the application needs them to start.\n",
    )
