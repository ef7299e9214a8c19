"""A stack of production is refused in preview: a sentence for each broken rule, and nothing made; a waiver lets it through."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.e2e.stack import Result, Stack
from tools.localcloud.instance import LocalCloud

pytestmark = pytest.mark.docker

PROJECT = "name: protected\nruntime: python\n"

PROGRAM = """
import pulumi
import pulumi_aws as aws
from migratable_ecs import MigratableEcsService
from migratable_ecs.protect import protect

config = pulumi.Config()
protect(waive=config.get_object("waive") or [])
aws.rds.Instance("learning-db", instance_class="db.t4g.micro", engine="postgres", allocated_storage=20, username="operator",
                 manage_master_user_password=True, skip_final_snapshot=True, publicly_accessible=True,
                 storage_encrypted=pulumi.Output.from_input(config.require_bool("encrypted")))
MigratableEcsService("learning-app", {
    "cluster": "local", "image": config.require("image"), "desired_count": config.require_int("count"),
    "network": {"subnets": ["subnet-1"], "security_groups": ["sg-1"]},
    "migration": {"command": config.get("command") or "python manage.py migrate"},
})
"""

GOOD = {"encrypted": "true", "image": "django-app:v1", "count": "2", "waive": '["public-database"]'}


@pytest.fixture(scope="module")
def prod(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    cloud.push("django", "v1", tag="v1")
    made = Stack(cloud, tmp_path_factory.mktemp("protect"), name="prod", program=PROGRAM, project=PROJECT)
    (made.folder / "Pulumi.prod.yaml").write_text("config:\n  aws:region: ap-northeast-1\n")
    yield made
    assert made.run("stack", "rm", made.name, "--yes").ok


def configure(prod: Stack, **changes: str) -> None:
    settings = {**GOOD, **changes}
    lines = [f"  protected:{key}: {json.dumps(value)}" for key, value in settings.items()]
    (prod.folder / "Pulumi.prod.yaml").write_text(
        "\n".join(["config:", "  aws:region: ap-northeast-1", *lines, ""])
    )


def refused_with(words: str, refused: Result, prod: Stack) -> None:
    assert not refused.ok
    assert words in refused.output, refused.output
    assert "Traceback" not in refused.output
    made = prod.state()
    assert not json.loads(made[made.index("{") :])["deployment"].get("resources")


def test_a_plain_value_is_refused(prod: Stack) -> None:
    configure(prod, image="django-app:latest")
    refused_with("rule latest-tag: the service 'learning-app' runs the image", prod.preview(), prod)


def test_a_value_that_is_known_later_is_refused_too(prod: Stack) -> None:
    configure(prod, encrypted="false")
    refused_with("rule unencrypted-database: the database 'learning-db' is not", prod.preview(), prod)


def test_an_update_is_refused_by_the_preview_it_begins_with(prod: Stack) -> None:
    configure(prod, waive="[]")
    update = prod.run("up", "--stack", prod.name, "--yes")
    refused_with("rule public-database: the database 'learning-db' has a public address", update, prod)


def test_what_is_waived_goes_through_and_is_said(prod: Stack) -> None:
    configure(prod)
    done = prod.preview()
    assert done.ok, done.output
    assert "prod is production, and these rules are waived: public-database" in done.output
