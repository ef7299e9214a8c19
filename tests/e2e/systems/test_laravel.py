"""The Laravel system on MariaDB: a task definition of its own, after the app is up; a failed migration leaves the app running. The tests
follow one another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.systems.system import System, deployed
from tools.localcloud.instance import LocalCloud

pytestmark = pytest.mark.docker

APP = "learning-app-task-stg"
MIGRATE = "learning-db-migrate-task-stg"


@pytest.fixture(scope="module")
def stg(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    cloud.mariadb()
    cloud.push("laravel", "v1")
    with deployed(cloud, tmp_path_factory.mktemp("laravel"), "laravel", "stg") as made:
        yield made


def newest_task(stg: System, family: str) -> dict[str, Any]:
    tasks = stg.client("ecs").describe_tasks(cluster="local", tasks=stg.migration_tasks(family))["tasks"]
    return dict(max(tasks, key=lambda task: task["createdAt"]))


def test_the_migration_runs_when_the_app_is_up(stg: System) -> None:
    up = stg.up()
    assert up.ok, up.output
    assert up.lines("Migrated:  2025_01_01_000003_first_courses")
    assert newest_task(stg, APP)["startedAt"] < newest_task(stg, MIGRATE)["startedAt"]
    shown = stg.get("/")
    assert shown["version"] == "v1"
    assert [course["title"] for course in shown["courses"]] == ["Biology", "Drawing", "代数"]
    assert stg.preview("--expect-no-changes").ok


def test_its_task_definition_is_the_documents(stg: System) -> None:
    """Same image, secrets and roles as the app; family, log group, size, working directory and command of its own."""
    app, migrate = stg.definition(APP), stg.definition(MIGRATE)
    (of_app,), (of_migrate,) = app["containerDefinitions"], migrate["containerDefinitions"]
    for key in ("image", "secrets"):
        assert of_migrate[key] == of_app[key]
    for key in ("executionRoleArn", "taskRoleArn"):
        assert migrate[key] == app[key]
    assert (migrate["cpu"], migrate["memory"]) == ("256", "512")
    assert (of_migrate["name"], of_migrate["workingDirectory"]) == ("migrate", "/var/www")
    assert [*of_migrate["entryPoint"], *of_migrate["command"]] == ["sh", "-c", "php artisan migrate --force"]
    log = of_migrate["logConfiguration"]["options"]
    assert (log["awslogs-group"], log["awslogs-stream-prefix"]) == (f"/ecs/{MIGRATE}", "migrate")
    references = {each["name"]: each["valueFrom"].split(":secret:")[1] for each in of_app["secrets"]}
    assert references["DB_USERNAME"].endswith(":operator_user::")


def test_a_failed_migration_leaves_the_new_app_answering(stg: System, cloud: LocalCloud) -> None:
    digest = cloud.push("laravel", "broken")
    up = stg.up()
    assert up.ok, up.output
    assert "the migration failed and on_failure is warn, so the deployment goes on" in up.output
    assert "SQLSTATE" in up.output
    assert stg.outputs()["migration_status"] == "failed"
    assert stg.definition(APP)["containerDefinitions"][0]["image"].endswith(digest)
    assert stg.get("/healthz") == {"status": "ok", "version": "broken"}
    assert len(stg.get("/")["courses"]) == 3


def test_migrate_task_runs_it_again_and_says_why_it_failed(stg: System) -> None:
    """What `make migrate-task ENV=stg` runs."""
    before = len(stg.migration_tasks(MIGRATE))
    again = stg.operate("run")
    assert not again.ok
    assert "SQLSTATE" in again.output
    assert "Traceback" not in again.output
    assert len(stg.migration_tasks(MIGRATE)) == before + 1


def test_a_mended_image_and_then_migrate_task(stg: System, cloud: LocalCloud) -> None:
    """What `make deploy-full-with-migrate-task ENV=stg` runs, after the image is pushed."""
    cloud.push("laravel", "v2")
    up = stg.up()
    assert up.ok, up.output
    assert stg.outputs()["migration_status"] == "succeeded"
    again = stg.operate("run")
    assert again.ok, again.output
    assert "Nothing to migrate." in again.output
    assert {course["level"] for course in stg.get("/")["courses"]} == {"basic", "advanced"}
