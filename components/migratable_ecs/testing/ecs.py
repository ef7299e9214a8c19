"""`FakeEcs`: the "ecs" client of boto3, with ECS's documented rules and a ledger of what really ran."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from migratable_ecs.testing.client import ACCOUNT, REGION, matches, operation
from migratable_ecs.testing.clock import FakeClock
from migratable_ecs.testing.logs import FakeLogs
from migratable_ecs.testing.script import Behaviour, Script, Seconds, Timings
from migratable_ecs.testing.services import ServiceCalls
from migratable_ecs.testing.task import FakeTask, Launch, TaskRequest
from migratable_ecs.testing.throttle import ECS_LIMITS, Limit
from migratable_ecs.testing.timeline import draw
from migratable_ecs.testing.tokens import PATTERN as TOKEN_PATTERN
from migratable_ecs.testing.tokens import Spent, Tokens, fingerprint
from migratable_ecs.testing.wire import Params, Response


@dataclass(frozen=True)
class Consistency:
    """How far reads lag behind writes ("The Amazon ECS API follows an eventual consistency model", RunTask
    API reference).

    Seconds, or a range from which every read draws anew; default: none.
    """

    list_tasks: Seconds = 0.0
    describe_tasks: Seconds = 0.0


class FakeEcs(ServiceCalls):
    """See the module. Every method takes and returns what the boto3 client does.

    `logs`: where the containers' output goes; None: nowhere. `clusters`: their names. `timings`: of tasks
    whose script has none.
    """

    def __init__(
        self,
        clock: FakeClock,
        *,
        logs: FakeLogs | None = None,
        clusters: Sequence[str] = ("default",),
        timings: Timings | None = None,
        consistency: Consistency | None = None,
        region: str = REGION,
        account: str = ACCOUNT,
        seed: int = 0,
        limits: Sequence[Limit] | None = ECS_LIMITS,
    ) -> None:
        super().__init__(clock, region=region, account=account, seed=seed, limits=limits)
        self.timings = timings or Timings()
        self.consistency = consistency or Consistency()
        self.tasks: list[FakeTask] = []
        self._logs = logs
        self._tokens = Tokens()
        self._clusters = list(clusters)
        self._by_arn: dict[str, FakeTask] = {}
        self._scripts: dict[str, list[Script]] = {}
        self._behaviour: Behaviour | None = None
        self._refusals: list[dict[str, str]] = []
        self._prepare_task_definitions()
        self._prepare_services()

    # What a test sets up.

    def script(self, family: str, *scripts: Script) -> None:
        """What the tasks of `family` do: the first one started does the first, …; the last script holds for
        all further ones."""
        self._scripts[family] = list(scripts)

    def behave(self, behaviour: Behaviour) -> None:
        """What tasks do whose family has no script, by task definition, overrides and count."""
        self._behaviour = behaviour

    def refuse_placement(self, reason: str, *, detail: str = "", times: int = 1) -> None:
        """Answer the next `times` RunTask calls with failures[] and no task ("API failure reasons" in the ECS
        guide)."""
        self._refusals += [{"arn": self.arn("cluster/capacity"), "reason": reason, "detail": detail}] * times

    # What a test asserts on.

    @property
    def launched(self) -> list[Launch]:
        """Every container start so far, by time, of tasks that ECS has forgotten too."""
        now = self.clock.time()
        found = [launch for task in self.tasks for launch in task.launches(now)]
        return sorted(found, key=lambda launch: launch.started)

    def tasks_of(self, family: str) -> list[FakeTask]:
        """Every task of the family that RunTask created, started or not, forgotten or not."""
        return [task for task in self.tasks if task.family == family]

    def max_running_at_once(self, family: str) -> int:
        """The most tasks of `family` that had a container running in the same moment, up to now."""
        now = self.clock.time()
        spans = [
            busy for task in self.tasks_of(family) if (busy := task.busy()) is not None and busy[0] <= now
        ]
        # An end sorts before a start of the same moment: one task may begin where another ended.
        edges = sorted([(start, 1) for start, _ in spans] + [(end, -1) for _, end in spans if end < inf])
        most = running = 0
        for _, step in edges:
            running += step
            most = max(most, running)
        return most

    # The API.

    @operation("RunTask")
    def run_task(self, params: Params) -> Response:
        """Start up to 10 tasks (RunTask API reference; idempotency: see `tokens`)."""
        cluster = self._cluster("RunTask", params)
        definition = self._check_run(params)
        now = self.clock.time()
        token = params.get("clientToken")
        spent = self._tokens.find(cluster, token, now) if token else None
        if spent is not None:
            return self._repeat(spent, params)
        if self._refusals:
            return {"tasks": [], "failures": [dict(self._refusals.pop(0))]}
        tasks = [self._launch(cluster, definition, params) for _ in range(params.get("count", 1))]
        if token:
            self._tokens.spend(cluster, token, Spent(fingerprint(params), now, tasks, []))
        return {"tasks": [task.describe(now, tags=True) for task in tasks], "failures": []}

    @operation("DescribeTasks")
    def describe_tasks(self, params: Params) -> Response:
        """Up to 100 tasks by ARN or identifier; unknown and forgotten ones are failures (reason MISSING)."""
        cluster = self._cluster("DescribeTasks", params)
        wanted: Sequence[str] = params["tasks"]
        if not 1 <= len(wanted) <= 100:
            message = "Tasks cannot be empty." if not wanted else "Tasks can have at most 100 items."
            raise self.error("DescribeTasks", "InvalidParameterException", message)
        seen_at = self.clock.time() - draw(self.consistency.describe_tasks, self._random)
        tasks, failures = [], []
        for name in dict.fromkeys(wanted):
            arn = self._task_arn(cluster, name)
            task = self._by_arn.get(arn)
            if task is None or task.forgotten() or task.created > seen_at:
                failures.append({"arn": arn, "reason": "MISSING"})
            else:
                tasks.append(task.describe(seen_at, tags="TAGS" in params.get("include", ())))
        return {"tasks": tasks, "failures": failures}

    @operation("ListTasks")
    def list_tasks(self, params: Params) -> Response:
        """ARNs by desiredStatus (default RUNNING) and family, or startedBy, which allows no other filter."""
        cluster = self._cluster("ListTasks", params)
        others = {"family", "containerInstance", "serviceName", "launchType"} & params.keys()
        if "startedBy" in params and others:
            message = "cannot specify startedBy with other arguments"
            raise self.error("ListTasks", "InvalidParameterException", message)
        seen_at = self.clock.time() - draw(self.consistency.list_tasks, self._random)
        desired = params.get("desiredStatus", "RUNNING")
        found = [
            task.arn
            for task in self.tasks
            if task.created <= seen_at
            and task.request.cluster_arn == cluster
            and task.desired_status(seen_at) == desired
            and not task.forgotten()
            and _fits(task, params)
        ]
        # No order is documented: that of the identifiers is none that a caller could mistake for the order of
        # creation.
        return self._page("ListTasks", "taskArns", sorted(found), params)

    @operation("StopTask")
    def stop_task(self, params: Params) -> Response:
        """SIGTERM, and after stopTimeout SIGKILL; without effect on a task that is stopping (StopTask API
        reference)."""
        cluster = self._cluster("StopTask", params)
        task = self._by_arn.get(self._task_arn(cluster, params["task"]))
        if task is None or task.forgotten():
            raise self.error("StopTask", "InvalidParameterException", "The referenced task was not found.")
        task.stop(params.get("reason", "Task stopped by user"))
        return {"task": task.describe(self.clock.time())}

    @operation("DescribeClusters")
    def describe_clusters(self, params: Params) -> Response:
        """Clusters by name or ARN (default: "default"); unknown ones are failures (reason MISSING)."""
        found, failures = [], []
        for name in params.get("clusters", ["default"]):
            short = name.rsplit("/", 1)[-1]
            if short in self._clusters:
                found.append(self._describe_cluster(short))
            else:
                failures.append({"arn": self.arn(f"cluster/{short}"), "reason": "MISSING"})
        return {"clusters": found, "failures": failures}

    def _check_run(self, params: Params) -> dict[str, Any]:
        """The task definition to run; raises what RunTask says about wrong parameters."""

        def refuse(message: str, code: str = "InvalidParameterException") -> Exception:
            return self.error("RunTask", code, message)

        if not 1 <= params.get("count", 1) <= 10:
            raise refuse("Count must be between 1 and 10.")
        if not matches("[A-Za-z0-9_/-]{0,128}", params.get("startedBy", "")):
            raise refuse("startedBy can have up to 128 letters, numbers, hyphens, slashes and underscores.")
        if "clientToken" in params and not matches(TOKEN_PATTERN, params["clientToken"]):
            raise refuse("clientToken can have up to 64 ASCII characters in the range of 33-126.")
        if "launchType" in params and params.get("capacityProviderStrategy"):
            raise refuse("Specifying both a launch type and capacity provider strategy is not supported.")
        definition = self._definition(params["taskDefinition"])
        if definition is None:
            raise refuse("TaskDefinition not found.", "ClientException")
        if definition["status"] != "ACTIVE":
            raise refuse("TaskDefinition is inactive")
        awsvpc = params.get("networkConfiguration", {}).get("awsvpcConfiguration")
        if definition.get("networkMode") == "awsvpc" and not awsvpc:
            raise refuse("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
        if awsvpc and definition.get("networkMode") != "awsvpc":
            raise refuse(
                "Network Configuration is not valid for the given networkMode of this task definition."
            )
        overrides = params.get("overrides", {})
        if len(json.dumps(overrides)) > 8192:
            raise refuse("Container Overrides length must be at most 8192")
        known = {item["name"] for item in definition["containerDefinitions"]}
        for override in overrides.get("containerOverrides", ()):
            name = override.get("name")
            if name not in known:
                message = f"Override for container named {name} is not a container in the TaskDefinition."
                raise refuse(message)
        return definition

    def _repeat(self, spent: Spent, params: Params) -> Response:
        if spent.parameters != fingerprint(params):
            message = "The clientToken is already in use with different RunTask parameters."
            arns = [task.arn for task in spent.tasks]
            raise self.error("RunTask", "ConflictException", message, resourceIds=arns)
        now = self.clock.time()
        tasks = [
            task.reduced() if task.timeline.stopped <= now else task.describe(now, tags=True)
            for task in spent.tasks
        ]
        return {"tasks": tasks, "failures": [dict(item) for item in spent.failures]}

    def _launch(self, cluster: str, definition: dict[str, Any], params: Params) -> FakeTask:
        overrides = copy.deepcopy(params.get("overrides", {}))
        script = self._script_for(definition, overrides)
        if self._logs is not None:
            script = self._logs.check_groups(definition, script)
        strategy = params.get("capacityProviderStrategy") or [{}]
        provider = strategy[0].get("capacityProvider")
        request = TaskRequest(
            cluster_arn=cluster,
            group=params.get("group", f"family:{definition['family']}"),
            launch_type=None if provider else params.get("launchType", "FARGATE"),
            capacity_provider=provider,
            platform_version="1.4.0",
            started_by=params.get("startedBy"),
            overrides=overrides,
            tags=self._task_tags(definition, params),
            exec_enabled=params.get("enableExecuteCommand", False),
        )
        number = len(self.tasks) + 1
        task = FakeTask(self.clock, definition, request, script, self.timings, number=number, seed=self.seed)
        self.tasks.append(task)
        self._by_arn[task.arn] = task
        if self._logs is not None:
            self._logs.attach(task)
        return task

    def _task_tags(self, definition: dict[str, Any], params: Params) -> list[dict[str, str]]:
        """Its own tags, which win, and those of the task definition when they are propagated."""
        own = {tag["key"]: tag["value"] for tag in params.get("tags", ())}
        inherited: dict[str, str] = {}
        if params.get("propagateTags") == "TASK_DEFINITION":
            definition_tags = self._definition_tags[definition["taskDefinitionArn"]]
            inherited = {tag["key"]: tag["value"] for tag in definition_tags}
        return [{"key": key, "value": value} for key, value in {**inherited, **own}.items()]

    def _script_for(self, definition: dict[str, Any], overrides: dict[str, Any]) -> Script:
        family = str(definition["family"])
        before = len(self.tasks_of(family))
        scripts = self._scripts.get(family)
        if scripts:
            return scripts[min(before, len(scripts) - 1)]
        if self._behaviour is not None:
            return self._behaviour(definition, overrides, before)
        return Script()

    def _cluster(self, operation_name: str, params: Params) -> str:
        name = params.get("cluster", "default").rsplit("/", 1)[-1]
        if name not in self._clusters:
            raise self.error(operation_name, "ClusterNotFoundException", "Cluster not found.")
        return self.arn(f"cluster/{name}")

    def _task_arn(self, cluster: str, name: str) -> str:
        return name if name.startswith("arn:") else cluster.replace(":cluster/", ":task/") + "/" + name

    def _describe_cluster(self, name: str) -> dict[str, Any]:
        cluster = self.arn(f"cluster/{name}")
        now = self.clock.time()
        states = [task.timeline.status(now) for task in self.tasks if task.request.cluster_arn == cluster]
        return {
            "clusterArn": cluster,
            "clusterName": name,
            "status": "ACTIVE",
            "registeredContainerInstancesCount": 0,
            "runningTasksCount": states.count("RUNNING"),
            "pendingTasksCount": states.count("PENDING") + states.count("PROVISIONING"),
            "activeServicesCount": self._active_services(cluster),
            "statistics": [],
            "tags": [],
            "settings": [{"name": "containerInsights", "value": "disabled"}],
            "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
            "defaultCapacityProviderStrategy": [],
        }


def _fits(task: FakeTask, params: Params) -> bool:
    if "serviceName" in params or "containerInstance" in params:
        return False
    wanted = {"family": task.family, "startedBy": task.started_by, "launchType": task.request.launch_type}
    return all(params.get(key, value) == value for key, value in wanted.items())
