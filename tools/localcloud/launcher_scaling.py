"""Application Auto Scaling for ECS services, which MiniStack does not have.

Targets, policies and scheduled actions are kept and described, and a target's limits hold for its service's
desired count. Nothing here reads metrics: a policy does not scale by itself.

Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/Welcome.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from ministack.core.responses import (
    AccountRegionScopedDict,
    error_response_json,
    get_account_id,
    get_region,
    json_response,
    new_uuid,
)
from ministack.services import ecs

from tools.localcloud.launcher_scheduler import Scheduler

Record = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]

#: The service's name in the ``X-Amz-Target`` header.
TARGET_PREFIX = "AnyScaleFrontendService"

_TARGET = ("ServiceNamespace", "ResourceId", "ScalableDimension")


class Scaling:
    """The service's operations and what they keep.

    Args:
        scheduler: changes the services' desired counts.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._targets: Any = AccountRegionScopedDict()
        self._policies: Any = AccountRegionScopedDict()
        self._scheduled: Any = AccountRegionScopedDict()
        self._tags: Any = AccountRegionScopedDict()
        self._operations: dict[str, Callable[[Record], Response]] = {
            "RegisterScalableTarget": self._register,
            "DeregisterScalableTarget": self._deregister,
            "DescribeScalableTargets": lambda d: self._listed(
                "ScalableTargets", self._targets, d, "ResourceId"
            ),
            "PutScalingPolicy": self._put_policy,
            "DeleteScalingPolicy": lambda d: self._delete(self._policies, d, "PolicyName", "scaling policy"),
            "DescribeScalingPolicies": lambda d: self._listed(
                "ScalingPolicies", self._policies, d, "PolicyName"
            ),
            "PutScheduledAction": self._put_scheduled,
            "DeleteScheduledAction": lambda d: self._delete(
                self._scheduled, d, "ScheduledActionName", "scheduled action"
            ),
            "DescribeScheduledActions": lambda d: self._listed(
                "ScheduledActions", self._scheduled, d, "ScheduledActionName"
            ),
            "DescribeScalingActivities": lambda d: json_response({"ScalingActivities": []}),
            "ListTagsForResource": lambda d: json_response(
                {"Tags": self._tags.get(d.get("ResourceARN"), {})}
            ),
            "TagResource": self._tag,
            "UntagResource": self._untag,
        }

    async def handle(self, method: str, path: str, headers: Record, body: bytes, query: Record) -> Response:
        """Answer one request."""
        operation = str(headers.get("x-amz-target") or "").rpartition(".")[2]
        if operation not in self._operations:
            return _refused("ValidationException", f"Unknown operation: {operation}")
        return self._operations[operation](json.loads(body or b"{}"))

    def reset(self) -> None:
        for store in (self._targets, self._policies, self._scheduled, self._tags):
            store.clear()

    def _register(self, data: Record) -> Response:
        key = tuple(data[name] for name in _TARGET)
        known = self._targets.get(key)
        low, high = (data.get(k, (known or {}).get(k)) for k in ("MinCapacity", "MaxCapacity"))
        if low is None or high is None:
            return _refused(
                "ValidationException", "Both MinCapacity and MaxCapacity are required for a new target"
            )
        if low > high:
            return _refused("ValidationException", "Maximum capacity cannot be less than minimum capacity")
        if key[0] == "ecs" and self._service(str(key[1])) is None:
            return _refused("ValidationException", f"ECS service doesn't exist: {key[1]}")
        arn = (known or {}).get("ScalableTargetARN") or (
            f"arn:aws:application-autoscaling:{get_region()}:{get_account_id()}:scalable-target/{new_uuid()}"
        )
        self._targets[key] = {
            "RoleARN": f"arn:aws:iam::{get_account_id()}:role/aws-service-role/ecs.application-autoscaling."
            "amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService",
            "CreationTime": (known or {}).get("CreationTime") or time.time(),
            "SuspendedState": {
                "DynamicScalingInSuspended": False,
                "DynamicScalingOutSuspended": False,
                "ScheduledScalingSuspended": False,
            },
            **{k: v for k, v in (known or {}).items() if k == "SuspendedState"},
            **{k: v for k, v in data.items() if k != "Tags"},
            "MinCapacity": low,
            "MaxCapacity": high,
            "ScalableTargetARN": arn,
        }
        if data.get("Tags"):
            self._tags[arn] = dict(data["Tags"])
        self._keep_within(str(key[1]), int(low), int(high))
        return _answer({"ScalableTargetARN": arn})

    def _keep_within(self, resource: str, low: int, high: int) -> None:
        with self._scheduler.lock:
            service = self._service(resource)
            if service:
                service["desiredCount"] = min(max(int(service["desiredCount"]), low), high)
                self._scheduler.wake()

    def _service(self, resource: str) -> Record | None:
        found: Record | None = ecs._services.get(resource.removeprefix("service/"))
        return found if found and found["status"] == "ACTIVE" else None

    def _deregister(self, data: Record) -> Response:
        key = tuple(data[name] for name in _TARGET)
        if key not in self._targets:
            return _missing("scalable target", key)
        self._tags.pop(self._targets[key]["ScalableTargetARN"], None)
        del self._targets[key]
        for store in (self._policies, self._scheduled):
            for full in [k for k in store if k[:3] == key]:
                del store[full]
        return _answer({})

    def _put_policy(self, data: Record) -> Response:
        key = tuple(data[name] for name in _TARGET)
        if key not in self._targets:
            return _missing("scalable target", key)
        full = (*key, data["PolicyName"])
        known = self._policies.get(full) or {}
        arn = known.get("PolicyARN") or (
            f"arn:aws:autoscaling:{get_region()}:{get_account_id()}:scalingPolicy:{new_uuid()}:"
            f"resource/{key[0]}/{key[1]}:policyName/{data['PolicyName']}"
        )
        self._policies[full] = {
            "PolicyType": "StepScaling",
            "CreationTime": time.time(),
            **known,
            **data,
            "PolicyARN": arn,
            "Alarms": [],
        }
        return _answer({"PolicyARN": arn, "Alarms": []})

    def _put_scheduled(self, data: Record) -> Response:
        key = tuple(data[name] for name in _TARGET)
        if key not in self._targets:
            return _missing("scalable target", key)
        full = (*key, data["ScheduledActionName"])
        known = self._scheduled.get(full) or {}
        arn = known.get("ScheduledActionARN") or (
            f"arn:aws:autoscaling:{get_region()}:{get_account_id()}:scheduledAction:{new_uuid()}:"
            f"resource/{key[0]}/{key[1]}:scheduledActionName/{data['ScheduledActionName']}"
        )
        self._scheduled[full] = {"CreationTime": time.time(), **known, **data, "ScheduledActionARN": arn}
        return _answer({})

    def _delete(self, store: Any, data: Record, name: str, what: str) -> Response:
        key = (*(data[part] for part in _TARGET), data[name])
        if key not in store:
            return _missing(what, key)
        del store[key]
        return _answer({})

    def _listed(self, result: str, store: Any, data: Record, name: str) -> Response:
        names = data.get(f"{name}s") or []
        found = [
            record
            for record in store.values()
            if record["ServiceNamespace"] == data.get("ServiceNamespace")
            and (not data.get("ResourceId") or record["ResourceId"] == data["ResourceId"])
            and (
                not data.get("ScalableDimension") or record["ScalableDimension"] == data["ScalableDimension"]
            )
            and (not names or record[name] in names)
        ]
        return _answer({result: found})

    def _tag(self, data: Record) -> Response:
        self._tags[data["ResourceARN"]] = {**self._tags.get(data["ResourceARN"], {}), **data.get("Tags", {})}
        return _answer({})

    def _untag(self, data: Record) -> Response:
        left = self._tags.get(data["ResourceARN"], {})
        self._tags[data["ResourceARN"]] = {k: v for k, v in left.items() if k not in data.get("TagKeys", [])}
        return _answer({})


def _answer(data: Record) -> Response:
    response: Response = json_response(data)
    return response


def _refused(code: str, message: str) -> Response:
    response: Response = error_response_json(code, message, 400)
    return response


def _missing(what: str, key: tuple[Any, ...]) -> Response:
    return _refused(
        "ObjectNotFoundException",
        f"No {what} found for service namespace: {key[0]}, resource ID: {key[1]}, scalable dimension: {key[2]}",
    )
