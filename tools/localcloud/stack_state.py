"""Pulumi's state of a cloud that is gone.

MiniStack keeps everything in memory. After a restart, Pulumi's state still lists what no longer exists; the
next `up` would try to update it. The id of the cloud that a state describes is therefore kept beside it, and
a state of another cloud is moved aside, not deleted.
"""

from __future__ import annotations

import gzip
import itertools
import json
from pathlib import Path

from tools.localcloud.settings import Settings

_ID_FILE = "cloud-id"


def stale_stack_state(settings: Settings | None = None, cloud_id: str | None = None) -> Path | None:
    """Move Pulumi's state aside when it belongs to a cloud that is gone; return where to, or None.

    ``settings`` defaults to the checkout's own instance, ``cloud_id`` to the remembered one. Afterwards the
    folder exists and is marked as the present cloud's. A folder of stacks without resources is only marked.
    """
    settings = settings or Settings.of()
    cloud_id = cloud_id if cloud_id is not None else settings.load().cloud_id
    folder = settings.pulumi_dir
    mark = folder / _ID_FILE
    moved = None
    if _has_stacks(folder) and (not mark.exists() or mark.read_text().strip() != cloud_id):
        aside = (folder.with_name(f"{folder.name}.gone-{number}") for number in itertools.count(1))
        moved = next(path for path in aside if not path.exists())
        folder.rename(moved)
    folder.mkdir(parents=True, exist_ok=True)
    mark.write_text(cloud_id + "\n")
    return moved


def _has_stacks(folder: Path) -> bool:
    """Whether a stack with resources is kept there (``.pulumi/stacks/[project/]stack.json[.gz]``)."""
    kept = (folder / ".pulumi" / "stacks").rglob("*")
    return any(_resources(file) for file in kept if file.name.endswith((".json", ".json.gz")))


def _resources(file: Path) -> list[object]:
    """The resources of a stack's checkpoint; none after `pulumi destroy`."""
    raw = file.read_bytes()
    checkpoint = json.loads(gzip.decompress(raw) if file.suffix == ".gz" else raw)
    latest = checkpoint.get("checkpoint", {}).get("latest") or {}
    return list(latest.get("resources") or [])
