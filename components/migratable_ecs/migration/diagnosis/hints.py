"""Known lines in the log of a migration that failed: the second, smaller table.

A hint never changes the cause; it adds a sentence and a remedy. The first hint that matches any of the
last lines wins, so special ones come before general ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Hint:
    """`pattern` is searched in each of the last log lines, newest first."""

    slug: str
    pattern: re.Pattern[str]
    sentence: str
    remedy: str


def _hint(slug: str, pattern: str, sentence: str, remedy: str) -> Hint:
    return Hint(slug, re.compile(pattern, re.IGNORECASE), sentence, remedy)


HINTS: tuple[Hint, ...] = (
    _hint(
        "laravel-log-not-writable",
        r"could not be opened in append mode|There is no existing directory at .*logs",
        "Laravel cannot write its log file, and may end with exit code 0 although the migration failed.",
        "Set LOG_CHANNEL=stderr.",
    ),
    _hint(
        "laravel-wants-force",
        r"Application (is )?in production|Command cancell?ed",
        "Laravel asks for confirmation in production.",
        "Add --force to the command.",
    ),
    _hint(
        "exec-format",
        r"exec format error",
        "The image is built for another processor architecture.",
        "Build it with --platform linux/amd64.",
    ),
    _hint(
        "prisma-failed-migration",
        r"\bP3009\b|migrate found failed migrations",
        "Prisma refuses to go on after an earlier migration that failed.",
        "Repair the database, then: npx prisma migrate resolve --applied NAME (or --rolled-back NAME).",
    ),
    _hint(
        "prisma-schema-not-empty",
        r"\bP3005\b|database schema is not empty",
        "The database has tables that Prisma did not make.",
        "Baseline it: npx prisma migrate resolve --applied NAME.",
    ),
    _hint(
        "prisma-environment",
        r"\bP1012\b|Environment variable not found",
        "Prisma misses an environment variable.",
        "Give the migration the same env as the app.",
    ),
    _hint(
        "django-inconsistent-history",
        r"InconsistentMigrationHistory|is applied before its dependency",
        "Django's migration table does not fit the migrations of this image.",
        "Compare: python manage.py showmigrations; the image may be older than the database.",
    ),
    _hint(
        "django-conflict",
        r"Conflicting migrations detected",
        "Two Django migrations have the same parent.",
        "python manage.py makemigrations --merge, then build the image again.",
    ),
    _hint(
        "rails-pending",
        r"PendingMigrationError|Migrations are pending",
        "Rails has pending migrations.",
        "The command must be bin/rails db:migrate with the RAILS_ENV of the app.",
    ),
    _hint(
        "rails-protected",
        r"ProtectedEnvironmentError|EnvironmentMismatchError",
        "Rails protects this environment's database from a destructive command.",
        "Use db:migrate; destructive commands are not for production.",
    ),
    _hint(
        "checksum-changed",
        r"checksum mismatch|ValidationFailedException|validation failed.*checksum",
        "A migration that is already applied was changed.",
        "Undo the change and write a new migration instead.",
    ),
    _hint(
        "flyway-failed-migration",
        r"Detected failed migration",
        "Flyway refuses to go on after an earlier migration that failed.",
        "Repair the database, then: flyway repair.",
    ),
    _hint(
        "lock-held",
        r"Could not acquire change log lock|Waiting for changelog lock|ConcurrentMigrationError"
        r"|advisory lock|\bP1002\b",
        "The migration tool's own lock is held, perhaps by a run that was killed.",
        "Make sure that no migration runs, then free the lock (liquibase release-locks; "
        "pg_terminate_backend of the session).",
    ),
    _hint(
        "lock-timeout",
        r"lock timeout|Lock wait timeout exceeded|\b55P03\b|database is locked",
        "A table was locked by the running app for too long.",
        "Run at a quieter time, or make the change in smaller steps.",
    ),
    _hint(
        "deadlock",
        r"deadlock (detected|found)",
        "Two transactions blocked each other.",
        "Run again; migrate in smaller transactions.",
    ),
    _hint(
        "statement-timeout",
        r"statement timeout|maximum statement execution time exceeded",
        "A statement ran longer than the database allows.",
        "Raise statement_timeout for the migration's user, or split the change.",
    ),
    _hint(
        "too-many-connections",
        r"too many (clients|connections)|remaining connection slots|\b53300\b|\bP2037\b",
        "The database has no connection left.",
        "Lower the app's pool or raise max_connections.",
    ),
    _hint(
        "tls-required",
        r"no pg_hba\.conf entry|SSL connection is required|insecure transport|server does not support SSL",
        "The database refuses the way of connecting (TLS or address).",
        "Set sslmode=require (or as the server wants) in the connection URL.",
    ),
    _hint(
        "password-refused",
        r"password authentication failed|Access denied for user|\bP1000\b|\b28P01\b"
        r"|Authentication failed against",
        "The database refused the user or the password.",
        "Compare the secret with the database; a rotated secret needs a new task.",
    ),
    _hint(
        "permission-denied",
        r"permission denied for (schema|table|relation|database|sequence)|must be owner of"
        r"|command denied to user|\b42501\b",
        "The database user lacks a right.",
        "Grant it (PostgreSQL 15 and later: GRANT CREATE ON SCHEMA public TO user).",
    ),
    _hint(
        "database-missing",
        r"database \"[^\"]*\" does not exist|Unknown database|\bP1003\b",
        "The database does not exist on the server.",
        "Create it, or correct the name in the connection URL.",
    ),
    _hint(
        "host-unknown",
        r"could not translate host name|Name or service not known|Unknown MySQL server host|getaddrinfo"
        r"|no such host|\bENOTFOUND\b|UnknownHostException",
        "The database's host name is not known.",
        "Check the host in the connection URL and DNS in the VPC.",
    ),
    _hint(
        "connection-refused",
        r"Connection refused|ECONNREFUSED|Can't connect to (MySQL|local)|\bP1001\b"
        r"|Can't reach database server",
        "The database does not answer.",
        "Check host, port, and that the database's security group lets the migration's security group in.",
    ),
    _hint(
        "connection-timeout",
        r"timeout expired|ETIMEDOUT|connection timed out|i/o timeout|SQLSTATE\[HY000\] \[2002\]",
        "The database could not be reached in time.",
        "Let the database's security group take the migration's security group on the database's port; "
        "check routes between the subnets.",
    ),
    _hint(
        "read-only",
        r"read-only transaction|--read-only option|read only mode|READ_ONLY",
        "The database is read-only: a replica, or a full disk.",
        "Use the writer's endpoint.",
    ),
    _hint(
        "disk-full",
        r"No space left on device|could not extend file|table .* is full",
        "A disk is full.",
        "Give the database more storage (or the task more ephemeral storage).",
    ),
    _hint(
        "already-exists",
        r"already exists|DuplicateTable|Duplicate column|\b42P07\b|\b42S01\b",
        "Something that the migration creates is there already: half of it was applied before, or it was "
        "made by hand.",
        "Repair by hand and mark the migration as applied; MySQL does not undo half a migration.",
    ),
    _hint(
        "does-not-exist",
        r"(relation|table|column) .{0,80}does ?n[o']t exist|Base table or view not found|no such (table"
        r"|column)|\b42P01\b|\b42S02\b",
        "The migration needs something that is not in the database.",
        "Check that the earlier migrations were applied to this database.",
    ),
    _hint(
        "memory-of-the-language",
        r"JavaScript heap out of memory|Allowed memory size of|MemoryError|OutOfMemoryError: Java heap",
        "The program's own memory limit was reached.",
        "Raise it (NODE_OPTIONS=--max-old-space-size, memory_limit, -Xmx) together with the task's memory.",
    ),
    _hint(
        "file-missing-in-image",
        r"Could not open input file|can't open file|Cannot find module|ModuleNotFoundError"
        r"|cannot load such file|No such file or directory|command not found",
        "A file or module is missing in the image.",
        "Check command and working directory, and that the image holds the migration tool.",
    ),
)
