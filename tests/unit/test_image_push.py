"""What `make deploy` pushes: one image a commit, under the name of the stack's repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

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
