"""`scripts/setup` and the installer as their user sees them: one clear message, never a traceback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INSTALLER = ROOT / "tools" / "engine" / "install.py"
Answer = subprocess.CompletedProcess[str]


def run(command: list[str], cwd: Path, **environment: str) -> Answer:
    """Without a Pulumi on PATH, neither the user's nor this checkout's: set-up would find it and make none."""
    path = ":".join(
        folder for folder in os.environ["PATH"].split(":") if not (Path(folder) / "pulumi").exists()
    )
    return subprocess.run(
        command,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PATH": path, **environment},
    )


def install(tmp_path: Path, *arguments: str, **environment: str) -> Answer:
    ours = {"MIGRATABLE_CACHE": str(tmp_path / "cache"), "PULUMI_HOME": str(tmp_path / "home"), **environment}
    command = [sys.executable, str(INSTALLER), "--tools", str(tmp_path / "tools"), *arguments]
    return run(command, tmp_path, **ours)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with nothing set up."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "setup", tmp_path / "scripts" / "setup")
    shutil.copytree(ROOT / "tools" / "engine", tmp_path / "tools" / "engine")
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def setup(checkout: Path, *arguments: str, **environment: str) -> Answer:
    return run([str(checkout / "scripts" / "setup"), *arguments], checkout, **environment)


def test_check_says_what_would_be_done_and_does_nothing(tmp_path: Path) -> None:
    answer = install(tmp_path, "--check", PATH="/nowhere")
    assert answer.returncode == 0
    assert answer.stdout.count("would be had by path, else download, else build") == 3
    assert not (tmp_path / "tools").exists()


def test_a_machine_without_go_and_package_index_gets_one_message(tmp_path: Path) -> None:
    answer = install(
        tmp_path, PATH="/nowhere", MIGRATABLE_ENGINE="build", PIP_NO_INDEX="1", PIP_FIND_LINKS="", PIP_CONFIG_FILE=os.devnull
    )  # fmt: skip
    assert answer.returncode == 1
    assert "there is no Go 1.25" in answer.stderr
    assert "put Go on PATH, or make the package index reachable" in answer.stderr
    assert answer.stderr.count("set-up cannot go on") == 1
    assert "Traceback" not in answer.stdout + answer.stderr


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = install(tmp_path, MIGRATABLE_CACHE=str(tmp_path / "file"))
    assert answer.returncode == 1
    assert "set MIGRATABLE_CACHE to a folder you may write to" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_machine_without_a_supported_python_gets_one_message(checkout: Path) -> None:
    answer = setup(checkout, MIGRATABLE_PYTHON="python-that-is-not-there")
    assert answer.returncode == 1
    assert "no working Python 3.11, 3.12 or 3.13" in answer.stderr
    assert not (checkout / ".venv").exists()


def test_a_python_that_is_only_a_name_is_passed_over(checkout: Path) -> None:
    shim = checkout / "bin" / "python3.11"
    shim.parent.mkdir()
    shim.write_text("#!/bin/sh\necho 'python3.11: command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    answer = setup(
        checkout,
        "--check",
        MIGRATABLE_PYTHON=f"{shim} {sys.executable}",
        MIGRATABLE_CACHE=str(checkout / "cache"),
    )
    assert answer.returncode == 0
    assert f"would be made with {sys.executable}" in answer.stdout
    assert "would be installed from requirements.lock" in answer.stdout
    assert not (checkout / ".venv").exists()


def test_a_broken_environment_is_not_removed_but_named(checkout: Path) -> None:
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    answer = setup(checkout)
    assert answer.returncode == 1
    assert "rm -rf .venv" in answer.stderr
    assert python.exists()


def test_packages_are_installed_again_only_when_the_lock_changes(checkout: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], cwd=checkout, check=True)
    stamp = checkout / ".venv" / "setup-stamp"
    stamp.write_text((checkout / "pyproject.toml").read_text() + (checkout / "requirements.lock").read_text())
    unchanged = setup(checkout, "--check", MIGRATABLE_CACHE=str(checkout / "cache"))
    assert "packages: ready" in unchanged.stdout
    (checkout / "requirements.lock").write_text("")
    changed = setup(checkout, "--check", MIGRATABLE_CACHE=str(checkout / "cache"))
    assert "packages: would be installed" in changed.stdout


def test_an_unknown_option_is_refused(checkout: Path) -> None:
    answer = setup(checkout, "--force")
    assert answer.returncode == 2
    assert "'--force'" in answer.stderr
