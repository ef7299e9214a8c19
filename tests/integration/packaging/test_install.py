"""Installed from the wheel the package works without this checkout: here, on the other Pythons, and with its oldest dependencies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import migratable_ecs
import pytest

from tests.integration.packaging.distribution import (
    PROJECT,
    ROOT,
    Built,
    environment,
    lowest,
    run,
    without_the_checkout,
)
from tests.integration.packaging.pythons import THIS, each_other
from tests.unit.component.test_exported_members import PUBLIC
from tests.unit.component.test_provider_is_frozen import GOLDEN
from tools.localcloud.settings import cache_dir

PROBE = Path(__file__).with_name("probe.py")
QUICKSTART = ROOT / "examples" / "quickstart" / "__main__.py"

#: What is asked for only by those who use it: the commands, and a network that is made.
OF_EXTRAS = {"click", "rich", "pulumi_awsx"}


def probed(python: Path, folder: Path) -> dict[str, Any]:
    """What the package says of itself; `-I` keeps the current folder and PYTHONPATH out."""
    said = run(python, "-W", "ignore", "-I", PROBE, cwd=folder, env=without_the_checkout())
    return dict(json.loads(said.splitlines()[-1]))


def assert_it_is_ours(said: dict[str, Any], python: Path) -> None:
    assert Path(said["folder"]).is_relative_to(python.parents[1])
    assert said["version"] == PROJECT["version"]
    assert set(said["missing"]) == OF_EXTRAS
    assert said["exported"] == PUBLIC == migratable_ecs.__all__
    assert said["provider"] == GOLDEN
    assert {"migratable_ecs.migration.provider", "migratable_ecs.testing.ecs"} <= set(said["modules"])


def test_here(installed: Path, tmp_path: Path) -> None:
    said = probed(installed, tmp_path)
    assert_it_is_ours(said, installed)
    assert said["python"] == THIS


@pytest.mark.parametrize("python", each_other())
def test_on_another_python(python: Path, built: Built, tmp_path: Path) -> None:
    made = environment(tmp_path / "venv", built.wheel, python)
    said = probed(made, tmp_path)
    assert_it_is_ours(said, made)
    assert said["python"] != THIS


def test_with_the_oldest_versions_that_it_allows(built: Built, tmp_path: Path) -> None:
    made = environment(tmp_path / "venv", built.wheel, requirements=lowest())
    assert_it_is_ours(probed(made, tmp_path), made)


def test_the_commands_say_what_they_lack(installed: Path, tmp_path: Path) -> None:
    with pytest.raises(
        AssertionError, match=r'needs click and rich, .*: pip install "migratable-ecs\[cli\]"$'
    ):
        run(installed.with_name("migratable-ecs"), "status", cwd=tmp_path, env=without_the_checkout())


def test_what_it_requires_fits_together(installed: Path, tmp_path: Path) -> None:
    assert "No broken requirements" in run(installed, "-m", "pip", "check", cwd=tmp_path)


class TestTypes:
    """A user's type checker sees the types of the package."""

    def mypy(self, installed: Path, program: Path) -> str:
        cache = cache_dir() / "mypy-of-the-wheel"
        return run(
            installed, "-m", "mypy", "--strict", "--cache-dir", cache, program,
            cwd=program.parent, env=without_the_checkout(),
        )  # fmt: skip

    def test_a_program_of_ten_lines(self, installed: Path, tmp_path: Path) -> None:
        program = tmp_path / "program.py"
        program.write_text(QUICKSTART.read_text(encoding="utf-8"), encoding="utf-8")
        assert "Success" in self.mypy(installed, program)

    def test_a_wrong_type_is_seen(self, installed: Path, tmp_path: Path) -> None:
        program = tmp_path / "program.py"
        program.write_text(
            "from migratable_ecs import MigrationArgs\n\nMigrationArgs(command='x', cpu='256')\n",
            encoding="utf-8",
        )
        with pytest.raises(AssertionError, match=r'Argument "cpu" to "MigrationArgs" has incompatible type'):
            self.mypy(installed, program)
