"""Images of the programs under ``examples/``: built from one Dockerfile each, in versions, and pushed to the
local ECR.
"""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tools.localcloud import base_images
from tools.localcloud.docker_api import Docker, context
from tools.localcloud.errors import LocalCloudError
from tools.localcloud.settings import CHECKOUT, cache_dir, locked

EXAMPLES = CHECKOUT / "examples"
_PYTHON = "3.11"  # of base_images.python
_LEFT_OUT = {"__pycache__", "README.md", "wheels"}


def repository_name(example: str) -> str:
    """Name of the example's ECR repository."""
    return f"{example}-app"


def names() -> list[str]:
    """The examples that have a Dockerfile."""
    return sorted(file.parent.name for file in EXAMPLES.glob("*/Dockerfile"))


def build(docker: Docker, example: str, version: str) -> str:
    """Build one version and return the image's name; built again, it is the same image from the cache.

    Raises LocalCloudError for an unknown example or version, and with the last lines of a failed build.
    """
    folder = EXAMPLES / example
    if example not in names():
        raise LocalCloudError(f"There is no example {example!r}: choose one of {', '.join(names())}.")
    dockerfile = (folder / "Dockerfile").read_text()
    if version not in (allowed := versions(dockerfile)):
        raise LocalCloudError(
            f"The example {example} has no version {version!r}: choose one of {', '.join(allowed)}."
        )
    files = [
        (str(f.relative_to(folder)), f) for f in sorted(folder.rglob("*")) if f.is_file() and _belongs(f)
    ]
    requirements = folder / "requirements.txt"
    if requirements.exists():
        files += [(f"wheels/{wheel.name}", wheel) for wheel in sorted(wheels(requirements).glob("*.whl"))]
    wants_python = re.search(r"^ARG BASE=python:", dockerfile, re.MULTILINE)
    base = base_images.python(docker) if wants_python else base_images.debian(docker)
    name = f"migratable-ecs/example-{example}:{version}"
    # Everything a Python example installs is in the context, so a mirror that is down cannot break its build.
    network = "none" if requirements.exists() else None
    docker.build(name, context(files), {"BASE": base, "VERSION": version}, network)
    return name


def versions(dockerfile: str) -> list[str]:
    """The versions that a Dockerfile names in its line ``# versions: v1 v2 …``."""
    found = re.search(r"^# versions: (.+)$", dockerfile, re.MULTILINE)
    return found.group(1).split() if found else []


def push(docker: Docker, gateway: int, example: str, image: str, tag: str) -> str:
    """Push an image that was built to the example's repository; return the manifest's digest (``sha256:…``)."""
    repository = f"127.0.0.1:{gateway}/{repository_name(example)}"
    docker.tag(image, repository, tag)
    return docker.push(repository, tag)


def wheels(requirements: Path) -> Path:
    """Folder with the wheels of the requirements, downloaded once and kept in the cache."""
    machine = platform.machine()
    key = hashlib.sha256(requirements.read_bytes() + machine.encode() + _PYTHON.encode()).hexdigest()[:16]
    folder = cache_dir() / "wheels" / key
    with locked(cache_dir() / "wheels" / f"{key}.lock"):
        if folder.exists():
            return folder
        draft = folder.with_suffix(".tmp")
        shutil.rmtree(draft, ignore_errors=True)
        platforms = [f"--platform=manylinux{glibc}_{machine}" for glibc in ("2014", "_2_28", "_2_36")]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        command += ["--only-binary=:all:", f"--python-version={_PYTHON}", "--implementation=cp", *platforms]
        command += ["--dest", str(draft), "--requirement", str(requirements)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            last = " ".join(done.stderr.strip().splitlines()[-1:])
            raise LocalCloudError(
                f"The wheels of {requirements} could not be downloaded ({last}): check pip's settings."
            )
        draft.rename(folder)
    return folder


def _belongs(file: Path) -> bool:
    return not _LEFT_OUT.intersection(file.parts) and file.suffix != ".pyc"
