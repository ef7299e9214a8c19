"""The package as others get it: built from a clean copy, and installed into environments that know nothing of this checkout."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.localcloud.settings import cache_dir, locked

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "components" / "migratable_ecs"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

#: What a user's own project has besides: the type checker.
CHECKER = "mypy"


@dataclass(frozen=True)
class Built:
    """What `python -m build` makes: an sdist, and the wheel made from it."""

    sdist: Path
    wheel: Path


def run(*words: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """Run a command to its end and return what it printed; an AssertionError with all of that when it fails."""
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, env=env, text=True, check=False, timeout=300,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert done.returncode == 0, f"{' '.join(map(str, words))}\n{done.stdout}"
    return done.stdout


def copy_of_the_sources(folder: Path) -> Path:
    """What a build reads, without what earlier builds have left in the checkout."""
    for file in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / file, folder / file)
    leave_out = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "components", folder / "components", ignore=leave_out)
    return folder


def build(sources: Path, out: Path) -> Built:
    """`python -m build`: the sdist, then the wheel from the sdist, without downloading anything."""
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, cwd=sources)
    return Built(only(out, "*.tar.gz"), only(out, "*.whl"))


def only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    assert len(found) == 1, found
    return found[0]


def files_of(wheel: Path) -> dict[str, bytes]:
    """Path in the wheel -> content."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def lowest() -> list[str]:
    """The runtime dependencies, each at the oldest version that pyproject.toml allows."""
    return [re.sub(r">=([^,]+),.*", r"==\1", requirement) for requirement in PROJECT["dependencies"]]


def environment(
    folder: Path, wheel: Path, python: Path = Path(sys.executable), requirements: Sequence[str] = ()
) -> Path:
    """A fresh virtual environment with the wheel, what the wheel requires and mypy.

    Args:
        folder: where it is made.
        python: of which interpreter; default the one that runs the tests.
        requirements: taken instead of the versions in requirements.lock.

    Returns:
        Its Python.
    """
    wheels = wheelhouse(python, requirements)
    run(python, "-m", "venv", folder, cwd=folder.parent)
    made = folder / "bin" / "python"
    run(
        made, "-m", "pip", "install", "--quiet", "--no-compile", "--no-index", "--find-links", wheels,
        wheel, CHECKER, *requirements, cwd=folder,
    )  # fmt: skip
    return made


def wheelhouse(python: Path, requirements: Sequence[str] = ()) -> Path:
    """A folder with the wheels of the dependencies for `python`, downloaded once and kept in the cache."""
    tag = run(python, "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])", cwd=ROOT).strip()
    pins = "" if requirements else _pins()
    wanted = [*(requirements or PROJECT["dependencies"]), CHECKER]
    key = hashlib.sha256("\n".join([pins, *wanted]).encode()).hexdigest()[:16]
    folder = cache_dir() / f"wheelhouse-{tag}-{key}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder.with_name(f"{folder.name}.lock")):
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=folder.parent) as unfinished:
                _download(python, Path(unfinished), pins, wanted).rename(folder)
    return folder


def _download(python: Path, folder: Path, pins: str, wanted: list[str]) -> Path:
    run(python, "-m", "venv", folder / "venv", cwd=folder)
    (folder / "pins").write_text(pins, encoding="utf-8")
    run(
        folder / "venv" / "bin" / "python", "-m", "pip", "wheel", "--quiet", "--wheel-dir", folder / "wheels",
        "--constraint", folder / "pins", *wanted, cwd=folder,
    )  # fmt: skip
    return folder / "wheels"


def _pins() -> str:
    """requirements.lock without its hashes: with them pip would refuse the wheel of ours."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return "\n".join(re.findall(r"^([a-z0-9-]+(?:\[[a-z0-9,-]+\])?==[^\\\n]+)", lock, re.MULTILINE))


def without_the_checkout() -> dict[str, str]:
    """The environment variables of someone who has never heard of this checkout."""
    path = ":".join(part for part in os.environ["PATH"].split(":") if not part.startswith(str(ROOT)))
    dropped = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "MYPYPATH")
    return {**{k: v for k, v in os.environ.items() if k not in dropped}, "PATH": path}
