"""Lines without secrets, as migration tools print them."""

from __future__ import annotations

import random

TEMPLATES = (
    # Django
    "Operations to perform:",
    "  Apply all migrations: admin, auth, authtoken, contenttypes, sessions, token_blacklist",
    "  Applying token_blacklist.{n:04d}_initial... OK",
    "  Applying auth.{n:04d}_alter_user_password_max_length... OK",
    "  Applying authtoken.0002_auto_20160226_1747... OK",
    "No migrations to apply.",
    "DEBUG (0.{n:03d}) ALTER TABLE \"auth_user\" ALTER COLUMN \"password\" TYPE varchar(128); args=[]",
    # Rails
    "== 2024{n:010d} AddResetPasswordTokenToUsers: migrating ======================",
    "-- add_column(:users, :reset_password_token, :string)",
    "   -> 0.{n:04d}s",
    "== 2024{n:010d} AddResetPasswordTokenToUsers: migrated (0.{n:04d}s) ===========",
    "D, [2024-06-07T12:00:00.{n:06d} #1] DEBUG -- :   ActiveRecord::SchemaMigration Load (0.3ms)  SELECT \"schema_migrations\".\"version\"",
    "-- create_table(:api_tokens, {{:force=>:cascade}})",
    # Laravel
    "Migrating: 2014_10_12_100000_create_password_resets_table",
    "Migrated:  2014_10_12_100000_create_password_resets_table (4{n}.12ms)",
    "  2019_12_14_000001_create_personal_access_tokens_table ............ {n}ms DONE",
    "   INFO  Running migrations.",
    "Nothing to migrate.",
    # Prisma
    "Prisma schema loaded from prisma/schema.prisma",
    "Datasource \"db\": PostgreSQL database \"app\", schema \"public\" at \"db.internal:5432\"",
    "Applying migration `2024{n:010d}_add_session_token`",
    "{n} migrations found in prisma/migrations",
    "All migrations have been successfully applied.",
    # goose
    "2024/06/07 12:00:00 OK   {n:05d}_create_access_tokens.sql ({n}.42ms)",
    "2024/06/07 12:00:00 goose: successfully migrated database to version: {n}",
    # Flyway
    "Flyway Community Edition 10.{n}.0 by Redgate",
    "Migrating schema \"public\" to version \"{n} - add password hash\"",
    "Successfully applied {n} migrations to schema \"public\", now at version v{n} (execution time 00:00.{n:03d}s)",
    "Database: jdbc:postgresql://db.internal:5432/app (PostgreSQL 15.{n})",
    # Liquibase
    "Running Changeset: db/changelog/{n:03d}-add-password-reset.xml::{n}::bob",
    "INFO [liquibase.lockservice] Successfully acquired change log lock",
    "Liquibase: Update has been successful. Rows affected: {n}",
    # the rest
    "commit {hex40} is deployed",
    "image 123456789012.dkr.ecr.eu-west-1.amazonaws.com/app@sha256:{hex64}",
    "Starting server at http://127.0.0.1:8000/",
    "see https://docs.djangoproject.com/en/5.0/topics/auth/passwords/#password-hashing",
    "max_tokens=4096 token_count={n} password_min_length=12",
    "Password: ********",
    "DB_PASSWORD={marker}",
    "UPDATE users SET password = $1, token = NULL WHERE id = {n}",
    "2024-06-07T12:00:{n:02d}.000Z INFO worker {uuid} finished job {n}",
    "File \"/app/shop/migrations/{n:04d}_auth_key.py\", line {n}, in forwards",
)  # fmt: skip


def clean_lines(count: int = 10_000) -> list[str]:
    """`count` lines; the numbers, commits and ids in them come from a seed."""
    rng = random.Random(7)

    def digits(length: int) -> str:
        return "".join(rng.choice("0123456789abcdef") for _ in range(length))

    lines = []
    for number in range(count):
        uuid = "-".join(digits(size) for size in (8, 4, 4, 4, 12))
        template = TEMPLATES[number % len(TEMPLATES)]
        lines.append(
            template.format(
                n=rng.randint(1, 59), hex40=digits(40), hex64=digits(64), uuid=uuid, marker="$DB_PASSWORD"
            )
        )
    return lines
