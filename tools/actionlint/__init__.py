"""actionlint, which checks the workflows: built from its Go module with set-up's compiler, and kept in set-up's cache."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path

from tools.engine.acquire import cache, golang
from tools.engine.acquire.errors import SetupError

_FOLDER = Path(__file__).parent
_PACKAGE = "github.com/rhysd/actionlint/cmd/actionlint"


def program(notice: Callable[[str], None]) -> Path:
    """The program; built when this version of it was never built on this machine.

    Args:
        notice: told when it is built (20 seconds).

    Raises:
        SetupError: there is no Go, or the module cannot be had or built.
    """
    files = sorted(_FOLDER.glob("go.*"))
    name = f"actionlint-{hashlib.sha256(b''.join(file.read_bytes() for file in files)).hexdigest()[:16]}"
    with cache.locked(name, notice):
        if not cache.has(name, ("actionlint",)):
            go = golang.compiler(notice)
            notice("building actionlint from its Go module (20 seconds the first time on a machine)")
            with cache.publishing(name) as folder:
                _build(go, folder / "actionlint")
    return cache.root() / name / "actionlint"


def _build(go: Path, target: Path) -> None:
    done = subprocess.run(
        [go, "build", *golang.FLAGS, "-o", target, _PACKAGE],
        cwd=_FOLDER,
        env=golang.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SetupError(f"actionlint cannot be built with {go}; Go said:\n{done.stderr[-2000:]}")
