"""What runs from the service's image becomes containers: the app, its sidecars, and every process with a command of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from .args import ContainerArgs, ProcessArgs, SidecarArgs
from .containers import Container
from .context import Context
from .secrets import Secret

_NOTHING_MORE = ContainerArgs()


def app(context: Context, group: aws.cloudwatch.LogGroup) -> Container:
    """The container that the service is about."""
    args, more = context.args, context.args.container or _NOTHING_MORE
    return Container(
        name=args.container_name,
        image=context.image,
        group=group,
        more=more,
        entry_point=args.entry_point,
        command=args.command,
        working_directory=args.working_directory,
        port=args.container_port,
        environment=args.environment or {},
        secrets=context.secrets,
        log_secrets=_log_secrets(context, more, "container."),
        stream_prefix=args.stream_prefix,
    )


def sidecars(
    context: Context, given: Mapping[str, SidecarArgs] | None, group: aws.cloudwatch.LogGroup, where: str = ""
) -> list[Container]:
    """The containers beside the app's or a worker's."""
    found = []
    for name, args in (given or {}).items():
        at = f"{where}sidecars[{name!r}]."
        found.append(
            Container(
                name=name,
                image=context.look_ups.image(args.image),
                group=group,
                more=args,
                essential=args.essential,
                entry_point=args.entry_point,
                command=args.command,
                working_directory=args.working_directory,
                environment=args.environment or {},
                secrets=context.look_ups.secrets(args.secrets, f"{at}secrets"),
                log_secrets=_log_secrets(context, args, at),
                firelens=args.firelens,
                firelens_options=args.firelens_options or {},
            )
        )
    return found


def process(
    context: Context,
    args: ProcessArgs,
    group: aws.cloudwatch.LogGroup,
    *,
    where: str,
    name: str,
    image: pulumi.Output[Any] | None = None,
) -> Container:
    """A process of the service's image, with the service's variables and its own.

    Args:
        where: how errors name its args.
        name: of its container, unless it is given.
        image: when not the service's.
    """
    more = args.container or _NOTHING_MORE
    entry_point, command = args.container_command()
    own = context.look_ups.secrets(args.secrets, f"{where}.secrets")
    taken = {*(args.environment or ()), *(args.secrets or ())}
    inherited = {k: v for k, v in (context.args.environment or {}).items() if k not in taken}
    return Container(
        name=args.container_name or name,
        image=context.image if image is None else image,
        group=group,
        more=more,
        entry_point=entry_point,
        command=command,
        working_directory=args.working_directory or context.args.working_directory,
        environment={**inherited, **(args.environment or {})},
        secrets=pulumi.Output.all(context.secrets, own).apply(
            lambda both: _together(both[0], both[1], taken)
        ),
        log_secrets=_log_secrets(context, more, f"{where}.container."),
        stream_prefix=args.stream_prefix,
    )


def _together(service: list[Secret], own: list[Secret], taken: set[str]) -> list[Secret]:
    """The service's secrets unless a variable of the same name is given, and its own."""
    return [secret for secret in service if secret.name not in taken] + own


def _log_secrets(context: Context, more: ContainerArgs, where: str) -> pulumi.Output[list[Secret]] | None:
    if more.log is None or not more.log.secret_options:
        return None
    return context.look_ups.secrets(more.log.secret_options, f"{where}log.secret_options")
