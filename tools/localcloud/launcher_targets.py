"""Target groups with real health: each target is asked, and only healthy ones get requests.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html

One thing is quicker than on AWS: successes are looked for several times a second, so that a deployment here does
not last minutes. Failures still count once an interval at most, so that an application has the time to start that
its target group gives it.
"""

from __future__ import annotations

import http.client
import logging
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import alb

from tools.localcloud.launcher_groups import forwarded

Record = dict[str, Any]
Key = tuple[str, str, int]

logger = logging.getLogger("launcher")

#: Seconds between two looks at a target that is not healthy, and the most between two looks at one that is.
_SOON, _STEADY = 0.2, 2.0

_REASONS = {
    "initial": ("Elb.InitialHealthChecking", "Initial health checks in progress"),
    "draining": ("Target.DeregistrationInProgress", "Target deregistration is in progress"),
    "unused": ("Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"),
}


@dataclass
class Health:
    """What is known of one target. Times are of the monotonic clock."""

    state: str = "initial"
    reason: str = ""
    description: str = ""
    successes: int = 0
    failures: int = 0
    failed_at: float = float("-inf")
    due: float = 0.0
    asked: bool = False


class Targets:
    """The targets of every target group.

    Args:
        drain_seconds: most seconds that a deregistered target keeps its open requests.
        tell: called when a target's state changes.
    """

    def __init__(self, drain_seconds: float, tell: Callable[[], None]) -> None:
        self._drain_seconds, self._tell = drain_seconds, tell
        self._health: dict[Key, Health] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(16, thread_name_prefix="target-health")
        self._original_forward = alb._forward_to_tg

    def watch(self) -> None:
        threading.Thread(target=self._watch, daemon=True, name="launcher-targets").start()

    def state(self, group: str, address: str, port: int) -> str:
        health = self._health.get((group, address, port))
        return health.state if health else "initial"

    # Registration

    def register(self, group: str, address: str, port: int) -> bool:
        """Add a target; False when it was there."""
        with self._lock:
            registered = alb._targets.get(group)
            if registered is None or any(t["Id"] == address and t.get("Port") == port for t in registered):
                return False
            alb._targets[group] = [*registered, {"Id": address, "Port": port}]
            self._health[group, address, port] = Health()
            return True

    def deregister(self, group: str, address: str, port: int, *, drain: bool) -> None:
        """Take a target out; with ``drain`` only after its open requests had their time."""
        key = (group, address, port)
        if drain:
            self._health.setdefault(key, Health()).state = "draining"
            delay = next(
                (
                    float(a["Value"])
                    for a in alb._tg_attrs.get(group) or []
                    if a["Key"] == "deregistration_delay.timeout_seconds"
                ),
                300.0,
            )
            time.sleep(min(delay, self._drain_seconds))
        with self._lock:
            registered = alb._targets.get(group) or []
            alb._targets[group] = [t for t in registered if (t["Id"], t.get("Port")) != (address, port)]
            self._health.pop(key, None)

    # API and data plane

    def describe_target_health(self, parameters: Record) -> Any:
        """DescribeTargetHealth.

        Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetHealth.html
        """
        group = alb._p(parameters, "TargetGroupArn")
        if group not in alb._tgs:
            return alb._error("TargetGroupNotFound", f"Target group '{group}' not found.")
        wanted = {t["Id"] for t in alb._parse_targets_param(parameters)}
        record = alb._tgs[group]
        members = ""
        for target in alb._targets.get(group) or []:
            if wanted and target["Id"] not in wanted:
                continue
            port = int(target.get("Port") or record["Port"])
            health = self._health.get((group, target["Id"], port)) or Health()
            state = health.state if health.state == "draining" or _in_use(group) else "unused"
            reason, description = _REASONS.get(state, (health.reason, health.description))
            why = (
                f"<Reason>{reason}</Reason><Description>{description}</Description>"
                if state != "healthy"
                else ""
            )
            members += (
                f"<member><Target><Id>{target['Id']}</Id><Port>{port}</Port></Target>"
                f"<HealthCheckPort>{_check_port(record, port)}</HealthCheckPort>"
                f"<TargetHealth><State>{state}</State>{why}</TargetHealth></member>"
            )
        return alb._xml(
            200, "DescribeTargetHealth", f"<TargetHealthDescriptions>{members}</TargetHealthDescriptions>"
        )

    async def forward(self, group: str, *arguments: Any, **named: Any) -> Any:
        """Send a request to a healthy target; to any that is not draining when none is healthy."""
        record, registered = alb._tgs.get(group), alb._targets.get(group) or []
        if not record or not registered or record.get("TargetType") not in ("ip", "instance"):
            return await self._original_forward(group, *arguments, **named)
        states = [(self.state(group, t["Id"], int(t.get("Port") or record["Port"])), t) for t in registered]
        usable = (
            [t for state, t in states if state == "healthy"]
            or [t for state, t in states if state != "draining"]
            or registered
        )
        method, path, headers, body, query, *rest = arguments
        raw_query = named.get("raw_query_string", rest[0] if rest else None)
        raw_path = named.get("raw_path", rest[1] if len(rest) > 1 else None)
        return await alb._proxy_http_target(
            random.choice(usable), record, method, raw_path or path, headers, body, query, raw_query
        )

    # Health checks

    def _watch(self) -> None:
        while True:
            for group, record, address, port in self._all():
                health = self._health.setdefault((group, address, port), Health())
                if health.asked or health.state == "draining" or time.monotonic() < health.due:
                    continue
                health.asked = True
                self._pool.submit(self._ask, record, address, port, health)
            time.sleep(0.05)

    def _all(self) -> Iterator[tuple[str, Record, str, int]]:
        for (account, region, group), record in alb._tgs.all_items():
            if record.get("TargetType") not in ("ip", "instance"):
                continue
            with request_scope(account, region):
                for target in alb._targets.get(group) or []:
                    yield group, record, target["Id"], int(target.get("Port") or record["Port"])

    def _ask(self, record: Record, address: str, port: int, health: Health) -> None:
        before = health.state
        try:
            reason, description = _check(record, address, _check_port(record, port))
            if reason:
                self._failed(record, health, reason, description)
            else:
                self._succeeded(record, health)
        finally:
            interval = float(record["HealthCheckIntervalSeconds"])
            health.due = time.monotonic() + (min(interval, _STEADY) if health.state == "healthy" else _SOON)
            health.asked = False
        if health.state != before:
            logger.info("target %s:%s is %s %s", address, port, health.state, health.description)
            self._tell()

    def _succeeded(self, record: Record, health: Health) -> None:
        health.failures, health.failed_at = 0, float("-inf")
        health.successes += 1
        # A new target needs one success, one that was unhealthy the group's threshold.
        needed = 1 if health.state == "initial" else int(record["HealthyThresholdCount"])
        if health.state in ("initial", "unhealthy") and health.successes >= needed:
            health.state, health.reason, health.description = "healthy", "", ""

    def _failed(self, record: Record, health: Health, reason: str, description: str) -> None:
        health.successes = 0
        now = time.monotonic()
        if now - health.failed_at < float(record["HealthCheckIntervalSeconds"]):
            return
        health.failed_at = now
        health.failures += 1
        if health.state in ("initial", "healthy") and health.failures >= int(
            record["UnhealthyThresholdCount"]
        ):
            health.state = "unhealthy"
        health.reason, health.description = reason, description


def _in_use(group: str) -> bool:
    return any(
        group in forwarded(owner.get("DefaultActions") or owner.get("Actions") or [])
        for owner in [*alb._listeners.values(), *alb._rules.values()]
    )


def in_use(group: str) -> bool:
    """Whether a listener or a rule forwards to the target group."""
    return _in_use(group)


def _check_port(record: Record, port: int) -> int:
    given = str(record.get("HealthCheckPort") or "traffic-port")
    return int(given) if given.isdigit() else port


def _check(record: Record, address: str, port: int) -> tuple[str, str]:
    """Ask a target once; ``("", "")`` when it answers as the target group wants."""
    timeout = float(record["HealthCheckTimeoutSeconds"])
    try:
        if record["HealthCheckProtocol"] == "TCP":
            socket.create_connection((address, port), timeout).close()
            return "", ""
        connection = http.client.HTTPConnection(address, port, timeout=timeout)
        try:
            connection.request(
                "GET", record["HealthCheckPath"], headers={"User-Agent": "ELB-HealthChecker/2.0"}
            )
            status = connection.getresponse().status
        finally:
            connection.close()
    except TimeoutError:
        return "Target.Timeout", "Request timed out"
    except (OSError, http.client.HTTPException):
        return "Target.FailedHealthChecks", "Health checks failed"
    if _matches(status, str((record.get("Matcher") or {}).get("HttpCode") or "200")):
        return "", ""
    return "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{status}]"


def _matches(status: int, codes: str) -> bool:
    for part in codes.split(","):
        low, _, high = part.partition("-")
        if int(low) <= status <= int(high or low):
            return True
    return False
