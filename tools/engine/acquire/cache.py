"""Where finished programs are kept, outside the checkout, so that a clean checkout need not build again."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from .errors import SetupError

Notice = Callable[[str], None]


def root() -> Path:
    """The engine's cache folder: `$MIGRATABLE_CACHE`, else the user's cache folder. Created when missing.

    Raises:
        SetupError: the folder cannot be written.
    """
    users = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    base = Path(os.environ.get("MIGRATABLE_CACHE") or users / "migratable-ecs")
    folder = base.expanduser().resolve() / "engine"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(
            f"the cache folder {folder} cannot be created ({error.strerror}): "
            "set MIGRATABLE_CACHE to a folder you may write to"
        ) from error
    return folder


@contextlib.contextmanager
def locked(name: str, notice: Notice) -> Iterator[None]:
    """Holds the cache's lock `name`, so that two set-ups at once build a part only once.

    Args:
        name: what is locked; the lock ends with the process, so a killed set-up leaves none behind.
        notice: told once when another process holds the lock.
    """
    with open(root() / f"{name}.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            notice("another set-up is making it; waiting for that one")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def publishing(name: str) -> Iterator[Path]:
    """Gives an empty folder to fill: renamed to `name` when the block succeeds, removed otherwise.

    The caller holds the lock `name`, so whatever else lies under it is left by a set-up that was killed.
    """
    for leftover in root().glob(f".{name}-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=root()))
    try:
        yield unfinished
        unfinished.chmod(0o755)  # mkdtemp makes it private; a shared cache must be readable
        shutil.rmtree(root() / name, ignore_errors=True)
        os.replace(unfinished, root() / name)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def has(name: str, programs: tuple[str, ...]) -> bool:
    """Whether the cache entry `name` holds all `programs`, executable."""
    return all(os.access(root() / name / program, os.X_OK) for program in programs)


def remember(mark: str) -> None:
    """Notes that `mark` happened now (see `happened_within`)."""
    (root() / f"{mark}.mark").touch()


def forget(mark: str) -> None:
    """Removes the note `mark`."""
    (root() / f"{mark}.mark").unlink(missing_ok=True)


def happened_within(mark: str, seconds: float) -> bool:
    """Whether `mark` was noted less than `seconds` ago; a note from the future does not count."""
    try:
        age = time.time() - (root() / f"{mark}.mark").stat().st_mtime
    except FileNotFoundError:
        return False
    return 0 <= age < seconds
