"""P14: what happened is known long after ECS has forgotten the task, for failed first runs too."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from migratable_ecs.migration import history
from migratable_ecs.migration.cloudwatch import Logs
from migratable_ecs.migration.errors import MigrationFailed
from migratable_ecs.migration.spec import HISTORY_KEPT, LogSummary, RunRecord
from migratable_ecs.migration.state import outputs_after_run
from migratable_ecs.testing import HOSTILE_PAGING, exits, succeeds

from tests.unit.migration.scenario import DIGEST, FAMILY, GROUP, Scenario
from tests.unit.migration.test_state import props

LONGEST_OUTPUTS = 32_768


def read(scenario: Scenario, limit: int = HISTORY_KEPT) -> list[dict[str, object]]:
    return history.read(Logs(scenario.aws.logs, scenario.aws.clock), GROUP, FAMILY, limit)


def test_a_failed_first_run_can_be_read_when_ecs_has_forgotten_it() -> None:
    """Pulumi stores nothing of a create that failed."""
    scenario = Scenario(script=exits(1, "Applying 0003_orders...", "no such column"))
    with pytest.raises(MigrationFailed):
        scenario.run()
    scenario.aws.clock.advance(2 * 3600)
    assert scenario.aws.ecs.list_tasks(cluster="default", desiredStatus="STOPPED")["taskArns"] == []

    (run,) = read(scenario)
    assert run["status"] == "failed"
    assert run["exit_code"] == 1
    assert run["cause"] == "exit-1"
    assert run["digest"] == DIGEST
    assert run["last_lines"] == ["Applying 0003_orders...", "no such column"]
    assert str(run["actor"]).endswith("assumed-role/deployer/session")
    assert "What to do" in str(run["message"])


def test_a_run_that_never_got_a_task_is_in_it_too() -> None:
    scenario = Scenario()
    scenario.aws.ecs.refuse_placement("AGENT_GONE_FOR_GOOD")
    with pytest.raises(MigrationFailed):
        scenario.run()
    (run,) = read(scenario)
    assert (run["status"], run["task_arn"]) == ("failed", "")


@pytest.mark.thorough
def test_runs_are_in_order_and_the_newest_20_are_given() -> None:
    scenario = Scenario(script=succeeds("ok"))
    for serial in range(23):
        scenario.run(serial=serial)
    runs = read(scenario)
    assert len(runs) == HISTORY_KEPT
    assert [run["started_at"] for run in runs] == sorted(str(run["started_at"]) for run in runs)
    assert [len(read(scenario, limit)) for limit in (1, 5)] == [1, 5]
    assert read(scenario, 1)[0] == runs[-1]


def test_it_is_read_whole_from_short_and_empty_pages() -> None:
    scenario = Scenario(aws_options={"paging": HOSTILE_PAGING, "seed": 3})
    for serial in range(8):
        scenario.run(serial=serial)
    assert len(read(scenario)) == 8


def test_an_event_that_was_written_twice_counts_once() -> None:
    """PutLogEvents arrived, its answer did not."""
    scenario = Scenario()
    scenario.aws.logs.fail_next("PutLogEvents", "ServiceUnavailableException", after=1, takes_effect=True)
    scenario.run()
    written = [c for c in scenario.aws.calls if c.operation == "PutLogEvents"]
    assert len(written) == 3
    assert len(read(scenario)) == 1


def test_a_run_whose_process_died_between_history_and_state_is_in_it_once() -> None:
    """The next one adopts the task that has succeeded, and writes it down again."""
    scenario = Scenario()
    first = scenario.run()
    scenario.aws.clock.advance(60)
    again = scenario.run()
    assert (again.adopted, again.run) == (True, first.run)
    (run,) = read(scenario)
    assert run["adopted"] is False, "whoever started it is believed"


def test_no_run_yet() -> None:
    assert read(Scenario()) == []


@pytest.mark.parametrize(
    "error", ["AccessDeniedException", "ThrottlingException", "ResourceNotFoundException"]
)
@pytest.mark.parametrize("operation", ["PutLogEvents", "CreateLogStream"])
def test_a_history_that_cannot_be_written_fails_nothing_and_is_said(operation: str, error: str) -> None:
    scenario = Scenario()
    scenario.aws.logs.fail_next(operation, error, times=10_000)
    assert scenario.run().status == "succeeded"
    assert any(f"could not be written to the history in {GROUP}" in line for line in scenario.lines)


def test_a_failed_run_fails_with_its_own_reason_also_when_the_history_cannot_be_written() -> None:
    scenario = Scenario(script=exits(1, "no such column"))
    scenario.aws.logs.fail_next("PutLogEvents", "AccessDeniedException", times=10_000)
    with pytest.raises(MigrationFailed, match="no such column"):
        scenario.run()


@pytest.mark.thorough
def test_a_megabyte_in_one_line_fits_into_an_event_and_into_the_outputs() -> None:
    scenario = Scenario(script=exits(1, *["x" * 200_000 for _ in range(20)]))
    with pytest.raises(MigrationFailed) as caught:
        scenario.run()
    (run,) = read(scenario)
    assert len(json.dumps(run)) < history.MESSAGE_LIMIT
    assert len(str(caught.value)) < 20_000


class TestInTheOutputs:
    def test_the_last_20_runs(self) -> None:
        outputs = None
        for number in range(25):
            outputs = outputs_after_run(props(), outputs, a_record(number), "because")
        assert outputs is not None
        assert [run["run"] for run in outputs["history"]] == [f"run-{n}" for n in range(5, 25)]

    def test_a_run_that_is_taken_over_twice_is_in_it_once(self) -> None:
        outputs = outputs_after_run(props(), None, a_record(1), "because")
        outputs = outputs_after_run(props(), outputs, a_record(1), "because")
        assert len(outputs["history"]) == 1

    @settings(max_examples=20, deadline=None)
    @given(text=st.text(max_size=50))
    def test_they_stay_small_whatever_the_migration_says(self, text: str) -> None:
        outputs = None
        wide = (text or "é") * 3000
        for number in range(60):
            digest = "sha256:" + f"{number:064x}"
            record = a_record(number, digest=digest, message=wide, last_lines=[wide] * 20)
            outputs = outputs_after_run(props(image_digest=digest), outputs, record, "because")
        assert outputs is not None
        own = {key: value for key, value in outputs.items() if key not in props()}
        assert len(json.dumps(own, ensure_ascii=False).encode(errors="replace")) <= LONGEST_OUTPUTS


def a_record(number: int, **more: object) -> RunRecord:
    values: dict[str, object] = {
        "run": f"run-{number}",
        "status": "failed",
        "digest": DIGEST,
        "task_arn": f"arn:aws:ecs:ap-northeast-1:123456789012:task/default/{number:032x}",
        "cause": "timeout-before-start",
        "exit_code": 1,
        "started_at": "2026-01-01T00:00:00+00:00",
        "stopped_at": "2026-01-01T00:00:00+00:00",
        "actor": "arn:aws:sts::123456789012:assumed-role/" + "deployer" * 8 + "/session" * 8,
        "snapshot_id": "s" * 100,
        "log": LogSummary(10, "0" * 64, True, "the end marker has arrived", GROUP, ["stream" * 10]),
        **more,
    }
    return RunRecord(**values)  # type: ignore[arg-type]
