"""Checks of what runs: cluster, service, health behind the load balancer, listener rule, database, migration. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .snapshot import Balancing, Finding, Record, Snapshot

_CODES = re.compile(r"\[(\d{3})")
#: Laravel's log channels that need no file. Source: https://laravel.com/docs/logging
_NO_FILE = ("stderr", "errorlog", "syslog", "null")
#: Lines after which an exit code of 0 is no success.
_FAILED = re.compile(
    r"could not be opened in append mode|There is no existing directory at .*logs|SQLSTATE\[|^\s*(?:Fatal error|Traceback )",
    re.MULTILINE,
)


def cluster(found: Snapshot) -> Iterator[Finding]:
    """It is there and ACTIVE."""
    status = (found.cluster or {}).get("status")
    if status != "ACTIVE":
        yield Finding(
            "cluster",
            f"cluster {found.cluster_name} {f'is {status}' if status else f'does not exist in {found.region}'}",
            "check `cluster`, aws:region and the account, or run `pulumi up`",
        )


def service(found: Snapshot) -> Iterator[Finding]:
    """The app's and each worker's: ACTIVE, rolled out, all tasks running."""
    for which, record in {"": found.service, **found.workers}.items():
        if record:
            yield from _steady(record, which)


def _steady(record: Record, which: str) -> Iterator[Finding]:
    """`which`: `worker KEY`; empty for the app."""
    status, of = record.get("status"), f" of {which}" if which else ""
    if status != "ACTIVE":
        yield Finding("service", f"the service{of} is {status}", "run `pulumi up --refresh`")
        return
    for each in record.get("deployments") or ():
        if each.get("rolloutState") == "FAILED":
            reason = str(each.get("rolloutStateReason") or "no reason given").rstrip(".")
            yield Finding(
                "service",
                f"the deployment of {_tail(each.get('taskDefinition'))} failed: {reason}",
                f"`{_logs(which)} --since 1h` says why its tasks ended; then deploy a working image",
            )
    desired, running = int(record.get("desiredCount", 0)), int(record.get("runningCount", 0))
    if running < desired:
        events = [str(each.get("message")) for each in (record.get("events") or ())[:1]]
        said = f"; ECS says: {events[0].rstrip('.')}" if events else ""
        yield Finding(
            "service",
            f"{running} of {desired} tasks{of} run{said}",
            f"look at the other findings, and at `{_logs(which)}`",
        )


def _logs(which: str) -> str:
    """The command that shows the log."""
    return "migratable-ecs logs -s STACK" + (f" --service {which.removeprefix('worker ')}" if which else "")


def health(found: Snapshot) -> Iterator[Finding]:
    """What the load balancer says of each target, and what usually is behind it."""
    for each in found.balancing:
        for target in each.health:
            state = target.get("TargetHealth") or {}
            if state.get("State") not in ("healthy", "initial", "draining", "unused"):
                yield _unhealthy(each, target.get("Target") or {}, state)


def _unhealthy(each: Balancing, target: Record, state: Record) -> Finding:
    where = f"{target.get('Id')}:{target.get('Port')}"
    reason, said = str(state.get("Reason") or "no reason given"), str(state.get("Description") or "")
    path = each.group.get("HealthCheckPath") or "/"
    found = _CODES.search(said)
    code = found[1] if found else ""
    what = f"target {where} is {state.get('State')}: {reason}{f' ({said})' if said else ''}"
    return Finding("health", what, _remedy(each, reason, code, str(path)))


def _remedy(each: Balancing, reason: str, code: str, path: str) -> str:
    matcher = (each.group.get("Matcher") or {}).get("HttpCode", "200")
    if code == "400":
        return (
            f"the app refuses the health check's Host header, which is the task's address: let {path} answer to any host "
            "(Django: ALLOWED_HOSTS, Rails: config.hosts)"
        )
    if code in ("301", "302", "307", "308"):
        return f"{path} redirects (to HTTPS, or to a login): set `health_check_path` to a path that answers {matcher} at once"
    if code in ("401", "403"):
        return f"{path} wants a login: set `health_check_path` to a path that needs none"
    if code == "404":
        return f"the app has no {path}: set `health_check_path` to a path that answers {matcher}"
    if code.startswith("5"):
        return f"the app fails at {path}: `migratable-ecs logs -s STACK` says why; often the database, a setting or a pending migration"
    if reason == "Target.Timeout":
        return f"nothing answers at port {each.port} in time: check the security groups, and whether the app listens on 0.0.0.0"
    if reason == "Target.FailedHealthChecks":
        return f"the connection was refused or broken off: the app must listen on 0.0.0.0:{each.port}, not on 127.0.0.1"
    if code:
        return f"answer {matcher} at {path}, or set `health_check_codes`"
    return "see `migratable-ecs logs -s STACK` for what the app says"


def rules(found: Snapshot) -> Iterator[Finding]:
    """A rule leads to the target group, and none before it takes its requests."""
    for each in found.balancing:
        if each.rules is None:
            continue
        arn = str(each.group.get("TargetGroupArn"))
        own = next((rule for rule in each.rules if arn in _targets(rule)), None)
        if own is None:
            yield Finding(
                "listener-rule",
                f"no listener rule leads to target group {each.group.get('TargetGroupName')}",
                "run `pulumi up --refresh`: somebody has removed the rule, or its priority is taken",
            )
            continue
        if str(own.get("Priority")) == "default":
            continue
        for rule in each.rules:
            before = str(rule.get("Priority"))
            if rule is own or not before.isdecimal() or int(before) >= int(str(own["Priority"])):
                continue
            if arn not in _targets(rule) and covers(rule, own):
                yield Finding(
                    "listener-rule",
                    f"the rule of priority {before} takes every request of this service, whose rule has priority {own['Priority']}",
                    f"give `ingress` a priority below {before}, or narrow the conditions of that rule",
                )


def _targets(rule: Record) -> set[str]:
    found = set()
    for action in rule.get("Actions") or ():
        found.add(str(action.get("TargetGroupArn")))
        for each in (action.get("ForwardConfig") or {}).get("TargetGroups") or ():
            found.add(str(each.get("TargetGroupArn")))
    return found


def covers(wide: Record, narrow: Record) -> bool:
    """Whether every request of rule `narrow` also fits `wide`: each condition of `wide` is met by one of `narrow`. Pure.

    Host and path patterns are compared; a condition of another kind (header, query, source) covers only its equal.
    """
    inside = _conditions(narrow)
    for name, patterns in _conditions(wide).items():
        values = inside.get(name)
        if values is None:
            if "*" not in patterns and "/*" not in patterns:
                return False
        elif not all(any(_pattern(each, value, name) for each in patterns) for value in values):
            return False
    return True


def _conditions(rule: Record) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in rule.get("Conditions") or ():
        name = str(each.get("Field"))
        config = each.get("HostHeaderConfig") or each.get("PathPatternConfig") or {}
        values: list[Any] = list(config.get("Values") or each.get("Values") or ()) or [
            repr(sorted(each.items(), key=str))
        ]
        found[name] = [str(value) for value in values]
    return found


def _pattern(pattern: str, value: str, name: str) -> bool:
    """Whether all that fits `value` fits `pattern`: * and ? stand for themselves in `value`."""
    if name not in ("host-header", "path-pattern"):
        return pattern == value
    text = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return bool(re.fullmatch(text, value, re.IGNORECASE if name == "host-header" else 0))


def database(found: Snapshot) -> Iterator[Finding]:
    """It is available, and a task that was asked gets through."""
    known = found.database
    if known is not None and known.rds is not None:
        status = str(known.rds.get("DBInstanceStatus") or known.rds.get("Status") or "")
        if status and status not in (
            "available",
            "backing-up",
            "modifying",
            "storage-optimization",
            "configuring-enhanced-monitoring",
        ):
            name = known.rds.get("DBInstanceIdentifier") or known.rds.get("DBClusterIdentifier")
            start = (
                f"`aws rds start-db-instance --db-instance-identifier {name}`"
                if status == "stopped"
                else "wait, or see its events in RDS"
            )
            yield Finding("database", f"database {name} is {status}", start)
    if found.probe:
        yield Finding(
            "database",
            f"a task does not reach the database: {found.probe}",
            "check the security groups, the subnets' network ACLs, the host name in the settings and the database's own allowed addresses",
        )


def migration(found: Snapshot) -> Iterator[Finding]:
    """The last run succeeded, and so it did where its exit code says so; none is executing beyond its time."""
    last = found.last or {}
    if last.get("status") == "failed":
        yield Finding(
            "migration",
            f"the last migration failed: {last.get('cause') or 'no cause known'}",
            "`migratable-ecs show -s STACK` says why; docs/operating.md, `A migration failed`",
        )
    lines = "\n".join(str(each) for each in last.get("last_lines") or ())
    if last.get("status") == "succeeded" and _FAILED.search(lines):
        line = next(each for each in lines.splitlines() if _FAILED.search(each))
        yield Finding(
            "exit-code",
            f"the last migration ended with exit code 0, but its log says {line.strip()[:80]!r}",
            "look at `migratable-ecs pending`; Laravel hides failures when it cannot write its log: set LOG_CHANNEL=stderr",
        )
    for task, age in found.executing:
        if age > found.timeout:
            yield Finding(
                "migration",
                f"task {task[:8]} of the migration has been executing for {age / 3600:.1f} h, its timeout is {found.timeout / 3600:.1f} h",
                "nobody follows it any longer: `migratable-ecs run` adopts it, `migratable-ecs stop` stops it",
            )


def log_channel(found: Snapshot) -> Iterator[Finding]:
    """Laravel without a writable log ends with exit code 0 although `migrate` failed."""
    for which in found.definitions:
        for container in found.containers(which):
            words = " ".join(
                str(each) for key in ("entryPoint", "command") for each in container.get(key) or ()
            )
            settings = {str(e["name"]): str(e.get("value")) for e in container.get("environment") or ()}
            secret = {str(each["name"]) for each in container.get("secrets") or ()}
            laravel = "artisan" in words or {"APP_KEY", "DB_CONNECTION"} <= {*settings, *secret}
            channel = settings.get("LOG_CHANNEL", "")
            channels = settings.get("LOG_STACK", "").split(",") if channel == "stack" else [channel]
            if laravel and "LOG_CHANNEL" not in secret and not set(channels) <= set(_NO_FILE):
                yield Finding(
                    "exit-code",
                    f"container {container['name']} of the {which} is Laravel with LOG_CHANNEL {channel or 'not set'}: "
                    "without a writable log file, a failed migration ends with exit code 0",
                    "set LOG_CHANNEL to stderr in `environment`",
                )


def _tail(arn: Any) -> str:
    return str(arn or "").rsplit("/", 1)[-1]
