"""The Go example: a server, and an image of its own that migrates; run directly against a PostgreSQL container."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from tests.integration import example_lab
from tests.integration.example_lab import Lab

pytestmark = pytest.mark.docker

FIRST = ["001_initial_schema.sql", "002_conversations.sql", "003_first_agents.sql"]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with example_lab.postgres("go", tmp_path_factory.mktemp("state")) as made:
        yield made


@pytest.fixture(autouse=True)
def _empty(lab: Lab) -> None:
    lab.rows("DROP SCHEMA public CASCADE; CREATE SCHEMA public")


def version(lab: Lab) -> object:
    return lab.rows("SELECT max(version_id) FROM goose_db_version")[0][0]


def migrated(lab: Lab, image_version: str, *options: str) -> str:
    code, output = lab.finish("go-migrate", image_version, *options)
    assert code == 0, output
    return output


def test_only_pending_files_run_and_a_broken_one_is_rolled_back(lab: Lab) -> None:
    output = migrated(lab, "v1")
    assert [f"applied {file}" in output for file in FIRST] == [True] * 3
    assert output.splitlines()[-1] == "version 3, 3 files applied now"
    assert migrated(lab, "v1") == "version 3, 0 files applied now\n"

    output = migrated(lab, "v2")
    assert "applied 004_user_service_configs.sql" in output
    assert output.splitlines()[-1] == "version 4, 1 files applied now"

    for _ in range(2):  # it fails in the same way when it is tried again
        code, output = lab.finish("go-migrate", "broken")
        assert code == 1
        assert output.splitlines() == [
            'error: 005_agent_owner.sql failed and was rolled back: ERROR: column "owner_id" of relation '
            '"ai_agents" contains null values (SQLSTATE 23502)'
        ]
    assert version(lab) == 4
    columns = lab.rows("SELECT column_name FROM information_schema.columns WHERE table_name = 'ai_agents'")
    assert ("owner_id",) not in columns


def test_status_names_the_pending_files_and_down_takes_the_last_one_back(lab: Lab) -> None:
    migrated(lab, "v1")
    lines = migrated(lab, "v2", "status").splitlines()
    assert [line.split()[:2] for line in lines] == [
        *(["applied", file] for file in FIRST),
        ["pending", "004_user_service_configs.sql"],
    ]
    migrated(lab, "v2")
    assert "took back 004_user_service_configs.sql" in migrated(lab, "v2", "down")
    assert version(lab) == 3
    assert lab.rows("SELECT to_regclass('user_service_configs')") == [(None,)]


def test_create_db_makes_the_database_once(lab: Lab) -> None:
    variables = {"DB_NAME": 'new "one"'}
    assert lab.finish("go-migrate", "v1", **variables)[0] == 1
    for word in ("created", "exists"):
        code, output = lab.finish("go-migrate", "v1", "-create-db", **variables)
        assert (code, output.splitlines()[0]) == (0, f'database new "one": {word}')


def test_tables_of_unknown_origin_are_left_alone_without_force(lab: Lab) -> None:
    lab.rows("CREATE TABLE users (id UUID PRIMARY KEY, email VARCHAR(255) NOT NULL UNIQUE)")
    lab.rows("ALTER TABLE users ALTER id SET DEFAULT gen_random_uuid()")
    code, output = lab.finish("go-migrate", "v1")
    assert (code, output) == (
        1,
        "error: the database has tables but no record of migrations: give -force to run the files all the same\n",
    )
    assert lab.rows("SELECT to_regclass('goose_db_version')") == [(None,)]
    migrated(lab, "v1", "-force")
    assert version(lab) == 3


def test_reset_begins_anew_in_dev_and_is_refused_in_prod(lab: Lab) -> None:
    migrated(lab, "v1")
    lab.rows("INSERT INTO ai_agents (name) VALUES ('Visitor')")
    code, output = lab.finish("go-migrate", "v1", "-reset", APP_ENV="prod")
    assert (code, output) == (
        1,
        "error: -reset would drop all tables, and APP_ENV is prod: leave it out\n",
    )
    assert lab.rows("SELECT count(*) FROM ai_agents") == [(4,)]
    assert "reset: all tables dropped" in migrated(lab, "v1", "-reset")
    assert lab.rows("SELECT count(*) FROM ai_agents") == [(3,)]


def test_the_server_shows_the_migrated_rows_and_neither_image_runs_as_root(lab: Lab) -> None:
    migrated(lab, "v1")
    name = lab.start("go", "v1")
    assert json.loads(lab.get(name, "/healthz")) == {"status": "ok", "version": "v1"}
    assert json.loads(lab.get(name, "/agents.json")) == {
        "version": "v1",
        "schema": 3,
        "agents": [
            {"name": "Archivist", "conversations": 0},
            {"name": "Guide", "conversations": 1},
            {"name": "Scheduler", "conversations": 1},
        ],
    }
    assert "<td>Archivist</td><td>0</td>" in lab.get(name, "/")
    begun = time.monotonic()
    lab.docker.stop(name)
    assert (lab.docker.wait(name), time.monotonic() - begun < 5) == (0, True)
    images = [lab.image(each, "v1") for each in ("go", "go-migrate")]
    assert [lab.docker.user_of(image) for image in images] == ["10001:10001"] * 2
    assert lab.docker.image_id(images[0]) != lab.docker.image_id(images[1])


def test_missing_variables_are_named_in_one_sentence(lab: Lab) -> None:
    name = lab.start_with("go-migrate", "v1", {"DB_HOST": "127.0.0.1"})
    assert lab.end_of(name) == (
        1,
        "error: not set: DB_NAME, DB_USER, DB_PASSWORD; the database cannot be reached without\n",
    )
