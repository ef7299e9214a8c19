"""Requests that ECS and CloudWatch Logs refuse for their form; each function gives the reason, None when there is none."""

from __future__ import annotations

import json
import re
from typing import Any

Record = dict[str, Any]

_STARTED_BY = re.compile(r"[A-Za-z0-9_/-]{0,128}")
_TOKEN = re.compile(r"[\x21-\x7e]{1,64}")
_OVERRIDES_LENGTH = 8192
_PAGE = 100


def run_task(data: Record) -> str | None:
    """Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"""
    if not 1 <= data.get("count", 1) <= 10:
        return "count should be between 1 and 10"
    if not _STARTED_BY.fullmatch(data.get("startedBy") or ""):
        return "startedBy can have up to 128 letters, numbers, hyphens, slashes and underscores."
    token = data.get("clientToken")
    if token is not None and not _TOKEN.fullmatch(token):
        return "clientToken can have up to 64 ASCII characters in the range of 33-126."
    if len(json.dumps(data.get("overrides") or {})) > _OVERRIDES_LENGTH:
        return f"Container Overrides length must be at most {_OVERRIDES_LENGTH}"
    return None


def describe_tasks(data: Record) -> str | None:
    """Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html"""
    if not data.get("tasks"):
        return "Tasks cannot be empty."
    if len(data["tasks"]) > _PAGE:
        return f"Tasks can have at most {_PAGE} items."
    return None


def list_tasks(data: Record) -> str | None:
    """startedBy must be the only filter, beside desiredStatus.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html
    """
    others = ("family", "containerInstance", "serviceName", "launchType")
    if data.get("startedBy") and any(data.get(key) for key in others):
        return "cannot specify startedBy with other arguments"
    size = data.get("maxResults")
    if size is not None and not 1 <= int(size) <= _PAGE:
        return f"maxResults must be between 1 and {_PAGE} but was {size}"
    return None


def put_log_events(data: Record) -> str | None:
    """Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html"""
    times = [event.get("timestamp", 0) for event in data.get("logEvents") or []]
    if times != sorted(times):
        return "Log events in a single PutLogEvents request must be in chronological order."
    return None
