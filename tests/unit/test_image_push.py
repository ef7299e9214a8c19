"""What `make deploy` pushes: one image a commit, under the name of the stack's repository."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from migratable_ecs.cli.outside import Outside
from migratable_ecs.migration.session import AwsSettings

from tests.unit.cli.answers import Answers
from tools import image_push
from tools.image_push import NotPushed, commit, push, repository_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A committed app."""
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\n")
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    for words in (["init", "-q"], ["add", "."], [*identity, "commit", "-q", "-m", "app"]):
        subprocess.run(["git", "-C", str(folder), *words], check=True)
    return folder


def test_the_tag_is_the_commit(app: Path) -> None:
    assert len(commit(app)) == 40


def test_what_no_commit_has_is_not_pushed(app: Path) -> None:
    (app / "Dockerfile").write_text("FROM scratch\nLABEL changed=yes\n")
    with pytest.raises(
        NotPushed, match=r"has changes that are not committed \(M Dockerfile, …\): commit them first"
    ):
        commit(app)


def test_a_folder_without_a_dockerfile(tmp_path: Path) -> None:
    with pytest.raises(NotPushed, match=r"there is no Dockerfile in .*: give the app's folder with APP=…"):
        push("stg", tmp_path)


@pytest.mark.parametrize(
    "image", ["shop/app", "shop/app:latest", "shop/app@sha256:" + "a" * 64, "shop/app:v1@sha256:1"]
)
def test_the_repository_of_the_stack_s_image(image: str) -> None:
    assert repository_of(image) == "shop/app"


def test_another_registry_is_not_ours_to_push_to() -> None:
    with pytest.raises(NotPushed, match="in a registry of its own: push it there yourself"):
        repository_of("ghcr.io/shop/app:latest")


def test_a_program_that_is_not_there(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(app))
    with pytest.raises(NotPushed, match="there is no program 'git' on PATH: install it"):
        commit(app)


class Registry:
    """Clients, of which the registry holds every image."""

    def client(self, _service: str) -> Answers:
        return Answers(describe_images={"imageDetails": [{}]})


def test_it_is_pushed_where_the_update_looks(
    app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The profile and the region of the stack count, not what the environment happens to have."""
    asked: list[AwsSettings] = []
    config = {"aws:profile": {"value": "stg"}, "aws:region": {"value": "eu-central-1"}}

    def pulumi(_outside: Outside, words: Sequence[str], _folder: Path) -> Any:
        return config if words[0] == "config" else {}

    def connect(_outside: Outside, settings: AwsSettings) -> Registry:
        asked.append(settings)
        return Registry()

    monkeypatch.setattr(Outside, "pulumi", pulumi)
    monkeypatch.setattr(Outside, "clients", connect)
    program = tmp_path / "pulumi"
    program.write_text("#!/bin/sh\necho shop/app:latest\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    assert push("stg", app) == f"shop/app:{commit(app)}"
    assert [(each.profile, each.region) for each in asked] == [("stg", "eu-central-1")]


def test_what_aws_refuses_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as credentials that are over."""
    error = ClientError({"Error": {"Code": "ExpiredToken", "Message": "it is over"}}, "DescribeImages")

    def refused(_stack: str, _folder: Path) -> str:
        raise error

    monkeypatch.setattr(image_push, "push", refused)
    monkeypatch.setattr("sys.argv", ["image_push", "stg", "."])
    with pytest.raises(SystemExit, match=r"^error: .*ExpiredToken.*; check the region, the profile"):
        image_push.main()


def test_make_takes_the_stack_and_the_app() -> None:
    words = [
        "make",
        "--no-print-directory",
        "--dry-run",
        "deploy-full-with-migrate-task",
        "ENV=stg",
        "APP=../app",
    ]
    shown = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert shown.splitlines() == ['scripts/deploy "stg" "../app"', 'scripts/migrate-task "stg"']


@pytest.mark.parametrize("script", ["deploy", "migrate-task"])
def test_without_a_stack(script: str) -> None:
    done = subprocess.run([ROOT / "scripts" / script, ""], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert f"usage: scripts/{script} STACK" in done.stderr
