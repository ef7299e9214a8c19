"""The main job on real parts: the CLI, the engine, containers, PostgreSQL. The tests follow one another on one stack."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.e2e.stack import ROW, Stack
from tools.localcloud.instance import LocalCloud

pytestmark = pytest.mark.docker

Query = Callable[[str], list[tuple[object, ...]]]


def short(digest: str) -> str:
    return digest[: len("sha256:") + 12]


def applied(query: Query) -> list[object]:
    return [row[0] for row in query("SELECT name FROM django_migrations WHERE app = 'courses' ORDER BY id")]


V1 = ["0001_initial", "0002_learners", "0003_first_courses"]


class TestOneServiceThroughItsLife:
    digests: dict[str, str]
    tasks: int

    def test_1_first_preview_says_that_a_first_run_will_happen_and_does_nothing(self, stack: Stack) -> None:
        preview = stack.preview()
        assert preview.ok, preview.output
        assert re.search(
            r"migration will run before the service rolls: first run, image sha256:\w{12}", preview.output
        )
        assert stack.migration_tasks() == []

    def test_2_first_up_shows_the_migrations_own_lines_under_its_row_and_the_page_answers(
        self, stack: Stack, query: Query
    ) -> None:
        up = stack.up()
        assert up.ok, up.output
        rows = [line for line in up.lines(ROW) if "creating" in line]
        for step in V1:
            assert any(f"Applying courses.{step}... OK" in line for line in rows), up.output
        assert "migration succeeded" in up.output
        assert "log complete" in up.output
        assert applied(query) == V1
        page = stack.page()
        assert page["version"] == "v1"
        assert len(page["courses"]) == query("SELECT count(*) FROM courses_course")[0][0] > 0

    def test_3_app_and_migration_carry_the_same_digest(self, stack: Stack) -> None:
        outputs = stack.outputs()
        ecs = stack.client("ecs")
        migration = ecs.describe_task_definition(taskDefinition=outputs["migration_task_definition"])
        image = migration["taskDefinition"]["containerDefinitions"][0]["image"]
        assert image.partition("@")[2] == outputs["image_digest"] == stack.running_digest()

    def test_4_again_nothing_changes_and_no_task_is_started(self, stack: Stack) -> None:
        before = stack.migration_tasks()
        up = stack.up("--expect-no-changes")
        assert up.ok, up.output
        assert "migration will not run: image" in up.output
        assert stack.migration_tasks() == before

    @pytest.mark.parametrize("refresh", [False, True])
    def test_5_preview_shows_no_difference(self, stack: Stack, refresh: bool) -> None:
        words = ["--refresh"] if refresh else []
        preview = stack.preview("--expect-no-changes", *words)
        assert preview.ok, preview.output

    def test_6_no_secret_in_the_state(self, stack: Stack, cloud: LocalCloud) -> None:
        password = cloud.db_dsn().split("//")[1].split("@")[0].split(":")[1]
        assert len(password) > 8
        assert password not in stack.state()

    def test_7_v2_under_the_same_tag_is_announced_and_runs_only_what_is_new(
        self, stack: Stack, cloud: LocalCloud, query: Query
    ) -> None:
        old = stack.outputs()["image_digest"]
        new = cloud.push("django", "v2")
        preview = stack.preview()
        assert preview.ok, preview.output
        line = f"migration will run before the service rolls: image {short(old)} -> {short(new)}"
        assert line in preview.output

        up = stack.up()
        assert up.ok, up.output
        assert line in up.output
        assert "Applying courses.0004_course_level..." in up.output
        assert "Applying courses.0001_initial" not in up.output
        assert applied(query) == [*V1, "0004_course_level"]
        assert stack.running_digest() == new
        assert stack.page()["version"] == "v2"

    def test_8_broken_fails_clearly_and_the_old_version_goes_on_answering(
        self, stack: Stack, cloud: LocalCloud
    ) -> None:
        good = stack.running_digest()
        cloud.push("django", "broken")
        up = stack.up()
        assert not up.ok
        assert "exit code 1" in up.output
        assert "cannot rate the course 'Economics': it has no lessons" in up.output
        assert "Traceback (most recent call last)" not in up.output
        assert stack.running_digest() == good
        assert stack.page()["version"] == "v2"

    def test_9_pushing_v2_again_recovers(self, stack: Stack, cloud: LocalCloud) -> None:
        good = cloud.push("django", "v2")
        up = stack.up()
        assert up.ok, up.output
        assert stack.running_digest() == good
        assert stack.page()["version"] == "v2"
        assert stack.preview("--expect-no-changes").ok

    @pytest.mark.parametrize(
        "change",
        [
            {"cpu": 512, "memory": 1024},
            {"migration.memory": 1024},
            {"logRetentionDays": 7},
            {"tags": {"team": "shop"}},
        ],
        ids=str,
    )
    def test_sizes_retention_and_tags_run_no_migration(self, stack: Stack, change: dict[str, object]) -> None:
        before = stack.migration_tasks()
        stack.configure(**change)
        up = stack.up()
        assert up.ok, up.output
        assert "migration will not run: image" in up.output
        assert stack.migration_tasks() == before
        assert not stack.preview("--expect-no-changes").output.count("to update")

    def test_a_force_value_runs_it_once_more(self, stack: Stack) -> None:
        before = len(stack.migration_tasks())
        stack.configure(force="once")
        up = stack.up()
        assert up.ok, up.output
        assert "migration will run before the service rolls: forced" in up.output
        assert len(stack.migration_tasks()) == before + 1
        assert stack.preview("--expect-no-changes").ok
