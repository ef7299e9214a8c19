"""`migratable-ecs`: finds the command that was named, and turns every error into one sentence and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module, util
from typing import TYPE_CHECKING

from . import exit_codes
from .table import COMMANDS

if TYPE_CHECKING:
    import click

PROGRAM = "migratable-ecs"


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script. Exits with a code of exit_codes.py."""
    missing = [name for name in ("click", "rich") if util.find_spec(name) is None]
    if missing:
        sys.stderr.write(
            f'{PROGRAM} needs {" and ".join(missing)}, which this Python has not: pip install "migratable-ecs[cli]"\n'
        )
        sys.exit(exit_codes.UNREACHABLE)
    group()(list(sys.argv[1:] if arguments is None else arguments), prog_name=PROGRAM)


def group() -> click.Group:
    """The click group over the table; a command's module is imported when it is named."""
    from .group import COMPLETION, Commands

    return Commands(
        name=PROGRAM,
        help="Operate an ECS service and the migration of its database.\n\n"
        "-s STACK names a Pulumi stack of the project in this folder; --cluster with --family or --service works without Pulumi.",
        epilog=COMPLETION,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


def load(name: str) -> click.Command:
    """Import the command `name` of the table."""
    module, _, attribute = COMMANDS[name].where.partition(":")
    found: click.Command = getattr(import_module(f"{__package__}.{module}"), attribute)
    return found


if __name__ == "__main__":
    main()
