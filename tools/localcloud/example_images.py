"""Images of the programs under ``examples/``: built from one Dockerfile each, in versions, and pushed to the
local ECR.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tools.localcloud import base_images, downloads
from tools.localcloud.docker_api import Docker, context
from tools.localcloud.errors import LocalCloudError
from tools.localcloud.settings import CHECKOUT

EXAMPLES = CHECKOUT / "examples"
_LEFT_OUT = {"__pycache__", "README.md", "wheels", "offline", "node_modules"}


def repository_name(example: str) -> str:
    """Name of the example's ECR repository: ``django-app``; that of a second image of ``go`` is ``go-migrate``."""
    return f"{example}-app" if (EXAMPLES / example).is_dir() else example


def names() -> list[str]:
    """The examples that have a Dockerfile; ``go-migrate`` is that of ``go/Dockerfile.migrate``."""
    return sorted(_dockerfiles())


def build(docker: Docker, example: str, version: str) -> str:
    """Build one version and return the image's name; built again, it is the same image from the cache.

    Raises LocalCloudError for an unknown example or version, and with the last lines of a failed build.
    """
    file = dockerfile(example)
    text = file.read_text()
    if version not in (allowed := versions(text)):
        raise LocalCloudError(
            f"The example {example} has no version {version!r}: choose one of {', '.join(allowed)}."
        )
    downloaded = sorted(_downloaded(file.parent))
    files = [
        (str(f.relative_to(file.parent)), f)
        for f in sorted(file.parent.rglob("*"))
        if f.is_file() and _belongs(f)
    ]
    name = f"migratable-ecs/example-{example}:{version}"
    # Where everything that is installed is in the context, a mirror that is down cannot break the build.
    network = "none" if downloaded else None
    arguments = {"BASE": _base(docker, text), "VERSION": version}
    docker.build(name, context([*files, *downloaded]), arguments, network, file.name)
    return name


def dockerfile(example: str) -> Path:
    """The image's Dockerfile; LocalCloudError, which names those there are, for an unknown example."""
    found = _dockerfiles().get(example)
    if found is None:
        raise LocalCloudError(f"There is no example {example!r}: choose one of {', '.join(names())}.")
    return found


def versions(text: str) -> list[str]:
    """The versions that a Dockerfile names in its line ``# versions: v1 v2 …``."""
    found = re.search(r"^# versions: (.+)$", text, re.MULTILINE)
    return found.group(1).split() if found else []


def push(docker: Docker, gateway: int, repository: str, image: str, tag: str) -> str:
    """Push an image that was built to a repository; return the manifest's digest (``sha256:…``)."""
    name = f"127.0.0.1:{gateway}/{repository}"
    docker.tag(image, name, tag)
    return docker.push(name, tag)


def _dockerfiles() -> dict[str, Path]:
    """Name of the image -> its Dockerfile."""
    first = {file.parent.name: file for file in EXAMPLES.glob("*/Dockerfile")}
    return first | {f"{file.parent.name}-{file.suffix[1:]}": file for file in EXAMPLES.glob("*/Dockerfile.*")}


def _base(docker: Docker, text: str) -> str:
    """What stands here for the official image that ``ARG BASE`` names."""
    official = re.search(r"^ARG BASE=([a-z]+):", text, re.MULTILINE)
    known = base_images.OFFICIAL
    if official is None or official.group(1) not in known:
        raise LocalCloudError(f"`ARG BASE=` names none of {', '.join(sorted(known))} in:\n{text}")
    return known[official.group(1)](docker)


def _downloaded(folder: Path) -> Iterator[tuple[str, Path]]:
    """Name in the context and file of everything the build installs; nothing for what it installs by itself."""
    requirements = folder / "requirements.txt"
    if requirements.exists():
        for wheel in downloads.wheels(requirements).glob("*.whl"):
            yield f"wheels/{wheel.name}", wheel
    for mark, download in (("go.mod", downloads.go_modules), ("package-lock.json", downloads.node_packages)):
        if (folder / mark).exists():
            fetched = download(folder)
            for file in fetched.rglob("*"):
                if file.is_file() and not file.is_symlink():
                    yield f"offline/{file.relative_to(fetched)}", file


def _belongs(file: Path) -> bool:
    """Whether a file is part of the program: a change of a stack's settings must not make another image."""
    if file.name.startswith(("Pulumi.", ".dockerignore")) or file.suffix == ".pyc":
        return False
    return not _LEFT_OUT.intersection(file.relative_to(EXAMPLES).parts)
