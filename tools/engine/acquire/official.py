"""The official downloads: the release archive of the command line and `pulumi plugin install`."""

from __future__ import annotations

import http.client
import os
import platform
import shutil
import subprocess
import tarfile
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from . import cache
from .cache import Notice
from .parts import AWS, CLI, CLI_VERSION, HOST, Part

SITE = "https://get.pulumi.com"
"""Pulumi's download site (https://www.pulumi.com/docs/install/)."""

PROBE_SECONDS = 4.0
"""How long the download site may take to answer at all, name look-up included."""

FAILURE_LASTS_SECONDS = 6 * 3600.0
"""How long a site that could not be reached is not asked again."""

_UNREACHABLE = "download-site-unreachable"
_INSTALL_SECONDS = 600


class DownloadError(Exception):
    """An official download failed; the reason as text. Set-up goes on with the next way."""


def platform_name() -> str | None:
    """This machine as the release archives name it (`linux-x64`, …); None when there is none for it."""
    system = {"Linux": "linux", "Darwin": "darwin"}.get(platform.system())
    machines = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}
    machine = machines.get(platform.machine().lower())
    return f"{system}-{machine}" if system and machine else None


def entry(part: Part) -> str:
    """Name of the cache entry that holds the official download of `part`."""
    version = AWS.minimum if part is AWS else CLI_VERSION
    return f"{'aws' if part is AWS else 'release'}-{version}-{platform_name()}"


def reachable(notice: Notice) -> bool:
    """Whether the download site answers. A failure is remembered for `FAILURE_LASTS_SECONDS`."""
    if platform_name() is None or cache.happened_within(_UNREACHABLE, FAILURE_LASTS_SECONDS):
        return False
    with cache.locked("probe", lambda _: None):
        if cache.happened_within(_UNREACHABLE, FAILURE_LASTS_SECONDS):
            return False
        if _answers(SITE, PROBE_SECONDS):
            return True
        cache.remember(_UNREACHABLE)
    notice(f"{SITE} cannot be reached (not asked again for {FAILURE_LASTS_SECONDS / 3600:.0f} hours)")
    return False


def forget_failure() -> None:
    """Lets the next `reachable` ask again."""
    cache.forget(_UNREACHABLE)


def fetch(part: Part, cli: Callable[[], Path], target: Path, notice: Notice) -> None:
    """Downloads the programs of `part` into `target`.

    Args:
        part: what to fetch. Command line and language host are one archive.
        cli: gives a Pulumi command line that works; only asked for when a plugin is to be installed.
        target: an empty folder.
        notice: told what is done.

    Raises:
        DownloadError: it did not work.
    """
    notice(f"downloading the official release ({part.download_time})")
    if part is AWS:
        _install_plugin(cli(), target)
    else:
        _unpack_release(target)


def _answers(url: str, seconds: float) -> bool:
    # In a thread of its own because a name look-up without a network has no time-out that could be set.
    outcome: list[bool] = []

    def ask() -> None:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=seconds):
                outcome.append(True)
        except urllib.error.HTTPError:
            outcome.append(True)
        except (OSError, ValueError, http.client.HTTPException):
            outcome.append(False)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return bool(outcome) and outcome[0]


def _unpack_release(target: Path) -> None:
    url = f"{SITE}/releases/sdk/pulumi-v{CLI_VERSION}-{platform_name()}.tar.gz"
    try:
        with urllib.request.urlopen(url, timeout=30) as answer, tempfile.TemporaryFile() as archive:
            shutil.copyfileobj(answer, archive)
            archive.seek(0)
            with tarfile.open(fileobj=archive, mode="r:gz") as tar:
                _extract(tar, {*CLI.programs, *HOST.programs}, target)
    except (OSError, EOFError, ValueError, tarfile.TarError, http.client.HTTPException) as error:
        raise DownloadError(f"{url}: {error}") from error


def _extract(tar: tarfile.TarFile, wanted: set[str], target: Path) -> None:
    for member in tar:
        name = Path(member.name).name
        content = tar.extractfile(member) if name in wanted and member.isfile() else None
        if content is not None:
            with content, open(target / name, "wb") as file:
                shutil.copyfileobj(content, file)
            (target / name).chmod(0o755)
    missing = sorted(name for name in wanted if not (target / name).is_file())
    if missing:
        raise DownloadError(f"the release archive holds no {', '.join(missing)}")


def _install_plugin(cli: Path, target: Path) -> None:
    home = target / "home"
    command: list[str | Path] = [cli, "plugin", "install", "resource", "aws", AWS.minimum]
    environment = {**os.environ, "PULUMI_HOME": str(home), "PULUMI_SKIP_UPDATE_CHECK": "1"}
    try:
        answer = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DownloadError(str(error)) from error
    program = home / "plugins" / f"resource-aws-v{AWS.minimum}" / AWS.programs[0]
    if answer.returncode != 0 or not program.is_file():
        raise DownloadError(answer.stderr.strip() or f"pulumi plugin install left no {program.name}")
    shutil.move(str(program), target / program.name)
    shutil.rmtree(home, ignore_errors=True)
