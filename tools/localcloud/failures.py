"""Failures that no step foresaw, turned into one sentence for the user."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from tools.localcloud import processes
from tools.localcloud.docker_api import EngineError
from tools.localcloud.errors import LocalCloudError
from tools.localcloud.settings import Settings


@contextmanager
def explained(settings: Settings) -> Iterator[None]:
    """Raise LocalCloudError for a full disk, an engine that refuses, and a MiniStack that fails or has died."""
    try:
        yield
    except (OSError, LocalCloudError, EngineError, BotoCoreError, ClientError) as error:
        if "no space left" in str(error).lower():
            free = shutil.disk_usage(settings.state_dir).free // 2**20
            raise LocalCloudError(
                f"The disk is full ({free} MiB left for {settings.state_dir}): free some space, for "
                "instance with "
                "`docker system prune`."
            ) from error
        if isinstance(error, EngineError):
            raise LocalCloudError(
                f"The Docker engine refused: {error}; `scripts/local status` shows it."
            ) from error
        if isinstance(error, BotoCoreError | ClientError):
            raise LocalCloudError(_of_ministack(settings, error)) from error
        raise


def _of_ministack(settings: Settings, error: Exception) -> str:
    log = settings.logs / "ministack.log"
    if processes.alive(settings.load().processes.get("ministack")):
        return f"MiniStack refused: {error}; see {log}, or begin anew with `scripts/local reset`."
    return (
        f"MiniStack has ended; `scripts/local up` starts it again. Its log {log} ends "
        f"with:\n{processes.tail(log)}"
    )
