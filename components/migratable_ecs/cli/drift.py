"""`migratable-ecs drift`: what somebody changed in AWS, what the program changes, and which migrations will run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from . import exit_codes

EXIT_CODES = "Exit codes of this command: 0 nothing, 1 error, 2 changes, 3 drift."


class _OwnCodes(click.Command):
    """A wrong command line ends with 1, since 2 means changes here."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Parses the command line."""
        try:
            return super().make_context(*args, **kwargs)
        except click.UsageError as error:
            error.show()
            raise click.exceptions.Exit(1) from error


@click.command("drift", cls=_OwnCodes, epilog=f"{EXIT_CODES} See docs/drift.md.")
@click.option("-s", "--stack", default="", help="The Pulumi stack.")
@click.option(
    "-C",
    "--cwd",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("."),
    help="Folder of the program.",
)
@click.option(
    "--from",
    "files",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Saved event log; no engine is run.",
)
@click.option(
    "--save",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Save the engine's events here, for --from.",
)
@click.option(
    "--only",
    type=click.Choice(["drift", "changes"]),
    help="One part: drift runs no program, changes asks AWS nothing.",
)
@click.option(
    "--markdown", type=click.Path(path_type=Path, dir_okay=False), help="Write the Markdown here as well."
)
@click.option(
    "--json-file", type=click.Path(path_type=Path, dir_okay=False), help="Write the JSON here as well."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of Markdown.")
@click.option("--who/--no-who", default=True, help="Ask CloudTrail who changed what, and when. Default: ask.")
@click.option("--plan", is_flag=True, help="Run plan_command of the new image as a task, and check its SQL.")
@click.option(
    "--plan-role", default="", help="ARN of the task role of that task, such as one that may only read."
)
@click.option("--nightly", is_flag=True, help="Word the report for an issue instead of a pull request.")
def command(
    stack: str,
    folder: Path,
    files: tuple[Path, ...],
    save: Path | None,
    only: str | None,
    markdown: Path | None,
    json_file: Path | None,
    as_json: bool,
    who: bool,
    plan: bool,
    plan_role: str,
    nightly: bool,
) -> None:
    """Report drift, changes and migrations, as Markdown on standard output."""
    from ..drift.command import Options, make
    from ..drift.document import document
    from ..drift.markdown import markdown as written
    from ..drift.model import ERROR
    from ..validation import InvalidArgument

    options = Options(stack, folder, files, only != "changes", only != "drift", who, plan, plan_role, save)
    try:
        report, _log = make(options, lambda line: click.echo(line, err=True))
        texts = written(report, pull_request=not nightly), document(report)
        for file, text in zip((markdown, json_file), texts, strict=True):
            if file:
                file.write_text(text)
    except (InvalidArgument, OSError) as error:
        _explain(str(error), as_json)
        raise click.exceptions.Exit(ERROR) from error
    click.echo(texts[1] if as_json else texts[0], nl=False)
    raise click.exceptions.Exit(report.exit_code)


def _explain(message: str, as_json: bool) -> None:
    """As the other commands do it (group.py)."""
    if not as_json:
        click.echo(f"error: {message}", err=True)
        return
    import json

    error = {"exit_code": exit_codes.FAILED, "name": exit_codes.name(exit_codes.FAILED), "message": message}
    click.echo(json.dumps({"error": error}, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    command()
