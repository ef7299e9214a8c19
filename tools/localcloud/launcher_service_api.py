"""CreateService, UpdateService, DeleteService and DescribeServices as ECS documents them."""

from __future__ import annotations

import json
from typing import Any

from ministack.core.responses import json_response
from ministack.services import alb, ecs

from tools.localcloud.launcher_scheduler import Scheduler
from tools.localcloud.launcher_targets import in_use
from tools.localcloud.launcher_task_record import now
from tools.localcloud.launcher_tasks import Response, check_network, invalid, refusal

Record = dict[str, Any]

#: A change of one of these starts a deployment; others take effect without one.
_DEPLOYED = (
    "networkConfiguration",
    "loadBalancers",
    "serviceRegistries",
    "platformVersion",
    "capacityProviderStrategy",
    "serviceConnectConfiguration",
    "volumeConfigurations",
)
#: Settings that the emulator's own handlers leave out.
_KEPT = (
    "availabilityZoneRebalancing",
    "propagateTags",
    "enableECSManagedTags",
    "serviceRegistries",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "placementConstraints",
    "placementStrategy",
)

_make_deployment = ecs._make_deployment


def make_deployment(task_definition: str, desired_count: int, status: str = "PRIMARY") -> Record:
    """A new deployment: IN_PROGRESS until its tasks run, also the first of a service.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html
    """
    deployment: Record = _make_deployment(task_definition, desired_count, status)
    deployment["createdAt"] = deployment["updatedAt"] = now()
    deployment["rolloutState"] = "IN_PROGRESS"
    deployment["rolloutStateReason"] = f"ECS deployment {deployment['id']} in progress."
    return deployment


class ServiceApi:
    """Handlers that check what ECS checks and leave the work to the scheduler."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._create, self._update = ecs._create_service, ecs._update_service
        self._describe = ecs._describe_services

    def create_service(self, data: Record) -> Response:
        """Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html"""
        cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
        if cluster is None or cluster not in ecs._clusters:
            return refusal("ClusterNotFoundException", "Cluster not found.")
        with self._scheduler.lock:
            refused = self._check_new(cluster, data)
            if refused:
                return refused
            status, headers, body = self._create(data)
            if status != 200:
                return status, headers, body
            service = ecs._services[f"{cluster}/{data['serviceName']}"]
            service.update({key: data[key] for key in _KEPT if data.get(key) is not None})
            service.setdefault("availabilityZoneRebalancing", "ENABLED")
            return self._answer(service)

    def _check_new(self, cluster: str, data: Record) -> Response | None:
        existing = ecs._services.get(f"{cluster}/{data.get('serviceName')}")
        if existing and existing["status"] == "ACTIVE":
            return invalid("Creation of service was not idempotent.")
        if existing and existing["status"] == "DRAINING":
            return invalid("Unable to Start a service that is still Draining.")
        definition = ecs._task_defs.get(ecs._resolve_td_key(data.get("taskDefinition", "")))
        if definition is None:
            return refusal("ClientException", "TaskDefinition not found.")
        if definition["status"] != "ACTIVE":
            return refusal("ClientException", "TaskDefinition is inactive")
        return check_network(
            definition, data.get("networkConfiguration") or {}
        ) or self._check_load_balancers(definition, data.get("loadBalancers") or [])

    def _check_load_balancers(self, definition: Record, load_balancers: list[Record]) -> Response | None:
        containers = {c["name"]: c for c in definition["containerDefinitions"]}
        for balancer in load_balancers:
            group, name = balancer.get("targetGroupArn"), balancer.get("containerName")
            if group not in alb._tgs:
                return invalid(f"The specified target group does not exist: {group}")
            if not in_use(str(group)):
                return invalid(
                    f"The target group with targetGroupArn {group} does not have an associated load balancer."
                )
            if name not in containers:
                return invalid(f"The container {name} does not exist in the task definition.")
            ports = {m.get("containerPort") for m in containers[name].get("portMappings") or []}
            if balancer.get("containerPort") not in ports:
                return invalid(
                    f"The container {name} did not have a container port {balancer.get('containerPort')} defined."
                )
        return None

    def update_service(self, data: Record) -> Response:
        """Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html"""
        with self._scheduler.lock:
            service = self._find(data)
            if not isinstance(service, dict):
                return service
            if service["status"] != "ACTIVE":
                return refusal("ServiceNotActiveException", "Service was not ACTIVE.")
            if data.get("taskDefinition"):
                definition = ecs._task_defs.get(ecs._resolve_td_key(data["taskDefinition"]))
                if definition is None:
                    return refusal("ClientException", "TaskDefinition not found.")
                if (
                    definition["status"] != "ACTIVE"
                    and definition["taskDefinitionArn"] != service["taskDefinition"]
                ):
                    return refusal("ClientException", "TaskDefinition is inactive")
            changed = any(
                key in data and (data[key] or None) != (service.get(key) or None) for key in _DEPLOYED
            )
            events = list(service["events"])
            service.update({key: data[key] for key in _KEPT if data.get(key) is not None})
            status, headers, body = self._update(
                {**data, "forceNewDeployment": changed or bool(data.get("forceNewDeployment"))}
            )
            service["events"] = events
            if status != 200:
                return status, headers, body
            return self._answer(service)

    def delete_service(self, data: Record) -> Response:
        """DeleteService: DRAINING until the tasks have stopped, then INACTIVE.

        Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteService.html
        """
        with self._scheduler.lock:
            service = self._find(data)
            if not isinstance(service, dict):
                return service
            if service["status"] == "INACTIVE":
                return refusal("ServiceNotFoundException", "Service not found.")
            if service["desiredCount"] > 0 and not data.get("force"):
                return invalid("The service cannot be stopped while it is scaled above 0.")
            service["status"], service["desiredCount"] = "DRAINING", 0
            return self._answer(service)

    def describe_services(self, data: Record) -> Response:
        """Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html"""
        with self._scheduler.lock:
            response: Response = self._describe(data)
            return response

    def _find(self, data: Record) -> Record | Response:
        cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
        if cluster is None or cluster not in ecs._clusters:
            return refusal("ClusterNotFoundException", "Cluster not found.")
        reference = ecs._resolve_service_ref(data.get("service", ""))
        service = ecs._services.get(f"{cluster}/{reference[0]}") if reference else None
        if service is None or (reference[1] or cluster) != cluster:
            return refusal("ServiceNotFoundException", "Service not found.")
        found: Record = service
        return found

    def _answer(self, service: Record) -> Response:
        self._scheduler.wake()
        response: Response = json_response(json.loads(json.dumps({"service": ecs._sanitize(service)})))
        return response
