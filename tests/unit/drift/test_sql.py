"""The SQL of pending migrations as frameworks print it, and what is dangerous in it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from migratable_ecs.drift.sql import SAFE_WAYS, dangers, lint, statements

LARAVEL_8 = """
CreateCoursesTable: create table "courses" ("id" bigserial primary key not null)
CreateCoursesTable: alter table "courses" add constraint "u" unique ("name")
"""
LARAVEL_10 = """
   INFO  Running migrations.

  2026_01_01_000000_create_courses ........................................
  ⇂ create table "courses" ("id" bigserial not null primary key)
"""
DJANGO = """BEGIN;
--
-- Add field rating to course
--
ALTER TABLE "courses" ADD COLUMN "rating" integer NULL;
COMMIT;
"""
PRISMA = """-- CreateTable
CREATE TABLE "Course" (
    "id" SERIAL NOT NULL,

    CONSTRAINT "Course_pkey" PRIMARY KEY ("id")
);
"""
FUNCTION = """CREATE FUNCTION f() RETURNS trigger AS $$
BEGIN
    DELETE FROM a;
END;
$$ LANGUAGE plpgsql;
"""


@pytest.mark.parametrize(
    ("printed", "sql"),
    [
        (
            LARAVEL_8,
            'create table "courses" ("id" bigserial primary key not null);\nalter table "courses" add constraint "u" unique ("name");',
        ),
        (LARAVEL_10, 'create table "courses" ("id" bigserial not null primary key);'),
        (DJANGO, 'BEGIN;\nALTER TABLE "courses" ADD COLUMN "rating" integer NULL;\nCOMMIT;'),
        (PRISMA, PRISMA.removeprefix("-- CreateTable\n").strip()),
        (FUNCTION, FUNCTION.strip()),
        ("Applied At                  Migration\nPending -- 001_courses.sql\n", ""),
        ("Planned operations:\ncourses.0006_x\n    Add field rating to course\n", ""),
        ("Nothing to migrate.", ""),
        ("Update the image first\nSet up is done", ""),
    ],
    ids=[
        "laravel 8",
        "laravel 10",
        "django",
        "prisma",
        "function",
        "goose status",
        "django plan",
        "nothing",
        "words",
    ],
)
def test_the_statements_are_found_in_what_is_printed(printed: str, sql: str) -> None:
    assert statements(printed) == sql


def found(rule: str, line: int = 0) -> dict[str, object]:
    return {"rule_name": rule, "line": line, "message": "why", "help": None}


def test_dangerous_rules_come_with_the_safe_way_and_style_is_left_out() -> None:
    (danger,), problem = dangers(json.dumps([found("prefer-text-field"), found("ban-drop-column", 3)]))
    assert (danger.line, danger.rule, danger.safe_way, problem) == (
        4,
        "ban-drop-column",
        SAFE_WAYS["ban-drop-column"],
        "",
    )


def test_sql_that_is_not_postgresql_s_is_said_to_be_unchecked() -> None:
    _, problem = dangers(json.dumps([found("syntax-error", 1)]))
    assert problem == "squawk, which reads PostgreSQL, does not understand line 2: why"
    assert lint("ALTER TABLE `a` DROP `b`;") == ((), "it is MySQL's, and squawk reads PostgreSQL only")


def test_squawk_itself_finds_what_is_dangerous() -> None:
    sql = "CREATE INDEX x ON courses (a);\nALTER TABLE courses RENAME COLUMN a TO b;\nDROP TABLE old;\nSELECT 1;"
    named, problem = lint(sql)
    assert problem == ""
    assert [(each.line, each.rule) for each in named] == [
        (1, "require-concurrent-index-creation"),
        (2, "renaming-column"),
        (3, "ban-drop-table"),
    ]


def test_a_linter_that_fails_says_so_and_never_that_nothing_is_dangerous(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In the place of squawk: a program that ends without an answer."""
    program = tmp_path / "squawk"
    program.write_text("#!/bin/sh\necho 'cannot start' >&2\nexit 101\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert lint("DROP TABLE old;") == ((), "squawk failed: cannot start")
