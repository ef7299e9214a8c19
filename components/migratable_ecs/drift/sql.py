"""The SQL in what a framework prints for its pending migrations, and which of it is dangerous on a table in use.

`statements` and `dangers` are pure. `lint` runs squawk (https://squawkhq.com/docs/rules), which knows PostgreSQL only.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .hiding import hidden_text
from .model import Danger

_THINGS = (
    "TABLE|INDEX|UNIQUE|FULLTEXT|SPATIAL|VIEW|MATERIALIZED|FUNCTION|PROCEDURE|TRIGGER|TYPE|SEQUENCE|SCHEMA|DATABASE|EXTENSION|POLICY|ROLE"
    "|USER|DOMAIN|TEMP|TEMPORARY|UNLOGGED|OR|EVENT|RULE|SERVER|PUBLICATION|COLLATION|AGGREGATE|CAST|OPERATOR"
)
_FIRST_WORDS = (
    rf"(?:ALTER|CREATE|DROP)\s+(?:{_THINGS})\b|(?:INSERT|MERGE|REPLACE)\s+INTO\b|DELETE\s+FROM\b|UPDATE\s+\S+\s*(?:SET\b|AS\b|$)"
    r"|TRUNCATE\s+\S|(?:GRANT|REVOKE)\s+\w+.*\sON\b|COMMENT\s+ON\b|(?:LOCK|RENAME)\s+TABLE\b|REINDEX\s|REFRESH\s+MATERIALIZED\b"
    r"|SET\s+\S+\s*(?:=|TO\b)|WITH\s+\S+\s+AS\b|DO\s+\$|CALL\s+\S+\("
)
# A line that begins a statement, after what Laravel writes before it: `CreateCourses: create table …` or an arrow.
_BEGINS = re.compile(rf"\s*(?:[A-Z]\w*:\s+|[⇂→•*-]\s+)?(?=(?:{_FIRST_WORDS}))(?P<sql>.*)", re.IGNORECASE)
_ALONE = re.compile(r"\s*(?P<sql>(?:BEGIN|COMMIT|START TRANSACTION);?)\s*$", re.IGNORECASE)
# MySQL's quotes: nothing of PostgreSQL's has a backtick outside a string.
_BACKTICK = re.compile(r"`\w+`")
_SECONDS = 30

#: Rules of squawk that tell of danger for a running service -> the safe way. Its other rules are about style.
SAFE_WAYS: Mapping[str, str] = {
    "adding-required-field": "add it nullable or with a constant default, fill it, and make it NOT NULL in a later release",
    "adding-not-nullable-field": "add a CHECK (… IS NOT NULL) NOT VALID, validate it on its own, then set NOT NULL",
    "adding-field-with-default": "give it a constant default, or none and fill the rows in batches",
    "adding-serial-primary-key-field": "add the column, build a unique index concurrently, then make it the key",
    "adding-foreign-key-constraint": "add it NOT VALID, and VALIDATE CONSTRAINT in a transaction of its own",
    "constraint-missing-not-valid": "add it NOT VALID, and VALIDATE CONSTRAINT in a transaction of its own",
    "disallowed-unique-constraint": "CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT … USING INDEX",
    "changing-column-type": "add a new column, write both, copy in batches, and drop the old one in a later release",
    "renaming-column": "add the new column, write both, and drop the old one when no task of the old version is left",
    "renaming-table": "make a view by the old name, or move in two releases",
    "ban-drop-column": "drop it in the release after the one that no longer reads it (`contract`)",
    "ban-drop-table": "drop it in the release after the one that no longer reads it (`contract`)",
    "ban-drop-database": "take a snapshot, and drop it by hand",
    "ban-drop-not-null": "see that the version in service can read NULL there first",
    "ban-truncate-cascade": "name every table that is to be emptied",
    "require-concurrent-index-creation": "CREATE INDEX CONCURRENTLY, outside a transaction",
    "require-concurrent-index-deletion": "DROP INDEX CONCURRENTLY, outside a transaction",
    "require-concurrent-reindex": "REINDEX … CONCURRENTLY, outside a transaction",
    "require-concurrent-partition-detach": "DETACH PARTITION … CONCURRENTLY, outside a transaction",
    "ban-concurrent-index-creation-in-transaction": "put it into a migration without a transaction",
}


def statements(text: str) -> str:
    """The SQL statements in `text`, each ended by `;`; empty when there are none.

    A statement goes on to the line that ends in `;`; where no line does, as with Laravel, it is one line.
    """
    lines = [line.rstrip() for line in text.splitlines()]
    ended = any(line.endswith(";") for line in lines)
    return "\n".join(_each(lines, ended))


def dangers(answer: str) -> tuple[tuple[Danger, ...], str]:
    """What squawk's JSON says: the dangers in order, and why it could not read the SQL (empty when it could)."""
    found = json.loads(answer or "[]")
    broken = next((each for each in found if each["rule_name"] == "syntax-error"), None)
    if broken is not None:
        return (
            (),
            f"squawk, which reads PostgreSQL, does not understand line {int(broken['line']) + 1}: {broken['message']}",
        )
    return tuple(_danger(each) for each in found if each["rule_name"] in SAFE_WAYS), ""


def lint(sql: str) -> tuple[tuple[Danger, ...], str]:
    """What squawk says about `sql`, as `dangers` gives it; the reason when it cannot be asked."""
    if _BACKTICK.search(sql):
        return (), "it is MySQL's, and squawk reads PostgreSQL only"
    program = Path(sys.executable).with_name("squawk")
    command = [str(program) if program.exists() else "squawk", "--reporter", "json"]
    try:
        done = subprocess.run(
            command, input=sql, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        if done.returncode and not done.stdout.strip():
            # It also ends with 1 when it found something; what it could not look at is not free of danger.
            said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            return (), f"squawk failed: {hidden_text(said[-1])}"
        return dangers(done.stdout)
    except FileNotFoundError:
        return (), "squawk is not installed: pip install 'migratable-ecs[cli]'"
    except (OSError, subprocess.TimeoutExpired, json.JSONDecodeError) as error:
        return (), f"squawk failed: {error}"


def _danger(found: Mapping[str, Any]) -> Danger:
    rule = str(found["rule_name"])
    return Danger(int(found["line"]) + 1, rule, str(found["message"]).strip(), SAFE_WAYS[rule])


def _each(lines: list[str], ended: bool) -> Iterator[str]:
    open_, dollars = False, 0
    for line in lines:
        if not open_:
            begins = _ALONE.match(line) or _BEGINS.match(line)
            if begins is None:
                continue
            line = begins["sql"].strip()
        dollars += line.count("$$")
        open_ = ended and (dollars % 2 == 1 or not line.endswith(";"))
        yield line if open_ or line.endswith(";") else f"{line};"
