"""The Go system: connection data from another stack's outputs, an image of its own that migrates, pending files only, and `-reset` for
development. The tests follow one another."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.e2e.systems.system import System, deployed
from tools.localcloud.instance import LocalCloud

pytestmark = pytest.mark.docker

SERVER = "neuraknot-dev-backend-go"
FAMILY = "neuraKnot-dev-migrate"
DATABASE = "neuraknot_dev"
#: The document's.
TABLES = {
    "users", "ai_agents", "ai_agent_services", "ai_chat_sessions", "ai_tool_usage", "conversations", "messages", "user_service_configs",
}  # fmt: skip
Ask = Callable[[str], list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def infra(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with deployed(cloud, tmp_path_factory.mktemp("infra"), "go", "neuraknot-dev-infra") as made:
        up = made.up()
        assert up.ok, up.output
        yield made


@pytest.fixture(scope="module")
def dev(infra: System, cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with psycopg.connect(cloud.db_dsn(), autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        with deployed(cloud, tmp_path_factory.mktemp("go"), "go", "neuraknot-dev") as made:
            yield made
        server.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")


@pytest.fixture
def ask(cloud: LocalCloud) -> Ask:
    """Ask the system's own database."""

    def answer(sql: str) -> list[tuple[object, ...]]:
        with psycopg.connect(cloud.db_dsn(), dbname=DATABASE, autocommit=True) as connection:
            rows = connection.execute(sql)  # type: ignore[arg-type]
            return rows.fetchall() if rows.description else []

    return answer


def images(dev: System) -> list[str]:
    """Image of the server and of the migration, as their task definitions name them."""
    return [dev.definition(each)["containerDefinitions"][0]["image"] for each in (SERVER, FAMILY)]


def version(ask: Ask) -> object:
    """The newest in the version table that is in force."""
    return ask("SELECT max(version_id) FROM goose_db_version")[0][0]


def migration_inputs(dev: System) -> dict[str, Any]:
    resources = json.loads(dev.state())["deployment"]["resources"]
    (found,) = [each for each in resources if each["type"].endswith(":MigrationRun")]
    return dict(found["inputs"])


def test_the_migration_has_an_image_of_its_own_and_the_servers_secrets_and_roles(
    dev: System, cloud: LocalCloud
) -> None:
    digests = [cloud.push("go", "v1"), cloud.push("go-migrate", "v1")]
    up = dev.up()
    assert up.ok, up.output
    assert up.lines(f"database {DATABASE}: created")
    assert up.lines("applied 003_first_agents.sql")
    assert up.lines("version 3, 3 files applied now")
    assert up.lines("log complete"), "the program says itself that its log is at its end"
    assert [image.partition("@")[2] for image in images(dev)] == digests
    server, migration = dev.definition(SERVER), dev.definition(FAMILY)
    assert migration["executionRoleArn"] == server["executionRoleArn"]
    assert migration["taskRoleArn"] == server["taskRoleArn"]
    of_server, of_migration = server["containerDefinitions"][0], migration["containerDefinitions"][0]
    assert of_migration["secrets"] == of_server["secrets"]
    assert of_migration["user"] == "10001:10001"
    shown = dev.get("/agents.json")
    assert (shown["version"], shown["schema"], len(shown["agents"])) == ("v1", 3, 3)
    assert dev.preview("--expect-no-changes").ok


def test_where_it_runs_and_where_the_database_is_are_the_other_stacks_outputs(
    infra: System, dev: System
) -> None:
    outputs, run = infra.outputs(), migration_inputs(dev)
    ecs = dev.client("ecs")
    (server,) = ecs.describe_services(cluster="local", services=[SERVER])["services"]
    network = server["networkConfiguration"]["awsvpcConfiguration"]
    assert run["subnets"] == outputs["subnet_ids"]
    assert run["security_groups"] == outputs["security_group_ids"] == network["securityGroups"]
    assert sorted(network["subnets"]) == sorted(outputs["subnet_ids"])
    assert run["cluster"] == outputs["cluster_arn"]
    secrets = dev.definition(FAMILY)["containerDefinitions"][0]["secrets"]
    assert {each["name"]: each["valueFrom"] for each in secrets} == {
        name: f"{outputs['database_secret_arn']}:{key}::"
        for name, key in {
            "DB_HOST": "host",
            "DB_PORT": "port",
            "DB_USER": "operator_user",
            "DB_PASSWORD": "operator_password",
        }.items()
    }


def test_a_new_migration_image_runs_its_pending_file_and_the_server_stays(
    dev: System, cloud: LocalCloud, ask: Ask
) -> None:
    before = images(dev)
    cloud.push("go-migrate", "v2")
    up = dev.up()
    assert up.ok, up.output
    assert up.lines(f"database {DATABASE}: exists")
    assert up.lines("applied 004_user_service_configs.sql")
    assert up.lines("version 4, 1 files applied now")
    after = images(dev)
    assert (after[0], after[1] != before[1]) == (before[0], True)
    assert len(dev.migration_tasks(FAMILY)) == 2
    assert dev.get("/agents.json")["schema"] == 4
    tables = {name for (name,) in ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    assert tables == TABLES | {"goose_db_version"}
    logs = dev.operate("logs", "migration", "--since", "1h")
    assert logs.lines("applied 001_initial_schema.sql")
    assert logs.lines("applied 004_user_service_configs.sql")


def test_a_file_that_fails_half_way_leaves_nothing_of_it_and_the_server_as_it_is(
    dev: System, cloud: LocalCloud, ask: Ask
) -> None:
    cloud.push("go-migrate", "broken")
    up = dev.up()
    assert not up.ok
    assert 'column "owner_id" of relation "ai_agents" contains null values' in up.output
    assert "Traceback" not in up.output
    assert version(ask) == 4
    assert dev.get("/agents.json")["schema"] == 4
    cloud.push("go-migrate", "v2")


def test_reset_is_refused_in_production_before_anything_runs(
    dev: System, cloud: LocalCloud, tmp_path: Path
) -> None:
    tasks = len(dev.migration_tasks(FAMILY))
    prod = System(cloud, tmp_path, "neuraknot-prod", example="go", like="neuraknot-dev")
    prod.configure(**{"migration.command": ["-create-db", "-reset"]})
    preview = prod.preview()
    prod.run("stack", "rm", prod.name, "--yes")
    assert not preview.ok
    assert (
        "'-reset', which resets the database, and the environment 'neuraknot-prod' is protected"
        in " ".join(preview.output.split())
    )
    assert "Traceback" not in preview.output
    assert len(dev.migration_tasks(FAMILY)) == tasks


def test_reset_begins_anew_in_development(dev: System, ask: Ask) -> None:
    ask("INSERT INTO ai_agents (name) VALUES ('Visitor')")
    dev.configure(**{"migration.command": ["-create-db", "-reset"], "force": "reset-1"})
    up = dev.up()
    assert up.ok, up.output
    assert up.lines("reset: all tables dropped")
    assert ask("SELECT count(*) FROM ai_agents") == [(3,)]
    assert version(ask) == 4


def test_the_down_migration_takes_the_last_file_back(dev: System, ask: Ask) -> None:
    back = dev.operate("rollback", "schema", "--yes")
    assert back.ok, back.output
    assert "took back 004_user_service_configs.sql" in back.output
    assert version(ask) == 3
    pending = dev.operate("pending")
    assert "pending  004_user_service_configs.sql" in pending.output


def test_tables_that_no_migration_recorded_are_left_alone_without_force(dev: System, ask: Ask) -> None:
    ask("DROP TABLE goose_db_version")
    dev.configure(**{"migration.command": ["-create-db"], "force": "without"})
    up = dev.up()
    assert not up.ok
    assert "the database has tables but no record of migrations: give -force to run the files" in " ".join(
        up.output.split()
    )
    assert ask("SELECT to_regclass('goose_db_version')") == [(None,)]
    dev.configure(**{"migration.command": ["-create-db", "-force"]})
    up = dev.up()
    assert up.ok, up.output
    assert up.lines("version 4, 4 files applied now")
    assert version(ask) == 4
