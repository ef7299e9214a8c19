"""The record of one ECS task: what DescribeTasks shows of it beyond what its containers add.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
"""

from __future__ import annotations

import secrets as random_secrets
import time
from typing import Any

from ministack.services import ecs

from tools.localcloud.launcher_containers import Container

Record = dict[str, Any]


def now() -> float:
    """Seconds since 1970 with milliseconds, as ECS gives times."""
    return round(time.time(), 3)


def prepare_record(record: Record, *, awsvpc: bool) -> None:
    """Give a new task record what ECS shows and take out what it does not; safe to call twice."""
    if record.get("_prepared"):
        return
    record["_prepared"] = True
    record["createdAt"] = record["connectivityAt"] = now()
    record["stopCode"] = record["stoppedReason"] = None
    if record.get("launchType") == "FARGATE":
        record.pop("containerInstanceArn", None)
    for size in ("cpu", "memory"):
        record[size] = (record.get("overrides") or {}).get(size) or record.get(size)
    record["attributes"] = [{"name": "ecs.cpu-architecture", "value": "x86_64"}]
    if awsvpc:
        details = [{"name": "networkInterfaceId", "value": f"eni-{random_secrets.token_hex(8)}"}]
        if record.get("_subnet"):
            details.insert(0, {"name": "subnetId", "value": record["_subnet"]})
        record["attachments"] = [
            {
                "id": ecs.new_uuid(),
                "type": "ElasticNetworkInterface",
                "status": "PRECREATED",
                "details": details,
            }
        ]


def note_address(record: Record, container: Container, *, first: bool) -> None:
    """Show a container's address at the task's network interface.

    Args:
        record: the record of an ``awsvpc`` task, prepared.
        container: one that runs and has an address.
        first: whether the container's address is the one of the interface, whatever stood there before.
    """
    attachment = record["attachments"][0]
    attachment["status"] = "ATTACHED"
    shown = any(detail["name"] == "privateIPv4Address" for detail in attachment["details"])
    if first or not shown:
        kept = [detail for detail in attachment["details"] if detail["name"] != "privateIPv4Address"]
        attachment["details"] = [*kept, {"name": "privateIPv4Address", "value": container.address}]
    container.record["networkInterfaces"] = [
        {"attachmentId": attachment["id"], "privateIpv4Address": container.address}
    ]
