"""A task of the fake ECS: what DescribeTasks says about it at any moment."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from migratable_ecs.testing.clock import FakeClock
from migratable_ecs.testing.script import Script, Timings
from migratable_ecs.testing.timeline import Durations, Planner, Span, StopOrder, Timeline

REMEMBERED = 3600.0
"""Seconds for which ECS still knows a stopped task: "at least 1 hour", here exactly (DescribeTasks API
reference)."""


@dataclass(frozen=True, slots=True)
class Launch:
    """One container start. `ended` is None while it runs; times are seconds since 1970."""

    task_arn: str
    family: str
    container: str
    started: float
    ended: float | None
    started_by: str | None
    exit_code: int | None


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """What RunTask was asked for, as far as the task shows it later."""

    cluster_arn: str
    group: str
    launch_type: str | None
    capacity_provider: str | None
    platform_version: str
    started_by: str | None
    overrides: Mapping[str, Any]
    tags: Sequence[Mapping[str, str]]
    exec_enabled: bool


class FakeTask:
    """One task; everything it does is computed from its timeline, nothing is simulated step by step.

    `number`: from 1 over all tasks of the FakeEcs; the task's identifier and its random durations depend on
    it and on `seed`.
    """

    def __init__(
        self,
        clock: FakeClock,
        definition: Mapping[str, Any],
        request: TaskRequest,
        script: Script,
        timings: Timings,
        *,
        number: int,
        seed: int,
    ) -> None:
        self._clock = clock
        self.definition = definition
        self.request = request
        self.script = script
        self.id = hashlib.sha256(f"task {seed}:{number}".encode()).hexdigest()[:32]
        self.arn = request.cluster_arn.replace(":cluster/", ":task/") + "/" + self.id
        rng = random.Random(f"task {seed}:{number}")
        self._durations = Durations.draw(script.timings or timings, rng)
        self.created = clock.time()
        self._planner = Planner(self.created, definition["containerDefinitions"], script, self._durations)
        self._order: StopOrder | None = None
        self.timeline: Timeline = self._planner.plan()

    @property
    def family(self) -> str:
        return str(self.definition["family"])

    @property
    def started_by(self) -> str | None:
        return self.request.started_by

    def stop(self, reason: str) -> None:
        """StopTask. Without effect once the task is stopping anyway."""
        if self.timeline.doomed <= self._clock.time():
            return
        self._order = StopOrder(self._clock.time(), reason)
        self.timeline = self._planner.plan(self._order)

    def forgotten(self) -> bool:
        """Whether ECS does not know the task any more."""
        return self._clock.time() >= self.timeline.stopped + REMEMBERED

    def desired_status(self, now: float) -> str:
        return "STOPPED" if now >= self.timeline.doomed else "RUNNING"

    def launches(self, now: float) -> list[Launch]:
        """The container starts up to `now`."""
        found = []
        for name, span in self.timeline.spans.items():
            if span.start <= now:
                over = span.end <= now
                ended, code = (span.end, span.exit_code) if over else (None, None)
                found.append(Launch(self.arn, self.family, name, span.start, ended, self.started_by, code))
        return found

    def busy(self) -> tuple[float, float] | None:
        """From the first container's start to the last one's exit (inf: no end foreseen); None when none
        starts."""
        spans = [span for span in self.timeline.spans.values() if span.started]
        if not spans:
            return None
        return min(span.start for span in spans), max(span.end for span in spans)

    def reduced(self) -> dict[str, Any]:
        """All that a repeated RunTask tells of a stopped task."""
        return {"taskArn": self.arn, "lastStatus": "STOPPED"}

    def describe(self, now: float, *, tags: bool = False) -> dict[str, Any]:
        """The task as it was at `now` (seconds since 1970), in the shape of the API's `Task`."""
        line = self.timeline
        request = self.request
        answer: dict[str, Any] = {
            "attachments": [],
            "attributes": [{"name": "ecs.cpu-architecture", "value": "x86_64"}],
            "availabilityZone": f"{self._region()}a",
            "clusterArn": request.cluster_arn,
            "connectivity": "CONNECTED",
            "containers": [
                self._container(definition, line.spans[definition["name"]], now)
                for definition in self.definition["containerDefinitions"]
            ],
            "cpu": self.definition.get("cpu", "256"),
            "createdAt": self._clock.datetime(line.created),
            "desiredStatus": self.desired_status(now),
            "enableExecuteCommand": request.exec_enabled,
            "group": request.group,
            "healthStatus": "UNKNOWN",
            "lastStatus": line.status(now),
            "memory": self.definition.get("memory", "512"),
            "overrides": _overrides(self.definition, request.overrides),
            "platformVersion": request.platform_version,
            "platformFamily": "Linux",
            "tags": [dict(tag) for tag in request.tags] if tags else [],
            "taskArn": self.arn,
            "taskDefinitionArn": self.definition["taskDefinitionArn"],
            "version": 1 + line.changes(now),
            "ephemeralStorage": {"sizeInGiB": 20},
        }
        optional = {
            "launchType": request.launch_type,
            "capacityProviderName": request.capacity_provider,
            "startedBy": request.started_by,
        }
        answer.update({key: value for key, value in optional.items() if value is not None})
        self._add_moments(answer, now)
        return answer

    def _add_moments(self, answer: dict[str, Any], now: float) -> None:
        line = self.timeline
        moments = {
            "connectivityAt": line.provisioned,
            "pullStartedAt": line.pull_started,
            "pullStoppedAt": line.pull_stopped,
            "startedAt": line.running,
            "stoppingAt": line.deactivated,
            "executionStoppedAt": line.execution_stopped,
            "stoppedAt": line.stopped,
        }
        for key, moment in moments.items():
            if moment <= now:
                answer[key] = self._clock.datetime(moment)
        if now >= line.doomed and line.stop_code is not None:
            answer["stopCode"] = line.stop_code
            answer["stoppedReason"] = line.stopped_reason

    def _container(self, definition: Mapping[str, Any], span: Span, now: float) -> dict[str, Any]:
        line = self.timeline
        report = self._durations.report
        name = str(definition["name"])
        digest = hashlib.sha256(f"{self.id}/{name}".encode()).hexdigest()
        answer: dict[str, Any] = {
            "containerArn": self.arn.replace(":task/", ":container/") + f"/{_uuid(digest)}",
            "taskArn": self.arn,
            "name": name,
            "image": definition["image"],
            "lastStatus": "PENDING",
            "networkInterfaces": [],
            "healthStatus": "UNKNOWN",
            "cpu": str(definition.get("cpu", 0)),
        }
        if "memory" in definition:
            answer["memory"] = str(definition["memory"])
        if now >= line.pull_stopped and "@" in str(definition["image"]):
            answer["imageDigest"] = str(definition["image"]).rsplit("@", 1)[1]
        ended = span.end if span.started else line.doomed
        if span.start + report <= now:
            answer["runtimeId"] = f"{self.id}-{int(digest[:8], 16)}"
            answer["lastStatus"] = "RUNNING"
        if ended + report <= now:
            answer["lastStatus"] = "STOPPED"
            if span.exit_code is not None:
                answer["exitCode"] = span.exit_code
            if span.reason is not None:
                answer["reason"] = span.reason
        return answer

    def _region(self) -> str:
        return self.arn.split(":")[3]


def _overrides(definition: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """ECS lists every container, the ones without overrides by name alone."""
    answer: dict[str, Any] = _fresh(given)
    named = {item.get("name"): item for item in answer.get("containerOverrides", [])}
    answer["containerOverrides"] = [
        named.get(item["name"], {"name": item["name"]}) for item in definition["containerDefinitions"]
    ]
    answer.setdefault("inferenceAcceleratorOverrides", [])
    return answer


def _fresh(value: Any) -> Any:
    """A copy of what JSON can hold, so that a caller who changes an answer changes nothing else."""
    if isinstance(value, Mapping):
        return {key: _fresh(each) for key, each in value.items()}
    return [_fresh(each) for each in value] if isinstance(value, list | tuple) else value


def _uuid(digest: str) -> str:
    return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"
