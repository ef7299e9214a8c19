"""The runbooks of docs/operating.md: each command line in them is one that the programs understand."""

from __future__ import annotations

import re
import shlex

import click
import pytest
from botocore import xform_name
from migratable_ecs.cli.main import load
from migratable_ecs.cli.table import COMMANDS
from migratable_ecs.testing.client import service_model

from tests.operating_page import PAGE, ROOT, runbooks, tried

TEXT = PAGE.read_text()
BOOKS = runbooks(TEXT)
LINES = [line for book in BOOKS.values() for line in book.lines]
OURS = sorted({line for line in LINES if line.startswith("migratable-ecs")})
#: A row of the table of what is carried out: runbook, test, and what is not.
ROW = re.compile(r"^\| ([^|]+) \| `(tests/\S+\.py)::(\w+)` \| ([^|]*)\|$", re.MULTILINE)
#: What issue and operators ask for.
TITLES = (
    "A migration failed", "The lock is stuck", "A migration is half applied", "The wrong image is deployed",
    "Roll back the app", "Roll back the schema", "Restore the database", "A migration that takes hours",
    "A migration that needs downtime", "Expand and contract", "A secret is rotated", "The region is in trouble",
)  # fmt: skip


def understood(line: str) -> click.Context:
    """Parse `migratable-ecs NAME WORDS` as the program does, without running it."""
    _, name, *words = shlex.split(line)
    assert name in COMMANDS
    return load(name).make_context(name, words)


def test_our_own_lines() -> None:
    assert len(OURS) > 30
    for line in OURS:
        params = understood(line).params
        assert params["stack"] == "stg" or params["cluster"] == "shop", line


def test_a_wrong_line_would_be_found() -> None:
    with pytest.raises(click.UsageError):
        understood("migratable-ecs scale 0 -s stg --at-once")


def test_every_line_is_of_a_program_that_is_looked_at_here() -> None:
    assert {line.split()[0] for line in LINES} == {"migratable-ecs", "aws", "pulumi", "make"}


def test_lines_of_the_aws_cli() -> None:
    """Operation and options, by botocore's model, which the AWS CLI is made from; its own global options aside."""
    lines = [line for line in LINES if line.startswith("aws ")]
    assert lines
    for line in lines:
        _, service, operation, *words = shlex.split(line)
        model = service_model(service)
        names = {xform_name(each, "-"): each for each in model.operation_names}
        assert operation in names, line
        members = model.operation_model(names[operation]).input_shape.members
        known = {f"--{xform_name(each, '-')}" for each in members} | {"--region", "--source-region"}
        assert {word for word in words if word.startswith("--")} <= known, line


def test_lines_of_make() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {line.split()[1] for line in LINES if line.startswith("make ")} <= targets


def test_every_runbook_is_there_and_has_commands() -> None:
    assert set(BOOKS) == set(TITLES)
    assert all(book.lines for book in BOOKS.values())


def test_statements_for_the_database_are_read_apart_from_lines() -> None:
    book = BOOKS["The lock is stuck"]
    assert [each.partition(" ")[0] for each in book.sql] == ["SELECT"] * 3
    assert not [line for line in book.lines if "SELECT" in line]


def test_every_runbook_is_carried_out_by_a_test_that_is_named() -> None:
    rows = ROW.findall(tried(TEXT))
    assert [title for title, _, _, _ in rows] == list(BOOKS)
    for _, file, test, _ in rows:
        assert re.search(rf"^def {test}\(", (ROOT / file).read_text(), re.MULTILINE), test


def test_each_command_is_run_on_the_local_cloud() -> None:
    """In one of the files that the page names, as `ask("status", …)` or as a line of a runbook."""
    files = set(re.findall(r"`(tests/\S+\.py)`", tried(TEXT)))
    code = "\n".join((ROOT / file).read_text() for file in files)
    of_runbooks = {line.split()[1] for line in OURS}
    assert not [
        name for name in COMMANDS if name not in of_runbooks and not re.search(rf'["]{name}[",]', code)
    ]


def test_what_is_not_carried_out_says_how_to_check_it() -> None:
    """Each number in the table is one of the list below it."""
    numbers = {number for *_, left in ROW.findall(tried(TEXT)) for number in re.findall(r"\((\d)\)", left)}
    assert numbers == set(re.findall(r"^(\d)\. ", tried(TEXT), re.MULTILINE))


def test_the_tests_read_the_lines_of_their_runbook() -> None:
    """So that what is carried out is what the page says."""
    for title, file, _, _ in ROW.findall(tried(TEXT)):
        assert f'book["{title}"].lines' in (ROOT / file).read_text(), title
