"""The history of runs that outlives ECS, which forgets a stopped task after about an hour.

Each run is one JSON event in the log stream `migratable-ecs/history/{family}` of the migration's log group; the newest 20 are in the
outputs as well. A failed first run stores no outputs in Pulumi, so the stream is the only place that knows it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from .spec import HISTORY_KEPT, RunRecord

if TYPE_CHECKING:
    from .cloudwatch import Logs

#: An event holds at most 1 MB; ours stay far below, whatever the lines are.
MESSAGE_LIMIT = 100_000


def stream_name(family: str) -> str:
    """The log stream of the history of `family`."""
    return f"migratable-ecs/history/{family}"


def append(
    logs: Logs, group: str, family: str, record: RunRecord, at: float, warn: Callable[[str], None]
) -> None:
    """Write `record`, dated `at` (seconds since the epoch, by AWS's clock: CloudWatch drops events of the future).

    A history that cannot be written is said, and never fails a migration.
    """
    # Programs import this module for the stream's name; boto3 is not for them to pay for.
    from .ecs import AwsCallFailed

    text = json.dumps(record.as_dict(), ensure_ascii=False, sort_keys=True)
    if len(text.encode()) > MESSAGE_LIMIT:
        short = {**record.as_dict(), "last_lines": [], "message": record.message[:2000]}
        text = json.dumps(short, ensure_ascii=False, sort_keys=True)
    try:
        logs.append(group, stream_name(family), text, int(at * 1000))
    except AwsCallFailed as failed:
        warn(f"the run could not be written to the history in {group}: {failed}")


def read(logs: Logs, group: str, family: str, limit: int = HISTORY_KEPT) -> list[dict[str, Any]]:
    """The newest `limit` runs, oldest first.

    Raises:
        AwsCallFailed: no access to the log group, or no such group.
    """
    # An event whose answer was lost is written twice, and so is a run that was adopted.
    events = logs.newest(group, stream_name(family), 2 * limit)
    return once(_parse(event.message) for event in events)[-limit:]


def once(runs: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each run once, in the order given. Of several entries that of the process which started the task is believed: it knows the actor
    and the snapshot. Pure.
    """
    found: dict[str, dict[str, Any]] = {}
    for run in runs:
        name = str(run.get("run", ""))
        if name and (name not in found or found[name].get("adopted")):
            found[name] = run
    return list(found.values())


def _parse(message: str) -> dict[str, Any]:
    try:
        value = json.loads(message)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
