"""The Prisma system: three replicas and one migration, two deployers at once, a failure that blocks. The tests follow one another."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import pairwise

import pytest

from tests.e2e.conftest import empty
from tests.e2e.stack import Result
from tests.e2e.systems.system import System, deployed
from tools.localcloud.instance import LocalCloud

pytestmark = pytest.mark.docker

FAMILY = "fast-note-migrate"


@pytest.fixture(scope="module")
def note(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    empty(cloud.db_dsn())
    cloud.push("prisma", "v1")
    with deployed(cloud, tmp_path_factory.mktemp("prisma"), "prisma", "fast-note") as made:
        yield made


def running(note: System) -> int:
    (service,) = note.client("ecs").describe_services(cluster="local", services=["fast-note"])["services"]
    return int(service["runningCount"])


def test_three_replicas_start_after_one_migration(note: System) -> None:
    up = note.up()
    assert up.ok, up.output
    assert (running(note), len(note.migration_tasks(FAMILY))) == (3, 1)
    shown = note.get("/")
    assert (shown["version"], shown["schema"], len(shown["notes"])) == ("v1", "20250101000003_first_notes", 3)


def test_status_says_that_nothing_is_pending(note: System) -> None:
    pending = note.operate("pending")
    assert pending.ok, pending.output
    assert "Database schema is up to date!" in pending.output


def test_two_deployers_at_once_run_one_migration(note: System) -> None:
    before = len(note.migration_tasks(FAMILY))
    ended: list[Result] = []
    deployers = [threading.Thread(target=lambda: ended.append(note.operate("run"))) for _ in range(2)]
    for each in deployers:
        each.start()
    for each in deployers:
        each.join()
    assert [each.ok for each in ended] == [True, True], "\n".join(each.output for each in ended)
    tasks = note.client("ecs").describe_tasks(cluster="local", tasks=note.migration_tasks(FAMILY))["tasks"]
    later = sorted(tasks, key=lambda task: task["createdAt"])[before:]
    assert later
    for one, next_one in pairwise(later):
        assert one["executionStoppedAt"] <= next_one["startedAt"], "never two of them at the same time"


def test_a_failure_blocks_the_roll(note: System, cloud: LocalCloud) -> None:
    cloud.push("prisma", "broken")
    up = note.up()
    assert not up.ok
    assert "20250101000005_require_author" in up.output
    assert "Traceback" not in up.output
    assert note.get("/healthz") == {"status": "ok", "version": "v1"}
    assert running(note) == 3
