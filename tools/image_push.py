"""`python -m tools.image_push STACK FOLDER`: builds the app for linux/amd64 and pushes it under its git commit; prints `repository:commit`.

What was pushed under a commit is not built again: another build would be another image. REGISTRY (`host:port`) names a registry that
Docker is logged in to; by default it is ECR of the credentials' account, logged in to here.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from migratable_ecs.cli.errors import explained

#: What Fargate runs unless the task definition says ARM64, whatever this machine is.
PLATFORM = "linux/amd64"


class NotPushed(Exception):
    """One sentence."""


def main() -> None:
    """The program."""
    try:
        stack, folder = sys.argv[1:]
        print(push(stack, Path(folder)))
    except NotPushed as end:
        sys.exit(f"error: {end}")
    except Exception as error:
        refused = explained(error)
        if refused is None:
            raise
        sys.exit(f"error: {refused}")


def push(stack: str, folder: Path) -> str:
    """Build and push what `folder` holds; returns the image's name without registry.

    Raises:
        NotPushed: no Dockerfile, changes that no commit has, no image configured, or a program failed.
    """
    if not (folder / "Dockerfile").is_file():
        raise NotPushed(f"there is no Dockerfile in {folder}: give the app's folder with APP=…")
    tag = commit(folder)
    repository = repository_of(_output("pulumi", "config", "get", "image", "--stack", stack))
    ecr = _ecr(stack)
    if _is_there(ecr, repository, tag):
        print(f"{repository}:{tag} is in the registry already", file=sys.stderr)
        return f"{repository}:{tag}"
    name = f"{os.environ.get('REGISTRY') or _logged_in(ecr)}/{repository}:{tag}"
    _shown("docker", "build", "--platform", PLATFORM, "--tag", name, str(folder))
    _shown("docker", "push", name)
    return f"{repository}:{tag}"


def commit(folder: Path) -> str:
    """The commit that `folder` is at.

    Raises:
        NotPushed: it holds changes that are not committed: two different images would have one name.
    """
    changed = _output("git", "-C", str(folder), "status", "--porcelain", "--", ".")
    if changed:
        raise NotPushed(
            f"{folder} has changes that are not committed ({changed.splitlines()[0].strip()}, …): commit them first"
        )
    return _output("git", "-C", str(folder), "rev-parse", "HEAD")


def repository_of(image: str) -> str:
    """`shop/app` of `shop/app:latest`, `shop/app@sha256:…` or `shop/app`. Pure.

    Raises:
        NotPushed: it names another registry, to which pushing is another matter.
    """
    name = image.partition("@")[0]
    head, slash, _ = name.partition("/")
    if slash and ("." in head or ":" in head):
        raise NotPushed(
            f"the stack's image is {image!r}, in a registry of its own: push it there yourself, or configure an ECR repository"
        )
    return name.partition(":")[0]


def _is_there(ecr: Any, repository: str, tag: str) -> bool:
    try:
        found = ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])
    except ecr.exceptions.ImageNotFoundException:
        return False
    except ecr.exceptions.RepositoryNotFoundException:
        raise NotPushed(
            f"there is no ECR repository {repository!r}: create it, or correct the stack's image"
        ) from None
    return bool(found["imageDetails"])


def _logged_in(ecr: Any) -> str:
    """The registry's host, Docker being logged in to it."""
    (grant,) = ecr.get_authorization_token()["authorizationData"]
    user, _, password = base64.b64decode(grant["authorizationToken"]).decode().partition(":")
    host = str(grant["proxyEndpoint"]).removeprefix("https://")
    _shown("docker", "login", "--username", user, "--password-stdin", host, given=password)
    return host


def _ecr(stack: str) -> Any:
    """On the account that the stack's update asks: its profile, role and region."""
    from migratable_ecs.cli.from_stack import clients
    from migratable_ecs.cli.outside import Outside

    return clients(Outside(), stack, Path.cwd()).client("ecr")


def _output(*words: str) -> str:
    done = _started(
        words,
        lambda: subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False),
    )
    if done.returncode != 0:
        raise NotPushed(f"`{' '.join(words[:4])}` failed: {done.stderr.strip()}")
    return done.stdout.strip()


def _shown(*words: str, given: str | None = None) -> None:
    """Its output goes to stderr: stdout is for the image's name."""
    done = _started(
        words,
        lambda: subprocess.run(words, input=given or "", stdout=sys.stderr, text=True, check=False),
    )
    if done.returncode != 0:
        raise NotPushed(f"`{' '.join(words[:3])}` failed, see above")


def _started(
    words: Sequence[str], start: Callable[[], subprocess.CompletedProcess[str]]
) -> subprocess.CompletedProcess[str]:
    try:
        return start()
    except FileNotFoundError:
        raise NotPushed(f"there is no program {words[0]!r} on PATH: install it (docs/setup.md)") from None


if __name__ == "__main__":
    main()
