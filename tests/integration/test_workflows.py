"""The workflows are ones that GitHub understands, as far as actionlint can tell."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools.actionlint import program

WORKFLOWS = Path(__file__).parents[2] / ".github" / "workflows"


@pytest.fixture(scope="module")
def actionlint() -> Path:
    return program(print)


def check(actionlint: Path, *files: Path) -> subprocess.CompletedProcess[str]:
    """Without shellcheck and pyflakes: whether they are installed differs from machine to machine."""
    command = [str(actionlint), "-shellcheck=", "-pyflakes=", "-no-color", *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_every_workflow_is_right(actionlint: Path) -> None:
    files = sorted(WORKFLOWS.glob("*.yml"))
    assert {"deploy.yml", "drift.yml", "preview.yml", "test.yml"} <= {file.name for file in files}
    done = check(actionlint, *files)
    assert done.returncode == 0, done.stdout


def test_a_wrong_one_is_found(actionlint: Path, tmp_path: Path) -> None:
    text = (WORKFLOWS / "preview.yml").read_text()
    wrong = tmp_path / "preview.yml"
    wrong.write_text(text.replace("steps.report.outputs.code", "steps.nothing.outputs.code"))
    done = check(actionlint, wrong)
    assert done.returncode == 1
    assert 'property "nothing" is not defined' in done.stdout
