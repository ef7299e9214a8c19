"""The click group: lazy, with near names for a wrong one, and one place where errors end."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from . import exit_codes
from .errors import explained
from .table import COMMANDS

COMPLETION = (
    'Completion: eval "$(_MIGRATABLE_ECS_COMPLETE=bash_source migratable-ecs)" (zsh_source, fish_source likewise). '
    "Exit codes and examples: docs/operating.md."
)


class Commands(click.Group):
    """The commands of table.py."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports the module of the command."""
        from .main import load

        return load(cmd_name) if cmd_name in COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """From the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """A name that is not there ends with the nearest one that is."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], list(COMMANDS), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(COMMANDS)}"
            raise click.UsageError(f"there is no command {args[0]!r}{hint}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Every error is one sentence on stderr; with --json also an object on stdout."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except (Exception, KeyboardInterrupt) as error:
            end = explained(error)
            if end is None:
                raise
            if ctx.meta.get(JSON):
                facts = {
                    "exit_code": end.exit_code,
                    "name": exit_codes.name(end.exit_code),
                    "message": str(end),
                }
                click.echo(json.dumps({"error": facts}, indent=2, ensure_ascii=False))
            else:
                click.echo(f"error: {end}", err=True)
            sys.stdout.flush()
            ctx.exit(end.exit_code)


#: Key in click's meta: whether --json was given.
JSON = "migratable_ecs.json"
