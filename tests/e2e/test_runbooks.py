"""The runbooks of docs/operating.md, carried out: each test does the lines of its part of the page, and looks what came of it.

One stack, with the names of the page; the tests follow one another. What the page gives as an example (a version, a tag) is replaced by
what is here. `aws` stands for the same call by boto3; of the runbooks that the local cloud does not carry to their end the page says so.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.e2e.runbook_app import IN_BATCHES, SLOW
from tests.e2e.runbook_shop import Database, Shop
from tests.e2e.stack import eventually, wait_for_line
from tests.operating_page import PAGE, Runbook, runbooks
from tools.localcloud.instance import LocalCloud

pytestmark = pytest.mark.docker

DEPLOY = "make deploy ENV=stg APP=../app"


@pytest.fixture(scope="module")
def shop(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    cloud.push("django", "v1", "v1")
    folder = tmp_path_factory.mktemp("runbooks") / "infra"
    folder.mkdir()
    made = Shop(cloud, folder)
    yield made
    assert made.destroy().ok
    assert made.run("stack", "rm", made.name, "--yes").ok


@pytest.fixture(scope="module")
def database(shop: Shop) -> Iterator[Database]:
    made = Database(shop)
    client = shop.client("secretsmanager")
    client.create_secret(Name="shop-db", SecretString=made.secret("shop_a"))
    yield made
    made.remove()
    client.delete_secret(SecretId="shop-db", ForceDeleteWithoutRecovery=True)


@pytest.fixture(scope="module")
def book(shop: Shop, database: Database) -> dict[str, Runbook]:
    """The runbooks of a service that is deployed."""
    shop.app.migration("0004_nickname", added("nickname"), after="0003_first_courses")
    first = shop.app.commit()
    done = shop.do(DEPLOY)
    assert f"image: django-app:{first}" in done.out
    assert len(shop.page()["courses"]) == 6
    return runbooks(PAGE.read_text())


@pytest.fixture(scope="module")
def nobody_answers(shop: Shop, book: dict[str, Runbook]) -> list[subprocess.Popen[str]]:
    """The first commands of the last runbook, at an address where nobody listens."""
    shop.extra_env["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
    started = [shop.start(line) for line in book["The region is in trouble"].lines[:3]]
    del shop.extra_env["AWS_ENDPOINT_URL"]
    return started


def added(column: str, kind: str = "varchar(100)") -> tuple[str, str]:
    table = "ALTER TABLE courses_course"
    return f"{table} ADD COLUMN {column} {kind}", f"{table} DROP COLUMN {column}"


def status(shop: Shop) -> dict[str, Any]:
    return shop.do("migratable-ecs status -s stg", more="--json").json


def digest(shop: Shop, tag: str) -> str:
    """Of an image in the registry."""
    rows = shop.do("migratable-ecs images -s stg --limit 50", more="--json").json["images"]
    return str(next(each["digest"] for each in rows if tag in each["tags"]))


def stop_watching(process: subprocess.Popen[str]) -> str:
    """Ctrl-C, as the operator ends a screen that goes on."""
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=120)[0]
    assert process.returncode == 0, said
    return said


def test_a_migration_failed(shop: Shop, book: dict[str, Runbook]) -> None:
    show, logs, pending, again, skip = book["A migration failed"].lines
    before = status(shop)["image"]
    shop.app.migration("0005_level", ("SELECT 1 / 0", ""), after="0004_nickname")
    shop.app.commit()
    assert "migration failed" in shop.do(DEPLOY, expect=2).out
    assert status(shop)["image"] == before

    assert "division by zero" in shop.do(show).out
    assert "division by zero" in shop.do(logs).out
    assert " [ ] 0005_level" in shop.do(pending).out.splitlines()
    assert "exit code 1" in shop.do(again, expect=1).err
    assert "nothing ran" in shop.do(skip).err
    newest = shop.do("migratable-ecs history -s stg", more="--json").json["runs"][:3]
    assert [run["status"] for run in newest] == ["skipped", "failed", "failed"]

    # The fault is in the migration: a new image is a new run.
    shop.app.migration("0005_level", added("level"), after="0004_nickname")
    shop.app.commit()
    shop.do(DEPLOY)
    assert status(shop)["image"] != before
    assert " [X] 0005_level" in shop.do(pending).out.splitlines()


def test_the_wrong_image_is_deployed(shop: Shop, book: dict[str, Runbook]) -> None:
    images, holds, revisions, back, configured, up = book["The wrong image is deployed"].lines
    right, _, wrong = shop.app.commits
    assert wrong[:12] in shop.do(images).out
    found = shop.do(holds, {"0042_add_index": "0005_level", "v41": wrong})
    assert "courses/migrations/0005_level.py" in found.out
    wanted = digest(shop, right)
    rows = shop.do(revisions, more="--json").json["revisions"]
    name = next(each["revision"] for each in rows if wanted in each["image"])
    shop.do(back, {"--to 7": f"--to {name.partition(':')[2]}"})
    assert wanted in status(shop)["image"]
    # The program too, or the next refresh rolls forward again.
    shop.do(configured, {"v41": right})
    shop.do(up)
    assert wanted in status(shop)["image"]


def test_a_migration_is_half_applied(shop: Shop, database: Database, book: dict[str, Runbook]) -> None:
    """The column is there, the values are not; what is missing is done by hand, and the tool is told."""
    backup, pending, _, fake, _, run = book["A migration is half applied"].lines
    by_lessons = "UPDATE courses_course c SET rating = 10 / (SELECT count(*) FROM courses_lesson WHERE course_id = c.id)"
    shop.app.migration(
        "0006_rating", added("rating", "integer"), (by_lessons, ""), after="0005_level", atomic=False
    )
    shop.app.commit()
    assert "division by zero" in shop.do(DEPLOY, expect=2).out

    assert "shop-db" in shop.do(backup).out
    assert " [ ] 0006_rating" in shop.do(pending).out.splitlines()
    assert database.ask("SELECT count(rating) FROM courses_course") == [(0,)]
    database.ask("UPDATE courses_course SET rating = 0")
    shop.do(fake, {"0007": "0006"})
    assert "No migrations to apply." in shop.do(run).out
    assert " [X] 0006_rating" in shop.do(pending).out.splitlines()


def test_the_lock_is_stuck(shop: Shop, database: Database, book: dict[str, Runbook]) -> None:
    """Ours is seen and stopped; that in the database, of a forgotten session, is found and ended, and the migration goes on."""
    look, stop, *_ = book["The lock is stuck"].lines
    tools, waiting, end = book["The lock is stuck"].sql
    with psycopg.connect(database.dsn) as forgotten:
        forgotten.execute("SELECT pg_advisory_lock(1)")
        forgotten.execute("LOCK TABLE django_migrations")
        holder = forgotten.info.backend_pid
        first = shop.start("migratable-ecs run -s stg")
        wait_for_line(first, "is RUNNING")
        assert "by stack shop/stg" in shop.do(look).out
        shop.do(stop)
        first.communicate(timeout=120)
        assert first.returncode == 1

        # The session of the task that was stopped may still be there: PostgreSQL notices when it gets the lock.
        before = {row[0] for row in database.ask(waiting)}
        second = shop.start("migratable-ecs run -s stg")
        assert eventually(lambda: bool({row[0] for row in database.ask(waiting)} - before), 120)
        assert [row[0] for row in database.ask(tools)] == [holder]
        assert {row[1:3] for row in database.ask(waiting)} == {(holder, "idle in transaction")}
        database.ask(end.replace("PID", str(holder)))
        said = second.communicate(timeout=120)[0]
        assert second.returncode == 0, said
        with pytest.raises(psycopg.OperationalError):
            forgotten.execute("SELECT 1")


def test_a_migration_takes_hours(shop: Shop, database: Database, book: dict[str, Runbook]) -> None:
    """Seconds instead of hours: left, looked at, followed again by another process, and its time is over once."""
    backup, run, follow, again, history = book["A migration that takes hours"].lines
    # Phase manual: no deployment waits for it.
    shop.do("pulumi config set phase manual --stack stg")
    shop.do('pulumi config set back "python manage.py migrate courses 0006" --stack stg')
    shop.app.migration("0007_slow", after="0006_rating", work=SLOW, atomic=False)
    shop.app.commit()
    shop.do(DEPLOY)
    shop.do(backup)
    assert "timeout: 1 s are over" in shop.do(run, {"28800": "1"}, expect=1).err

    first = shop.start(run)
    wait_for_line(first, "is RUNNING")
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=120)
    assert first.returncode == 4
    lines = shop.start(follow)
    wait_for_line(lines, "batch 3 of 6")
    stop_watching(lines)
    done = shop.do(again)
    assert "following it from its first line" in done.err
    assert "batch 6 of 6" in done.out
    assert database.ask("SELECT count(nickname) FROM courses_course") == [(6,)]
    runs = shop.do(history, more="--json").json["runs"]
    assert [(each["status"], each["cause"]) for each in runs[:2]] == [
        ("succeeded", ""),
        ("failed", "timeout"),
    ]


def test_roll_back_the_schema(shop: Shop, book: dict[str, Runbook]) -> None:
    back, backup, schema, pending, to, without_pulumi = book["Roll back the schema"].lines
    shop.do(back)
    # The one whose migration was completed by hand.
    assert digest(shop, shop.app.commits[-2]) in status(shop)["image"]
    shop.do(backup)
    shop.do(schema)
    assert " [ ] 0007_slow" in shop.do(pending).out.splitlines()
    for line in (to, without_pulumi):
        shop.do(line, {"0007": "0006"})
    assert len(shop.page()["courses"]) == 6


def test_a_migration_needs_downtime(shop: Shop, book: dict[str, Runbook]) -> None:
    look, down, backup, run, up, check, worker_down, worker_up = book["A migration that needs downtime"].lines
    assert "by itself, 1 to 3" in shop.do(look).out
    shop.do(down)
    shop.do(worker_down)
    assert [status(shop)["service"]["running"], status(shop)["workers"][0]["running"]] == [0, 0]
    shop.do(backup)
    assert "batch 6 of 6" in shop.do(run).out
    shop.do(up)
    shop.do(worker_up)
    shop.do(check)
    found = status(shop)
    assert (found["service"]["running"], found["workers"][0]["running"]) == (2, 1)


def test_expand_and_contract(shop: Shop, database: Database, book: dict[str, Runbook]) -> None:
    """A name for `title`; at each step what the versions before have written is there, and the one before may come back."""
    expand, check, backfill, switch, contract = book["Expand and contract"].lines
    back, watch = book["Roll back the app"].lines
    shop.do("pulumi config set phase before --stack stg")
    heading = (added("heading")[0], added("heading")[1])
    shop.app.migration("0008_heading", heading, after="0007_slow")
    shop.app.command("backfill_names", IN_BATCHES)
    shop.app.views("title", "title", "heading")
    shop.app.commit()
    shop.do(expand)
    shop.do(check)
    shop.visit("/?add=Geology")
    done = shop.do(backfill)
    assert done.out.splitlines().count("2 rows") == 3
    assert database.ask("SELECT count(*) FROM courses_course WHERE heading IS DISTINCT FROM title") == [(0,)]

    shop.app.views("heading", "title", "heading")
    shop.app.commit()
    shop.do(switch)
    shop.visit("/?add=History")
    # The version before may come back.
    shop.do(back)
    watching = shop.start(watch)
    wait_for_line(watching, "healthy")
    stop_watching(watching)
    shop.visit("/?add=Ikebana")
    assert shop.page()["courses"][-3:] == ["Geology", "History", "Ikebana"]

    shop.app.migration(
        "0009_no_title",
        ("ALTER TABLE courses_course ALTER COLUMN title DROP NOT NULL", ""),
        after="0008_heading",
    )
    shop.app.command(
        "drop_old_names", 'cursor.execute("ALTER TABLE courses_course DROP COLUMN IF EXISTS title")'
    )
    shop.app.views("heading", "heading")
    shop.app.commit()
    shop.do("pulumi config set contract true --stack stg")
    shop.do(contract)
    shop.visit("/?add=Japanese")
    assert shop.page()["courses"][-4:] == ["Geology", "History", "Ikebana", "Japanese"]
    columns = database.ask(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'courses_course'"
    )
    assert ("title",) not in columns


def test_a_secret_is_rotated(
    shop: Shop, database: Database, nobody_answers: list[subprocess.Popen[str]], book: dict[str, Runbook]
) -> None:
    """Two users in turn; the old one goes when no task has it any longer."""
    assert nobody_answers, "started here, since they try for a minute"
    put, doctor, restart, watch = book["A secret is rotated"].lines
    assert shop.page()["user"] == "shop_a"
    (shop.folder / "new.json").write_text(database.secret("shop_b"))
    shop.do(put)
    # The local cloud's subnets lead nowhere, which its containers do not need.
    assert {each["check"] for each in shop.do(doctor, more="--json", expect=8).json["findings"]} == {"routes"}
    assert shop.page()["user"] == "shop_a"
    shop.do(restart)
    watching = shop.start(watch)
    assert eventually(lambda: status(shop)["problems"] == [], 180)
    stop_watching(watching)
    database.ask("ALTER ROLE shop_a NOLOGIN")
    database.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'shop_a'")
    assert shop.page()["user"] == "shop_b"
    assert "No migrations to apply." in shop.do("migratable-ecs run -s stg").out


def test_restore_the_database(shop: Shop, database: Database, book: dict[str, Runbook]) -> None:
    """As far as the local cloud goes: a second database is made beside the first; the snapshot holds no data here."""
    backups, steps, run, forward = book["Restore the database"].lines
    assert len(shop.do(backups, more="--json").json["snapshots"]) == 4
    shown = shop.do(steps).out
    assert "migratable-ecs scale 0 -s stg --min 0 && migratable-ecs scale 0 -s stg --service queue" in shown
    assert "migratable-ecs scale 2 -s stg --min 2 && migratable-ecs scale 1 -s stg --service queue" in shown
    done = shop.do(run, more="--json").json
    assert (done["restored"], [each["done"] for each in done["steps"]]) == (
        "shop-db-restored",
        [True, True] + [False] * 6,
    )
    names = {
        each["DBInstanceIdentifier"] for each in shop.client("rds").describe_db_instances()["DBInstances"]
    }
    assert names >= {"shop-db", "shop-db-restored"}
    printed = shop.do(forward, more="--print").out
    assert '"host":["shop-db-restored.example"]' in printed.replace(" ", "")


def test_the_region_is_in_trouble(
    shop: Shop, nobody_answers: list[subprocess.Popen[str]], book: dict[str, Runbook]
) -> None:
    """Nobody answers: it is said so, and nothing is taken for well. Then it answers again."""
    _, _, run, history, _, init, configured, _ = book["The region is in trouble"].lines
    for process in nobody_answers:
        said = process.communicate(timeout=120)[0]
        assert process.returncode == 5, said
        assert "AWS does not answer, trying again for up to a minute" in said
    shop.do(run)
    assert "succeeded" in shop.do(history).out
    shop.do(init)
    shop.do(configured)
    assert shop.run("stack", "rm", "dr", "--yes").ok
