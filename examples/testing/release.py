"""A team's own deployment code: run one task to its end. It knows nothing of the fakes."""

from __future__ import annotations

from typing import Any


class ReleaseFailed(Exception):
    """The task did not do its work; the text says why."""


def run_release(ecs: Any, clock: Any, release: str, network: dict[str, Any]) -> str:
    """Run the newest `web-release` task for this release, once, and return its ARN.

    `ecs` is a boto3 client, `clock` the module `time`, `release` up to 64 characters without blanks.
    """
    reply = ecs.run_task(
        taskDefinition="web-release",
        launchType="FARGATE",
        networkConfiguration=network,
        startedBy=release,
        clientToken=release,
    )
    if reply["failures"]:
        raise ReleaseFailed(f"ECS started nothing: {reply['failures'][0]['reason']}")
    arn = str(reply["tasks"][0]["taskArn"])
    while True:
        found = ecs.describe_tasks(tasks=[arn])["tasks"]
        task = found[0] if found else {"lastStatus": "not visible yet", "containers": []}
        for container in task["containers"]:
            if container.get("exitCode") == 0:
                return arn
            if "exitCode" in container:
                raise ReleaseFailed(f"{container['name']} exited with {container['exitCode']}")
        if task["lastStatus"] == "STOPPED":
            raise ReleaseFailed(task["stoppedReason"])
        clock.sleep(2)


def read_log(logs: Any, group: str, stream: str) -> list[str]:
    """All lines that have arrived: a page may be empty or short although more follows, the token tells."""
    lines: list[str] = []
    position: dict[str, str] = {}
    while True:
        try:
            page = logs.get_log_events(
                logGroupName=group, logStreamName=stream, startFromHead=True, **position
            )
        except logs.exceptions.ResourceNotFoundException:
            return []  # no line has arrived yet
        lines += [event["message"] for event in page["events"]]
        if page["nextForwardToken"] == position.get("nextToken"):
            return lines
        position = {"nextToken": page["nextForwardToken"]}
