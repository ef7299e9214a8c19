"""Programs the user already has: on PATH, or in Pulumi's own plugin folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from . import versions
from .parts import AWS, CLI, HOST, Part

Programs = dict[str, Path]
"""File name of a program -> where it is."""


def find(part: Part, exclude: Iterable[Path]) -> Programs | None:
    """The user's own programs for `part`, when all are there and new enough.

    Args:
        part: the part that is wanted.
        exclude: folders that do not count: the ones this set-up fills itself.
    """
    if part is HOST:
        return _host_beside_cli(exclude)
    program = _which(part.programs[0], exclude)
    if program is None and part is AWS:
        program = _installed_plugin(exclude)
    if program is None or not _sufficient(part, program):
        return None
    return {part.programs[0]: program}


def candidate(part: Part, exclude: Iterable[Path]) -> str:
    """What `find` would look at, told cheaply: while it stays the same, so does the answer of `find`."""
    looked_at = CLI if part is HOST else part
    program = _which(looked_at.programs[0], exclude) or (_installed_plugin(exclude) if part is AWS else None)
    if program is None:
        return ""
    return f"{program}:{program.stat().st_mtime_ns}"


def _host_beside_cli(exclude: Iterable[Path]) -> Programs | None:
    # A host tells no version; a release has it beside its command line, whose version then is the host's too.
    cli = find(CLI, exclude)
    if cli is None:
        return None
    folder = cli["pulumi"].resolve().parent
    programs = {name: folder / name for name in HOST.programs}
    return programs if all(os.access(path, os.X_OK) for path in programs.values()) else None


def _which(name: str, exclude: Iterable[Path]) -> Path | None:
    unwanted = {folder.resolve() for folder in exclude}
    folders = [f for f in os.environ.get("PATH", "").split(os.pathsep) if f]
    search = os.pathsep.join(f for f in folders if Path(f).resolve() not in unwanted)
    found = shutil.which(name, path=search)
    return Path(found) if found else None


def _installed_plugin(exclude: Iterable[Path]) -> Path | None:
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    folder = home / "plugins" / f"resource-aws-v{AWS.minimum}"
    if folder.resolve() in {unwanted.resolve() for unwanted in exclude}:
        return None
    program = folder / AWS.programs[0]
    return program if os.access(program, os.X_OK) else None


def _sufficient(part: Part, program: Path) -> bool:
    arguments = ["version"] if part is CLI else ["--version"]
    try:
        answer = subprocess.run(
            [program, *arguments], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and versions.accepts(answer.stdout, part.minimum, part.below)
