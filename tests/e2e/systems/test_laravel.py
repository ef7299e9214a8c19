"""The Laravel system on MariaDB, by the names of its document: a task definition of its own, after the app is up; deployed and migrated by
`make`; a failed migration leaves the app answering. The tests follow one another.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.stack import ROOT, eventually
from tests.e2e.systems.system import System, deployed
from tools.localcloud import base_images
from tools.localcloud.docker_api import Docker
from tools.localcloud.instance import LocalCloud

pytestmark = pytest.mark.docker

SERVICE = "learning-app-stg"
APP = "learning-app-task-stg"
MIGRATE = "learning-db-migrate-task-stg"


@dataclass
class App:
    """The example's source in a repository of its own, built on what stands here for the official image."""

    folder: Path

    def commit(self, version: str) -> str:
        """The commit whose Dockerfile builds `version`."""
        file = self.folder / "Dockerfile"
        file.write_text(re.sub(r"(?m)^ARG VERSION=.*$", f"ARG VERSION={version}", file.read_text()))
        self._git("add", ".")
        self._git(
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.com",
            "commit",
            "-q",
            "--allow-empty",
            "-m",
            version,
        )
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.folder), *words], check=True, capture_output=True, text=True
        )
        return done.stdout


@pytest.fixture(scope="module")
def app(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> App:
    folder = tmp_path_factory.mktemp("source") / "app"
    shutil.copytree(ROOT / "examples" / "laravel", folder)
    base = base_images.OFFICIAL["debian"](Docker(cloud.env()["DOCKER_HOST"]))
    file = folder / "Dockerfile"
    file.write_text(re.sub(r"(?m)^ARG BASE=.*$", f"ARG BASE={base}", file.read_text()))
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return App(folder)


@pytest.fixture(scope="module")
def stg(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    cloud.prepare("laravel")
    names = {"cluster": "learning-cluster-stg", "balancer": "learning-stg"}
    with deployed(cloud, tmp_path_factory.mktemp("laravel"), "laravel", "stg", **names) as made:
        # The layers of images that were built through Docker's API are those of its classic builder.
        made.extra_env["DOCKER_BUILDKIT"] = "0"
        yield made


def tasks(stg: System, family: str) -> list[dict[str, Any]]:
    """Oldest first."""
    found = stg.client("ecs").describe_tasks(cluster=stg.cluster, tasks=stg.migration_tasks(family))["tasks"]
    return sorted(found, key=lambda task: task["createdAt"])


def service(stg: System) -> dict[str, Any]:
    (found,) = stg.client("ecs").describe_services(cluster=stg.cluster, services=[SERVICE])["services"]
    return dict(found)


def test_deploy_full_with_migrate_task_builds_deploys_and_migrates_when_the_app_is_up(
    stg: System, app: App
) -> None:
    commit = app.commit("v1")
    made = stg.make("deploy-full-with-migrate-task", "ENV=stg", f"APP={app.folder}")
    assert made.ok, made.output
    assert made.lines(f"image: {SERVICE}:{commit}")
    assert made.lines("Migrated:  2025_01_01_000003_first_courses")
    assert made.lines("Nothing to migrate."), "what the task after the deployment finds"
    first, second = tasks(stg, MIGRATE)
    assert tasks(stg, APP)[0]["startedAt"] < first["startedAt"] < second["startedAt"]
    shown = stg.get("/")
    assert shown["version"] == "v1"
    assert [course["title"] for course in shown["courses"]] == ["Biology", "Drawing", "代数"]
    assert stg.preview("--expect-no-changes").ok


def test_its_task_definition_is_the_documents(stg: System) -> None:
    """Same image, secrets and roles as the app; family, log group, size, working directory and command of its own."""
    app, migrate = stg.definition(APP), stg.definition(MIGRATE)
    (of_app,), (of_migrate,) = app["containerDefinitions"], migrate["containerDefinitions"]
    for key in ("image", "secrets", "environment"):
        assert of_migrate[key] == of_app[key]
    for key, role in (
        ("executionRoleArn", "learning-ecs-task-execution-role-stg"),
        ("taskRoleArn", "learning-ecs-task-role-stg"),
    ):
        assert migrate[key] == app[key]
        assert migrate[key].endswith(f":role/{role}")
    assert (migrate["networkMode"], migrate["requiresCompatibilities"]) == ("awsvpc", ["FARGATE"])
    assert (migrate["cpu"], migrate["memory"]) == ("256", "512")
    assert (of_migrate["name"], of_migrate["workingDirectory"]) == ("migrate", "/var/www")
    assert (of_migrate["memoryReservation"], of_migrate["essential"]) == (512, True)
    assert "healthCheck" not in of_migrate
    assert of_migrate["portMappings"] == []
    assert [*of_migrate["entryPoint"], *of_migrate["command"]] == ["sh", "-c", "php artisan migrate --force"]
    assert of_migrate["logConfiguration"] == {
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": f"/ecs/{MIGRATE}",
            "awslogs-region": "ap-northeast-1",
            "awslogs-stream-prefix": "migrate",
            "awslogs-create-group": "true",
        },
    }


def test_its_secrets_are_keys_of_the_documents_secret(stg: System) -> None:
    (container,) = stg.definition(MIGRATE)["containerDefinitions"]
    references = {each["name"]: each["valueFrom"].partition(":secret:")[2] for each in container["secrets"]}
    expected = {"DB_HOST": "host", "DB_USERNAME": "operator_user", "DB_PASSWORD": "operator_password"}
    assert set(references) == set(expected)
    for name, key in expected.items():
        assert re.fullmatch(rf"db-main-instance-stg-\w{{6}}:{key}::", references[name])


def test_it_runs_in_the_apps_private_subnets_and_security_group(stg: System) -> None:
    ec2 = stg.client("ec2")
    names = ["private-subnet-nat-1a-stg", "private-subnet-nat-1c-stg"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "tag:Name", "Values": names}])["Subnets"]
    group = [{"Name": "group-name", "Values": ["learning-app-sg-stg"]}]
    groups = ec2.describe_security_groups(Filters=group)["SecurityGroups"]
    expected = (sorted(each["SubnetId"] for each in subnets), [each["GroupId"] for each in groups])
    network = service(stg)["networkConfiguration"]["awsvpcConfiguration"]
    assert (sorted(network["subnets"]), network["securityGroups"]) == expected
    assert network["assignPublicIp"] == "DISABLED"
    state = stg.state()
    (run,) = [
        each["inputs"]
        for each in json.loads(state[state.index("{") :])["deployment"]["resources"]
        if each["type"].endswith(":MigrationRun")
    ]
    assert (sorted(run["subnets"]), run["security_groups"]) == expected
    assert run["assign_public_ip"] is False


def test_a_task_of_the_family_that_somebody_starts_by_hand_migrates_too(stg: System) -> None:
    """As from the console, without anything of ours."""
    ecs = stg.client("ecs")
    network = service(stg)["networkConfiguration"]
    words = {"cluster": stg.cluster, "taskDefinition": MIGRATE, "launchType": "FARGATE"}
    (task,) = ecs.run_task(**words, networkConfiguration=network)["tasks"]

    def ended() -> bool:
        (found,) = ecs.describe_tasks(cluster=stg.cluster, tasks=[task["taskArn"]])["tasks"]
        return bool(found["lastStatus"] == "STOPPED" and found["containers"][0]["exitCode"] == 0)

    assert eventually(ended, timeout=60)


def test_a_failed_migration_leaves_the_new_app_answering(stg: System, app: App) -> None:
    commit = app.commit("broken")
    deployed = stg.make("deploy", "ENV=stg", f"APP={app.folder}")
    assert deployed.ok, deployed.output
    assert "the migration failed and on_failure is warn, so the deployment goes on" in deployed.output
    assert "SQLSTATE" in deployed.output
    assert stg.outputs()["migration_status"] == "failed"
    (image,) = stg.client("ecr").describe_images(repositoryName=SERVICE, imageIds=[{"imageTag": commit}])[
        "imageDetails"
    ]
    assert stg.definition(APP)["containerDefinitions"][0]["image"].endswith(image["imageDigest"])
    assert service(stg)["runningCount"] == 1
    assert stg.get("/healthz") == {"status": "ok", "version": "broken"}
    assert len(stg.get("/")["courses"]) == 3


def test_migrate_task_runs_it_again_and_says_why_it_failed(stg: System) -> None:
    before = len(stg.migration_tasks(MIGRATE))
    again = stg.make("migrate-task", "ENV=stg")
    assert not again.ok
    assert "SQLSTATE" in again.output
    assert "Traceback" not in again.output
    assert len(stg.migration_tasks(MIGRATE)) == before + 1
    assert stg.get("/healthz")["status"] == "ok"


def test_a_mended_commit_is_deployed_and_migrated(stg: System, app: App) -> None:
    app.commit("v2")
    made = stg.make("deploy-full-with-migrate-task", "ENV=stg", f"APP={app.folder}")
    assert made.ok, made.output
    assert stg.outputs()["migration_status"] == "succeeded"
    assert made.lines("Nothing to migrate.")
    assert {course["level"] for course in stg.get("/")["courses"]} == {"basic", "advanced"}


def test_its_log_has_a_group_of_its_own(stg: System) -> None:
    found = stg.client("logs").describe_log_streams(logGroupName=f"/ecs/{MIGRATE}")["logStreams"]
    streams = {each["logStreamName"].rpartition("/")[0] for each in found}
    assert "migrate/migrate" in streams
    assert not [each for each in streams if each.startswith("app")]
    shown = stg.operate("logs", "migration", "--since", "1h")
    assert shown.ok, shown.output
    assert shown.lines("Migrated:  2025_01_01_000001_create_courses")
