"""Revisions of the service's task definition, and what rolls a service: a revision or a number of tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from . import exit_codes
from .desk import Desk
from .errors import CommandError
from .outside import Interrupts

T = TypeVar("T")

#: What RegisterTaskDefinition takes of what DescribeTaskDefinition gives.
#: Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
_REGISTERED = (
    "family", "taskRoleArn", "executionRoleArn", "networkMode", "containerDefinitions", "volumes", "placementConstraints",
    "requiresCompatibilities", "cpu", "memory", "pidMode", "ipcMode", "proxyConfiguration", "inferenceAccelerators", "ephemeralStorage",
    "runtimePlatform", "enableFaultInjection",
)  # fmt: skip


#: Of DescribeServices. Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html
SERVICES_AT_ONCE = 10


@dataclass(frozen=True)
class Revision:
    """One revision. `active`: whether a service may be given it; `image`: of the app (main_image)."""

    arn: str
    active: bool
    image: str
    definition: Mapping[str, Any]

    @property
    def name(self) -> str:
        """`web:7`."""
        return tail(self.arn)

    @property
    def number(self) -> int:
        return int(self.arn.rsplit(":", 1)[-1])


def tail(arn: Any) -> str:
    """What comes after the last slash."""
    return str(arn or "").rsplit("/", 1)[-1]


def main_image(definition: Mapping[str, Any], migrated: str = "") -> str:
    """Image of the app: from the repository of the image `migrated`, since a proxy beside the app may have its ports;
    else of the container that has ports, else of the first. Pure.
    """
    containers: Sequence[Mapping[str, Any]] = definition.get("containerDefinitions") or ()
    same = [
        each for each in containers if migrated and _repository(each.get("image")) == _repository(migrated)
    ]
    ports = [each for each in same or containers if each.get("portMappings")]
    main: Mapping[str, Any] = next(iter(ports or same or containers), {})
    return str(main.get("image", ""))


def _repository(image: Any) -> str:
    """With its registry, without tag and digest."""
    head, slash, name = str(image or "").partition("@")[0].rpartition("/")
    return f"{head}{slash}{name.partition(':')[0]}"


def ask(desk: Desk, operation: str, function: Callable[[], T], *, tries: int = 8) -> T:
    """One AWS call, again while it is throttled (migration/ecs.py); botocore is imported by it, not by `--help`."""
    from ..migration.ecs import call

    return call(desk.clock, operation, function, tries=tries)


def describe_service(desk: Desk) -> Mapping[str, Any]:
    """DescribeServices of the target's service.

    Raises:
        CommandError: there is none.
    """
    target, ecs = desk.target, desk.client("ecs")
    name = target.need_service()
    reply = ask(
        desk, "DescribeServices", lambda: ecs.describe_services(cluster=target.cluster, services=[name])
    )
    found = [each for each in reply.get("services", ()) if each.get("status") != "INACTIVE"]
    if not found:
        raise CommandError(
            f"cluster {target.cluster} has no service {name}: run `pulumi up`", exit_codes.NOT_FOUND
        )
    return dict(found[0])


def describe_services(desk: Desk, names: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """DescribeServices of the target's cluster, by name; one that ECS does not know is left out."""
    ecs, cluster = desk.client("ecs"), desk.target.cluster
    found: dict[str, Mapping[str, Any]] = {}
    for first in range(0, len(names), SERVICES_AT_ONCE):
        some = list(names[first : first + SERVICES_AT_ONCE])
        reply = ask(desk, "DescribeServices", lambda: ecs.describe_services(cluster=cluster, services=some))  # noqa: B023
        found.update({str(each["serviceName"]): dict(each) for each in reply.get("services", ())})
    return found


def target_groups(service: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Entries of `loadBalancers`, one a target group: with blue/green the alternate one too, which may have the requests. Pure.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AdvancedConfiguration.html
    """
    found: list[Mapping[str, Any]] = []
    for each in service.get("loadBalancers") or ():
        alternate = (each.get("advancedConfiguration") or {}).get("alternateTargetGroupArn")
        arns = [arn for arn in (each.get("targetGroupArn"), alternate) if arn]
        found += [{**each, "targetGroupArn": arn} for arn in arns]
    return found


def own_rolls(service: Mapping[str, Any]) -> None:
    """Refuse a service whose deployments another service makes.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
    """
    controller = (service.get("deploymentController") or {}).get("type") or "ECS"
    if controller != "ECS":
        raise CommandError(
            f"service {service['serviceName']} has the deployment controller {controller}, and only with ECS does it take a revision from "
            "here: roll back there (CodeDeploy: stop the deployment with its rollback)"
        )


def revision(desk: Desk, arn: str) -> Revision:
    """One revision, INACTIVE ones too."""
    ecs = desk.client("ecs")
    reply = ask(desk, "DescribeTaskDefinition", lambda: ecs.describe_task_definition(taskDefinition=arn))
    definition, migration = reply["taskDefinition"], desk.target.migration
    return Revision(
        str(definition["taskDefinitionArn"]),
        definition.get("status") == "ACTIVE",
        main_image(definition, str(migration.props.get("image") or "") if migration else ""),
        definition,
    )


def earlier(desk: Desk, current: str, limit: int = 20) -> list[Revision]:
    """Revisions of the same family before `current` (an ARN), newest first, at most `limit`; those that were deregistered too."""
    family, _, number = tail(current).rpartition(":")
    arns: list[str] = []
    for status in ("ACTIVE", "INACTIVE"):
        arns += _listed(desk, family, status)
    before = sorted((n for n in map(_number, arns) if n < int(number)), reverse=True)
    prefix = current.rpartition(":")[0]
    return [revision(desk, f"{prefix}:{each}") for each in before[:limit]]


def _listed(desk: Desk, family: str, status: str) -> list[str]:
    """familyPrefix is the whole name of a family. Source: API reference of ListTaskDefinitions."""
    ecs = desk.client("ecs")
    arns: list[str] = []
    page: dict[str, str] = {}
    while True:
        request = {"familyPrefix": family, "status": status, "sort": "DESC", **page}
        reply = ask(desk, "ListTaskDefinitions", lambda: ecs.list_task_definitions(**request))  # noqa: B023
        arns += [arn for arn in reply.get("taskDefinitionArns", ()) if tail(arn).rpartition(":")[0] == family]
        if not reply.get("nextToken"):
            return arns
        page = {"nextToken": reply["nextToken"]}


def _number(arn: str) -> int:
    return int(arn.rsplit(":", 1)[-1])


def usable(desk: Desk, chosen: Revision) -> Revision:
    """`chosen`, or a copy of it where it was deregistered: a service takes ACTIVE revisions only."""
    if chosen.active:
        return chosen
    ecs = desk.client("ecs")
    request = {
        key: chosen.definition[key] for key in _REGISTERED if chosen.definition.get(key) not in (None, [])
    }
    # Not repeated: a second call would make a second revision.
    reply = ask(desk, "RegisterTaskDefinition", lambda: ecs.register_task_definition(**request), tries=1)
    made = revision(desk, str(reply["taskDefinition"]["taskDefinitionArn"]))
    desk.screen.say(f"{chosen.name} was deregistered: its copy {made.name} is used")
    return made


def update_service(desk: Desk, **changes: Any) -> None:
    """UpdateService."""
    ecs, target = desk.client("ecs"), desk.target
    ask(
        desk,
        "UpdateService",
        lambda: ecs.update_service(cluster=target.cluster, service=target.service, **changes),
    )


def wait_until_steady(desk: Desk, arn: str, timeout: float) -> None:
    """Return when the service is steady on revision `arn`; shows what it waits for.

    Raises:
        CommandError: it is not, after `timeout` seconds, or ECS took it back, or Ctrl-C.
    """
    from ..migration.errors import MigrationInterrupted
    from ..migration.rollout import RolloutFailed, RolloutSpec, wait_until_rolled

    said = Interrupts(
        lambda: desk.screen.say("Ctrl-C: the service goes on rolling; see `migratable-ecs status`")
    )
    spec = RolloutSpec(desk.target.cluster, desk.target.service, arn, timeout)
    with desk.screen.progress(desk.clock.monotonic) as progress, desk.outside.ctrl_c(said) as interrupts:

        def console(line: str) -> None:
            progress.phase = line
            progress.line(line)

        def cancelled() -> bool:
            progress.tick()
            return interrupts.asked()

        try:
            wait_until_rolled(spec, desk.client("ecs"), desk.clock, console, cancelled)
        except RolloutFailed as failed:
            raise CommandError(str(failed), exit_codes.FAILED) from failed
        except MigrationInterrupted as end:
            raise CommandError(f"no result (Ctrl-C): {end}", exit_codes.NO_RESULT) from end
