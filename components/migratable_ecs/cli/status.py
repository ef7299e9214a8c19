"""`migratable-ecs status`: what runs, whether the roll is through, what the load balancer says, and the last migration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from ..migration.decide import short
from . import exit_codes
from .desk import Desk, operator_options
from .errors import CommandError
from .history import when
from .outside import Interrupts
from .revisions import describe_services, revision, target_groups
from .screen import duration

#: Events of the service that are shown.
EVENTS = 3


@click.command("status")
@operator_options
@click.option("--watch", is_flag=True, help="Again every few seconds, until Ctrl-C.")
@click.option(
    "--interval",
    type=click.IntRange(1, 3600),
    default=5,
    show_default=True,
    metavar="SECONDS",
    help="With --watch.",
)
@click.option(
    "--check",
    is_flag=True,
    help="Exit code 8 unless the service is steady, its targets healthy and the last run no failure.",
)
def command(desk: Desk, watch: bool, interval: int, check: bool) -> None:
    """Service, deployments and rollout, targets with reasons, the last migration and the one that is running."""
    if watch and desk.screen.as_json:
        raise CommandError(
            "--watch draws a screen: leave --json out, or call it again and again", exit_codes.USAGE
        )
    if watch:
        _watch(desk, interval)
        return
    data = collect(desk)
    desk.screen.result(data, lambda: _draw(desk, data))
    if check and data["problems"]:
        for problem in data["problems"]:
            desk.screen.say(f"problem: {problem}")
        click.get_current_context().exit(exit_codes.FINDINGS)


def _watch(desk: Desk, interval: int) -> None:
    """Until Ctrl-C, which is how it ends: no error, from the first screen on."""
    with desk.outside.ctrl_c(Interrupts(lambda: None)) as interrupts:
        while True:
            data = collect(desk)
            if desk.screen.out.is_terminal:
                click.clear()
            _draw(desk, data)
            if interrupts.asked():
                return
            desk.clock.sleep(float(interval))


def collect(desk: Desk) -> dict[str, Any]:
    """Everything that is shown, as plain data."""
    target = desk.target
    name = target.need_service()
    services = describe_services(desk, [name, *target.workers.values()])
    service = services.get(name)
    if not service:
        raise CommandError(
            f"cluster {target.cluster} has no service {name}: run `pulumi up`", exit_codes.NOT_FOUND
        )
    data: dict[str, Any] = {
        "title": target.title,
        "name": target.name,
        "service": _service(service),
        "image": revision(desk, str(service["taskDefinition"])).image,
        "url": target.outputs.get("url"),
        "unfinished": target.unfinished,
        "deployments": [_deployment(each) for each in service.get("deployments", ())],
        "targets": _targets(desk, service),
        "workers": [_worker(key, each, services.get(each, {})) for key, each in target.workers.items()],
        "events": [str(event.get("message", "")) for event in service.get("events", ())[:EVENTS]],
        "migration": _migration(desk),
    }
    return {**data, "problems": problems(data)}


def problems(data: Mapping[str, Any]) -> list[str]:
    """A sentence for each thing that is not as it should be. Pure."""
    service, found = data["service"], []
    if service["status"] != "ACTIVE":
        found.append(f"the service is {service['status']}")
    if service["running"] < service["desired"]:
        found.append(f"{service['running']} of {service['desired']} tasks run")
    if data["unfinished"]:
        found.append("the last update did not get past the migration")
    found += [
        f"deployment of {each['task_definition']} is {each['rollout']}: {each['reason']}"
        for each in data["deployments"]
        if each["rollout"] not in ("COMPLETED", "")
    ]
    for each in data["workers"]:
        found += [f"worker {each['name']}: {problem}" for problem in _worker_problems(each)]
    found += [
        f"target {t['id']} is {t['state']}: {t['reason']}"
        for t in data["targets"]
        if t["state"] not in ("healthy", "draining")
    ]
    last = (data["migration"] or {}).get("last")
    if last and last["status"] == "failed":
        found.append(f"the last migration failed: {last['cause']}")
    return found


def _worker_problems(worker: Mapping[str, Any]) -> list[str]:
    if worker["status"] != "ACTIVE":
        return [f"its service is {worker['status']}"]
    found = []
    if worker["running"] < worker["desired"]:
        found.append(f"{worker['running']} of {worker['desired']} tasks run")
    if worker["rollout"] not in ("COMPLETED", ""):
        found.append(f"its deployment is {worker['rollout']}: {worker['reason']}")
    return found


def _worker(key: str, name: str, service: Mapping[str, Any]) -> dict[str, Any]:
    """One worker's service, and its newest deployment; status `missing` where ECS has none such."""
    newest: Mapping[str, Any] = next(
        (each for each in service.get("deployments", ()) if each.get("status") == "PRIMARY"), {}
    )
    deployment = _deployment(newest)
    return {
        **_service({"status": "missing", **service, "serviceName": key}),
        "service": name,
        "rollout": deployment["rollout"],
        "reason": deployment["reason"],
    }


def _service(service: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": str(service["serviceName"]),
        "status": str(service.get("status", "")),
        "desired": int(service.get("desiredCount", 0)),
        "running": int(service.get("runningCount", 0)),
        "pending": int(service.get("pendingCount", 0)),
        "task_definition": _tail(service.get("taskDefinition")),
    }


def _deployment(each: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "status": str(each.get("status", "")),
        "rollout": str(each.get("rolloutState") or ""),
        "reason": str(each.get("rolloutStateReason") or ""),
        "task_definition": _tail(each.get("taskDefinition")),
        "desired": int(each.get("desiredCount", 0)),
        "running": int(each.get("runningCount", 0)),
        "failed": int(each.get("failedTasks", 0)),
        "since": each["createdAt"].isoformat(timespec="seconds") if each.get("createdAt") else None,
    }


def _targets(desk: Desk, service: Mapping[str, Any]) -> list[dict[str, Any]]:
    groups = [str(each["targetGroupArn"]) for each in target_groups(service)]
    return [_target(each) for group in groups for each in _health(desk, group)]


def _health(desk: Desk, group: str) -> list[Mapping[str, Any]]:
    from ..migration.ecs import call

    elb = desk.client("elbv2")
    reply = call(desk.clock, "DescribeTargetHealth", lambda: elb.describe_target_health(TargetGroupArn=group))
    return list(reply.get("TargetHealthDescriptions", ()))


def _target(found: Mapping[str, Any]) -> dict[str, Any]:
    health = found.get("TargetHealth") or {}
    return {
        "id": f"{found['Target']['Id']}:{found['Target'].get('Port', '')}",
        "state": str(health.get("State", "")),
        "reason": " ".join(str(health[key]) for key in ("Reason", "Description") if health.get(key)),
    }


def _migration(desk: Desk) -> dict[str, Any] | None:
    if desk.target.migration is None:
        return None
    from .facts import MigrationFacts
    from .stop import whose

    facts = MigrationFacts(desk)
    running = facts.executing()
    last = next(iter(reversed(facts.runs(20))), None)
    return {
        "family": facts.migration.family,
        "digest": facts.migration.digest,
        "running": {
            "task": running[-1].id,
            "status": str(running[-1].raw.get("lastStatus", "")),
            "by": whose(running[-1]),
            "seconds": round(max(0.0, facts.ecs.now() - running[-1].created)),
        }
        if running
        else None,
        "last": {
            "run": str(last.get("run", "")),
            "status": str(last.get("status", "")),
            "digest": str(last.get("digest", "")),
            "cause": str(last.get("cause") or ""),
            "started_at": str(last.get("started_at", "")),
            "seconds": (last.get("timings") or {}).get("run"),
        }
        if last
        else None,
    }


def _draw(desk: Desk, data: Mapping[str, Any]) -> None:
    service, migration = data["service"], data["migration"] or {}
    running, last = migration.get("running"), migration.get("last")
    desk.screen.facts(
        [
            ("service", f"{service['name']} ({data['title']})"),
            ("status", service["status"]),
            ("tasks", f"{service['running']} of {service['desired']} run, {service['pending']} pending"),
            ("revision", service["task_definition"]),
            ("image", _short_image(data["image"])),
            ("url", data["url"]),
            (
                "migrating",
                f"{running['task'][:8]} {running['status']} for {duration(running['seconds'])}, by {running['by']}"
                if running
                else "",
            ),
            ("migration", _last(last) if migration else "none"),
            (
                "update",
                f"the last one did not get past the migration of {short(migration['digest'])}"
                if data["unfinished"]
                else "",
            ),
        ]
    )
    desk.screen.table(
        ["deployment", "revision", "rollout", "tasks", "failed", "reason"],
        [
            [
                d["status"],
                d["task_definition"],
                d["rollout"],
                f"{d['running']}/{d['desired']}",
                d["failed"],
                d["reason"],
            ]
            for d in data["deployments"]
        ],
        right=["tasks", "failed"],
    )
    if data["targets"]:
        desk.screen.table(
            ["target", "state", "reason"], [[t["id"], t["state"], t["reason"]] for t in data["targets"]]
        )
    if data["workers"]:
        desk.screen.table(
            ["worker", "service", "revision", "rollout", "tasks"],
            [
                [
                    each["name"],
                    each["service"],
                    each["task_definition"],
                    (each["rollout"] or each["status"]) if each["status"] == "ACTIVE" else each["status"],
                    f"{each['running']}/{each['desired']}",
                ]
                for each in data["workers"]
            ],
        )
    for event in data["events"]:
        desk.screen.print(f"event: {event}")


def _last(last: Mapping[str, Any] | None) -> str:
    if last is None:
        return "never run"
    took = f" in {duration(last['seconds'])}" if last["seconds"] is not None else ""
    cause = f" ({last['cause']})" if last["cause"] else ""
    return f"{last['status']}{cause}{took}, {short(last['digest'])}, {when(last['started_at'])[:16]} UTC"


def _short_image(image: str) -> str:
    """`repository@sha256:` with twelve digits, without the registry."""
    name, at, digest = image.rsplit("/", 1)[-1].partition("@")
    return f"{name}@{short(digest)}" if at else name


def _tail(arn: Any) -> str:
    return str(arn or "").rsplit("/", 1)[-1]
