"""Checks of what ECS needs before a container starts: roles, secrets, image, log group. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from .permissions import allowed
from .snapshot import Finding, Snapshot, reference

_TASKS = "ecs-tasks.amazonaws.com"
_PULL = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


def roles(found: Snapshot) -> Iterator[Finding]:
    """Execution and task roles exist, and ECS may assume them."""
    named: dict[str, str] = {}
    for which, definition in found.definitions.items():
        for key, what in (("executionRoleArn", "execution role"), ("taskRoleArn", "task role")):
            if definition.get(key):
                named.setdefault(str(definition[key]), f"{what} of the {which}")
        if not definition.get("executionRoleArn") and _needs_execution(found, which):
            yield Finding(
                "roles",
                f"the task definition of the {which} has no execution role: no pulling from ECR, no secrets, no logs",
                "leave `execution_role_arn` out, so that one is made, or name one",
            )
    for arn, what in named.items():
        if arn not in found.roles:
            continue
        role = found.roles[arn]
        if role is None:
            yield Finding(
                "roles",
                f"{arn}, the {what}, does not exist",
                "run `pulumi up --refresh`, or name one that does",
            )
        elif _TASKS not in role.trusted:
            yield Finding(
                "roles",
                f"{arn}, the {what}, does not let {_TASKS} assume it",
                f"add sts:AssumeRole for the service {_TASKS} to its trust policy",
            )


def _needs_execution(found: Snapshot, which: str) -> bool:
    return any(
        each.get("secrets") or each.get("logConfiguration") or ".dkr.ecr." in str(each.get("image"))
        for each in found.containers(which)
    )


def permissions(found: Snapshot) -> Iterator[Finding]:
    """The execution role may pull the image, read each secret and write the logs."""
    said: set[tuple[str, str, str]] = set()
    for which, definition in found.definitions.items():
        arn = str(definition.get("executionRoleArn") or "")
        role = found.roles.get(arn)
        if role is None:
            continue
        for action, resource in _wanted(found, which, str(definition["taskDefinitionArn"])):
            if not allowed(role.statements, action, resource) and (arn, action, resource) not in said:
                said.add((arn, action, resource))
                yield Finding(
                    "permissions",
                    f"the execution role {arn.rsplit('/', 1)[-1]} of the {which} may not {action} on {resource}",
                    f"allow {action} on {resource} in a policy of that role; where the component makes it: `pulumi up --refresh`",
                )


def _wanted(found: Snapshot, which: str, definition_arn: str) -> Iterator[tuple[str, str]]:
    """Action and resource. The role may have been given by its name alone, so account and partition are those of the task definition."""
    partition, account = definition_arn.split(":")[1], definition_arn.split(":")[4]
    for container in found.containers(which):
        image = str(container.get("image"))
        host, _, rest = image.partition("/")
        if ".dkr.ecr." in host:
            owner, region = host.split(".")[0], host.split(".")[3]
            repository = rest.partition("@")[0].partition(":")[0]
            for action in _PULL:
                yield action, f"arn:{partition}:ecr:{region}:{owner}:repository/{repository}"
        for secret in container.get("secrets") or ():
            named = reference(str(secret["valueFrom"]))
            name = named.name
            if named.parameter and not name.startswith("arn:"):
                name = f"arn:{partition}:ssm:{found.region}:{account}:parameter/{name.lstrip('/')}"
            yield ("ssm:GetParameters" if named.parameter else "secretsmanager:GetSecretValue"), name
        options = (container.get("logConfiguration") or {}).get("options") or {}
        if options.get("awslogs-group"):
            region = options.get("awslogs-region") or found.region
            group = f"arn:{partition}:logs:{region}:{account}:log-group:{options['awslogs-group']}"
            yield "logs:PutLogEvents", f"{group}:log-stream:doctor"


def secrets(found: Snapshot) -> Iterator[Finding]:
    """Each secret and parameter exists, has a value, and that value has the key that is asked for."""
    said: set[tuple[str, str]] = set()
    for which in found.definitions:
        for container in found.containers(which):
            for secret in container.get("secrets") or ():
                named = reference(str(secret["valueFrom"]))
                if (named.name, named.key) in said:
                    continue
                said.add((named.name, named.key))
                yield from _secret(found, which, str(secret["name"]), named.name, named.key)


def _secret(found: Snapshot, which: str, variable: str, name: str, key: str) -> Iterator[Finding]:
    kept = found.kept.get(name)
    what = f"{name.rsplit(':', 1)[-1]}, of {variable} of the {which},"
    if kept is None:
        return
    if kept.state == "missing":
        yield Finding(
            "secrets",
            f"{what} does not exist",
            "make it (`aws secretsmanager create-secret`, `aws ssm put-parameter`), or name another one",
        )
    elif kept.state == "deleted":
        yield Finding(
            "secrets",
            f"{what} is scheduled for deletion",
            f"`aws secretsmanager restore-secret --secret-id {name}`, or name another one",
        )
    elif kept.state == "empty":
        yield Finding(
            "secrets", f"{what} has no value yet", f"`aws secretsmanager put-secret-value --secret-id {name}`"
        )
    elif key and kept.keys is None:
        yield Finding(
            "secrets",
            f"{what} is asked for its key {key!r}, but its value is no JSON object",
            "give it one, or leave the key out",
        )
    elif key and kept.keys is not None and key not in kept.keys:
        yield Finding(
            "secrets",
            f"{what} has no key {key!r}; it has {', '.join(sorted(kept.keys)) or 'none'}",
            f"add {key!r} to it, or name another key",
        )


def images(found: Snapshot) -> Iterator[Finding]:
    """ECR has the images."""
    for image, there in found.images.items():
        if not there:
            name = image.rsplit("/", 1)[-1]
            yield Finding(
                "image",
                f"image {name} is not in ECR any longer, so no task can be started or replaced",
                "push it again, or deploy one that is there (`migratable-ecs images`); let the lifecycle policy keep what runs",
            )


def log_groups(found: Snapshot) -> Iterator[Finding]:
    """A task whose log group is missing does not start."""
    for name, there in found.log_groups.items():
        if not there:
            yield Finding(
                "log-groups",
                f"log group {name} does not exist, and a container that logs there does not start",
                f"`aws logs create-log-group --log-group-name {name}`, or `pulumi up --refresh`",
            )


def task_definitions(found: Snapshot) -> Iterator[Finding]:
    """ACTIVE: else neither a task nor a replacement starts."""
    for which, definition in found.definitions.items():
        if definition.get("status") != "ACTIVE":
            arn = str(definition.get("taskDefinitionArn")).rsplit("/", 1)[-1]
            yield Finding(
                "task-definitions",
                f"task definition {arn} of the {which} is {definition.get('status') or 'not there'}: ECS starts no task from it",
                "run `pulumi up --refresh`",
            )
