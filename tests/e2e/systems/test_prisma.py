"""The Prisma system: three replicas that migrate by themselves, two deployers at once, a failure that blocks, a migration by hand. The
tests follow one another."""

from __future__ import annotations

import copy
import shutil
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.e2e.conftest import empty
from tests.e2e.stack import Result
from tests.e2e.systems.system import System, deployed
from tools.localcloud.instance import LocalCloud

pytestmark = pytest.mark.docker

SERVICE, FAMILY = "fast-note", "fast-note-migrate"
V1 = ["20250101000001_notes", "20250101000002_tags", "20250101000003_first_notes"]
V2 = "20250101000004_pinned"
BROKEN = "20250101000005_require_author"
Query = Callable[[str], list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def note(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    empty(cloud.db_dsn())
    cloud.push("prisma", "v1")
    with deployed(cloud, tmp_path_factory.mktemp("prisma"), "prisma", "fast-note") as made:
        yield made


def running(note: System) -> int:
    (service,) = note.client("ecs").describe_services(cluster="local", services=[SERVICE])["services"]
    return int(service["runningCount"])


def tasks(note: System, family: str) -> list[dict[str, Any]]:
    """Oldest first."""
    arns = note.migration_tasks(family)
    found = note.client("ecs").describe_tasks(cluster="local", tasks=arns)["tasks"] if arns else []
    return sorted(found, key=lambda task: task["createdAt"])


def exits(task: dict[str, Any]) -> dict[str, Any]:
    """Container -> exit code, None while it runs."""
    return {each["name"]: each.get("exitCode") for each in task["containers"]}


def applied(query: Query) -> list[object]:
    rows = query("SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL ORDER BY 1")
    return [row[0] for row in rows]


def settle(cloud: LocalCloud, *more: str) -> None:
    """What the example's page says to do after a failed migration: its half, and its row, are taken out."""
    with psycopg.connect(cloud.db_dsn(), autocommit=True) as connection:
        connection.execute('ALTER TABLE "Note" DROP COLUMN IF EXISTS "reviewed"')
        connection.execute("DELETE FROM _prisma_migrations WHERE migration_name = %s", [BROKEN])
        for each in more:
            connection.execute(each)  # type: ignore[arg-type]


def test_init_three_replicas_start_at_once_and_one_of_them_migrates(note: System, query: Query) -> None:
    note.configure(**{"migration.phase": "init"})
    up = note.up()
    assert up.ok, up.output
    replicas = [task for task in tasks(note, SERVICE) if task["lastStatus"] == "RUNNING"]
    assert [exits(task)["db-migration"] for task in replicas] == [0, 0, 0]
    assert running(note) == 3
    assert tasks(note, FAMILY) == []
    events = note.client("logs").filter_log_events(logGroupName=f"/ecs/{FAMILY}")["events"]
    said = "\n".join(each["message"] for each in events)
    assert said.count("All migrations have been successfully applied.") == 1, said
    assert said.count("No pending migrations to apply.") == 2, said
    assert query("SELECT migration_name FROM _prisma_migrations ORDER BY 1") == [(name,) for name in V1]
    shown = note.get("/")
    assert (shown["version"], shown["schema"], len(shown["notes"])) == ("v1", V1[-1], 3)


def test_init_a_failed_migration_keeps_the_new_app_from_starting(note: System, cloud: LocalCloud) -> None:
    digest = cloud.push("prisma", "broken")
    up = note.up()
    assert not up.ok
    assert "Traceback" not in up.output
    assert f"service {SERVICE} does not run {SERVICE}:" in up.output
    failed = [task for task in tasks(note, SERVICE) if exits(task)["db-migration"] == 1]
    assert len(failed) >= 3
    for task in failed:
        (app,) = [each for each in task["containers"] if each["name"] == "fast-note"]
        assert app["image"].endswith(digest)
        assert "did not exit successfully" in app["reason"], "it was never started"
    assert running(note) == 3
    assert note.get("/healthz") == {"status": "ok", "version": "v1"}
    settle(
        cloud,
        'ALTER TABLE "Note" DROP COLUMN "pinned"',
        f"DELETE FROM _prisma_migrations WHERE migration_name = '{V2}'",
    )


def elsewhere(note: System, folder: Path) -> System:
    """The stack on another machine: another copy of program and state, so that neither sees the other's lock."""
    other = copy.copy(note)
    other.folder = folder / "program"
    shutil.copytree(note.folder, other.folder, symlinks=True)
    backend = note.env["PULUMI_BACKEND_URL"].removeprefix("file://")
    shutil.copytree(backend, folder / "state")
    other.extra_env = {**note.extra_env, "PULUMI_BACKEND_URL": f"file://{folder / 'state'}"}
    return other


def at_once(*what: Callable[[], Result]) -> list[Result]:
    ended: dict[int, Result] = {}

    def run(number: int) -> None:
        ended[number] = what[number]()

    threads = [threading.Thread(target=run, args=[number]) for number in range(len(what))]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return [ended[number] for number in range(len(what))]


def never_two_at_a_time(migrations: list[dict[str, Any]]) -> None:
    assert migrations
    for one, next_one in pairwise(migrations):
        assert one["executionStoppedAt"] <= next_one["startedAt"]


def test_two_deployers_at_once_never_race(
    note: System, cloud: LocalCloud, tmp_path: Path, query: Query
) -> None:
    """Whose revision of the service stays is between the two; the migration is applied once, and the app is the new one."""
    note.configure(**{"migration.phase": "before"})
    cloud.push("prisma", "v2")
    ended = at_once(note.up, elsewhere(note, tmp_path).up)
    assert any(each.ok for each in ended), "\n".join(each.output for each in ended)
    migrations = tasks(note, FAMILY)
    never_two_at_a_time(migrations)
    assert [exits(task)["db-migration"] for task in migrations] == [0] * len(migrations)
    assert applied(query) == [*V1, V2]
    assert note.get("/")["version"] == "v2"


def test_two_operators_at_once_never_race(note: System) -> None:
    before = len(tasks(note, FAMILY))
    ended = at_once(*[lambda: note.operate("run")] * 2)
    assert [each.ok for each in ended] == [True, True], "\n".join(each.output for each in ended)
    never_two_at_a_time(tasks(note, FAMILY)[before:])


def test_has_it_run_already(note: System) -> None:
    pending = note.operate("pending")
    assert pending.ok, pending.output
    assert "Database schema is up to date!" in pending.output


def test_does_the_image_hold_the_migration(note: System) -> None:
    held = note.operate("images", "--holds", V2)
    assert held.ok, held.output
    assert held.lines(f"app/prisma/migrations/{V2}/migration.sql")
    missing = note.operate("images", "--holds", BROKEN)
    assert missing.returncode == 8, missing.output


def test_before_a_failure_blocks_the_roll(note: System, cloud: LocalCloud) -> None:
    cloud.push("prisma", "broken")
    up = note.up()
    assert not up.ok
    assert BROKEN in up.output
    assert "Traceback" not in up.output
    assert note.get("/healthz") == {"status": "ok", "version": "v2"}
    assert running(note) == 3
    assert note.outputs()["service"] == SERVICE, "Pulumi shows them with a minus, but they are kept"


def test_by_hand_it_is_tried_three_times(note: System, cloud: LocalCloud) -> None:
    """The failed migration in the database stops every further one; when that and the rows are put right, the same command succeeds."""
    words = ("run", "--attempts", "3", "--timeout", "300")
    before = len(tasks(note, FAMILY))
    failed = note.operate(*words)
    assert failed.returncode == 1, failed.output
    assert failed.output.count("Error: P3009") >= 3, failed.output
    assert len(tasks(note, FAMILY)) == before + 3
    settle(cloud, """UPDATE "Note" SET "author" = 'Jiro' WHERE "author" IS NULL""")
    done = note.operate(*words)
    assert done.ok, done.output
    assert "All migrations have been successfully applied." in done.output
    assert len(tasks(note, FAMILY)) == before + 4


def test_by_hand_it_is_stopped_when_it_takes_too_long(note: System) -> None:
    stopped = note.operate("run", "--command", "sleep 60", "--timeout", "2", "--attempts", "3")
    assert stopped.returncode == 1, stopped.output
    assert "Traceback" not in stopped.output
    newest = tasks(note, FAMILY)[-1]
    assert newest["stopCode"] == "UserInitiated"
    assert (newest["executionStoppedAt"] - newest["startedAt"]).total_seconds() < 60


def test_it_is_passed_over_and_the_history_keeps_all_of_it(note: System) -> None:
    before = len(tasks(note, FAMILY))
    skipped = note.operate("run", "--skip")
    assert skipped.ok, skipped.output
    assert len(tasks(note, FAMILY)) == before
    runs = note.ask("history")["runs"]
    assert [each["status"] for each in runs[:2]] == ["skipped", "failed"]
