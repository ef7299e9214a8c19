"""P4 for real: `pulumi up` dies or is cancelled in the middle of a migration in a container; the next `up` adopts the task.

v2's migration waits after each of six courses, so that there is a middle.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from migratable_ecs.migration.unanswered import HOW_IT_GOES_ON

from tests.e2e.stack import SERVICE, Stack, eventually, kill_group, wait_for_line
from tools.localcloud.instance import LocalCloud

pytestmark = pytest.mark.docker

Query = Callable[[str], list[tuple[object, ...]]]
MIDDLE = "Applying courses.0004_course_level"


def times_applied(query: Query, name: str) -> int:
    return int(str(query(f"SELECT count(*) FROM django_migrations WHERE name = '{name}'")[0][0]))


def unlock(stack: Stack) -> None:
    """A killed `pulumi` leaves its lock in the backend; this is what it tells the user to do."""
    assert stack.run("cancel", "--stack", stack.name, "--yes").ok


class TestKilled:
    def test_1_the_first_up_is_killed_while_the_migration_runs(
        self, stack: Stack, cloud: LocalCloud, query: Query
    ) -> None:
        cloud.push("django", "v2")
        stack.configure(environment={"MIGRATION_PAUSE_SECONDS": "4"})
        process = stack.start_up()
        wait_for_line(process, MIDDLE)
        kill_group(process)
        assert len(stack.migration_tasks()) == 1
        services = stack.client("ecs").describe_services(cluster="local", services=[SERVICE])["services"]
        assert not [each for each in services if each["status"] == "ACTIVE"]

    def test_2_the_next_up_adopts_the_task_and_the_database_shows_it_once(
        self, stack: Stack, query: Query
    ) -> None:
        unlock(stack)
        up = stack.up()
        assert up.ok, up.output
        assert "of this run is executing already; following it from its first line" in up.output
        assert "Applying courses.0001_initial... OK" in up.output
        assert "log complete" in up.output
        assert len(stack.migration_tasks()) == 1
        assert times_applied(query, "0004_course_level") == 1
        assert stack.page()["version"] == "v2"
        assert stack.preview("--expect-no-changes").ok

    def test_3_killed_and_looked_at_only_after_the_end(self, stack: Stack, query: Query) -> None:
        before = len(stack.migration_tasks())
        stack.configure(force="again")
        process = stack.start_up()
        wait_for_line(process, " started (")
        kill_group(process)
        assert eventually(lambda: _nothing_runs(stack))
        unlock(stack)
        up = stack.up()
        assert up.ok, up.output
        assert "of this run has already succeeded; its log follows" in up.output
        assert "No migrations to apply." in up.output
        assert len(stack.migration_tasks()) == before + 1
        assert stack.preview("--expect-no-changes").ok


class TestCancelled:
    def test_ctrl_c_says_within_five_seconds_that_the_task_goes_on_and_how_to_go_on(
        self, stack: Stack, query: Query
    ) -> None:
        query("SELECT 1")
        stack.configure(
            **{"migration.command": "echo begun; sleep 25; echo ended", "force": "slow", "environment": {}}
        )
        before = len(stack.migration_tasks())
        process = stack.start_up()
        wait_for_line(process, "begun")
        process.send_signal(signal.SIGINT)
        asked = time.monotonic()
        output, _ = process.communicate(timeout=60)
        took = time.monotonic() - asked
        assert "goes on; the next `pulumi up` resumes it, `aws ecs stop-task --cluster" in output, output
        assert took < 8, output
        assert not _nothing_runs(stack)

        up = stack.up()
        assert up.ok, up.output
        assert "of this run is executing already" in up.output
        assert len(stack.migration_tasks()) == before + 1

    def test_ctrl_c_while_aws_does_not_answer_says_all_the_same_that_it_goes_on(
        self, stack: Stack, cloud: LocalCloud
    ) -> None:
        stack.configure(force="unanswered")
        before = len(stack.migration_tasks())
        process = stack.start_up()
        wait_for_line(process, "begun")
        with held(cloud):
            # Until the polls of the run hang in a call.
            time.sleep(4)
            process.send_signal(signal.SIGINT)
            asked = time.monotonic()
            wait_for_line(process, HOW_IT_GOES_ON, timeout=20)
            took = time.monotonic() - asked
        output, _ = process.communicate(timeout=90)
        assert took < 8, output
        assert "goes on; the next `pulumi up` resumes it, `aws ecs stop-task --cluster" in output, output
        up = stack.up()
        assert up.ok, up.output
        assert len(stack.migration_tasks()) == before + 1


@contextmanager
def held(cloud: LocalCloud) -> Iterator[None]:
    """The local cloud takes calls and answers none."""
    pid = cloud.state().processes["ministack"].pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _nothing_runs(stack: Stack) -> bool:
    running = stack.client("ecs").list_tasks(
        cluster="local", family=f"{SERVICE}-migrate", desiredStatus="RUNNING"
    )
    return not running["taskArns"]
