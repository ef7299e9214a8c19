"""`migratable-ecs scale`: the number of tasks, and the limits between which ECS scales by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from . import exit_codes
from .confirm import confirm
from .desk import Desk, operator_options
from .errors import CommandError
from .outside import Interrupts
from .revisions import ask, describe_service, update_service

#: Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
_DIMENSION = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}


@dataclass(frozen=True)
class Limits:
    """Between which Application Auto Scaling keeps the number of tasks."""

    minimum: int
    maximum: int


@click.command("scale")
@operator_options
@click.argument("count", type=click.IntRange(0, 5000), required=False)
@click.option(
    "--min", "minimum", type=click.IntRange(0, 5000), help="Of a service that scales by itself: fewest tasks."
)
@click.option(
    "--max", "maximum", type=click.IntRange(0, 5000), help="Of a service that scales by itself: most tasks."
)
@click.option("--no-wait", is_flag=True, help="Do not wait until so many tasks run.")
@click.option(
    "--timeout",
    type=click.IntRange(1, 86400),
    default=600,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait.",
)
@click.option("--yes", is_flag=True, help="Do not ask (no task at all, or fewer in production, asks).")
def command(
    desk: Desk,
    count: int | None,
    minimum: int | None,
    maximum: int | None,
    no_wait: bool,
    timeout: int,
    yes: bool,
) -> None:
    """Set the number of tasks to COUNT; without it show it.

    A service that scales by itself goes back between its limits whatever COUNT is: give --min and --max with it, or without it.
    """
    service = describe_service(desk)
    limits = limits_of(desk, service)
    wanted = wanted_limits(limits, minimum, maximum)
    now = int(service.get("desiredCount", 0))
    if count is not None and wanted is not None and not wanted.minimum <= count <= wanted.maximum:
        raise CommandError(
            f"{count} tasks are outside of {wanted.minimum} to {wanted.maximum}, between which the service scales by itself: "
            "give --min or --max too"
        )
    changes = count is not None or wanted != limits
    if changes:
        _agreed(desk, service, now if count is None else count, wanted, yes=yes)
    if wanted is not None and wanted != limits:
        _set_limits(desk, service, wanted)
    if count is not None:
        update_service(desk, desiredCount=count)
        if not no_wait:
            _wait(desk, count, float(timeout))
    if changes:
        _say_what_pulumi_does(desk, scaled=wanted is not None, limits_changed=wanted != limits)
        service = describe_service(desk)
    data = {
        "service": str(service["serviceName"]),
        "desired": int(service.get("desiredCount", 0)),
        "running": int(service.get("runningCount", 0)),
        "before": now,
        "limits": {"min": wanted.minimum, "max": wanted.maximum} if wanted else None,
    }
    desk.screen.result(data, lambda: _draw(desk, data))


def wanted_limits(limits: Limits | None, minimum: int | None, maximum: int | None) -> Limits | None:
    """The limits asked for, the present ones where none are. Pure.

    Raises:
        CommandError: there are none to change, or they do not fit.
    """
    if minimum is None and maximum is None:
        return limits
    if limits is None:
        raise CommandError(
            "--min and --max are for a service that scales by itself, which this one does not: give it `scaling` in the program"
        )
    found = Limits(
        limits.minimum if minimum is None else minimum, limits.maximum if maximum is None else maximum
    )
    if found.minimum > found.maximum:
        raise CommandError(
            f"--min would be {found.minimum} and --max {found.maximum}: the least must not be above the most",
            exit_codes.USAGE,
        )
    return found


def _agreed(desk: Desk, service: Mapping[str, Any], count: int, limits: Limits | None, *, yes: bool) -> None:
    """No task at all is an outage; fewer ones are, in production, worth a question."""
    now, name = int(service.get("desiredCount", 0)), service["serviceName"]
    least = min(count, limits.maximum) if limits else count
    if now > 0 and least == 0:
        lost = [
            "nobody answers requests until it is scaled up again; what the tasks are doing is broken off after their stopTimeout"
        ]
        confirm(desk, f"stop all {now} tasks of service {name}", lost, yes=yes)
    elif least < now and desk.production:
        lost = ["the tasks that remain carry the whole load"]
        confirm(desk, f"scale service {name} from {now} to {least} tasks", lost, yes=yes)


def _resource(desk: Desk, service: Mapping[str, Any]) -> str:
    return f"service/{desk.target.cluster.rsplit('/', 1)[-1]}/{service['serviceName']}"


def limits_of(desk: Desk, service: Mapping[str, Any]) -> Limits | None:
    """None where it does not scale by itself, or where that may not be asked: operator_policy has it for services that do."""
    from ..migration.ecs import AwsCallFailed

    scaling = desk.client("application-autoscaling")
    try:
        reply = ask(
            desk,
            "DescribeScalableTargets",
            lambda: scaling.describe_scalable_targets(ResourceIds=[_resource(desk, service)], **_DIMENSION),
        )
    except AwsCallFailed as failed:
        if not failed.error.code.startswith("AccessDenied"):
            raise
        desk.screen.say(
            "whether the service scales by itself may not be asked: it is taken for one that does not"
        )
        return None
    found = next(iter(reply.get("ScalableTargets", ())), None)
    return Limits(int(found["MinCapacity"]), int(found["MaxCapacity"])) if found else None


def _set_limits(desk: Desk, service: Mapping[str, Any], limits: Limits) -> None:
    scaling = desk.client("application-autoscaling")
    ask(
        desk,
        "RegisterScalableTarget",
        lambda: scaling.register_scalable_target(
            ResourceId=_resource(desk, service),
            MinCapacity=limits.minimum,
            MaxCapacity=limits.maximum,
            **_DIMENSION,
        ),
    )


def _wait(desk: Desk, count: int, timeout: float) -> None:
    """Until so many tasks run."""
    said = Interrupts(lambda: desk.screen.say("Ctrl-C: ECS goes on; see `migratable-ecs status`"))
    ends = desk.clock.monotonic() + timeout
    with desk.screen.progress(desk.clock.monotonic) as progress, desk.outside.ctrl_c(said) as interrupts:
        while True:
            running = int(describe_service(desk).get("runningCount", 0))
            if running == count:
                return
            if interrupts.asked() or desk.clock.monotonic() >= ends:
                raise CommandError(
                    f"{running} of {count} tasks run; ECS goes on: `migratable-ecs status` says why it takes so long",
                    exit_codes.NO_RESULT,
                )
            progress.phase = f"{running} of {count} tasks run"
            progress.tick()
            desk.clock.sleep(2.0)


def _say_what_pulumi_does(desk: Desk, *, scaled: bool, limits_changed: bool) -> None:
    if not desk.target.stack:
        return
    if limits_changed:
        desk.screen.say(
            "Pulumi sets the limits back at its next change of them: write them into `scaling` in the program"
        )
    elif not scaled:
        desk.screen.say(
            "the next `pulumi up --refresh` sets the number of the program again: write it into `desired_count`"
        )


def _draw(desk: Desk, data: Mapping[str, Any]) -> None:
    limits = data["limits"]
    before = f" (before: {data['before']})" if data["before"] != data["desired"] else ""
    desk.screen.facts(
        [
            ("service", data["service"]),
            ("tasks", f"{data['running']} of {data['desired']} run{before}"),
            ("scales", f"by itself, {limits['min']} to {limits['max']}" if limits else "not by itself"),
        ]
    )
