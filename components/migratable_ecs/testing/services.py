"""Services of the fake ECS: rolls with deployments, and the circuit breaker that rolls them back.

Sources: DescribeServices, UpdateService, Deployment in the ECS API reference; "How the Amazon ECS deployment
circuit breaker detects failures" in the ECS guide. The tasks of services are counted, not run.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any, Literal

from migratable_ecs.testing.client import operation
from migratable_ecs.testing.task_definitions import TaskDefinitionCalls
from migratable_ecs.testing.wire import Params, Response


@dataclass(frozen=True)
class Roll:
    """How one deployment goes.

    `outcome`: "completed" after `seconds`; "rolled_back": given up by the circuit breaker after `seconds`,
    the old revision being steady again `rollback_seconds` later; "failed": given up, no rollback; "stuck":
    never ends.
    """

    outcome: Literal["completed", "rolled_back", "failed", "stuck"] = "completed"
    seconds: float = 60.0
    rollback_seconds: float = 30.0
    failed_tasks: int = 3


@dataclass(frozen=True)
class _Deployment:
    id: str
    task_definition: str
    desired: int
    begun: float
    ends: float
    result: Literal["COMPLETED", "FAILED"]
    failed_tasks: int = 0
    rollback_of: str | None = None

    def state(self, now: float) -> str:
        return "IN_PROGRESS" if now < self.ends else self.result

    def running(self, now: float) -> int:
        return self.desired if now >= self.ends and self.result == "COMPLETED" else 0


@dataclass
class _Service:
    name: str
    cluster_arn: str
    created: float
    settings: dict[str, Any]
    deployments: list[_Deployment] = field(default_factory=list)
    """In the order they begin; those of a foreseen rollback begin in the future."""
    status: str = "ACTIVE"


class ServiceCalls(TaskDefinitionCalls):
    """The operations on services."""

    def _prepare_services(self) -> None:
        self._services: dict[tuple[str, str], _Service] = {}
        self._rolls: dict[str, list[Roll]] = {}
        self._deployments_made = 0

    def roll(self, service: str, *rolls: Roll) -> None:
        """How the next deployments of the service called `service` go; further ones complete."""
        self._rolls.setdefault(service, []).extend(rolls)

    def _cluster(self, operation_name: str, params: Params) -> str:
        raise NotImplementedError

    @operation("CreateService")
    def create_service(self, params: Params) -> Response:
        """The first deployment takes as long as any other."""
        cluster = self._cluster("CreateService", params)
        key = (cluster, params["serviceName"])
        if key in self._services and self._services[key].status == "ACTIVE":
            message = "Creation of service was not idempotent."
            raise self.error("CreateService", "InvalidParameterException", message)
        arn = self._revision_arn("CreateService", params.get("taskDefinition", ""))
        settings = {key: copy.deepcopy(params[key]) for key in _SETTINGS if key in params}
        settings.setdefault("desiredCount", 1)
        service = _Service(params["serviceName"], cluster, self.clock.time(), settings)
        self._services[key] = service
        self._deploy(service, arn)
        return {"service": self._describe(service)}

    @operation("UpdateService")
    def update_service(self, params: Params) -> Response:
        """A new deployment when the task definition changes or one is forced; scaling needs none."""
        service = self._service("UpdateService", params)
        service.settings.update({key: copy.deepcopy(params[key]) for key in _SETTINGS if key in params})
        current = self._primary(service).task_definition
        arn = (
            self._revision_arn("UpdateService", params["taskDefinition"])
            if "taskDefinition" in params
            else current
        )
        if arn != current or params.get("forceNewDeployment"):
            self._deploy(service, arn)
        elif "desiredCount" in params:
            service.deployments = [
                replace(item, desired=params["desiredCount"]) for item in service.deployments
            ]
        return {"service": self._describe(service)}

    @operation("DeleteService")
    def delete_service(self, params: Params) -> Response:
        """The service is INACTIVE at once; its tasks are none of this fake's."""
        service = self._service("DeleteService", params)
        if service.settings["desiredCount"] > 0 and not params.get("force"):
            message = "The service cannot be stopped while it is scaled above 0."
            raise self.error("DeleteService", "InvalidParameterException", message)
        service.status = "INACTIVE"
        return {"service": self._describe(service)}

    @operation("DescribeServices")
    def describe_services(self, params: Params) -> Response:
        """Up to 10 services by name or ARN; unknown ones are failures (reason MISSING)."""
        cluster = self._cluster("DescribeServices", params)
        names: Sequence[str] = params["services"]
        if not 1 <= len(names) <= 10:
            message = "Services must have between 1 and 10 items."
            raise self.error("DescribeServices", "InvalidParameterException", message)
        found, failures = [], []
        for name in names:
            short = name.rsplit("/", 1)[-1]
            service = self._services.get((cluster, short))
            if service is None:
                failures.append({"arn": self._service_arn(cluster, short), "reason": "MISSING"})
            else:
                found.append(self._describe(service))
        return {"services": found, "failures": failures}

    def _deploy(self, service: _Service, task_definition: str) -> None:
        now = self.clock.time()
        steady = next(
            (item for item in reversed(service.deployments) if item.state(now) == "COMPLETED"), None
        )
        service.deployments = [item for item in service.deployments if item.begun <= now]
        queue = self._rolls.get(service.name, [])
        roll = queue.pop(0) if queue else Roll()
        ends = inf if roll.outcome == "stuck" else now + roll.seconds
        good = roll.outcome in {"completed", "stuck"}
        desired = service.settings["desiredCount"]
        deployment = _Deployment(
            self._deployment_id(),
            task_definition,
            desired,
            now,
            ends,
            "COMPLETED" if good else "FAILED",
            0 if roll.outcome == "completed" else roll.failed_tasks,
        )
        service.deployments.append(deployment)
        if roll.outcome == "rolled_back" and steady is not None:
            back = _Deployment(
                self._deployment_id(),
                steady.task_definition,
                desired,
                ends,
                ends + roll.rollback_seconds,
                "COMPLETED",
                rollback_of=deployment.id,
            )
            service.deployments.append(back)

    def _primary(self, service: _Service) -> _Deployment:
        return [item for item in service.deployments if item.begun <= self.clock.time()][-1]

    def _active_services(self, cluster: str) -> int:
        return sum(
            item.cluster_arn == cluster and item.status == "ACTIVE" for item in self._services.values()
        )

    def _service(self, operation_name: str, params: Params) -> _Service:
        cluster = self._cluster(operation_name, params)
        service = self._services.get((cluster, params["service"].rsplit("/", 1)[-1]))
        if service is None:
            raise self.error(operation_name, "ServiceNotFoundException", "Service not found.")
        if service.status != "ACTIVE":
            raise self.error(operation_name, "ServiceNotActiveException", "Service was not ACTIVE.")
        return service

    def _revision_arn(self, operation_name: str, name: str) -> str:
        definition = self._definition(name)
        if definition is None:
            raise self.error(operation_name, "ClientException", "TaskDefinition not found.")
        if definition["status"] != "ACTIVE":
            raise self.error(operation_name, "InvalidParameterException", "TaskDefinition is inactive")
        return str(definition["taskDefinitionArn"])

    def _deployment_id(self) -> str:
        self._deployments_made += 1
        digest = hashlib.sha256(f"deployment {self.seed}:{self._deployments_made}".encode()).hexdigest()
        return f"ecs-svc/{int(digest[:16], 16):019d}"

    def _service_arn(self, cluster: str, name: str) -> str:
        return cluster.replace(":cluster/", ":service/") + "/" + name

    def _describe(self, service: _Service) -> dict[str, Any]:
        now = self.clock.time()
        primary = self._primary(service)
        shown = [(primary, "PRIMARY")]
        # The revision that still carries the traffic stays ACTIVE beside a deployment that is not through.
        if primary.state(now) != "COMPLETED":
            earlier = [item for item in service.deployments if item.begun < primary.begun]
            shown += [(item, "ACTIVE") for item in reversed(earlier) if item.id == primary.rollback_of]
            shown += [(item, "ACTIVE") for item in reversed(earlier) if item.state(now) == "COMPLETED"][:1]
        return {
            "serviceArn": self._service_arn(service.cluster_arn, service.name),
            "serviceName": service.name,
            "clusterArn": service.cluster_arn,
            "status": service.status,
            "runningCount": min(
                service.settings["desiredCount"], sum(item.running(now) for item, _ in shown)
            ),
            "pendingCount": 0,
            "taskDefinition": primary.task_definition,
            "deployments": [self._describe_deployment(item, status, now) for item, status in shown],
            "events": [],
            "createdAt": self.clock.datetime(service.created),
            "schedulingStrategy": "REPLICA",
            "launchType": "FARGATE",
            **copy.deepcopy(service.settings),
        }

    def _describe_deployment(self, item: _Deployment, status: str, now: float) -> dict[str, Any]:
        state = item.state(now)
        return {
            "id": item.id,
            "status": status,
            "taskDefinition": item.task_definition,
            "desiredCount": item.desired if status == "PRIMARY" else 0,
            "pendingCount": 0,
            "runningCount": item.running(now),
            "failedTasks": item.failed_tasks,
            "createdAt": self.clock.datetime(item.begun),
            "updatedAt": self.clock.datetime(min(now, item.ends)),
            "launchType": "FARGATE",
            "rolloutState": state,
            "rolloutStateReason": _reason(item, state),
        }


_SETTINGS = (
    "desiredCount",
    "networkConfiguration",
    "loadBalancers",
    "deploymentConfiguration",
    "launchType",
    "healthCheckGracePeriodSeconds",
    "enableExecuteCommand",
    "propagateTags",
)


def _reason(item: _Deployment, state: str) -> str:
    if state == "FAILED":
        return f"ECS deployment {item.id} failed: tasks failed to start."
    if item.rollback_of is not None:
        return f"ECS deployment circuit breaker: rolling back to deploymentId {item.id}."
    return f"ECS deployment {item.id} {'completed' if state == 'COMPLETED' else 'in progress'}."
