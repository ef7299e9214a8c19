"""What a run makes of how its task ended: success, failure, a start that never was, and how often it is tried."""

from __future__ import annotations

from typing import Any

import pytest
from migratable_ecs.migration.errors import MigrationFailed
from migratable_ecs.testing import (
    ContainerScript,
    Interruption,
    Script,
    exits,
    hangs,
    never_starts,
    succeeds,
)

from tests.unit.migration.scenario import GROUP, Scenario

pytestmark = pytest.mark.thorough(keep=3)

EVICTED = "Capacity is unavailable at this time. Please try again later or in a different availability zone"
PULL_BROKE = (
    "CannotPullContainerError: pull command failed: : failed to copy: httpReadSeeker: failed open: "
    "unexpected status from GET request: 503 Service Unavailable"
)
NO_SUCH_IMAGE = "CannotPullContainerError: pull image manifest has been retried 1 time(s): image not found"


def failure_of(scenario: Scenario, **options: Any) -> tuple[str, dict[str, Any]]:
    with pytest.raises(MigrationFailed) as caught:
        scenario.run(**options)
    assert caught.value.record is not None
    return str(caught.value), caught.value.record


def calls(scenario: Scenario, operation: str) -> int:
    return sum(call.operation == operation for call in scenario.aws.calls)


def test_success_says_what_ran_how_long_and_how_much_it_said() -> None:
    scenario = Scenario(script=succeeds("one", "two", duration=20))
    record = scenario.run()
    assert (record.status, record.exit_code, record.attempts) == ("succeeded", 0, 1)
    assert record.task_definition_arn == scenario.definition_arn
    assert record.timings["run"] == pytest.approx(20, abs=2)
    assert record.actor.endswith("assumed-role/deployer/session")
    assert scenario.lines[-1].startswith("migration succeeded in ")
    assert "exit code 0, 2 lines, log complete" in scenario.lines[-1]


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (1, "exit-1"),
        (2, "exit-2"),
        (126, "exit-126"),
        (127, "exit-127"),
        (139, "segmentation-fault"),
        (3, "exit-other"),
    ],
)
def test_every_other_exit_code_is_a_failure_with_the_last_lines(code: int, cause: str) -> None:
    scenario = Scenario(script=exits(code, "Applying 0003_orders...", "column already exists"))
    text, record = failure_of(scenario)
    assert (record["status"], record["exit_code"], record["cause"]) == ("failed", code, cause)
    assert "| column already exists" in text
    assert "What to do: " in text
    assert "Traceback" not in text


@pytest.mark.parametrize("essential", [True, False])
@pytest.mark.parametrize("sidecar_code", [0, 1, 137])
def test_the_exit_code_of_a_sidecar_does_not_matter(sidecar_code: int, essential: bool) -> None:
    sidecar = {"name": "proxy", "image": "proxy:1", "essential": essential}
    script = Script(
        ContainerScript((), 10.0, 0),
        containers={"proxy": ContainerScript((), None, on_sigterm=sidecar_code or None)},
    )
    assert Scenario(script=script, sidecars=(sidecar,)).run().exit_code == 0


def test_a_sidecar_that_succeeds_does_not_hide_the_failure_of_the_migration() -> None:
    sidecar = {"name": "aaa-first-by-name", "image": "proxy:1", "essential": False}
    script = Script(
        ContainerScript((), 10.0, 4), containers={"aaa-first-by-name": ContainerScript((), 1.0, 0)}
    )
    assert failure_of(Scenario(script=script, sidecars=(sidecar,)))[1]["exit_code"] == 4


@pytest.mark.parametrize(
    ("interruption", "cause"), [(Interruption(after=30.0), "spot-interrupted"), (None, "stopped-by-user")]
)
def test_a_program_that_ends_with_0_because_it_was_told_to_stop_has_not_succeeded(
    interruption: Interruption | None, cause: str
) -> None:
    script = Script(ContainerScript((), None, on_sigterm=0), interruption=interruption)
    scenario = Scenario(script=script)

    def somebody_stops_it() -> bool:
        (task,) = scenario.aws.ecs.tasks or (None,)
        if interruption is None and task is not None and scenario.aws.ecs.launched:
            scenario.aws.ecs.stop_task(cluster="default", task=task.arn, reason="by hand")
        return False

    with pytest.raises(MigrationFailed) as caught:
        scenario.run(somebody_stops_it)
    assert caught.value.record is not None
    assert (caught.value.record["exit_code"], caught.value.record["cause"]) == (0, cause)


class TestTheTaskDoesNotStart:
    """No container ran, so it is retried with growing pauses when that can help; it is one failure in the end."""

    def test_placement_failures_are_retried(self) -> None:
        scenario = Scenario()
        scenario.aws.ecs.refuse_placement(EVICTED, times=3)
        record = scenario.run()
        assert (record.status, record.attempts) == ("succeeded", 1)
        pauses = [line for line in scenario.lines if "Trying again in" in line]
        assert [line.rsplit("in ", 1)[1] for line in pauses] == ["2 s", "4 s", "8 s"]

    def test_a_placement_that_never_works_is_one_failure_with_its_reason(self) -> None:
        scenario = Scenario()
        scenario.aws.ecs.refuse_placement(EVICTED, times=1000)
        text, record = failure_of(scenario, start_attempts=4)
        assert calls(scenario, "RunTask") == 4
        assert (record["cause"], record["task_arn"], record["attempts"]) == ("no-capacity", "", 1)
        assert "no Fargate capacity" in text
        assert record["log"]["lines"] == 0

    def test_a_reason_that_nobody_knows_is_shown_as_it_is(self) -> None:
        scenario = Scenario()
        scenario.aws.ecs.refuse_placement("SOMETHING:NEW", times=1)
        text, record = failure_of(scenario)
        assert "SOMETHING:NEW" in text
        assert record["cause"] == "unknown"

    def test_a_start_that_broke_is_retried_as_a_task_of_its_own(self) -> None:
        scenario = Scenario(
            script=lambda number: never_starts(PULL_BROKE, stage="pull") if number < 2 else succeeds("fine")
        )
        record = scenario.run()
        assert (record.status, record.attempts) == ("succeeded", 1)
        assert len(scenario.aws.ecs.launched) == 1
        assert len(scenario.aws.ecs.tasks) == 3

    def test_a_start_that_breaks_every_time_is_one_failure(self) -> None:
        scenario = Scenario(script=never_starts(PULL_BROKE, stage="pull"))
        text, record = failure_of(scenario, start_attempts=3)
        assert len(scenario.aws.ecs.tasks) == 3
        assert (record["cause"], record["exit_code"], record["attempts"]) == ("pull-interrupted", None, 1)
        assert "Trying again" not in text

    def test_a_start_that_breaks_every_time_costs_no_attempts_of_the_users(self) -> None:
        scenario = Scenario(script=never_starts(PULL_BROKE, stage="pull"))
        failure_of(scenario, start_attempts=3, attempts=5)
        assert len(scenario.aws.ecs.tasks) == 3

    def test_what_no_retry_can_mend_is_said_at_once(self) -> None:
        scenario = Scenario(script=never_starts(NO_SUCH_IMAGE, stage="pull"))
        _, record = failure_of(scenario, attempts=3)
        assert len(scenario.aws.ecs.tasks) == 1
        assert record["cause"].startswith("image") or record["cause"].startswith("pull")
        assert record["log"]["reason"] == "the container never ran"

    @pytest.mark.parametrize("times", [1, 5, 12])
    def test_throttling_is_seen_also_inside_an_invalid_parameter(self, times: int) -> None:
        scenario = Scenario()
        scenario.aws.ecs.hide_throttling(times=times)
        assert scenario.run().status == "succeeded"
        assert len(scenario.aws.ecs.launched) == 1

    def test_a_refused_call_is_said_at_once(self) -> None:
        scenario = Scenario()
        message = (
            "User: arn:aws:sts::123456789012:assumed-role/ci is not authorized to perform: iam:PassRole on "
            "resource: arn:aws:iam::123456789012:role/app"
        )
        scenario.aws.ecs.fail_next("RunTask", "AccessDeniedException", message, times=1000)
        text, record = failure_of(scenario, attempts=3)
        assert calls(scenario, "RunTask") == 1
        assert record["cause"] == "passrole-denied"
        assert "role/app" in text


class TestAttempts:
    """A container that ran and failed is run again only on request, as with a Kubernetes job's backoffLimit."""

    def test_by_default_there_is_one(self) -> None:
        scenario = Scenario(script=lambda number: exits(1) if number == 0 else succeeds())
        assert failure_of(scenario)[1]["attempts"] == 1
        assert len(scenario.aws.ecs.launched) == 1

    def test_as_many_as_wanted_and_no_more(self) -> None:
        scenario = Scenario(script=exits(1, "boom"))
        _, record = failure_of(scenario, attempts=3)
        assert record["attempts"] == 3
        assert len(scenario.aws.ecs.launched) == 3
        assert sum(line.startswith("attempt ") for line in scenario.lines) == 2

    def test_the_one_that_succeeds_is_the_last(self) -> None:
        scenario = Scenario(script=lambda number: exits(1) if number < 2 else succeeds("third time"))
        record = scenario.run(attempts=5)
        assert (record.status, record.attempts) == ("succeeded", 3)
        assert len(scenario.aws.ecs.launched) == 3

    @pytest.mark.parametrize(
        "reason", ["by hand", "migratable-ecs stop by arn:aws:iam::123456789012:user/ops"]
    )
    def test_none_follows_on_a_task_that_somebody_has_stopped(self, reason: str) -> None:
        scenario = Scenario(script=hangs("working"))

        def somebody_stops_it() -> bool:
            for launch in scenario.aws.ecs.launched:
                if launch.ended is None:
                    scenario.aws.ecs.stop_task(cluster="default", task=launch.task_arn, reason=reason)
            return False

        with pytest.raises(MigrationFailed):
            scenario.run(somebody_stops_it, attempts=3)
        assert len(scenario.aws.ecs.launched) == 1

    def test_each_attempt_is_in_the_history(self) -> None:
        scenario = Scenario(script=lambda number: exits(1) if number == 0 else succeeds())
        scenario.run(attempts=2)
        written = [
            call.params["logEvents"][0]["message"]
            for call in scenario.aws.calls
            if call.operation == "PutLogEvents"
            and call.params["logGroupName"] == GROUP
            and call.error is None
        ]
        assert ['"failed"' in text for text in written] == [True, False]

    def test_spot_and_broken_machines_count_as_attempts_because_the_container_ran(self) -> None:
        script = Script(ContainerScript((), 600.0), interruption=Interruption(after=30.0))
        scenario = Scenario(script=script)
        _, record = failure_of(scenario)
        assert record["cause"] == "spot-interrupted"
        assert len(scenario.aws.ecs.launched) == 1

    def test_out_of_memory_is_named_with_its_remedy(self) -> None:
        from migratable_ecs.testing import runs_out_of_memory

        text, record = failure_of(Scenario(script=runs_out_of_memory("loading")))
        assert (record["cause"], record["exit_code"]) == ("out-of-memory", 137)
        assert "512 MiB" in text
        assert "memory = 1024" in text
