"""Bad input: one sentence that names the key and the remedy, exit code not 0, nothing created, no traceback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.stack import Stack
from tools.localcloud.instance import LocalCloud

pytestmark = pytest.mark.docker

BAD: list[tuple[str, dict[str, Any], list[str]]] = [
    ("missing key", {"image": None}, ["image", "pulumi config set"]),
    ("no tag", {"image": "django-app"}, ["'django-app'", "neither tag nor digest", "repository:tag"]),
    ("unknown tag", {"image": "django-app:nope"}, ["django-app:nope", "push it"]),
    ("unknown repository", {"image": "nope:latest"}, ["'nope'", "create the repository"]),
    ("bad digest", {"image": "django-app@sha256:12"}, ["sha256:12", "64 hex digits"]),
    ("missing secret", {"secrets": {"DB_HOST": "no-such-secret:host"}}, ["no-such-secret", "DB_HOST"]),
    ("unknown cluster", {"cluster.name": "nope"}, ["cluster", "nope"]),
    ("unknown vpc", {"network.vpc": "nope"}, ["vpc", "nope"]),
    ("unknown load balancer", {"loadBalancer.name": "nope"}, ["loadBalancer", "nope"]),
    ("unknown security group", {"network.securityGroups": ["nope"]}, ["securityGroups", "nope"]),
    ("priority out of range", {"ingress.priority": 99999}, ["priority", "99999", "50000"]),
    ("impossible size", {"cpu": 256, "memory": 4096}, ["memory", "4096", "512, 1024, 2048"]),
    ("unknown phase", {"migration.phase": "befor"}, ["phase", "'befor'", "'before'"]),
    ("unknown key", {"imag": "x"}, ["imag", "image"]),
]


@pytest.fixture(scope="module")
def fresh(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    made = Stack(cloud, tmp_path_factory.mktemp("bad"), name="bad")
    yield made
    assert made.destroy().ok
    assert made.run("stack", "rm", made.name, "--yes").ok


@pytest.mark.parametrize(("changes", "words"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_one_sentence_and_nothing_created(fresh: Stack, changes: dict[str, Any], words: list[str]) -> None:
    file = fresh.folder / "Pulumi.bad.yaml"
    good = file.read_text()
    try:
        fresh.configure(**changes)
        up = fresh.up()
    finally:
        file.write_text(good)
    assert up.returncode != 0
    assert "Traceback" not in up.output
    for word in words:
        assert word in up.output, up.output
    exported = fresh.state()
    resources = json.loads(exported[exported.index("{") :])["deployment"].get("resources") or []
    kinds = {resource["type"] for resource in resources}
    assert kinds <= {
        "pulumi:pulumi:Stack",
        "pulumi:providers:aws",
        "migratable-ecs:index:MigratableEcsService",
    }


def test_unknown_stack(fresh: Stack) -> None:
    up = fresh.run("up", "--stack", "nope", "--yes")
    assert up.returncode != 0
    assert "no stack named 'nope' found" in up.output
    assert "Traceback" not in up.output
