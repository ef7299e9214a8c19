"""`make plan`, `make apply`, `make destroy` with the real CLI: what was shown is what is done, or nothing; nothing is left at the end."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.conftest import empty
from tests.e2e.stack import ROOT, Result, Stack
from tools.localcloud.instance import LocalCloud

pytestmark = pytest.mark.docker

PROJECT = "name: planned\nruntime: python\n"

PROGRAM = """
import pulumi
import pulumi_aws as aws
from migratable_ecs import MigratableEcsService

config = pulumi.Config()
vpc = aws.ec2.get_vpc(tags={"Name": "local"})
subnets = aws.ec2.get_subnets(filters=[{"name": "vpc-id", "values": [vpc.id]}], tags={"Tier": "private"})
MigratableEcsService("planned", {
    "cluster": "local", "image": "django-app:latest", "desired_count": 1, "container_port": 8000, "memory": config.get_int("memory") or 512,
    "network": {"subnets": sorted(subnets.ids), "security_groups": [aws.ec2.get_security_group(vpc_id=vpc.id, name="local-app").id]},
    "secrets": {name: f"learning-db-local:{key}" for name, key in {
        "DB_HOST": "host", "DB_PORT": "port", "DB_NAME": "dbname", "DB_USER": "operator_user", "DB_PASSWORD": "operator_password",
        "DJANGO_SECRET_KEY": "django_secret_key"}.items()},
    "migration": {"command": "python manage.py migrate --noinput"},
})
"""


@pytest.fixture(scope="module")
def planned(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    empty(cloud.db_dsn())
    cloud.push("django", "v1")
    made = Stack(cloud, tmp_path_factory.mktemp("plan"), name="plan", program=PROGRAM, project=PROJECT)
    (made.folder / "Pulumi.plan.yaml").write_text("config:\n  aws:region: ap-northeast-1\n")
    shutil.copy(ROOT / "Makefile", made.folder)
    for name in ("scripts", "tools", ".tools"):
        # Files of the checkout, found from the folder that make runs in.
        if name == "scripts":
            shutil.copytree(ROOT / name, made.folder / name)
        else:
            (made.folder / name).symlink_to(ROOT / name)
    yield made
    if made.run("stack", "select", made.name).ok:
        assert made.destroy().ok
        assert made.run("stack", "rm", made.name, "--yes").ok


def make(stack: Stack, target: str, *words: str, env: str = "plan") -> Result:
    done = subprocess.run(
        ["make", "--no-print-directory", target, f"ENV={env}", *words],
        cwd=stack.folder,
        env={**stack.env, "PULUMI_NON_INTERACTIVE": "true", "MAKEFLAGS": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=300,
        check=False,
    )
    return Result(done.returncode, done.stdout)


def refused(done: Result, *words: str) -> None:
    assert not done.ok
    assert "Traceback" not in done.output
    sentences = done.lines("error: ")
    assert len(sentences) == 1, done.output
    assert all(word in sentences[0] for word in words), done.output


def test_without_a_plan_nothing_is_applied(planned: Stack) -> None:
    refused(make(planned, "apply"), "there is no plan of plan", "`make plan ENV=plan`")


def test_what_was_shown_is_done(planned: Stack) -> None:
    shown = make(planned, "plan")
    assert shown.ok, shown.output
    assert "`make apply ENV=plan` does exactly this, or nothing." in shown.output
    assert planned.migration_tasks("planned-migrate") == []
    assert (planned.folder / ".local/plans/plan.json").stat().st_mode & 0o077 == 0
    done = make(planned, "apply")
    assert done.ok, done.output
    assert "migration succeeded" in done.output
    assert len(planned.migration_tasks("planned-migrate")) == 1
    refused(make(planned, "apply"), "there is no plan")


def test_what_changed_in_between_is_refused_before_anything_is_done(
    planned: Stack, cloud: LocalCloud
) -> None:
    assert make(planned, "plan").ok
    cloud.push("django", "v2")
    assert planned.run("config", "set", "memory", "1024", "--stack", planned.name).ok
    before = planned.state()
    refused(
        make(planned, "apply"),
        "the image of planned-migrate was unchanged and is sha256:",
        "config key planned:memory has changed",
        "TaskDefinition planned: containerDefinitions, memory",
        "nothing was changed",
    )
    assert planned.state() == before
    assert len(planned.migration_tasks("planned-migrate")) == 1


def test_a_new_plan_is_applied(planned: Stack) -> None:
    assert make(planned, "plan").ok
    done = make(planned, "apply")
    assert done.ok, done.output
    assert len(planned.migration_tasks("planned-migrate")) == 2


def test_destroy_names_what_is_protected_and_touches_nothing(planned: Stack) -> None:
    urn = next(
        each["urn"]
        for each in json.loads(planned.state())["deployment"]["resources"]
        if "LogGroup" in each["type"]
    )
    assert planned.run("state", "protect", urn, "--yes", "--stack", planned.name).ok
    before = planned.state()
    kept = make(planned, "destroy")
    assert not kept.ok
    assert f"run `pulumi state unprotect '{urn}' --stack plan`" in kept.output
    assert planned.state() == before
    assert planned.run("state", "unprotect", urn, "--yes", "--stack", planned.name).ok


def test_production_is_destroyed_only_when_it_is_named_twice(planned: Stack) -> None:
    refused(make(planned, "destroy", env="prod"), "prod is production", "CONFIRM=prod")
    refused(make(planned, "destroy", "CONFIRM=other"), "CONFIRM is 'other'", "'plan'")


def test_destroy_leaves_nothing_behind(planned: Stack) -> None:
    gone = make(planned, "destroy")
    assert gone.ok, gone.output
    assert "revisions of task definitions removed" in gone.output
    assert not planned.run("stack", "select", planned.name).ok
    ecs = planned.client("ecs")
    services = ecs.describe_services(cluster="local", services=["planned"])["services"]
    assert [each for each in services if each["status"] == "ACTIVE"] == []
    assert ecs.list_task_definitions(familyPrefix="planned", status="ACTIVE")["taskDefinitionArns"] == []
    assert planned.client("logs").describe_log_groups(logGroupNamePrefix="/ecs/planned")["logGroups"] == []
    roles = planned.client("iam").list_roles()["Roles"]
    assert [each["RoleName"] for each in roles if each["RoleName"].startswith("planned")] == []
    assert not (planned.folder / ".local/plans/plan.json").exists()
    assert os.path.exists(planned.folder / "Pulumi.plan.yaml")
