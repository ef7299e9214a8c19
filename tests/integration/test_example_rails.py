"""The Rails example's three versions, run directly (without ECS) against a MariaDB container."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator

import pytest

from tests.integration import example_lab
from tests.integration.example_lab import Lab

pytestmark = pytest.mark.docker

V1 = ["CreatePosts", "AddIndexToPosts", "FirstPosts"]
KEY = uuid.uuid4().hex


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with example_lab.mariadb("rails", tmp_path_factory.mktemp("state")) as made:
        yield made


def rails(lab: Lab, version: str, *words: str) -> tuple[int, str]:
    """Run `rails WORDS` to its end."""
    return lab.end_of(started(lab, version, "rails", *words))


def started(lab: Lab, version: str, *command: str) -> str:
    given = lab.variables
    variables = {
        "DATABASE_HOST": given["host"],
        "DATABASE_NAME": given["dbname"],
        "DATABASE_USER": given["operator_user"],
        "MYAPP_DATABASE_PASSWORD": given["operator_password"],
        "RAILS_MASTER_KEY": KEY,
    }
    return lab.start_with("rails", version, variables, *command)


def versions(lab: Lab) -> list[str]:
    """The last digits of the applied versions."""
    return [str(row[0])[-1] for row in lab.rows("SELECT version FROM schema_migrations ORDER BY version")]


def test_v1_then_v2_then_broken_then_v2_again(lab: Lab) -> None:
    code, output = rails(lab, "v1", "db:migrate:status")
    assert (code, "Schema migrations table does not exist yet." in output) == (1, True)

    code, output = rails(lab, "v1", "db:migrate")
    assert code == 0, output
    assert [f"{name}: migrated" in output for name in V1] == [True] * 3
    assert "-- post: ようこそ" in output
    assert rails(lab, "v1", "db:migrate") == (0, "")

    code, output = rails(lab, "v2", "db:migrate:status")
    assert code == 0
    assert [line.split()[0] for line in output.splitlines() if "20250101" in line] == ["up"] * 3 + ["down"]
    code, output = rails(lab, "v2", "db:migrate")
    assert code == 0, output
    assert "AddSummaryToPosts: migrated" in output
    assert "FirstPosts" not in output
    assert versions(lab) == ["1", "2", "3", "4"]

    for _ in range(2):  # it fails in the same way when it is tried again
        code, output = rails(lab, "broken", "db:migrate")
        assert code == 1
        assert "Mysql2::Error" in output
        assert "author" in output
    assert versions(lab) == ["1", "2", "3", "4"]
    assert lab.rows("SELECT DISTINCT reviewed FROM posts") == [(0,)], (
        "half of it stays, as MySQL's DDL is final"
    )

    assert rails(lab, "v2", "db:migrate") == (0, "")


def test_rollback_takes_the_last_one_back(lab: Lab) -> None:
    assert rails(lab, "v2", "db:migrate")[0] == 0
    code, output = rails(lab, "v2", "db:rollback")
    assert (code, "AddSummaryToPosts: reverted" in output) == (0, True)
    assert versions(lab) == ["1", "2", "3"]
    code, output = rails(lab, "v2", "db:version")
    assert (code, output.splitlines()[-1]) == (0, "Current version: 20250101000003")


def test_the_pages_show_the_migrated_rows_and_the_app_stops_at_once(lab: Lab) -> None:
    assert rails(lab, "v2", "db:migrate")[0] == 0
    name = started(lab, "v2")
    assert json.loads(lab.get(name, "/healthz")) == {"status": "ok", "version": "v2"}
    shown = json.loads(lab.get(name, "/"))
    assert (shown["version"], shown["schema"]) == ("v2", 20250101000004)
    assert shown["posts"] == [
        {"title": "Draft", "author": None, "summary": "About: Draft"},
        {"title": "Second post", "author": "Taro", "summary": "About: Second post"},
        {"title": "ようこそ", "author": "Hanako", "summary": "About: ようこそ"},
    ]
    assert lab.docker.exit_of(name, ["sh", "-c", 'test "$(id -u)" = 10001']) == 0
    begun = time.monotonic()
    lab.docker.stop(name)
    assert (lab.docker.wait(name), time.monotonic() - begun < 5) == (0, True)


def test_missing_variables_are_named_in_one_sentence(lab: Lab) -> None:
    assert lab.end_of(lab.start_with("rails", "v1", {}, "rails", "db:migrate")) == (
        1,
        "Not set: DATABASE_HOST, MYAPP_DATABASE_PASSWORD, RAILS_MASTER_KEY; the application needs them to start.\n",
    )
