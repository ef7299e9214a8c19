"""The Go system: an image of its own migrates, only pending files run, and `-reset` is for development. The tests follow one another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import empty
from tests.e2e.systems.system import System, deployed
from tools.localcloud.instance import LocalCloud

pytestmark = pytest.mark.docker

SERVER = "neuraknot-dev-backend-go"
FAMILY = "neuraKnot-dev-migrate"
Query = Callable[[str], list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def dev(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    empty(cloud.db_dsn())
    with deployed(cloud, tmp_path_factory.mktemp("go"), "go", "neuraknot-dev") as made:
        yield made


def images(dev: System) -> list[str]:
    """Image of the server and of the migration, as their task definitions name them."""
    return [dev.definition(each)["containerDefinitions"][0]["image"] for each in (SERVER, FAMILY)]


def test_the_migration_has_an_image_of_its_own_and_the_servers_secrets_and_roles(
    dev: System, cloud: LocalCloud
) -> None:
    digests = [cloud.push("go", "v1"), cloud.push("go-migrate", "v1")]
    up = dev.up()
    assert up.ok, up.output
    assert up.lines("applied 003_first_agents.sql")
    assert up.lines("version 3, 3 files applied now")
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


def test_a_new_migration_image_runs_its_pending_file_and_the_server_stays(
    dev: System, cloud: LocalCloud
) -> None:
    before = images(dev)
    cloud.push("go-migrate", "v2")
    up = dev.up()
    assert up.ok, up.output
    assert up.lines("applied 004_user_service_configs.sql")
    assert up.lines("version 4, 1 files applied now")
    after = images(dev)
    assert (after[0], after[1] != before[1]) == (before[0], True)
    assert len(dev.migration_tasks(FAMILY)) == 2
    assert dev.get("/agents.json")["schema"] == 4


def test_a_file_that_fails_half_way_leaves_nothing_of_it_and_the_server_as_it_is(
    dev: System, cloud: LocalCloud, query: Query
) -> None:
    cloud.push("go-migrate", "broken")
    up = dev.up()
    assert not up.ok
    assert 'column "owner_id" of relation "ai_agents" contains null values' in up.output
    assert "Traceback" not in up.output
    assert query("SELECT max(version_id) FROM goose_db_version") == [(4,)]
    assert dev.get("/agents.json")["schema"] == 4
    cloud.push("go-migrate", "v2")


def test_reset_is_refused_in_production_before_anything_runs(
    dev: System, cloud: LocalCloud, tmp_path: Path
) -> None:
    tasks = len(dev.migration_tasks(FAMILY))
    prod = System(cloud, tmp_path, "neuraknot-prod", example="go")
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


def test_reset_begins_anew_in_development(dev: System, query: Query) -> None:
    query("INSERT INTO ai_agents (name) VALUES ('Visitor') RETURNING 1")
    dev.configure(**{"migration.command": ["-create-db", "-reset"], "force": "reset-1"})
    up = dev.up()
    assert up.ok, up.output
    assert up.lines("reset: all tables dropped")
    assert query("SELECT count(*) FROM ai_agents") == [(3,)]
    assert query("SELECT max(version_id) FROM goose_db_version") == [(4,)]


def test_the_down_migration_takes_the_last_file_back(dev: System, query: Query) -> None:
    back = dev.operate("rollback", "schema", "--yes")
    assert back.ok, back.output
    assert "took back 004_user_service_configs.sql" in back.output
    assert query("SELECT max(version_id) FROM goose_db_version") == [(3,)]
    pending = dev.operate("pending")
    assert "pending  004_user_service_configs.sql" in pending.output
