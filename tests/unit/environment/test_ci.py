"""CI runs what `make test` runs, under every Python that the package supports, and knows no secret."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
WORKFLOW: dict[str, Any] = yaml.safe_load(
    (ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8")
)
JOB: dict[str, Any] = WORKFLOW["jobs"]["test"]


def test_it_runs_the_one_script_and_nothing_else() -> None:
    assert [step["run"] for step in JOB["steps"] if "run" in step] == [".ci/run"]


def test_the_script_runs_make_test() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    lines = script.read_text(encoding="utf-8").splitlines()
    assert lines[-1] == "make test"
    assert "set -euo pipefail" in lines


def test_every_supported_python_is_tried_and_is_the_one_that_set_up_takes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == ">=3.11,<3.14"
    assert JOB["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    assert JOB["env"]["MIGRATABLE_PYTHON"] == "python${{ matrix.python }}"


def test_it_may_only_read_the_repository() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert "secrets." not in (ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8")
