"""Evidence to diagnose, made from the short form of the corpus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from migratable_ecs.migration.diagnosis import ApiError, Evidence

BASE = Evidence(
    container="migrate",
    cluster="prod",
    family="app-migrate",
    region="eu-west-1",
    log_group="/ecs/app-migrate",
    timeout=600,
    memory=512,
)
TASK_ARN = "arn:aws:ecs:eu-west-1:123456789012:task/prod/0000"


def make_evidence(entry: dict[str, Any]) -> Evidence:
    """`task.own` are the fields of the migration container, `task.side` those of a sidecar."""
    task = entry.get("task")
    if task is not None:
        own = {"name": "migrate", "lastStatus": "STOPPED", **task.get("own", {})}
        side = [{"name": "log-router", **task["side"]}] if "side" in task else []
        rest = {key: value for key, value in task.items() if key not in ("own", "side")}
        task = {"taskArn": TASK_ARN, "lastStatus": "STOPPED", "containers": [*side, own], **rest}
    return replace(
        BASE,
        failures=tuple(entry.get("failures", ())),
        error=ApiError(**entry["error"]) if "error" in entry else None,
        task=task,
        timed_out=entry.get("timed_out", False),
        missing=entry.get("missing", False),
        last_lines=tuple(entry.get("last_lines", ())),
    )


@pytest.fixture
def evidence() -> Callable[..., Evidence]:
    return lambda **entry: make_evidence(entry)
