"""RunTask, StopTask, DescribeTasks and ListTasks as ECS documents them, on top of the emulator's stores."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from docker.errors import DockerException  # type: ignore[import-untyped]
from ministack.core.responses import error_response_json, get_account_id, get_region, json_response
from ministack.services import ec2, ecs
from urllib3.exceptions import HTTPError

from tools.localcloud import launcher_limits as limits
from tools.localcloud.launcher_docker import Engine
from tools.localcloud.launcher_task import TaskRun
from tools.localcloud.launcher_task_record import prepare_record

Record = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]

logger = logging.getLogger("launcher")

#: ECS forgets a stopped task after about an hour.
_REMEMBER_SECONDS = 3600.0
#: Longest life of a client token; it ends sooner when the task is forgotten.
_TOKEN_SECONDS = 24 * 3600.0


def refusal(code: str, message: str, **extra: Any) -> Response:
    """An API error as ECS sends it."""
    response: Response = error_response_json(code, message, 400, extra or None)
    return response


def invalid(message: str) -> Response:
    return refusal("InvalidParameterException", message)


class Tasks:
    """All tasks of this launcher.

    Args:
        engine: the Docker Engine.
        leave: called when a service's task begins to stop (see TaskRun).
        tell: called after each change of a task.
    """

    def __init__(self, engine: Engine, leave: Callable[[TaskRun], None], tell: Callable[[], None]) -> None:
        self.engine, self._leave, self._tell = engine, leave, tell
        self.runs: dict[str, TaskRun] = {}
        self._tokens: dict[tuple[str, str, str, str], tuple[str, list[str], float]] = {}
        self._lock = threading.Lock()
        self._original_run_task = ecs._run_task

    def watch_health(self) -> None:
        """Follow Docker's health events for ever, in a thread of its own."""
        threading.Thread(target=self._watch_health, daemon=True, name="launcher-health").start()

    def _watch_health(self) -> None:
        while True:
            try:
                for docker_id, health in self.engine.health_events():
                    any(run.note_health(docker_id, health) for run in list(self.runs.values()))
            except (DockerException, HTTPError, OSError) as error:
                logger.warning("Docker's events were interrupted: %s", error)
            time.sleep(1)

    # API

    def run_task(self, data: Record) -> Response:
        """RunTask. Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"""
        refused = self._check(data)
        if refused:
            return refused
        token = data.get("clientToken")
        if not token:
            return self.launch(data)
        # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html
        cluster = str(ecs._resolve_cluster_name(data.get("cluster", "default")))
        key = (get_account_id(), get_region(), cluster, str(token))
        wanted = json.dumps({k: v for k, v in data.items() if k != "cluster"}, sort_keys=True)
        with self._lock:
            known = self._tokens.get(key)
            if (
                known
                and time.monotonic() - known[2] < _TOKEN_SECONDS
                and any(a in ecs._tasks for a in known[1])
            ):
                if known[0] != wanted:
                    return refusal(
                        "ConflictException",
                        "The RunTask request could not be processed due to conflicts. The provided clientToken is "
                        "already in use with a different RunTask request. The resourceIds are the existing task "
                        "ARNs which are already associated with the clientToken.",
                        resourceIds=known[1],
                    )
                return json_response({"tasks": [self._repeated(a) for a in known[1]], "failures": []})  # type: ignore[no-any-return]
            response = self.launch(data)
            if response[0] == 200:
                arns = [task["taskArn"] for task in json.loads(response[2])["tasks"]]
                self._tokens[key] = (wanted, arns, time.monotonic())
            return response

    def launch(self, data: Record) -> Response:
        """Create the tasks of a request that was checked, and let them start."""
        self._forget_old()
        status, headers, body = self._original_run_task(_with_defaults(data))
        if status != 200:
            return status, headers, body
        answer = json.loads(body)
        for task in answer["tasks"]:
            self._await_run(task["taskArn"])
        arns = [task["taskArn"] for task in answer["tasks"]]
        answer["tasks"] = [self._shown(arn) for arn in arns]
        for arn in arns:
            self.runs[arn].released.set()
        return json_response(answer)  # type: ignore[no-any-return]

    def worker(
        self,
        record: Record,
        definition: Record,
        overrides: list[Record],
        _docker: Any,
        account: str,
        region: str,
    ) -> None:
        """Body of the thread that the emulator starts for each new task."""
        run = TaskRun(self.engine, record, definition, overrides, account, region, self._leave, self._tell)
        self.runs[run.arn] = run
        run.run()

    def stop_task(self, data: Record) -> Response:
        """StopTask. Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html"""
        cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
        if cluster is None or cluster not in ecs._clusters:
            return refusal("ClusterNotFoundException", "Cluster not found.")
        record = ecs._resolve_task(data.get("task", ""), cluster)
        if record is None:
            return invalid("The referenced task was not found.")
        self.stop(record["taskArn"], "UserInitiated", data.get("reason") or "Task stopped by user")
        return json_response({"task": self._shown(record["taskArn"])})  # type: ignore[no-any-return]

    def stop(self, arn: str, code: str, reason: str) -> None:
        """Begin to stop a task; returns at once."""
        run = self.runs.get(arn)
        if run:
            run.begin_stop(code, reason)

    def describe_tasks(self, data: Record) -> Response:
        """DescribeTasks. Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html"""
        self._forget_old()
        cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
        if cluster is None or cluster not in ecs._clusters:
            return refusal("ClusterNotFoundException", "Cluster not found.")
        if refused := limits.describe_tasks(data):
            return invalid(refused)
        tasks, failures = [], []
        for reference in data["tasks"]:
            record = ecs._resolve_task(reference, cluster)
            if record is None:
                arn = (
                    reference
                    if reference.startswith("arn:")
                    else f"arn:aws:ecs:{get_region()}:{get_account_id()}:task/{cluster}/{reference}"
                )
                failures.append({"arn": arn, "reason": "MISSING"})
                continue
            shown = self._shown(record["taskArn"])
            asked = "TAGS" in (data.get("include") or [])
            shown["tags"] = ecs._tags.get(record["taskArn"], []) if asked else []
            tasks.append(shown)
        return json_response({"tasks": tasks, "failures": failures})  # type: ignore[no-any-return]

    def list_tasks(self, data: Record) -> Response:
        """ListTasks; several filters are combined, where ECS takes several.

        Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html
        """
        self._forget_old()
        cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
        if cluster is None or cluster not in ecs._clusters:
            return refusal("ClusterNotFoundException", "Cluster not found.")
        if refused := limits.list_tasks(data):
            return invalid(refused)
        cluster_arn = ecs._clusters[cluster]["clusterArn"]
        desired = data.get("desiredStatus", "RUNNING")
        service = str(data.get("serviceName") or "").rsplit("/", 1)[-1]
        arns = [
            arn
            for arn, task in ecs._tasks.items()
            if task["clusterArn"] == cluster_arn
            and task["desiredStatus"] == desired
            and (not data.get("family") or f"/{data['family']}:" in task["taskDefinitionArn"])
            and (not service or task.get("group") == f"service:{service}")
            and (not data.get("startedBy") or task.get("startedBy") == data["startedBy"])
            and (not data.get("launchType") or task.get("launchType") == data["launchType"])
        ]
        start, size = int(data.get("nextToken") or 0), int(data.get("maxResults") or 100)
        answer: Record = {"taskArns": arns[start : start + size]}
        if start + size < len(arns):
            answer["nextToken"] = str(start + size)
        return json_response(answer)  # type: ignore[no-any-return]

    def reset(self) -> None:
        """Forget every task and remove every container."""
        self.runs.clear()
        self._tokens.clear()
        self.engine.remove_leftovers()

    # Inside

    def _await_run(self, arn: str) -> None:
        # The emulator starts the task's thread before it answers; the thread's first act is to register.
        for _ in range(2000):
            if arn in self.runs:
                return
            time.sleep(0.001)

    def _shown(self, arn: str) -> Record:
        run = self.runs.get(arn)
        if run:
            return run.snapshot()
        record = ecs._tasks[arn]
        definition = ecs._task_defs.get(ecs._resolve_td_key(record["taskDefinitionArn"])) or {}
        prepare_record(record, awsvpc=definition.get("networkMode") == "awsvpc")
        shown: Record = ecs._sanitize(record)
        return shown

    def _repeated(self, arn: str) -> Record:
        """What a repeated RunTask tells of its task: of a stopped one no more than this."""
        shown = self._shown(arn)
        if shown["lastStatus"] == "STOPPED":
            return {"taskArn": arn, "lastStatus": "STOPPED"}
        return shown

    def _forget_old(self) -> None:
        limit = time.time() - _REMEMBER_SECONDS
        for arn, task in ecs._tasks.items():
            if isinstance(task.get("stoppedAt"), float) and task["stoppedAt"] < limit:
                ecs._tasks.pop(arn, None)
                self.runs.pop(arn, None)

    def _check(self, data: Record) -> Response | None:
        cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
        if cluster is None or cluster not in ecs._clusters:
            return refusal("ClusterNotFoundException", "Cluster not found.")
        definition = ecs._task_defs.get(ecs._resolve_td_key(data.get("taskDefinition", "")))
        if definition is None:
            return refusal("ClientException", "TaskDefinition not found.")
        if definition["status"] != "ACTIVE":
            return invalid("TaskDefinition is inactive")
        if refused := limits.run_task(data):
            return invalid(refused)
        names = {container["name"] for container in definition["containerDefinitions"]}
        for override in (data.get("overrides") or {}).get("containerOverrides") or []:
            if override.get("name") not in names:
                return invalid(
                    f"Override for container named {override.get('name')} is not a container in the TaskDefinition."
                )
        if data.get("launchType") == "FARGATE" and "FARGATE" not in definition["compatibilities"]:
            return invalid("Task definition does not support launch_type FARGATE.")
        return check_network(definition, data.get("networkConfiguration") or {})


def _with_defaults(data: Record) -> Record:
    """The request with what ECS adds by itself: the group, and the task definition's tags when they are propagated.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
    """
    definition = ecs._task_defs[ecs._resolve_td_key(data["taskDefinition"])]
    tags = data.get("tags") or []
    if data.get("propagateTags") == "TASK_DEFINITION":
        given = {tag["key"] for tag in tags}
        inherited = ecs._tags.get(definition["taskDefinitionArn"], [])
        tags = [*(tag for tag in inherited if tag["key"] not in given), *tags]
    return {**data, "group": data.get("group") or f"family:{definition['family']}", "tags": tags}


def check_network(definition: Record, configuration: Record) -> Response | None:
    """Refuse a network configuration that ECS refuses.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AwsVpcConfiguration.html
    """
    vpc = configuration.get("awsvpcConfiguration") or {}
    if definition.get("networkMode") != "awsvpc":
        return (
            invalid("Network Configuration is not valid for the given networkMode of this task definition.")
            if vpc
            else None
        )
    if not vpc:
        return invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
    if not vpc.get("subnets"):
        return invalid("subnets can not be empty.")
    for subnet in vpc["subnets"]:
        if subnet not in ec2._subnets:
            return invalid(
                f"Error retrieving subnet information for [{subnet}]: The subnet ID '{subnet}' does not exist "
                "(ErrorCode: InvalidSubnetID.NotFound)"
            )
    for group in vpc.get("securityGroups") or []:
        if group not in ec2._security_groups:
            return invalid(
                f"Error retrieving security group information for [{group}]: The security group '{group}' does not "
                "exist (ErrorCode: InvalidGroup.NotFound)"
            )
    return None


def check_dependencies(data: Record) -> Response | None:
    """Refuse a task definition whose ``dependsOn`` ECS refuses.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html
    """
    containers = {c.get("name"): c for c in data.get("containerDefinitions") or []}
    for container in containers.values():
        for dependency in container.get("dependsOn") or []:
            other = containers.get(dependency.get("containerName"))
            if other is None:
                return refusal(
                    "ClientException",
                    f"Container '{container['name']}' depends on container "
                    f"'{dependency.get('containerName')}', which is not in the task definition.",
                )
            if dependency.get("condition") in ("SUCCESS", "COMPLETE") and other.get("essential", True):
                return refusal(
                    "ClientException",
                    "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
                )
            if dependency.get("condition") == "HEALTHY" and not other.get("healthCheck"):
                return refusal(
                    "ClientException",
                    f"Container '{container['name']}' depends on container '{other['name']}' being HEALTHY, "
                    "but it has no health check.",
                )
    if containers and not any(c.get("essential", True) for c in containers.values()):
        return refusal("ClientException", "At least one container must be marked essential.")
    return None
