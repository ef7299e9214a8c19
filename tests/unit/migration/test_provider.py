"""The dynamic provider between the engine and the run: policies, outputs, and one clean message when it fails."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from migratable_ecs.migration import clock, engine_log, plugin_process, session
from migratable_ecs.migration.decide import decide
from migratable_ecs.migration.provider import MigrationProvider
from migratable_ecs.migration.state import EMPTY_OUTPUTS, recorded, wanted
from migratable_ecs.testing import exits, hangs, succeeds

from tests.unit.migration.scenario import FAMILY, NETWORK, Scenario
from tests.unit.migration.test_state import stored

pytestmark = pytest.mark.thorough(keep=3)

A, B = ("sha256:" + letter * 64 for letter in "ab")


class Stack:
    """What the engine keeps between two updates, and how it calls the provider."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.provider = MigrationProvider()
        self.outputs: dict[str, Any] | None = None
        self.rows: list[str] = []

    def props(self, **more: Any) -> dict[str, Any]:
        return stored(
            {
                **dict.fromkeys(EMPTY_OUTPUTS),
                "urn": "urn:pulumi:stg::shop::pulumi-python:dynamic/ecs:MigrationRun::web",
                "service": "web",
                "stack": "shop/stg",
                "cluster": "default",
                "family": FAMILY,
                "task_definition": self.scenario.definition_arn,
                "container": "migrate",
                "subnets": NETWORK["subnets"],
                "image_digest": A,
                "command": "manage.py migrate",
                **more,
            }
        )

    def up(self, **more: Any) -> bool:
        """One `pulumi up` of this resource; True when something ran. What create returns is stored, as is what update returns."""
        news = self.provider.check(self.outputs or {}, self.props(**more)).inputs
        if self.outputs is None:
            self.outputs = stored(self.provider.create(news).outs)
            return True
        if not self.provider.diff("web", self.outputs, news).changes:
            return False
        self.outputs = stored(self.provider.update("web", self.outputs, news).outs)
        return True


@pytest.fixture(autouse=True)
def _traceback_limit() -> Iterator[None]:
    """The provider's process lives for it alone; the tests' does not."""
    yield
    if hasattr(sys, "tracebacklimit"):
        del sys.tracebacklimit


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Stack]:
    def make(script: Any = None, **options: Any) -> Stack:
        scenario = Scenario(**({"script": script} if script else {}), **options)
        made = Stack(scenario)
        monkeypatch.setattr(session, "connect", lambda _settings: scenario.aws)
        monkeypatch.setattr(clock, "SystemClock", lambda _wake: scenario.aws.clock)
        monkeypatch.setattr(plugin_process, "_shared", {})
        monkeypatch.setattr(engine_log.Row, "_log", lambda _row, severity, line: made.rows.append(line))
        return made

    return make


def error_of(call: Callable[[], Any]) -> str:
    """What the engine shows: the SDK's server sends traceback.format_exc()."""
    try:
        call()
    except Exception:
        return traceback.format_exc()
    raise AssertionError("no error")


def assert_clean(shown: str) -> None:
    assert "Traceback" not in shown
    assert 'File "' not in shown
    assert ".py" not in shown.replace("manage.py", "")


def test_create_runs_and_returns_every_output(stack: Any) -> None:
    web = stack()
    web.up()
    assert set(EMPTY_OUTPUTS) <= set(web.outputs)
    assert (web.outputs["status"], web.outputs["digest"], web.outputs["exit_code"]) == ("succeeded", A, 0)
    assert web.outputs["migrated"] == [A]
    assert web.outputs["serial"] == 1
    assert web.outputs["log_complete"] is True
    assert "Applying 0001_initial... OK" in web.rows


def test_the_same_again_does_nothing(stack: Any) -> None:
    web = stack()
    web.up()
    calls = len(web.scenario.aws.calls)
    assert not any(web.up() for _ in range(10))
    assert len(web.scenario.aws.calls) == calls


def test_preview_and_up_say_the_same_line(stack: Any) -> None:
    web = stack()
    line = "migration will run before the service rolls: first run, image sha256:aaaaaaaaaaaa"
    web.provider.check({}, web.props())
    assert web.rows == [line]
    web.up()
    assert web.outputs["reason"] == line
    web.rows.clear()
    web.provider.diff("web", web.outputs, web.props(image_digest=B))
    line = "migration will run before the service rolls: image sha256:aaaaaaaaaaaa -> sha256:bbbbbbbbbbbb"
    assert web.rows == [line]
    web.up(image_digest=B)
    assert web.outputs["reason"] == line


def test_update_returns_every_output_and_keeps_the_history(stack: Any) -> None:
    web = stack()
    web.up()
    first = set(web.outputs)
    web.up(image_digest=B)
    assert set(web.outputs) == first
    assert web.outputs["migrated"] == [A, B]
    assert [run["digest"] for run in web.outputs["history"]] == [A, B]
    assert len(web.scenario.aws.ecs.launched) == 2


def test_read_and_delete_ask_aws_nothing(stack: Any) -> None:
    web = stack()
    web.up()
    calls = len(web.scenario.aws.calls)
    assert web.provider.read("web", web.outputs).outs == web.outputs
    web.provider.delete("web", web.outputs)
    assert len(web.scenario.aws.calls) == calls


class TestOnFailureFail:
    def test_one_clean_message(self, stack: Any) -> None:
        web = stack(exits(1, "Applying 0003_orders...", "column already exists"))
        shown = error_of(web.up)
        assert_clean(shown)
        assert shown.startswith("migration failed: The migration container migrate ended with exit code 1.")
        assert "| column already exists" in shown
        assert web.outputs is None, "a create that failed stores nothing"

    def test_the_next_up_runs_it_again_and_recovers(self, stack: Any) -> None:
        web = stack(lambda number: exits(1) if number == 1 else succeeds("fine"))
        web.up()
        error_of(lambda: web.up(image_digest=B))
        assert web.outputs["digest"] == A, "a failed update keeps the old outputs"
        assert web.up(image_digest=B)
        assert (web.outputs["status"], web.outputs["digest"]) == ("succeeded", B)
        assert len(web.scenario.aws.ecs.launched) == 3

    def test_a_refused_check_is_clean_too(self, stack: Any) -> None:
        web = stack()
        shown = error_of(lambda: web.up(cluster="gone"))
        assert_clean(shown)
        assert shown.startswith("migration failed: cluster gone does not exist")

    def test_nothing_can_be_asked_of_aws(self, stack: Any) -> None:
        web = stack()
        web.scenario.aws.ecs.fail_next("ListTasks", "AccessDeniedException", "not authorized", times=100)
        shown = error_of(web.up)
        assert_clean(shown)
        assert shown.startswith("migration interrupted: ")


class TestOnFailureWarn:
    def test_it_goes_on_and_stays_pending(self, stack: Any) -> None:
        web = stack(lambda number: exits(1, "boom") if number < 2 else succeeds("fine"))
        assert web.up(on_failure="warn")
        assert web.outputs["status"] == "failed"
        assert web.outputs["migrated"] == []
        assert any("on_failure is warn, so the deployment goes on" in row for row in web.rows)
        assert "boom" in web.outputs["message"]
        assert "still pending" in decide(recorded(web.outputs), wanted(web.props())).line
        assert web.up(on_failure="warn")
        assert web.up(on_failure="warn")
        assert (web.outputs["status"], web.outputs["serial"]) == ("succeeded", 3)
        assert not web.up(on_failure="warn")
        assert [run["status"] for run in web.outputs["history"]] == ["failed", "failed", "succeeded"]

    def test_what_never_started_is_pending_too(self, stack: Any) -> None:
        web = stack()
        web.scenario.aws.ecs.refuse_placement("SOMETHING:NEW")
        web.up(on_failure="warn")
        assert (web.outputs["status"], web.outputs["task_arn"], web.outputs["serial"]) == ("failed", "", 0)
        assert web.up(on_failure="warn")
        assert web.outputs["status"] == "succeeded"

    def test_a_preflight_that_fails_is_a_failure_like_others(self, stack: Any) -> None:
        web = stack()
        web.up(on_failure="warn", cluster="gone")
        assert web.outputs["status"] == "failed"
        assert "cluster gone does not exist" in web.outputs["message"]
        (run,) = web.outputs["history"]
        assert run["run"] == f"not-started-{run['started_at']}", "each try has an entry of its own"

    def test_a_run_whose_end_is_not_known_is_not_waved_through(self, stack: Any) -> None:
        """The roll must not go on beside a migration that is executing, and the next up must find it."""
        web = stack(succeeds("one", duration=300))
        web.scenario.aws.ecs.fail_next(
            "DescribeTasks", "ExpiredTokenException", "expired", after=60, times=10
        )
        shown = error_of(lambda: web.up(on_failure="warn"))
        assert_clean(shown)
        assert "the next `pulumi up` adopts it" in shown
        assert web.outputs is None
        web.scenario.aws.ecs._scripted.clear()
        web.scenario.aws.clock.advance(1)
        web.up(on_failure="warn")
        assert web.outputs["status"] == "succeeded"
        assert len(web.scenario.aws.ecs.launched) == 1


class TestRollback:
    def migrated(self, stack: Any) -> Any:
        web = stack()
        web.up()
        web.up(image_digest=B)
        return web

    def test_run(self, stack: Any) -> None:
        web = self.migrated(stack)
        assert web.up(on_rollback="run")
        assert "back to a digest that was migrated before" in web.outputs["reason"]
        assert len(web.scenario.aws.ecs.launched) == 3

    def test_skip(self, stack: Any) -> None:
        web = self.migrated(stack)
        assert not web.up(on_rollback="skip")
        assert len(web.scenario.aws.ecs.launched) == 2

    def test_refuse(self, stack: Any) -> None:
        web = self.migrated(stack)
        shown = error_of(lambda: web.up(on_rollback="refuse"))
        assert_clean(shown)
        assert shown.startswith("migration refused: image sha256:bbbbbbbbbbbb -> sha256:aaaaaaaaaaaa")
        assert "deploy a newer image, or set on_rollback to run or skip" in shown
        assert len(web.scenario.aws.ecs.launched) == 2


@pytest.mark.parametrize("choice", [{"skip": True}, {"phase": "manual"}, {"phase": "init"}])
class TestNoRunOfItsOwn:
    def test_create_makes_the_resource_and_asks_aws_nothing(self, stack: Any, choice: dict[str, Any]) -> None:
        web = stack()
        calls = len(web.scenario.aws.calls)
        web.up(**choice)
        assert len(web.scenario.aws.calls) == calls
        assert set(EMPTY_OUTPUTS) <= set(web.outputs)
        assert web.outputs["status"] in ("skipped", "manual", "init")
        assert not web.up(**choice)

    def test_it_runs_once_it_may(self, stack: Any, choice: dict[str, Any]) -> None:
        web = stack()
        web.up(**choice)
        web.rows.clear()
        assert web.up()
        assert web.outputs["status"] == "succeeded"
        assert "image  ->" not in web.rows[0]
        assert not web.up()


@pytest.mark.parametrize("policy", ["fail", "warn"])
def test_an_interrupted_run_is_said_and_stores_nothing(
    stack: Any, monkeypatch: pytest.MonkeyPatch, policy: str
) -> None:
    web = stack(hangs("working"))
    moment = web.scenario.aws.clock.time() + 200
    monkeypatch.setattr(plugin_process.stopping, "is_set", lambda: web.scenario.aws.clock.time() >= moment)
    shown = error_of(lambda: web.up(on_failure=policy))
    assert_clean(shown)
    assert shown.startswith("migration interrupted: cancelled: task arn:aws:ecs:")
    assert web.outputs is None
    assert len(web.scenario.aws.ecs.tasks) == 1
