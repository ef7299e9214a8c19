"""What a command has before it: the options of every command, the service they name, AWS, and the screen."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

from ..migration.clock import Clock
from ..migration.session import AwsSettings, Clients
from . import exit_codes, from_stack
from .errors import CommandError
from .group import JSON
from .outside import Outside
from .screen import Screen
from .target import Target

P = ParamSpec("P")
R = TypeVar("R")


@dataclass
class Desk:
    """Made for one command. `target` is looked up when it is first asked for, so that wrong options are refused before."""

    outside: Outside
    screen: Screen
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def clock(self) -> Clock:
        return self.outside.clock

    @cached_property
    def target(self) -> Target:
        """The service that the options name.

        Raises:
            CommandError: none is named, or there is none such.
        """
        given = self.given
        if given["cluster"]:
            return self._without_pulumi()
        self.outside.prepare()
        stack = given["stack"] or self._selected_stack()
        self.screen.say(f"stack {stack}: reading its state")
        deployment, config = from_stack.read(self.outside, stack, self.folder)
        chosen = {"region": given["region"], "profile": given["profile"]}
        return from_stack.target(
            deployment, config, stack, service=given["service"], family=given["family"], aws=chosen
        )

    @property
    def folder(self) -> Path:
        """Where the Pulumi project is."""
        return Path(self.given["cwd"] or ".")

    @cached_property
    def clients(self) -> Clients:
        """boto3 clients on the account, region and endpoint of the target."""
        return self.outside.clients(self.target.aws)

    def client(self, service: str) -> Any:
        """One boto3 client."""
        return self.clients.client(service)

    @cached_property
    def production(self) -> bool:
        """Whether what may lose something wants the name typed.

        Without Pulumi the names of cluster and service may not say it; the runs of the history name the stack that made the migration.
        """
        target = self.target
        if target.production or target.stack or target.migration is None:
            return target.production
        from ..migration.ecs import AwsCallFailed
        from ..migration.guard import is_protected
        from .facts import MigrationFacts

        try:
            runs = MigrationFacts(self).runs()
        except AwsCallFailed as failed:
            self.screen.say(
                f"the history does not say whether this is production ({failed.error.code}): only the names count"
            )
            return False
        return any(is_protected(str(run.get("stack") or "").rsplit("/", 1)[-1]) for run in runs)

    def caller(self) -> str:
        """ARN of whose credentials these are."""
        from ..migration.ecs import call

        return str(call(self.clock, "GetCallerIdentity", self.client("sts").get_caller_identity)["Arn"])

    def _without_pulumi(self) -> Target:
        from . import from_aws

        given = self.given
        if given["stack"]:
            raise CommandError("give -s STACK or --cluster, not both", exit_codes.USAGE)
        if not (given["family"] or given["service"]):
            raise CommandError("--cluster needs --service or --family besides", exit_codes.USAGE)
        settings = AwsSettings(region=given["region"], profile=given["profile"])
        self.screen.say(f"cluster {given['cluster']}: asking ECS")
        return from_aws.target(
            self.outside.clients(settings), self.clock, settings, cluster=given["cluster"], service=given["service"],
            family=given["family"], container=given["container"],
        )  # fmt: skip

    def _selected_stack(self) -> str:
        stacks = self.outside.pulumi(["stack", "ls", "--json"], self.folder)
        current = [str(each["name"]) for each in stacks if each.get("current")]
        if not current:
            names = ", ".join(str(each["name"]) for each in stacks) or "none"
            raise CommandError(
                f"which stack? name one with -s (there are: {names}), or name the service with --cluster and --family",
                exit_codes.USAGE,
            )
        return current[0]


#: The options of every command: (declarations, help).
_TARGET_OPTIONS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("-s", "--stack"), "Pulumi stack of the project in this folder; default the selected one."),
    (("-C", "--cwd"), "Folder of the Pulumi project."),
    (("--cluster",), "ECS cluster, to work without Pulumi."),
    (("--service",), "Service, where the stack has several or without Pulumi."),
    (("--family",), "Family of the migration's task definition, where there are several or without Pulumi."),
    (("--container",), "Container of the migration, without Pulumi; default the essential one."),
    (("--region",), "AWS region; default as for the stack's aws:region, else the environment's."),
    (("--profile",), "AWS profile; default as for the stack's aws:profile, else the environment's."),
)


#: How they and --json are written in full.
COMMON_OPTIONS = (*(ways[-1] for ways, _ in _TARGET_OPTIONS), "--json")


def stack_names(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """For completion: the stacks that have a settings file in the project's folder. Asks nobody."""
    folder = Path(context.params.get("cwd") or ".")
    names = (file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in folder.glob("Pulumi.*.yaml"))
    return sorted(name for name in names if name.startswith(incomplete))


def operator_options(function: Callable[Concatenate[Desk, P], R]) -> Callable[P, R]:
    """Give a command the options of every command; its first argument is the Desk that they make."""

    @functools.wraps(function)
    def command(*args: P.args, **kwargs: P.kwargs) -> R:
        context = click.get_current_context()
        names = [declarations[-1].lstrip("-") for declarations, _ in _TARGET_OPTIONS]
        given = {name: kwargs.pop(name) or "" for name in names}
        as_json = bool(kwargs.pop("as_json"))
        context.meta[JSON] = as_json
        outside = context.find_object(Outside) or Outside()
        screen = Screen(as_json=as_json, environment=os.environ)
        return function(Desk(outside, screen, given), *args, **kwargs)

    wrapped: Any = click.option(
        "--json", "as_json", is_flag=True, help="One JSON object on stdout; the rest on stderr."
    )(command)
    for declarations, text in reversed(_TARGET_OPTIONS):
        names = stack_names if "--stack" in declarations else None
        wrapped = click.option(*declarations, help=text, shell_complete=names)(wrapped)
    result: Callable[P, R] = wrapped
    return result
