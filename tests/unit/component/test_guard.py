"""Commands that destroy data are refused where data matters, and only those."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from migratable_ecs.migration.guard import destructive, is_protected, refusal

#: Commands of real tools, and the words that give them away.
DESTRUCTIVE = [
    ("./migrate -create-db -reset", "-reset"),
    ("./migrate --reset-db", "--reset-db"),
    (["-reset"], "-reset"),
    ("php artisan migrate:fresh --seed --force", "migrate:fresh"),
    ("php artisan migrate:refresh", "migrate:refresh"),
    ("php artisan migrate:reset", "migrate:reset"),
    ("php artisan db:wipe --force && php artisan migrate", "db:wipe"),
    ("bin/rails db:reset", "db:reset"),
    ("rake db:drop:all", "db:drop:all"),
    ("rails db:migrate:reset", "db:migrate:reset"),
    ("rails db:schema:load", "db:schema:load"),
    ("bundle exec rake db:setup", "db:setup"),
    ("pnpm prisma migrate reset --force", "prisma migrate reset"),
    ("prisma db push --accept-data-loss", "prisma … --accept-data-loss"),
    ("npx prisma db push --skip-generate --force-reset", "prisma … --force-reset"),
    ("python manage.py flush --no-input", "manage.py flush"),
    ("django-admin sqlflush | psql", "django-admin sqlflush"),
    ("python manage.py reset_db", "reset_db"),
    ("python manage.py migrate courses zero", "migrate courses zero"),
    ("psql -c 'DROP DATABASE shop'", "DROP DATABASE"),
    ("psql -c 'drop  schema public cascade'", "drop schema"),
    ("goose postgres postgres://u:p@db/x reset", "goose … reset"),
    ("goose -dir db postgres postgres://u:p@db/x reset", "goose … reset"),
    ("flyway -url=jdbc:mysql://db/x clean", "flyway … clean"),
    ("liquibase dropAll", "liquibase dropAll"),
    ("alembic downgrade base", "alembic downgrade base"),
    (["sh", "-c", "rails db:drop db:create db:migrate"], "db:drop"),
]

HARMLESS = [
    "php artisan migrate --force",
    "php artisan migrate:rollback --step=1",
    "php artisan migrate:status",
    "rails db:migrate",
    "rails db:prepare",
    "rails db:schema:dump",
    "pnpm prisma migrate deploy",
    "prisma migrate status",
    "prisma db push",
    "python manage.py migrate --noinput",
    "python manage.py migrate courses 0003",
    "goose up",
    "goose down",
    "./migrate -create-db -force",
    "./migrate --resettle",
    "flyway migrate",
    "liquibase update",
    "alembic upgrade head",
    "alembic downgrade -1",
    'echo "Starting database migration..."\ncd /app\npnpm prisma migrate deploy\necho "Migration completed successfully"',
]


@pytest.mark.parametrize(("command", "words"), DESTRUCTIVE)
def test_it_is_recognised_by_its_words(command: str | list[str], words: str) -> None:
    found = destructive(command)
    assert found is not None
    assert found.words == words


@pytest.mark.parametrize("command", [command for command, _ in DESTRUCTIVE])
def test_every_one_is_refused_in_one_sentence(command: str | list[str]) -> None:
    sentence = refusal("migration.command", command, "prod")
    assert sentence is not None
    assert sentence.startswith("migration.command contains ")
    assert "\n" not in sentence
    assert "'prod' is protected" in sentence


@pytest.mark.parametrize("command", HARMLESS)
def test_what_only_migrates_is_not_refused(command: str) -> None:
    assert destructive(command) is None


def test_a_long_command_is_not_repeated_since_it_may_hold_a_password() -> None:
    sentence = refusal("command", "goose -dir db postgres postgres://app:planted@db/shop reset", "prod")
    assert sentence is not None
    assert "planted" not in sentence


@given(st.text(max_size=60))
def test_no_text_breaks_it(command: str) -> None:
    destructive(command)


@pytest.mark.parametrize(
    "name", ["prod", "production", "Production", "prd", "live", "shop-prod", "org/shop/prod2", "prod_eu"]
)
def test_a_production_environment_is_protected(name: str) -> None:
    assert is_protected(name)


@pytest.mark.parametrize(
    "name", ["stg", "staging", "dev", "local", "preprod", "pre-prod", "non-prod", "product", ""]
)
def test_others_are_not(name: str) -> None:
    assert not is_protected(name)
