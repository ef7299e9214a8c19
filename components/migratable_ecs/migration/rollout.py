"""Whether the service really runs the revision it was given.

An ECS service whose circuit breaker has rolled it back is steady again, on the old revision, and tools that only wait for a steady
state call that a success. Here it is a failure with its reason, and a migration that comes after the roll does not start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .clock import Clock
from .diagnosis import Evidence, diagnose
from .ecs import AwsCallFailed, call
from .errors import MigrationError, MigrationInterrupted
from .polling import state_interval

#: DescribeServices may show the old deployment for some seconds after UpdateService (the ECS API is eventually consistent).
SETTLES = 15.0


class RolloutFailed(MigrationError):
    """The service does not run the revision it was given."""


@dataclass(frozen=True)
class RolloutSpec:
    """What the service is to run. `timeout` in seconds; `task_definition` is an ARN with its revision."""

    cluster: str
    service: str
    task_definition: str
    timeout: float = 1800.0


@dataclass(frozen=True)
class Verdict:
    """`settling` is a failure that may be nothing but an answer that lags."""

    state: Literal["steady", "rolling", "settling", "failed"]
    reason: str = ""


def judge(service: Mapping[str, Any] | None, task_definition: str) -> Verdict:
    """What one answer of DescribeServices says. Pure.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html (rolloutState)
    """
    if service is None or service.get("status") != "ACTIVE":
        status = service.get("status", "unknown") if service else "not there"
        return Verdict("settling", f"the service is {status}")
    deployments = service.get("deployments", ())
    primary: Mapping[str, Any] = next((d for d in deployments if d.get("status") == "PRIMARY"), {})
    failed = next(
        (d for d in deployments if _is(d, task_definition) and d.get("rolloutState") == "FAILED"), None
    )
    if failed is not None:
        back = f"; it runs {_short(primary)} again" if not _is(primary, task_definition) else ""
        said = str(failed.get("rolloutStateReason") or "no reason given").rstrip(".")
        return Verdict("failed", f"its deployment failed: {said}{back}{_events(service)}")
    if not _is(primary, task_definition):
        return Verdict("settling", f"it runs {_short(primary)}{_events(service)}")
    enough = int(primary.get("runningCount", 0)) >= int(primary.get("desiredCount", 0))
    state = primary.get("rolloutState")
    done = state == "COMPLETED" if state else len(deployments) == 1
    return Verdict("steady") if done and enough else Verdict("rolling")


def wait_until_rolled(
    spec: RolloutSpec,
    ecs: Any,
    clock: Clock,
    console: Callable[[str], None],
    cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """Return when the service is steady on the revision it was given.

    Args:
        ecs: a boto3 ECS client.

    Raises:
        RolloutFailed: rolled back, failed, another revision, or not steady in time; the text names the revision and ECS's reason.
        MigrationInterrupted: `cancelled` said so.
    """
    # A machine's wall clock may be set meanwhile.
    began = clock.monotonic()
    said = False
    while True:
        if cancelled():
            raise MigrationInterrupted(f"cancelled: service {spec.service} goes on rolling")
        verdict = judge(_describe(spec, ecs, clock), spec.task_definition)
        waited = clock.monotonic() - began
        if verdict.state == "steady":
            console(f"service {spec.service} is steady on {spec.task_definition.rsplit('/', 1)[-1]}")
            return
        if verdict.state == "failed" or (verdict.state == "settling" and waited > SETTLES):
            raise RolloutFailed(_failure(spec, verdict.reason))
        if waited >= spec.timeout:
            raise RolloutFailed(_failure(spec, f"it is not steady after {spec.timeout:g} s"))
        if not said:
            console(f"waiting until service {spec.service} is steady")
            said = True
        clock.sleep(state_interval(waited))


def _failure(spec: RolloutSpec, reason: str) -> str:
    wanted = spec.task_definition.rsplit("/", 1)[-1]
    return (
        f"service {spec.service} does not run {wanted}: {reason}. Look at its tasks with "
        f"`aws ecs describe-services --cluster {spec.cluster} --services {spec.service}`, then deploy a working image"
    )


def _describe(spec: RolloutSpec, ecs: Any, clock: Clock) -> Mapping[str, Any] | None:
    try:
        reply = call(
            clock,
            "DescribeServices",
            lambda: ecs.describe_services(cluster=spec.cluster, services=[spec.service]),
        )
    except AwsCallFailed as failed:
        evidence = Evidence("", spec.cluster, "", "", "", error=failed.error)
        raise RolloutFailed(
            f"whether service {spec.service} runs {spec.task_definition.rsplit('/', 1)[-1]} is not known, because it could not be looked "
            f"at: {failed.error.code}: {failed.error.message}. {diagnose(evidence).next_step}"
        ) from failed
    services = reply.get("services", ())
    return dict(services[0]) if services else None


def _is(deployment: Mapping[str, Any], task_definition: str) -> bool:
    return deployment.get("taskDefinition") == task_definition


def _short(deployment: Mapping[str, Any]) -> str:
    return str(deployment.get("taskDefinition", "nothing")).rsplit("/", 1)[-1]


def _events(service: Mapping[str, Any]) -> str:
    """The newest two events, which say what ECS saw."""
    messages = [str(event.get("message", "")).rstrip(".") for event in service.get("events", ())[:2]]
    return f" ({'; '.join(m for m in messages if m)})" if any(messages) else ""
