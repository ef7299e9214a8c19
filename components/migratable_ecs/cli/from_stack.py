"""A target out of a Pulumi stack: what `pulumi stack export` says. Pure but for `read`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..migration.guard import is_protected
from ..migration.session import AwsSettings, Clients
from ..migration.state import AWS_KEYS, aws_settings
from . import exit_codes
from .errors import CommandError
from .outside import Outside
from .target import Migration, Target
from .unfinished import CONTAINER, DEFINITION, first_update, of_this_update

COMPONENT = "migratable-ecs:index:MigratableEcsService"
MIGRATION_RUN = "pulumi-python:dynamic/ecs:MigrationRun"
SERVICE = "aws:ecs/service:Service"
#: Key by which the engine marks a secret, and its value. Source: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig.go
SECRET_MARK = "4dabf18193072939515e22adb298388d"

Resource = Mapping[str, Any]


def read(outside: Outside, stack: str, folder: Path) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    """(deployment, configuration) of `stack`, asked for side by side."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        export = pool.submit(outside.pulumi, ["stack", "export", "--stack", stack], folder)
        config = pool.submit(outside.pulumi, ["config", "--json", "--stack", stack], folder)
        deployment, entries = export.result(), config.result()
    if any(entries.get(key, {}).get("secret") for key in AWS_KEYS) or _hides_migration(deployment):
        entries = outside.pulumi(["config", "--json", "--show-secrets", "--stack", stack], folder)
        shown = outside.pulumi(["stack", "export", "--show-secrets", "--stack", stack], folder)
        deployment = _with_migrations(deployment, shown)
    values = {key: _text(entry) for key, entry in entries.items() if not _is_hidden(key, entry)}
    return deployment, values


def clients(outside: Outside, stack: str, folder: Path) -> Clients:
    """boto3 clients on the account, region and endpoint that an update of `stack` asks: its configuration's.

    Raises:
        CommandError: no such stack, or it cannot be read.
    """
    _, config = read(outside, stack, folder)
    return outside.clients(aws_settings({}, config))


def target(
    deployment: Mapping[str, Any],
    config: Mapping[str, str],
    stack: str,
    *,
    service: str = "",
    family: str = "",
    aws: Mapping[str, str] | None = None,
) -> Target:
    """The service of the stack, or the one that `service` (of the program or of ECS) or `family` (of a migration) names.

    `service` may name a worker too, by its key in the program or as ECS has it: then that is the service, and the migration is the app's.

    Args:
        aws: region and profile of the command line, which go before those of the stack.

    Raises:
        CommandError: no such service, or several and none named.
    """
    resources = tuple((deployment.get("deployment") or {}).get("resources") or ())
    component = _pick(resources, stack, service, family)
    outputs = plain(component.get("outputs") or {})
    workers = _workers(resources, component)
    worker = workers.get(_named(component, workers, service))
    name = _name(worker or component)
    runs = [each for each in _below(resources, component) if each["type"] == MIGRATION_RUN]
    run = next((each for each in runs if not family or _input(each, "family") == family), None)
    props, unfinished = _migration(resources, component, run, config)
    ecs = next((each for each in _services(resources, component) if _name(each) == _name(component)), None)
    settings = _settings(props, config, aws or {})
    environment = str(props.get("environment_name") or stack)
    return Target(
        title=f"stack {_qualified(component, stack)}",
        name=name,
        cluster=str(outputs.get("cluster") or props.get("cluster") or ""),
        service=_ecs_name(worker)
        if worker
        else str(outputs.get("service_name") or (_ecs_name(ecs) if ecs else "")),
        region=settings.region,
        stack=stack.rsplit("/", 1)[-1],
        environment=environment,
        protected=bool(props["protected"]) if "protected" in props else is_protected(environment),
        aws=settings,
        migration=Migration(props, plain(run.get("outputs") or {}) if run else {}) if props else None,
        unfinished=unfinished,
        workers={} if worker else {key: _ecs_name(each) for key, each in workers.items()},
        asked=service or (name if family else ""),
        outputs=_outputs_of(worker) if worker else outputs,
        resources=resources,
        config=config,
    )


def _migration(
    resources: Sequence[Resource], component: Resource, run: Resource | None, config: Mapping[str, str]
) -> tuple[Mapping[str, Any], bool]:
    """Inputs of the MigrationRun, and whether the last update did not get past it; empty when there is no migration."""
    name = _name(run) if run else f"{_name(component)}-{CONTAINER}"
    found = (
        each for each in _below(resources, component) if each["type"] == DEFINITION and _name(each) == name
    )
    definition = plain(next(found, {}).get("outputs") or {})
    if run is None:
        urn, qualified = str(component["urn"]), _qualified(component, "")
        made = first_update(
            definition,
            urn=urn,
            service=_name(component),
            stack=qualified,
            region=config.get("aws:region", ""),
        )
        return made or {}, made is not None
    props = plain(run["inputs"])
    newer = of_this_update(props, definition)
    return newer, newer != props


def plain(value: Any) -> Any:
    """Without the engine's marks: a secret that was shown is its value, one that was not stays hidden as `[secret]`."""
    import json

    if isinstance(value, Mapping):
        if SECRET_MARK in value:
            return json.loads(value["plaintext"]) if "plaintext" in value else "[secret]"
        return {key: plain(each) for key, each in value.items() if key != "__provider"}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value


def _pick(resources: Sequence[Resource], stack: str, service: str, family: str) -> Resource:
    found = [each for each in resources if each["type"] == COMPONENT]
    if not found:
        raise CommandError(
            f"stack {stack} holds no MigratableEcsService: run `pulumi up -s {stack}` first, or name the service with --cluster",
            exit_codes.NOT_FOUND,
        )
    fitting = [
        each
        for each in found
        if (not service or _is_named(resources, each, service))
        and (not family or family in _families(resources, each))
    ]
    if len(fitting) == 1:
        return fitting[0]
    names = ", ".join(_name(each) for each in found)
    if not fitting:
        asked = f"service {service!r}" if service else f"migration of family {family!r}"
        workers = ", ".join(key for each in found for key in _workers(resources, each))
        also = f", its workers {workers}" if service and workers else ""
        raise CommandError(
            f"stack {stack} has no {asked}; its services are {names}{also}", exit_codes.NOT_FOUND
        )
    raise CommandError(
        f"stack {stack} has several services: name one with --service ({names})", exit_codes.USAGE
    )


def _is_named(resources: Sequence[Resource], component: Resource, service: str) -> bool:
    own = (_name(component), plain(component.get("outputs") or {}).get("service_name"))
    return service in own or bool(_named(component, _workers(resources, component), service))


def _named(component: Resource, workers: Mapping[str, Resource], service: str) -> str:
    """Key of the worker that `service` names; empty when it names the app, which goes before a worker of the same name."""
    if service in ("", _name(component), plain(component.get("outputs") or {}).get("service_name")):
        return ""
    fitting = (key for key, each in workers.items() if service in (key, _name(each), _ecs_name(each)))
    return next(fitting, "")


def _services(resources: Sequence[Resource], component: Resource) -> list[Resource]:
    return [each for each in _below(resources, component) if each["type"] == SERVICE]


def _workers(resources: Sequence[Resource], component: Resource) -> dict[str, Resource]:
    """Key in the program -> ECS service: the component names it after itself and the key."""
    own = _name(component)
    services = (each for each in _services(resources, component) if _name(each) != own)
    return {_name(each).removeprefix(f"{own}-"): each for each in services}


def _ecs_name(service: Resource) -> str:
    """As ECS has it, whoever chose it."""
    return str(plain(service.get("outputs") or {}).get("name") or _input(service, "name"))


def _outputs_of(worker: Resource) -> dict[str, Any]:
    """What is known of a worker as it is of a service without Pulumi: its log group follows from the task definition."""
    found = plain({**(worker.get("inputs") or {}), **(worker.get("outputs") or {})})
    return {"task_definition_arn": str(found.get("taskDefinition") or "")}


def _families(resources: Sequence[Resource], component: Resource) -> list[str]:
    return [_input(each, "family") for each in _below(resources, component) if each["type"] == MIGRATION_RUN]


def _below(resources: Iterable[Resource], component: Resource) -> list[Resource]:
    return [each for each in resources if each.get("parent") == component["urn"]]


def _name(resource: Resource) -> str:
    return str(resource["urn"]).rsplit("::", 1)[-1]


def _qualified(resource: Resource, stack: str) -> str:
    """`project/stack`, from the URN."""
    parts = str(resource["urn"]).removeprefix("urn:pulumi:").split("::")
    return f"{parts[1]}/{parts[0]}" if len(parts) > 2 else stack


def _input(resource: Resource, key: str) -> str:
    return str(plain(resource.get("inputs") or {}).get(key) or "")


def _settings(props: Mapping[str, Any], config: Mapping[str, str], given: Mapping[str, str]) -> AwsSettings:
    return aws_settings({**props, **{key: value for key, value in given.items() if value}}, config)


def _hides_migration(deployment: Mapping[str, Any]) -> bool:
    resources = (deployment.get("deployment") or {}).get("resources") or ()
    return any(
        "[secret]" in _leaves(plain(r.get("inputs") or {})) for r in resources if r["type"] == MIGRATION_RUN
    )


def _with_migrations(hidden: Mapping[str, Any], shown: Mapping[str, Any]) -> Mapping[str, Any]:
    """Only what a run needs is taken with its secrets; those of all other resources stay hidden."""
    runs = {r["urn"]: r for r in shown["deployment"]["resources"] if r["type"] == MIGRATION_RUN}
    resources = [runs.get(each["urn"], each) for each in hidden["deployment"]["resources"]]
    return {**hidden, "deployment": {**hidden["deployment"], "resources": resources}}


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return [leaf for each in value.values() for leaf in _leaves(each)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in _leaves(each)]
    return [value]


def _is_hidden(key: str, entry: Mapping[str, Any]) -> bool:
    return bool(entry.get("secret")) and key not in AWS_KEYS


def _text(entry: Mapping[str, Any]) -> str:
    """A structured value as its JSON text, as a provider gets it."""
    import json

    if "objectValue" in entry:
        return json.dumps(entry["objectValue"])
    return str(entry.get("value", ""))
