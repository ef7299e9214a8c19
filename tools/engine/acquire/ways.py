"""The ways to get a part, tried in order: PATH, what the cache holds, the official download, a build."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from . import cache, found, golang, official
from .cache import Notice
from .errors import SetupError
from .found import Programs
from .parts import Part

PATH, DOWNLOAD, BUILD = "path", "download", "build"
WAYS = (PATH, DOWNLOAD, BUILD)
ENVIRONMENT = "MIGRATABLE_ENGINE"
"""Environment variable that limits the ways: a comma-separated choice of `WAYS`, whose order it keeps."""


@dataclass(frozen=True)
class Acquired:
    """The programs of one part and how they were had.

    Attributes:
        way: one of `WAYS`.
        programs: file name -> the file that is to be linked into the tools folder.
    """

    way: str
    programs: Programs


def allowed() -> tuple[str, ...]:
    """The ways this run may use.

    Raises:
        SetupError: the environment variable names something else.
    """
    chosen = [word.strip() for word in os.environ.get(ENVIRONMENT, ",".join(WAYS)).split(",") if word.strip()]
    wrong = [word for word in chosen if word not in WAYS]
    if wrong or not chosen:
        raise SetupError(
            f"{ENVIRONMENT} is {os.environ.get(ENVIRONMENT)!r}; allowed is a comma-separated choice of "
            f"{', '.join(WAYS)}: correct or unset it"
        )
    return tuple(way for way in WAYS if way in chosen)


def built_entry(part: Part) -> str:
    """Name of the cache entry that holds the built programs of `part`."""
    return f"{part.key}-{part.fingerprint()}"


def acquire(
    part: Part, ways: tuple[str, ...], exclude: Iterable[Path], cli: Callable[[], Path], notice: Notice
) -> Acquired:
    """Gets `part` by the first of `ways` that works.

    Args:
        part: the part that is wanted.
        ways: the ways that may be used, a selection of `WAYS`.
        exclude: folders whose programs are not the user's own.
        cli: gives a working Pulumi command line; may wait until there is one.
        notice: told what is being done.

    Raises:
        SetupError: none of the ways works.
    """
    own = found.find(part, exclude) if PATH in ways else None
    if own is not None:
        return Acquired(PATH, own)
    ready = cached(part, ways)
    if ready is not None:
        return ready
    if DOWNLOAD in ways and official.reachable(notice):
        downloaded = _download(part, cli, notice)
        if downloaded is not None:
            return downloaded
    if BUILD in ways:
        return _build(part, notice)
    raise SetupError(
        f"the {part.title} cannot be had by {' or '.join(ways)}: put {part.programs[0]} {part.minimum} or "
        f"later on PATH, or unset {ENVIRONMENT} so that it can be built, and run set-up again"
    )


def cached(part: Part, ways: tuple[str, ...]) -> Acquired | None:
    """The programs of `part` that an earlier set-up left in the cache, if any."""
    for way, name in ((DOWNLOAD, official.entry(part)), (BUILD, built_entry(part))):
        if way in ways and cache.has(name, part.programs):
            return _entry(way, part, name)
    return None


def _download(part: Part, cli: Callable[[], Path], notice: Notice) -> Acquired | None:
    name = official.entry(part)
    with cache.locked(name, notice):
        if not cache.has(name, part.programs):
            try:
                with cache.publishing(name) as folder:
                    official.fetch(part, cli, folder, notice)
            except official.DownloadError as error:
                notice(f"the download failed: {error}")
                return None
    return _entry(DOWNLOAD, part, name)


def _build(part: Part, notice: Notice) -> Acquired:
    name = built_entry(part)
    with cache.locked(name, notice):
        if not cache.has(name, part.programs):
            go = golang.compiler(notice)
            with cache.publishing(name) as folder:
                golang.build(part, go, folder, notice)
    return _entry(BUILD, part, name)


def _entry(way: str, part: Part, name: str) -> Acquired:
    folder = cache.root() / name
    return Acquired(way, {program: folder / program for program in part.programs})
