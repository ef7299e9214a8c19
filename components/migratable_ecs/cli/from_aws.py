"""A target without Pulumi: network, capacity and roles as the running service has them, the newest task definition of the family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..migration import guard
from ..migration.clock import Clock
from ..migration.ecs import AwsCallFailed, call
from ..migration.session import AwsSettings, Clients
from . import exit_codes
from .errors import CommandError
from .target import Migration, Target

#: What the component appends to the service's name for the migration's family.
SUFFIX = "-migrate"


def target(
    clients: Clients,
    clock: Clock,
    settings: AwsSettings,
    *,
    cluster: str,
    service: str,
    family: str,
    container: str = "",
) -> Target:
    """The service of `cluster`, and the migration whose task definition `family` names (default: `{service}-migrate`, if there is one).

    Args:
        service: default the family without `-migrate`.
        container: of the migration; default the only essential one.

    Raises:
        CommandError: no such service or family.
        AwsCallFailed: AWS does not answer.
    """
    ecs = clients.client("ecs")
    wanted = service or family.removesuffix(SUFFIX)
    found = _service(ecs, clock, cluster, wanted)
    if found is None and service:
        raise CommandError(
            f"cluster {cluster} has no service {service!r} in {_where(settings)}", exit_codes.NOT_FOUND
        )
    if found is None:
        raise CommandError(
            f"cluster {cluster} has no service {wanted!r}, whose network the migration would have: name it with --service",
            exit_codes.NOT_FOUND,
        )
    definition = _definition(ecs, clock, family or wanted + SUFFIX)
    if definition is None and family:
        raise CommandError(
            f"there is no task definition of family {family!r} in {_where(settings)}", exit_codes.NOT_FOUND
        )
    protected = any(map(guard.is_protected, (cluster, wanted, family)))
    region = settings.region or str(found["serviceArn"]).split(":")[3]
    props = _props(found, definition, cluster, wanted, region, container) if definition else None
    return Target(
        title=f"cluster {cluster}",
        name=wanted,
        cluster=cluster,
        service=str(found["serviceName"]),
        region=region,
        environment=cluster,
        protected=protected,
        aws=settings,
        migration=Migration(props) if props else None,
        outputs={"task_definition_arn": found.get("taskDefinition", "")},
    )


def _props(
    service: Mapping[str, Any],
    definition: Mapping[str, Any],
    cluster: str,
    name: str,
    region: str,
    container: str,
) -> dict[str, Any]:
    network = (service.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
    main = _container(definition, container)
    arn = str(definition["taskDefinitionArn"])
    return {
        "urn": f"urn:ecs:{cluster}:{definition['family']}",
        "service": name,
        "stack": "",
        "cluster": cluster,
        "family": definition["family"],
        "task_definition": arn,
        "container": main["name"],
        "image": str(main["image"]),
        # An image by its tag has no digest before it is pulled.
        "image_digest": str(main["image"]).partition("@")[2],
        "subnets": network.get("subnets") or [],
        "security_groups": network.get("securityGroups") or [],
        "assign_public_ip": network.get("assignPublicIp") == "ENABLED",
        "launch": _launch(service),
        "account": arn.split(":")[4],
        "region": region,
    }


def _launch(service: Mapping[str, Any]) -> dict[str, Any]:
    strategy = service.get("capacityProviderStrategy")
    launch: dict[str, Any] = (
        {"capacityProviderStrategy": strategy}
        if strategy
        else {"launchType": service.get("launchType") or "FARGATE"}
    )
    if service.get("platformVersion"):
        launch["platformVersion"] = service["platformVersion"]
    return launch


def _container(definition: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    containers = definition["containerDefinitions"]
    essential = [each for each in containers if each.get("essential", True)]
    fitting = [each for each in containers if each["name"] == name] if name else essential
    if len(fitting) != 1:
        names = ", ".join(str(each["name"]) for each in containers)
        raise CommandError(
            f"which container of {definition['family']} is the migration? name one with --container ({names})",
            exit_codes.USAGE,
        )
    return dict(fitting[0])


def _service(ecs: Any, clock: Clock, cluster: str, name: str) -> Mapping[str, Any] | None:
    try:
        reply = call(
            clock, "DescribeServices", lambda: ecs.describe_services(cluster=cluster, services=[name])
        )
    except AwsCallFailed as failed:
        if failed.error.code != "ClusterNotFoundException":
            raise
        raise CommandError(
            f"there is no cluster {cluster!r}: check the name, the region and the account",
            exit_codes.NOT_FOUND,
        ) from failed
    active = [each for each in reply.get("services", ()) if each.get("status") != "INACTIVE"]
    return dict(active[0]) if active else None


def _definition(ecs: Any, clock: Clock, family: str) -> Mapping[str, Any] | None:
    try:
        reply = call(
            clock, "DescribeTaskDefinition", lambda: ecs.describe_task_definition(taskDefinition=family)
        )
    except AwsCallFailed as failed:
        if failed.error.code != "ClientException":
            raise
        return None
    return dict(reply["taskDefinition"])


def _where(settings: AwsSettings) -> str:
    return settings.region or "the region of this machine's configuration"
