"""What a new user does: clone, `make up`, look, `make down`. Nothing of ours is left afterwards."""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.request
from pathlib import Path

import pytest

from tests.e2e.stack import ROOT
from tools.localcloud.docker_api import Docker
from tools.localcloud.instance import LocalCloud
from tools.localcloud.settings import default_name

pytestmark = pytest.mark.docker


def clean_environment() -> dict[str, str]:
    """Without this checkout's venv and tools, and without what an outer `make` hands on."""
    ours = (str(ROOT / ".venv"), str(ROOT / ".tools"))
    path = ":".join(part for part in os.environ["PATH"].split(":") if not part.startswith(ours))
    dropped = ("VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHONPATH", "PULUMI_HOME")
    kept = {k: v for k, v in os.environ.items() if k not in dropped and not k.startswith("PYTEST")}
    return {**kept, "PATH": path, "NO_COLOR": "1"}


def make(folder: Path, target: str) -> str:
    done = subprocess.run(
        ["make", target],
        cwd=folder,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def processes_in(folder: Path) -> list[str]:
    """Command lines of processes that work in `folder` or were started from it."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            where = os.readlink(entry / "cwd")
        except OSError:
            continue
        if str(folder) in line or where.startswith(str(folder)):
            found.append(line)
    return found


@pytest.mark.timeout(1200)
def test_make_up_then_make_down(cloud: LocalCloud, tmp_path: Path) -> None:
    folder = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)

    said = make(folder, "up")

    row = re.compile(r"MigrationRun django-app-migrate creating .*Applying courses\.0001_initial\.\.\. OK")
    assert row.search(said), said
    address = re.search(r"The service answers at (http://\S+)", said)
    assert address, said
    with urllib.request.urlopen(f"{address[1]}courses.json", timeout=10) as reply:
        assert len(json.load(reply)["courses"]) > 0
    assert (
        subprocess.run(
            ["git", "status", "--porcelain"], cwd=folder, capture_output=True, text=True, check=True
        ).stdout
        == ""
    )

    again = make(folder, "up")
    assert "migration will not run: image" in again

    make(folder, "down")

    docker = Docker(cloud.env()["DOCKER_HOST"])
    assert docker.containers(f"migratable-ecs.instance={default_name(folder)}") == []
    assert processes_in(folder) == []
