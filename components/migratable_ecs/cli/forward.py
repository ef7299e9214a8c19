"""`migratable-ecs forward`: a port of this machine to the database, through a running task."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

import click

from . import exit_codes
from .confirm import confirm
from .desk import Desk, operator_options
from .errors import CommandError
from .revisions import tail
from .session import aws_environment, aws_words, container_of, main_container, need_programs, running_task

#: Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-sessions-start.html
DOCUMENT = "AWS-StartPortForwardingSessionToRemoteHost"


@click.command("forward")
@operator_options
@click.option("--host", metavar="NAME", help="Where to; default the database of the tasks' settings.")
@click.option("--port", type=click.IntRange(1, 65535), help="Its port; default the one of the settings.")
@click.option(
    "--local-port", type=click.IntRange(1, 65535), help="Port of this machine; default 10000 above the other."
)
@click.option("--task", metavar="ID", help="Beginning of a task's id; default the newest one.")
@click.option("--print", "only_print", is_flag=True, help="Only print the AWS CLI's command.")
@click.option("--yes", is_flag=True, help="Do not ask (production asks).")
def command(
    desk: Desk,
    host: str | None,
    port: int | None,
    local_port: int | None,
    task: str | None,
    only_print: bool,
    yes: bool,
) -> None:
    """Forward a port of this machine to the database, through a running task; Ctrl-C ends it.

    The database needs no public address, and no other machine stands in between. Needs the AWS CLI and its session-manager-plugin on this
    machine, and a service with execute_command.
    """
    if not only_print:
        need_programs(desk)
    found = running_task(desk, task)
    container = container_of(found, None, main_container(desk, found))
    where = _where(desk, host, port)
    local = local_port or (where[1] + 10000 if where[1] + 10000 < 65536 else where[1])
    program = [
        "aws", "ssm", "start-session", "--target", session_target(desk.target.cluster, found, container),
        "--document-name", DOCUMENT, "--parameters",
        json.dumps({"host": [where[0]], "portNumber": [str(where[1])], "localPortNumber": [str(local)]}), *aws_words(desk),
    ]  # fmt: skip
    data: dict[str, Any] = {
        "host": where[0],
        "port": where[1],
        "local_port": local,
        "task": tail(found["taskArn"]),
        "command": program,
    }
    if only_print:
        desk.screen.result(data, lambda: desk.screen.line(shlex.join(program)))
        return
    if desk.production:
        confirm(
            desk,
            f"open 127.0.0.1:{local} to {where[0]}:{where[1]}",
            ["whoever is on this machine gets to the database"],
            yes=yes,
        )
    desk.screen.say(
        f"127.0.0.1:{local} leads to {where[0]}:{where[1]} through task {data['task'][:8]}; Ctrl-C ends it"
    )
    click.get_current_context().exit(desk.outside.hand_over(program, aws_environment(desk)))


def session_target(cluster: str, task: Mapping[str, Any], container: Mapping[str, Any]) -> str:
    """`ecs:CLUSTER_TASK_RUNTIME`, as Session Manager names a container. Pure.

    Raises:
        CommandError: the container has no runtime id yet.
    """
    runtime = str(container.get("runtimeId") or "")
    if not runtime:
        raise CommandError(
            f"container {container['name']} has not started yet: try again in some seconds",
            exit_codes.NOT_FOUND,
        )
    return f"ecs:{tail(cluster)}_{tail(task['taskArn'])}_{runtime}"


def _where(desk: Desk, host: str | None, port: int | None) -> tuple[str, int]:
    """Host and port that are named, else those of the tasks' settings."""
    if host and port:
        return host, port
    from ..doctor.gather import Asker, place, values
    from .revisions import describe_service, revision

    arns = [str(describe_service(desk)["taskDefinition"])]
    if desk.target.migration is not None:
        arns.append(desk.target.migration.task_definition)
    containers = [each for arn in arns for each in revision(desk, arn).definition["containerDefinitions"]]
    known = place(values(Asker(desk.clients, desk.clock), containers).settings)
    if known is None:
        raise CommandError(
            "the tasks' settings name no database (DB_HOST, DATABASE_URL, …): give --host and --port",
            exit_codes.NOT_FOUND,
        )
    return host or known[0], port or known[1]
