"""A way into a running task: which task, what must be there for it, and the programs that make the connection.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import exit_codes
from .desk import Desk
from .errors import CommandError
from .revisions import ask, tail

PLUGIN = "session-manager-plugin"
_BUCKET = "https://s3.amazonaws.com/session-manager-downloads/plugin/latest"
#: (system, processor) -> how to install the plugin.
#: Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html
_INSTALL = {
    (
        "Darwin",
        "arm64",
    ): f"curl -O {_BUCKET}/mac_arm64/session-manager-plugin.pkg && sudo installer -pkg session-manager-plugin.pkg -target /",
    (
        "Darwin",
        "x86_64",
    ): f"curl -O {_BUCKET}/mac/session-manager-plugin.pkg && sudo installer -pkg session-manager-plugin.pkg -target /",
    (
        "Linux",
        "x86_64",
    ): f"curl -O {_BUCKET}/ubuntu_64bit/session-manager-plugin.deb && sudo dpkg -i session-manager-plugin.deb",
    (
        "Linux",
        "aarch64",
    ): f"curl -O {_BUCKET}/ubuntu_arm64/session-manager-plugin.deb && sudo dpkg -i session-manager-plugin.deb",
}
_PAGE = "see https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html"


def need_programs(desk: Desk) -> None:
    """The AWS CLI and its plugin are on PATH.

    Raises:
        CommandError: one is not; says how to get it. Or --json was given, though the terminal will be the program's.
    """
    if desk.screen.as_json:
        raise CommandError("--json needs --print: without it the terminal is the AWS CLI's", exit_codes.USAGE)
    if not desk.outside.has_program("aws"):
        raise CommandError(
            "there is no AWS CLI on PATH: install it (`pip install awscli`, or your system's package)",
            exit_codes.UNREACHABLE,
        )
    if not desk.outside.has_program(PLUGIN):
        raise CommandError(
            f"the AWS CLI lacks {PLUGIN}: {how_to_install(*desk.outside.machine())}", exit_codes.UNREACHABLE
        )


def how_to_install(system: str, processor: str) -> str:
    """How to get the plugin on such a machine. Pure."""
    known = _INSTALL.get((system, "aarch64" if (system, processor) == ("Linux", "arm64") else processor))
    return f"`{known}` (other packages: {_PAGE})" if known else _PAGE


def running_task(desk: Desk, wanted: str | None) -> Mapping[str, Any]:
    """The newest running task of the service, or the one whose id begins with `wanted`, with ECS Exec turned on.

    Raises:
        CommandError: there is none, or ECS Exec is off, or its agent does not run.
    """
    ecs, target = desk.client("ecs"), desk.target
    name = target.need_service()
    arns = (
        ask(
            desk,
            "ListTasks",
            lambda: ecs.list_tasks(cluster=target.cluster, serviceName=name, desiredStatus="RUNNING"),
        ).get("taskArns")
        or []
    )
    fitting = [arn for arn in arns if tail(arn).startswith(wanted or "")]
    if not fitting:
        what = f"whose id begins with {wanted!r}" if wanted else "that runs"
        raise CommandError(
            f"service {name} has no task {what}: `migratable-ecs status` says why", exit_codes.NOT_FOUND
        )
    reply = ask(
        desk, "DescribeTasks", lambda: ecs.describe_tasks(cluster=target.cluster, tasks=fitting[:100])
    )
    tasks = [each for each in reply.get("tasks") or () if each.get("lastStatus") == "RUNNING"]
    if not tasks:
        raise CommandError(
            f"the tasks of service {name} do not run yet: `migratable-ecs status --watch` shows them",
            exit_codes.NOT_FOUND,
        )
    able = [each for each in tasks if each.get("enableExecuteCommand")]
    if not able:
        raise CommandError(
            "ECS Exec is off in the running tasks: set execute_command in the service's `rollout`, run `pulumi up`, and wait for the new "
            "tasks"
        )
    newest: Mapping[str, Any] = max(able, key=_started)
    return newest


def _started(task: Mapping[str, Any]) -> str:
    return str(task.get("startedAt") or "")


def container_of(task: Mapping[str, Any], wanted: str | None, main: str) -> Mapping[str, Any]:
    """The container that is named, else `main`, whose exec agent runs. Pure.

    Raises:
        CommandError: there is none such, or the agent does not run.
    """
    containers = {str(each["name"]): each for each in task.get("containers") or ()}
    name = wanted or main
    if name not in containers:
        raise CommandError(
            f"the task has no container {name!r}; it has {', '.join(sorted(containers))}",
            exit_codes.NOT_FOUND,
        )
    agents = [
        each
        for each in containers[name].get("managedAgents") or ()
        if each.get("name") == "ExecuteCommandAgent"
    ]
    if agents and agents[0].get("lastStatus") != "RUNNING":
        raise CommandError(
            f"the agent of ECS Exec in container {name} is {agents[0].get('lastStatus')}: the task role needs ssmmessages, the subnet "
            "a way to SSM; `migratable-ecs doctor` looks at the subnets",
            exit_codes.UNREACHABLE,
        )
    return dict(containers[name])


def main_container(desk: Desk, task: Mapping[str, Any]) -> str:
    """Name of the container that has ports, else of the first."""
    from .revisions import revision

    definition = revision(desk, str(task["taskDefinitionArn"])).definition
    containers = definition["containerDefinitions"]
    return str(next((c for c in containers if c.get("portMappings")), containers[0])["name"])


def aws_words(desk: Desk) -> list[str]:
    """Options that let the AWS CLI act where the stack does.

    The profile is left out where `aws_environment` brings credentials: --profile goes before those of the environment.
    Source: https://docs.aws.amazon.com/cli/latest/userguide/cli-chap-authentication.html#cli-chap-authentication-precedence
    """
    target = desk.target
    words = ["--region", target.region] if target.region else []
    if target.aws.profile and not (target.aws.role_arn or target.aws.access_key):
        words += ["--profile", target.aws.profile]
    return words


def aws_environment(desk: Desk) -> dict[str, str]:
    """Credentials for the AWS CLI where the stack assumes a role or brings keys; never on a command line."""
    settings = desk.target.aws
    found: dict[str, str] = {}
    if settings.role_arn:
        request = {
            "RoleArn": settings.role_arn,
            "RoleSessionName": settings.role_session_name or "migratable-ecs",
        }
        if settings.external_id:
            request["ExternalId"] = settings.external_id
        import dataclasses

        plain = desk.outside.clients(dataclasses.replace(settings, role_arn="")).client("sts")
        got = ask(desk, "AssumeRole", lambda: plain.assume_role(**request))["Credentials"]
        found = {
            "AWS_ACCESS_KEY_ID": got["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": got["SecretAccessKey"],
            "AWS_SESSION_TOKEN": got["SessionToken"],
        }
    elif settings.access_key:
        keys = {
            "AWS_ACCESS_KEY_ID": settings.access_key,
            "AWS_SECRET_ACCESS_KEY": settings.secret_key,
            "AWS_SESSION_TOKEN": settings.token,
        }
        found = {name: value for name, value in keys.items() if value}
    return found
