"""The calls to Amazon ECS that a run makes; the only place that makes them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from .clock import Clock
from .diagnosis import ApiError, Evidence, diagnose

T = TypeVar("T")

#: DescribeTasks takes at most 100 tasks a call.
DESCRIBE_LIMIT = 100


class AwsCallFailed(Exception):
    """An AWS call that failed for good; `error` has its code and text, `resources` the ARNs that AWS names besides."""

    def __init__(self, error: ApiError, resources: Sequence[str] = ()) -> None:
        super().__init__(f"{error.operation}: {error.code}: {error.message}")
        self.error = error
        self.resources = tuple(resources)


def api_error(operation: str, error: Exception) -> ApiError:
    """The facts of a botocore exception."""
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        return ApiError(operation, str(details.get("Code", "")), str(details.get("Message", "")))
    return ApiError(operation, type(error).__name__, str(error))


#: No answer, or AWS's own fault: a call that may be repeated is repeated.
_NO_ANSWER = frozenset(
    {
        "ConnectionClosedError", "ConnectionError", "ConnectTimeoutError", "EndpointConnectionError", "HTTPClientError",
        "InternalError", "InternalFailure", "InternalServerError", "ReadTimeoutError", "ServerException",
        "ServiceUnavailable", "ServiceUnavailableException",
    }
)  # fmt: skip


@lru_cache(maxsize=256)
def is_transient(error: ApiError) -> bool:
    """Throttled, or nothing arrived: the same call may be made again. Throttling also hides inside InvalidParameterException."""
    if error.code in _NO_ANSWER:
        return True
    # The table also says whether a task may have run meanwhile, which depends on the operation; here only the call itself counts.
    only_the_call = ApiError("RunTask", error.code, error.message)
    evidence = Evidence(container="", cluster="", family="", region="", log_group="", error=only_the_call)
    return diagnose(evidence).transient


def call(clock: Clock, operation: str, function: Callable[[], T], *, tries: int = 8) -> T:
    """Make one AWS call; again, with jitter, while it is throttled or does not get through.

    Only for calls that may be repeated: reads, and RunTask, whose token makes it so.

    Raises:
        AwsCallFailed: with AWS's code and text, after `tries` tries or at once when a retry cannot help.
    """
    retrying = Retrying(
        sleep=clock.sleep,
        wait=wait_random_exponential(multiplier=0.5, max=15),
        stop=stop_after_attempt(tries),
        retry=retry_if_exception(
            lambda e: isinstance(e, AwsCallFailed) and is_transient(e.error),
        ),
        reraise=True,
    )

    def attempt() -> T:
        try:
            return function()
        except (ClientError, BotoCoreError) as error:
            response: Mapping[str, Any] = error.response if isinstance(error, ClientError) else {}
            raise AwsCallFailed(api_error(operation, error), response.get("resourceIds", ())) from error

    return retrying(attempt)


@dataclass(frozen=True)
class Task:
    """One task as DescribeTasks gives it, with the questions a run asks of it."""

    raw: Mapping[str, Any]

    @property
    def arn(self) -> str:
        return str(self.raw["taskArn"])

    @property
    def id(self) -> str:
        return self.arn.rsplit("/", 1)[-1]

    @property
    def started_by(self) -> str:
        return str(self.raw.get("startedBy", ""))

    @property
    def created(self) -> float:
        """Seconds since the epoch; 0 when unknown."""
        at = self.raw.get("createdAt")
        return float(at.timestamp()) if at is not None else 0.0

    @property
    def known(self) -> bool:
        """False while DescribeTasks does not know a task that ListTasks already shows."""
        return "createdAt" in self.raw

    @property
    def stopping(self) -> bool:
        """ECS has been told to stop it; its container may be executing for a while yet."""
        return self.raw.get("desiredStatus") == "STOPPED"

    @property
    def started(self) -> bool:
        """A container of it runs, or has run."""
        return self.raw.get("lastStatus") not in ("PROVISIONING", "PENDING")

    @property
    def stopped(self) -> bool:
        return self.raw.get("lastStatus") == "STOPPED"

    def container(self, name: str) -> Mapping[str, Any]:
        for container in self.raw.get("containers", ()):
            if container.get("name") == name:
                return dict(container)
        return {}

    def exit_code(self, name: str) -> int | None:
        code = self.container(name).get("exitCode")
        return None if code is None else int(code)

    def over(self, name: str) -> bool:
        """The run has ended: the container has exited, or never will start. ECS may still be taking the network down."""
        return (
            self.stopped
            or self.exit_code(name) is not None
            or self.raw.get("stopCode") == "TaskFailedToStart"
        )

    def ran(self, name: str) -> bool:
        """The container ran, or may have: a machine that is lost takes the exit code with it."""
        started = self.raw.get("startedAt") is not None and self.raw.get("stopCode") != "TaskFailedToStart"
        return started or self.exit_code(name) is not None

    @property
    def anything_ran(self) -> bool:
        return any(container.get("exitCode") is not None for container in self.raw.get("containers", ()))

    def tag(self, key: str) -> str:
        return next((str(t.get("value", "")) for t in self.raw.get("tags", ()) if t.get("key") == key), "")


class ServerTime:
    """The time by AWS's own clock, from the `Date` of its answers: this machine's clock may be wrong, or be set meanwhile.

    An answer is at most as late as it is read, so the latest Date ever seen is the closest one. Until there is an answer with
    a Date it is the machine's time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead: float | None = None

    def note(self, reply: Any) -> None:
        """Take the Date of one answer."""
        headers = (
            reply.get("ResponseMetadata", {}).get("HTTPHeaders", {}) if isinstance(reply, Mapping) else {}
        )
        try:
            said = parsedate_to_datetime(headers["date"]).timestamp() - self._clock.monotonic()
        except (KeyError, TypeError, ValueError):
            return
        self._ahead = said if self._ahead is None else max(self._ahead, said)

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._clock.time() if self._ahead is None else self._clock.monotonic() + self._ahead


class Ecs:
    """A thin layer over a boto3 ECS client: pages, batches, retries."""

    def __init__(self, client: Any, clock: Clock, watcher: TaskWatcher | None = None) -> None:
        self._client = client
        self._clock = clock
        self._time = ServerTime(clock)
        self._watcher = watcher or TaskWatcher(client, clock, note=self._time.note)

    def now(self) -> float:
        """The time by AWS's clock, in seconds since the epoch; what a task's own times are compared with."""
        return self._time.now()

    def family_tasks(
        self, cluster: str, family: str, statuses: Iterable[str] = ("RUNNING", "STOPPED")
    ) -> list[Task]:
        """Every task of `family` that ECS still lists, running or stopped (about the last hour), oldest first.

        A task that is listed as running is in the result also when DescribeTasks does not know it yet (`Task.known`). RUNNING must be
        asked for before STOPPED: a task that changes over in between is then seen twice, not never.
        """
        listed = {s: self._list(cluster=cluster, family=family, desiredStatus=s) for s in statuses}
        arns = dict.fromkeys(arn for found in listed.values() for arn in found)
        tasks = {str(raw["taskArn"]): Task(raw) for raw in self._describe(cluster, arns)}
        for arn in listed.get("RUNNING", ()):
            tasks.setdefault(arn, Task({"taskArn": arn}))
        return sorted(tasks.values(), key=lambda task: (task.created, task.arn))

    def describe(self, cluster: str, arns: Iterable[str]) -> list[Task]:
        """Those of the tasks that ECS knows, tried again when throttled."""
        return [Task(raw) for raw in self._describe(cluster, arns)]

    def watch(self, cluster: str, arn: str) -> Task | None:
        """The task's present state by a call shared with all other runs of this process; None when ECS does not know it.

        Raises:
            AwsCallFailed: at once; the caller polls again anyway.
        """
        raw = self._watcher.describe(cluster, arn)
        return Task(raw) if raw is not None else None

    def forget(self, cluster: str, arn: str) -> None:
        """The task is not watched any longer."""
        self._watcher.forget(cluster, arn)

    def run(self, request: Mapping[str, Any]) -> tuple[list[Task], list[Mapping[str, Any]]]:
        """RunTask: (tasks, failures)."""
        reply = self._call("RunTask", lambda: self._client.run_task(**request))
        return [Task(raw) for raw in reply.get("tasks", ())], list(reply.get("failures", ()))

    def stop(self, cluster: str, arn: str, reason: str) -> None:
        """StopTask: SIGTERM now, SIGKILL after the container's stopTimeout."""
        self._call("StopTask", lambda: self._client.stop_task(cluster=cluster, task=arn, reason=reason))

    def cluster_status(self, cluster: str) -> str:
        """ACTIVE, INACTIVE, … or "" when there is no such cluster."""
        reply = self._call("DescribeClusters", lambda: self._client.describe_clusters(clusters=[cluster]))
        clusters = reply.get("clusters", ())
        return str(clusters[0].get("status", "")) if clusters else ""

    def task_definition(self, arn: str) -> Mapping[str, Any]:
        """DescribeTaskDefinition."""
        reply = self._call(
            "DescribeTaskDefinition", lambda: self._client.describe_task_definition(taskDefinition=arn)
        )
        return dict(reply["taskDefinition"])

    def _call(self, operation: str, function: Callable[[], Any]) -> Any:
        reply = call(self._clock, operation, function)
        self._time.note(reply)
        return reply

    def _list(self, **filters: str) -> list[str]:
        arns: list[str] = []
        token: dict[str, str] = {}
        while True:
            page = token
            reply = self._call("ListTasks", lambda: self._client.list_tasks(**filters, **page))  # noqa: B023
            arns += reply.get("taskArns", ())
            if not reply.get("nextToken"):
                return arns
            token = {"nextToken": reply["nextToken"]}

    def _describe(self, cluster: str, arns: Iterable[str]) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        wanted = list(arns)
        for start in range(0, len(wanted), DESCRIBE_LIMIT):
            batch = wanted[start : start + DESCRIBE_LIMIT]
            reply = self._call("DescribeTasks", lambda: describe_tasks(self._client, cluster, batch))  # noqa: B023
            found += reply.get("tasks", ())
        return found


def describe_tasks(client: Any, cluster: str, arns: list[str]) -> Mapping[str, Any]:
    """DescribeTasks with tags, which say whose task it is."""
    reply: Mapping[str, Any] = client.describe_tasks(cluster=cluster, tasks=arns, include=["TAGS"])
    return reply


class TaskWatcher:
    """DescribeTasks for all runs of one process: whoever asks first asks for everybody.

    An answer younger than `share` seconds serves all who are waiting, so that 20 runs cost as many calls as one; so does a refusal.
    """

    def __init__(
        self, client: Any, clock: Clock, share: float = 0.5, note: Callable[[Any], None] = lambda _reply: None
    ) -> None:
        self._client = client
        self._note = note
        self._clock = clock
        self._share = share
        self._lock = threading.Lock()
        self._watched: dict[str, dict[str, Mapping[str, Any] | None]] = {}
        self._asked: dict[str, float] = {}
        self._refused: dict[str, tuple[float, ApiError]] = {}

    def describe(self, cluster: str, arn: str) -> Mapping[str, Any] | None:
        with self._lock:
            known = self._watched.setdefault(cluster, {})
            now = self._clock.monotonic()
            refused_at, refusal = self._refused.get(cluster, (float("-inf"), None))
            if refusal is not None and now - refused_at < self._share:
                raise AwsCallFailed(refusal)
            fresh = now - self._asked.get(cluster, float("-inf")) < self._share
            if arn not in known or not fresh:
                self._ask(cluster, arn)
            return known[arn]

    def forget(self, cluster: str, arn: str) -> None:
        with self._lock:
            self._watched.get(cluster, {}).pop(arn, None)

    def _ask(self, cluster: str, arn: str) -> None:
        known = self._watched[cluster]
        others = [a for a in known if a != arn]
        batch = [arn, *others[: DESCRIBE_LIMIT - 1]]
        try:
            reply = describe_tasks(self._client, cluster, batch)
        except (ClientError, BotoCoreError) as error:
            refusal = api_error("DescribeTasks", error)
            self._refused[cluster] = (self._clock.monotonic(), refusal)
            raise AwsCallFailed(refusal) from error
        self._note(reply)
        found = {str(raw["taskArn"]): raw for raw in reply.get("tasks", ())}
        for asked in batch:
            known[asked] = found.get(asked)
        if len(known) <= DESCRIBE_LIMIT:
            self._asked[cluster] = self._clock.monotonic()
