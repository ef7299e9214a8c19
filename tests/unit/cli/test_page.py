"""docs/operating.md says what the commands' own help says. UPDATE_GOLDEN=1 writes its tables anew."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click
import pytest
from migratable_ecs.cli.desk import COMMON_OPTIONS
from migratable_ecs.cli.exit_codes import MEANINGS
from migratable_ecs.cli.main import group, load
from migratable_ecs.cli.table import COMMANDS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "operating.md"


def options(name: str) -> dict[str, click.Option]:
    """Of one command, by the longest way to write each."""
    return {max(each.opts, key=len): each for each in load(name).params if isinstance(each, click.Option)}


def commands() -> str:
    """One row a command; the options that all have come once."""
    rows = ["| command | does | options of its own |", "|---|---|---|"]
    for name, entry in COMMANDS.items():
        arguments = [
            p.make_metavar(click.Context(load(name)))
            for p in load(name).params
            if isinstance(p, click.Argument)
        ]
        own = [f"`{option}`" for option in options(name) if option not in COMMON_OPTIONS]
        usage = " ".join([name, *arguments]).replace("|", "\\|")
        rows.append(f"| `{usage}` | {entry.help} | {' '.join(own)} |")
    rows += ["", "| option of every command that is about one service | |", "|---|---|"]
    for option, each in options("status").items():
        if option in COMMON_OPTIONS:
            rows.append(f"| {', '.join(f'`{way}`' for way in sorted(each.opts, key=len))} | {each.help} |")
    return "\n".join(rows)


def exit_codes() -> str:
    rows = ["| code | name | means |", "|---|---|---|"]
    return "\n".join(
        [*rows, *(f"| {code} | {name} | {meaning} |" for code, (name, meaning) in MEANINGS.items())]
    )


@pytest.mark.parametrize(("block", "wanted"), [("commands", commands), ("exit codes", exit_codes)])
def test_the_tables_are_those_of_the_program(block: str, wanted: object) -> None:
    assert callable(wanted)
    pattern = re.compile(rf"(<!-- {block}: [^>]*-->\n).*?(<!-- /{block} -->)", re.DOTALL)
    page = PAGE.read_text()
    written = pattern.sub(lambda found: f"{found[1]}{wanted()}\n{found[2]}", page)
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(written)
    assert PAGE.read_text() == written


def test_every_command_in_an_example_is_there() -> None:
    """What the page tells people to type is understood: command and options."""
    for line in re.findall(r"migratable-ecs ([a-z]+[^`\n]*)", PAGE.read_text()):
        words = re.sub(r'"[^"]*"', "QUOTED", line.split("  ")[0]).split()
        assert words[0] in COMMANDS, line
        known = {way for each in options(words[0]).values() for way in each.opts}
        assert {word for word in words if word.startswith("-")} <= known | {"--help"}, line


def test_the_program_s_own_help(golden: object) -> None:
    from click.testing import CliRunner

    shown = CliRunner().invoke(group(), ["--help"], env={"COLUMNS": "80"}).stdout
    assert callable(golden)
    golden("help", shown)
