"""The other Pythons of this machine that the package supports."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SUPPORTED = ("3.11", "3.12", "3.13")
THIS = "{}.{}".format(*sys.version_info[:2])
#: More interpreters to look at, as paths with `:` between them.
VARIABLE = "MIGRATABLE_OTHER_PYTHONS"

_WORKS = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"


def others() -> dict[str, Path]:
    """One working interpreter of each supported version other than the one that runs the tests."""
    found: dict[str, Path] = {}
    for version in SUPPORTED:
        if version != THIS:
            working = (python for python in _candidates(version) if _version(python) == version)
            first = next(working, None)
            if first:
                found[version] = first
    return found


def each_other() -> list[object]:
    """`others` as parameters of a test; where there is none, one skipped test that says how to have one."""
    return [pytest.param(python, id=version) for version, python in others().items()] or [
        pytest.param(
            Path(),
            id="none",
            marks=pytest.mark.skip(
                reason=f"of Python {', '.join(SUPPORTED)} only {THIS} was found: install another one, or name it in {VARIABLE}"
            ),
        )
    ]


def _candidates(version: str) -> Iterator[Path]:
    yield from (Path(path) for path in os.environ.get(VARIABLE, "").split(":") if path)
    on_path = shutil.which(f"python{version}")
    if on_path:
        yield Path(on_path)
    # pyenv, uv, and the runners of GitHub Actions keep versions that are not on PATH.
    home = Path.home()
    places = [
        (Path(os.environ.get("PYENV_ROOT") or home / ".pyenv") / "versions", f"{version}.*/bin/python"),
        (home / ".local" / "share" / "uv" / "python", f"cpython-{version}.*/bin/python"),
        (Path(os.environ.get("RUNNER_TOOL_CACHE") or os.devnull) / "Python", f"{version}.*/*/bin/python"),
    ]
    for folder, pattern in places:
        yield from sorted(folder.glob(pattern), reverse=True)


def _version(python: Path) -> str:
    """What it says it is; nothing when it does not run, as names do that version managers leave on PATH."""
    try:
        done = subprocess.run([python, "-c", _WORKS], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
