"""Commands that destroy data, refused where data matters. Pure: no Pulumi, no AWS.

A pattern knows the command of one tool. What a script inside the image does is not seen: the guard catches the development command that
was left in a production stack, it does not replace permissions in the database.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

#: Words of an environment's name that make it a protected one.
PROTECTED_WORDS = ("prod", "production", "prd", "live")


@dataclass(frozen=True)
class Destructive:
    """What was found: the words of the command, and what they do to the data."""

    words: str
    does: str


_DROPS_ALL = "drops all tables"
_DELETES_ROWS = "deletes every row"
_RECREATES = "recreates the database, which loses its data"

#: Pattern, and what the command does. Each is followed by a word boundary.
_PATTERNS: tuple[tuple[str, str], ...] = (
    # Laravel. Source: https://laravel.com/docs/migrations
    (r"migrate:(?:fresh|refresh|reset)", _DROPS_ALL),
    (r"db:wipe", _DROPS_ALL),
    # Rails. Source: https://guides.rubyonrails.org/active_record_migrations.html
    (r"db:(?:migrate:)?(?:reset|drop)(?::_unsafe)?(?::all)?(?::\w+)?", _RECREATES),
    (r"db:(?:schema|structure):load(?::\w+)?", _RECREATES),
    (r"db:(?:setup|purge|truncate_all|seed:replant)(?::\w+)?", _RECREATES),
    # Prisma. Source: https://www.prisma.io/docs/orm/reference/prisma-cli-reference
    (r"prisma\s+migrate\s+reset", _DROPS_ALL),
    (r"migrate\s+reset", _DROPS_ALL),
    (
        r"prisma\s+db\s+push\b[^;&|\n]*--(?:force-reset|accept-data-loss)",
        "drops what does not fit the schema",
    ),
    # Django and django-extensions. Source: https://docs.djangoproject.com/en/stable/ref/django-admin/
    (r"(?:manage(?:\.py)?|django-admin)\s+(?:[^;&|\n]*\s)?(?:flush|sqlflush)", _DELETES_ROWS),
    (r"reset_(?:db|schema)", _DROPS_ALL),
    (r"migrate\s+[\w.]+\s+zero", "unapplies every migration of an app"),
    # Go: goose, golang-migrate, dbmate, atlas.
    (r"goose\b[^;&|\n]*\s(?:reset|down-to\s+0)", _DROPS_ALL),
    (r"migrate\s+[^;&|\n]*-(?:database|path|source)[^;&|\n]*\s(?:drop|down\s+-all)", _DROPS_ALL),
    (r"dbmate\b[^;&|\n]*\sdrop", _RECREATES),
    (r"atlas\s+schema\s+clean", _DROPS_ALL),
    # The JVM. Sources: https://documentation.red-gate.com/flyway, https://docs.liquibase.com/commands
    (r"flyway\b[^;&|\n]*\sclean", _DROPS_ALL),
    (r"liquibase\b[^;&|\n]*\s(?:dropAll|drop-all)", _DROPS_ALL),
    # Node: TypeORM, Sequelize, Knex, MikroORM.
    (r"schema:drop", _DROPS_ALL),
    (r"db:migrate:undo:all", _DROPS_ALL),
    (r"knex\b[^;&|\n]*\smigrate:rollback\b[^;&|\n]*--all", _DROPS_ALL),
    (r"migration:fresh", _DROPS_ALL),
    (r"doctrine:(?:database:drop|schema:drop)", _DROPS_ALL),
    (r"alembic\b[^;&|\n]*\sdowngrade\s+base", _DROPS_ALL),
    (r"ecto\.(?:drop|reset)", _RECREATES),
    # SQL and plain clients.
    (r"drop\s+(?:database|schema|owned)", "drops the database or a schema"),
    (r"drop\s+table", "drops a table"),
    (r"truncate\s+(?:table\s+)?\w+", _DELETES_ROWS),
    (r"dropdb", "drops the database"),
    # A reset switch of the application's own migration command.
    (r"(?<=\s)--?reset(?:-db|-database)?", "resets the database"),
)
_KNOWN = tuple(
    (re.compile(rf"(?<![\w.:-]){pattern}(?![\w:-])", re.IGNORECASE), does) for pattern, does in _PATTERNS
)


def is_protected(environment: str) -> bool:
    """Whether `environment` is one whose data matters: one of its words is in PROTECTED_WORDS (`prod`, `shop-prod-2`, `Production`).

    `preprod`, `nonprod` and `pre-prod`, `non-prod` are none.
    """
    words = [word for word in re.split(r"[^a-z0-9]+", environment.lower()) if word]
    before = ["", *words]
    return any(
        word.rstrip("0123456789") in PROTECTED_WORDS and previous not in ("pre", "non", "not")
        for previous, word in zip(before, words, strict=False)
    )


def destructive(command: str | Sequence[str]) -> Destructive | None:
    """The destructive part of `command` (a script, or a list of words), or None when none is known."""
    script = command if isinstance(command, str) else " ".join(command)
    # A leading blank lets a switch be the first word, as in the list ["-reset"] for an image whose entry point is the tool.
    for pattern, does in _KNOWN:
        found = pattern.search(f" {script}")
        if found:
            return Destructive(_shown(found.group().split()), does)
    return None


def _shown(words: list[str]) -> str:
    """Without what stands between the first and the last word when it may be a connection string, or is long."""
    risky = len(words) > 3 or any(mark in word for word in words[1:-1] for mark in "=@/")
    return f"{words[0]} … {words[-1]}" if risky else " ".join(words)


def refusal(argument: str, command: str | Sequence[str], environment: str) -> str | None:
    """The sentence with which `command` is refused in the protected `environment`, or None when it may run."""
    found = destructive(command)
    if found is None:
        return None
    named = f" {environment!r}" if environment else ""
    return (
        f"{argument} contains {found.words!r}, which {found.does}, and the environment{named} is protected: give a command that only "
        "migrates, or set protected to False if the data may go"
    )
