"""The ECS service scheduler: keeps the desired tasks running, rolls, judges health, rolls back.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
"""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from typing import Any

from ministack.core.responses import new_uuid, request_scope
from ministack.services import ecs

from tools.localcloud.launcher_settings import Settings
from tools.localcloud.launcher_targets import Targets
from tools.localcloud.launcher_task import TaskRun
from tools.localcloud.launcher_task_record import now
from tools.localcloud.launcher_tasks import Tasks

Record = dict[str, Any]

logger = logging.getLogger("launcher")

#: A task without health checks counts as healthy when it has run for this long, in seconds.
_STEADY_SECONDS = 1.0
#: Most seconds between two starts of a deployment whose tasks keep failing; ECS goes up to 15 minutes.
_LONGEST_PAUSE = 15.0


class Scheduler:
    """All services of this launcher, looked after by one thread.

    ``lock`` guards the service records.
    """

    def __init__(self, settings: Settings) -> None:
        self.lock = threading.RLock()
        self._settings = settings
        self._changed = threading.Event()
        self.targets = Targets(settings.drain_seconds, self.wake)
        self.tasks: Tasks | None = None

    def watch(self, tasks: Tasks) -> None:
        """Begin to schedule, in threads of its own."""
        self.tasks = tasks
        self.targets.watch()
        threading.Thread(target=self._watch, daemon=True, name="launcher-scheduler").start()

    def wake(self) -> None:
        """Have a look at all services soon."""
        self._changed.set()

    def leave(self, run: TaskRun) -> None:
        """Take a stopping task out of its target groups; returns when its requests had their time."""
        alive = any(c.state == "running" for c in run.containers)
        leaving = [
            threading.Thread(target=self._deregister, args=(run, *target, alive), daemon=True)
            for target in run.targets
        ]
        for thread in leaving:
            thread.start()
        for thread in leaving:
            thread.join()

    def _deregister(self, run: TaskRun, group: str, address: str, port: int, drain: bool) -> None:
        with request_scope(run.account, run.region):
            self.targets.deregister(group, address, port, drain=drain)

    def _watch(self) -> None:
        while True:
            self._changed.wait(0.25)
            self._changed.clear()
            for (account, region, _key), service in ecs._services.all_items():
                if service["status"] == "INACTIVE":
                    continue
                try:
                    with request_scope(account, region), self.lock:
                        Pass(self, service).go()
                except Exception:
                    logger.exception("service %s could not be looked after", service.get("serviceName"))

    @property
    def failed_deployment_seconds(self) -> float:
        return self._settings.failed_deployment_seconds


class Pass:
    """One look at one service: what is, what should be, and the steps in between."""

    def __init__(self, scheduler: Scheduler, service: Record) -> None:
        assert scheduler.tasks is not None
        self.scheduler, self.tasks, self.service = scheduler, scheduler.tasks, service
        group = f"service:{service['serviceName']}"
        self.runs = [
            run
            for run in list(self.tasks.runs.values())
            if run.record.get("group") == group and run.record["clusterArn"] == service["clusterArn"]
        ]
        self.there = [r for r in self.runs if r.record["lastStatus"] != "STOPPED"]
        self.live = [r for r in self.there if r.record["desiredStatus"] == "RUNNING"]
        self.cluster = service["clusterArn"].rsplit("/", 1)[-1]

    def go(self) -> None:
        if self.service["status"] == "DRAINING":
            for run in self.live:
                self._stop(run, "Service deleted")
            self._count()
            if not self.there:
                self.service["status"] = "INACTIVE"
                self.service["deployments"] = []
            return
        self._register_targets()
        self._judge_health()
        self._count_failures()
        self._scale()
        self._count()
        self._complete()
        self._forget_failed()

    # What is

    @property
    def primary(self) -> Record:
        return next(d for d in self.service["deployments"] if d["status"] == "PRIMARY")

    @property
    def desired(self) -> int:
        return int(self.service["desiredCount"])

    def _of(self, deployment: Record, runs: list[TaskRun]) -> list[TaskRun]:
        return [r for r in runs if r.record.get("_deployment_id") == deployment["id"]]

    def _healthy(self, run: TaskRun) -> bool:
        if run.record["lastStatus"] != "RUNNING" or run.record["desiredStatus"] != "RUNNING":
            return False
        if time.monotonic() - run.running_since < _STEADY_SECONDS:
            return False
        if any(
            c.essential and c.definition.get("healthCheck") and c.health != "healthy" for c in run.containers
        ):
            return False
        return len(run.targets) == len(self.service["loadBalancers"]) and all(
            self.scheduler.targets.state(*target) == "healthy" for target in run.targets
        )

    def _register_targets(self) -> None:
        for balancer in self.service["loadBalancers"]:
            for run in self.live:
                address = run.address_of(balancer["containerName"])
                if run.record["lastStatus"] != "RUNNING" or not address:
                    continue
                target = (str(balancer["targetGroupArn"]), address, int(balancer["containerPort"]))
                if target in run.targets:
                    continue
                run.targets.add(target)
                if self.scheduler.targets.register(*target):
                    self._event(f"registered 1 targets in (target-group {balancer['targetGroupArn']})")

    def _judge_health(self) -> None:
        grace = float(self.service.get("healthCheckGracePeriodSeconds") or 0)
        for run in list(self.live):
            if run.record["lastStatus"] != "RUNNING":
                continue
            if self._healthy(run):
                self._note_healthy(run)
                continue
            if time.monotonic() - run.running_since < grace:
                continue
            bad = next((t for t in run.targets if self.scheduler.targets.state(*t) == "unhealthy"), None)
            if bad:
                run.failed_health = True
                self._stop(run, f"Task failed ELB health checks in (target-group {bad[0]})")
            elif any(c.essential and c.health == "unhealthy" for c in run.containers):
                run.failed_health = True
                self._stop(run, "Task failed container health checks")

    def _note_healthy(self, run: TaskRun) -> None:
        if run.was_healthy:
            return
        run.was_healthy = True
        for deployment in self.service["deployments"]:
            if deployment["id"] == run.record.get("_deployment_id"):
                deployment["_streak"] = 0
                if deployment["rolloutState"] == "IN_PROGRESS":
                    deployment["failedTasks"] = 0

    # Failures and the circuit breaker

    def _count_failures(self) -> None:
        for run in self.runs:
            failed = run.failed_health or run.record.get("stopCode") in (
                "EssentialContainerExited",
                "TaskFailedToStart",
            )
            if run.counted or not failed or run.record["desiredStatus"] != "STOPPED":
                continue
            run.counted = True
            for deployment in self.service["deployments"]:
                if deployment["id"] == run.record.get("_deployment_id"):
                    self._failed(deployment, run)

    def _failed(self, deployment: Record, run: TaskRun) -> None:
        streak = deployment["_streak"] = int(deployment.get("_streak") or 0) + 1
        pause = min(0.25 * 2.0**streak, _LONGEST_PAUSE)
        deployment["_not_before"] = time.monotonic() + (0 if run.was_healthy else pause)
        if deployment["rolloutState"] != "IN_PROGRESS":
            return
        deployment["failedTasks"] += 1
        deployment["updatedAt"] = now()
        breaker = (self.service.get("deploymentConfiguration") or {}).get("deploymentCircuitBreaker") or {}
        if (
            deployment["status"] != "PRIMARY"
            or not breaker.get("enable")
            or deployment["failedTasks"] < min(200, max(3, math.ceil(self.desired / 2)))
        ):
            return
        deployment["rolloutState"] = "FAILED"
        deployment["rolloutStateReason"] = "ECS deployment circuit breaker: tasks failed to start."
        deployment["_failed_at"] = time.monotonic()
        self._event("deployment failed: tasks failed to start.", deployment)
        if breaker.get("rollback"):
            self._roll_back(deployment)

    def _roll_back(self, failed: Record) -> None:
        last = next(
            (d for d in self.service["deployments"] if d is not failed and d["rolloutState"] == "COMPLETED"),
            None,
        )
        if last is None:
            return
        failed["status"], failed["desiredCount"] = "ACTIVE", 0
        last.update(
            status="PRIMARY",
            rolloutState="IN_PROGRESS",
            updatedAt=now(),
            _streak=0,
            rolloutStateReason=(
                f"ECS deployment circuit breaker: rolling back to deploymentId {last['id']}."
            ),
        )
        self.service["taskDefinition"] = last["taskDefinition"]
        self._event(f"rolling back to deployment {last['id']}.", failed)

    def _forget_failed(self) -> None:
        # ECS shows a failed deployment for a while; then one deployment is left and waiters succeed.
        keep = self.scheduler.failed_deployment_seconds
        self.service["deployments"] = [
            d
            for d in self.service["deployments"]
            if d["status"] == "PRIMARY"
            or d["rolloutState"] != "FAILED"
            or self._of(d, self.there)
            or time.monotonic() - d.get("_failed_at", 0.0) < keep
        ]

    # Steps

    def _scale(self) -> None:
        configuration = self.service.get("deploymentConfiguration") or {}
        most = max(1, self.desired * int(configuration.get("maximumPercent") or 200) // 100)
        least_percent = configuration.get("minimumHealthyPercent")
        least = math.ceil(self.desired * int(100 if least_percent is None else least_percent) / 100)
        primary = self.primary
        primary["desiredCount"] = self.desired
        new = self._of(primary, self.live)
        old = [r for r in self.live if r not in new]
        self._stop_old(primary, new, old, most, least)
        surplus = sorted(new, key=lambda r: float(r.record["createdAt"]))[self.desired :]
        for run in surplus:
            self._stop(run, f"Scaling activity initiated by (deployment {primary['id']})")
        missing = min(self.desired - len(new), most - len([r for r in self.there if r not in surplus]))
        if (
            missing > 0
            and primary["rolloutState"] != "FAILED"
            and time.monotonic() >= primary.get("_not_before", 0.0)
        ):
            self._launch(primary, min(missing, 10))

    def _stop_old(
        self, primary: Record, new: list[TaskRun], old: list[TaskRun], most: int, least: int
    ) -> None:
        reason = f"Scaling activity initiated by (deployment {primary['id']})"
        healthy_new = sum(self._healthy(r) for r in new)
        healthy = healthy_new + sum(self._healthy(r) for r in old)
        excess = len(old) - max(0, self.desired - healthy_new)
        if primary["rolloutState"] == "FAILED":
            excess = 0
        elif self.desired > len(new) and most <= len(self.there):
            # No room for a new task under maximumPercent: make some as far as minimumHealthyPercent allows.
            excess = max(excess, 1)
        for run in sorted(old, key=self._healthy):
            if excess <= 0:
                break
            if self._healthy(run):
                if healthy - 1 < min(least, self.desired):
                    break
                healthy -= 1
            self._stop(run, reason)
            excess -= 1

    def _launch(self, deployment: Record, count: int) -> None:
        service = self.service
        status, _headers, body = self.tasks.launch(
            {
                "cluster": self.cluster,
                "taskDefinition": deployment["taskDefinition"],
                "count": count,
                "group": f"service:{service['serviceName']}",
                "startedBy": deployment["id"],
                "launchType": service.get("launchType"),
                "capacityProviderStrategy": service.get("capacityProviderStrategy"),
                "platformVersion": service.get("platformVersion") or "",
                "networkConfiguration": service.get("networkConfiguration") or {},
                "enableExecuteCommand": bool(service.get("enableExecuteCommand")),
                "_deploymentId": deployment["id"],
            }
        )
        if status != 200:
            deployment["_not_before"] = time.monotonic() + _LONGEST_PAUSE
            self._event(f"was unable to place a task. Reason: {json.loads(body).get('message')}")
            return
        ids = " ".join(f"(task {t['taskArn'].rsplit('/', 1)[-1]})" for t in json.loads(body)["tasks"])
        self._event(f"has started {count} tasks: {ids}.")

    def _stop(self, run: TaskRun, reason: str) -> None:
        run.begin_stop("ServiceSchedulerInitiated", reason)
        self._event(f"has stopped 1 running tasks: (task {run.id}).")
        if run in self.live:
            self.live.remove(run)

    def _count(self) -> None:
        def running(runs: list[TaskRun]) -> int:
            return sum(r.record["lastStatus"] == "RUNNING" for r in runs)

        def pending(runs: list[TaskRun]) -> int:
            return sum(r.record["lastStatus"] in ("PROVISIONING", "PENDING", "ACTIVATING") for r in runs)

        for shown, runs in [(self.service, self.there)] + [
            (d, self._of(d, self.there)) for d in self.service["deployments"]
        ]:
            shown["runningCount"], shown["pendingCount"] = running(runs), pending(runs)

    def _complete(self) -> None:
        primary = self.primary
        new = self._of(primary, self.there)
        if (
            primary["rolloutState"] != "IN_PROGRESS"
            or len(new) != self.desired
            or len(self.there) != len(new)
            or not all(self._healthy(r) for r in new)
        ):
            return
        primary["rolloutState"] = "COMPLETED"
        primary["rolloutStateReason"] = f"ECS deployment {primary['id']} completed."
        primary["updatedAt"] = now()
        self.service["deployments"] = [
            d for d in self.service["deployments"] if d is primary or d["rolloutState"] == "FAILED"
        ]
        self._event("deployment completed.", primary)
        self._event("has reached a steady state.")

    def _event(self, text: str, deployment: Record | None = None) -> None:
        where = f" (deployment {deployment['id']})" if deployment else ""
        self.service["events"].insert(
            0,
            {
                "id": new_uuid(),
                "createdAt": now(),
                "message": f"(service {self.service['serviceName']}){where} {text}",
            },
        )
        del self.service["events"][100:]
