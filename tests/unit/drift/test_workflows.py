"""The workflows that preview, deploy and look for drift may do no more than they must, and hold no key."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).parents[3] / ".github" / "workflows"
NAMES = ("preview", "deploy", "drift")
BY_OIDC = {"contents": "read", "id-token": "write"}

#: Job -> its permissions, all of them.
PERMISSIONS: dict[tuple[str, str], dict[str, str]] = {
    ("preview", "report"): BY_OIDC,
    ("preview", "comment"): {"contents": "read", "pull-requests": "write"},
    ("drift", "look"): BY_OIDC,
    ("drift", "issue"): {"contents": "read", "issues": "write"},
    ("deploy", "stg"): BY_OIDC,
    ("deploy", "plan"): BY_OIDC,
    ("deploy", "prod"): BY_OIDC,
}


@cache
def workflow(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))
    return found


def runs(job: dict[str, Any]) -> str:
    return "\n".join(step.get("run", "") for step in job["steps"])


@pytest.mark.parametrize("name", NAMES)
def test_every_job_names_its_permissions_and_the_rest_is_refused(name: str) -> None:
    found = workflow(name)
    assert found["permissions"] == {}
    for job, body in found["jobs"].items():
        assert body["permissions"] == PERMISSIONS[name, job]


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_is_used_and_aws_is_reached_by_a_role(name: str) -> None:
    text = (FOLDER / f"{name}.yml").read_text(encoding="utf-8")
    assert "secrets." not in text
    assert "aws-secret-access-key" not in text
    for job in workflow(name)["jobs"].values():
        roles = [step["with"] for step in job["steps"] if "configure-aws-credentials" in step.get("uses", "")]
        assert len(roles) == ("id-token" in job["permissions"])
        assert all(set(role) == {"role-to-assume", "aws-region"} for role in roles)


@pytest.mark.parametrize("name", NAMES)
def test_no_text_of_somebody_else_s_gets_into_a_script(name: str) -> None:
    """Values come as environment variables: an expression inside `run` would be pasted into the shell."""
    for job in workflow(name)["jobs"].values():
        assert "${{" not in runs(job)
        for step in job["steps"]:
            if "actions/checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False


def test_a_fork_s_pull_request_runs_nothing() -> None:
    assert "head.repo.full_name == github.repository" in workflow("preview")["jobs"]["report"]["if"]


def test_code_of_a_pull_request_never_runs_with_the_role_that_sees_production() -> None:
    def role(name: str, job: str) -> str:
        steps = workflow(name)["jobs"][job]["steps"]
        (found,) = [
            each["with"]["role-to-assume"] for each in steps if "role-to-assume" in each.get("with", {})
        ]
        return str(found)

    assert "prod" in workflow("drift")["jobs"]["look"]["strategy"]["matrix"]["stack"]
    assert workflow("preview")["env"]["STACK"] == "stg"
    assert role("preview", "report") != role("drift", "look")


def test_production_waits_for_approval_and_applies_the_saved_plan() -> None:
    jobs = workflow("deploy")["jobs"]
    assert (jobs["prod"]["environment"], jobs["prod"]["needs"]) == ("prod", "plan")
    assert "make plan ENV=prod" in runs(jobs["plan"])
    assert "make apply ENV=prod" in runs(jobs["prod"])
    assert "pulumi up" not in runs(jobs["plan"]) + runs(jobs["prod"])


def test_staging_builds_and_pushes_by_the_commit_and_is_tried_afterwards() -> None:
    script = runs(workflow("deploy")["jobs"]["stg"])
    steps = ("docker build", "docker push", "pulumi config set image", "pulumi up", "curl --fail")
    places = [script.index(step) for step in steps]
    assert places == sorted(places)
    assert "$GITHUB_SHA" in script


def test_a_preview_compares_with_the_image_that_is_deployed() -> None:
    """It reads the tag in the stack's file, which a deployment by SHA leaves as it is; so the tag has to follow."""
    script = runs(workflow("deploy")["jobs"]["stg"])
    file = yaml.safe_load((FOLDER.parents[1] / "Pulumi.stg.yaml").read_text(encoding="utf-8"))
    tag = file["config"]["migratable-ecs:image"].rpartition(":")[2]
    assert script.index("pulumi up") < script.index(f'docker push "$REGISTRY/$REPOSITORY:{tag}"')


def test_no_deployment_is_cancelled_by_the_next_one() -> None:
    assert workflow("deploy")["concurrency"]["cancel-in-progress"] is False


#: In the place of docker: knows the manifests that are files of its folder, by tag, and writes down what is created.
DOCKER = """#!/bin/sh
[ "$3" = inspect ] && exec cat "$FAKE/${5##*:}"
echo "$@" > "$FAKE/created"
"""


@pytest.mark.parametrize(
    ("there", "ends_with", "created"),
    [(None, 0, True), ("tested", 0, False), ("another", 1, False)],
    ids=["first run", "second run", "tag of another image"],
)
def test_a_release_is_copied_once_and_never_over_another_image(
    tmp_path: Path, there: str | None, ends_with: int, created: bool
) -> None:
    steps = workflow("deploy")["jobs"]["plan"]["steps"]
    (script,) = [each["run"] for each in steps if "imagetools" in each.get("run", "")]
    fake = tmp_path / "docker"
    fake.write_text(DOCKER)
    fake.chmod(0o755)
    (tmp_path / "abc").write_text("tested")
    if there:
        (tmp_path / "v1").write_text(there)
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "FAKE": str(tmp_path), "REGISTRY": "registry"}
    env |= {"REPOSITORY": "app", "STAGING": "app-stg", "GITHUB_SHA": "abc", "GITHUB_REF_NAME": "v1"}
    done = subprocess.run(
        ["bash", "-e", "-c", script], cwd=tmp_path, env=env, capture_output=True, check=False
    )
    assert (done.returncode, (tmp_path / "created").exists()) == (ends_with, created)
