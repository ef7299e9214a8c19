"""P3 and P4 where ECS's answers are late, old, or lost: the lists, the tokens, and the hour after which both are forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from migratable_ecs.migration.errors import LockTimeout, LostSight
from migratable_ecs.migration.identity import lock_token
from migratable_ecs.migration.run import execute
from migratable_ecs.testing import (
    INSTANT,
    Consistency,
    ContainerScript,
    Interleaving,
    Script,
    exits,
    hangs,
    succeeds,
)

from tests.unit.migration.scenario import FAMILY, NETWORK, OTHER_DIGEST, Scenario
from tests.unit.repetitions import times

HOUR = 3600.0
#: Some of which meet the very moment; the test says when none does.
SEEDS = range(10)


def start_by_hand(scenario: Scenario, **more: Any) -> str:
    """As the console, or a script without a token, would."""
    reply = scenario.aws.ecs.run_task(
        cluster="default",
        taskDefinition=scenario.definition_arn,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": NETWORK},
        **more,
    )
    return str(reply["tasks"][0]["taskArn"])


def race(scenario: Scenario, seed: int, *choices: dict[str, Any], **options: Any) -> list[Any]:
    def deployer(choice: dict[str, Any]) -> Any:
        spec = scenario.spec(**choice)
        return lambda: execute(spec, scenario.aws, scenario.aws.clock, lambda _line: None)

    outcomes = Interleaving(seed, **options).run(scenario.aws.clock, *[deployer(c) for c in choices])
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error
    return list(outcomes)


class TestATaskThatIsBeingStopped:
    def test_it_executes_until_its_container_is_gone(self) -> None:
        """ECS lists it among the stopped tasks already."""
        scenario = Scenario(script=lambda number: hangs(obeys_sigterm=False) if number == 0 else succeeds())
        task = start_by_hand(scenario)
        scenario.aws.clock.advance(120)
        scenario.aws.ecs.stop_task(cluster="default", task=task)
        scenario.aws.clock.advance(5)
        assert scenario.aws.ecs.list_tasks(cluster="default", family=FAMILY)["taskArns"] == []
        scenario.run()
        assert scenario.aws.ecs.max_running_at_once(FAMILY) == 1
        assert len(scenario.aws.ecs.launched) == 2

    def test_our_own_is_waited_for_and_not_adopted(self) -> None:
        scenario = Scenario(script=lambda number: hangs(obeys_sigterm=False) if number == 0 else succeeds())
        task = start_by_hand(scenario, startedBy=scenario.spec().identity)
        scenario.aws.clock.advance(120)
        scenario.aws.ecs.stop_task(cluster="default", task=task)
        record = scenario.run()
        assert record.status == "succeeded"
        assert not record.adopted
        assert scenario.aws.ecs.max_running_at_once(FAMILY) == 1

    def test_our_own_that_ends_with_0_because_of_it_proves_nothing_and_is_started_anew(self) -> None:
        stopped = Script(ContainerScript([(1.0, "half")], None, on_sigterm=0, sigterm_delay=10.0))
        scenario = Scenario(script=lambda number: stopped if number == 0 else succeeds("whole"))
        task = start_by_hand(scenario, startedBy=scenario.spec().identity)
        scenario.aws.clock.advance(120)
        scenario.aws.ecs.stop_task(cluster="default", task=task)
        record = scenario.run()
        assert (record.status, record.adopted) == ("succeeded", False)
        assert scenario.shown == ["whole"]
        assert len(scenario.aws.ecs.launched) == 2
        assert scenario.aws.ecs.max_running_at_once(FAMILY) == 1

    def test_one_that_was_stopped_before_it_had_a_container_counts_for_nothing(self) -> None:
        scenario = Scenario()
        task = start_by_hand(scenario, startedBy=scenario.spec().identity)
        scenario.aws.ecs.stop_task(cluster="default", task=task)
        assert scenario.run().status == "succeeded"
        assert len(scenario.aws.ecs.launched) == 1


class TestAnswersThatLagBehind:
    """The Amazon ECS API follows an eventual consistency model, and a later answer may be an older one."""

    @pytest.mark.parametrize("seed", range(4))
    @pytest.mark.thorough(keep=4)
    def test_a_task_that_is_listed_but_not_described_yet_is_there(self, seed: int) -> None:
        """Somebody without a token has just started one."""
        lag = Consistency(describe_tasks=8.0)
        scenario = Scenario(
            script=hangs() if seed % 2 else succeeds(duration=60),
            aws_options={"consistency": lag, "seed": seed},
        )
        start_by_hand(scenario, startedBy="console")
        if seed % 2:
            with pytest.raises(LockTimeout, match="startedBy console"):
                scenario.run(lock_timeout=100)
            assert len(scenario.aws.ecs.tasks) == 1
        else:
            scenario.run()
            assert scenario.aws.ecs.max_running_at_once(FAMILY) == 1

    @pytest.mark.parametrize("seed", range(times(3, 6)))
    def test_a_retry_is_not_answered_with_the_task_that_failed(self, seed: int) -> None:
        """Once seen as over, a task does not come back to life by an older answer."""
        scenario = Scenario(
            script=lambda number: exits(1, "boom") if number == 0 else succeeds("fine"),
            aws_options={
                "seed": seed,
                "consistency": Consistency(list_tasks=(0.0, 6.0), describe_tasks=(0.0, 12.0)),
            },
        )
        record = scenario.run(attempts=2)
        assert (record.status, record.attempts) == ("succeeded", 2)
        assert len(scenario.aws.ecs.launched) == 2

    @pytest.mark.parametrize("seed", range(times(1, 2)))
    @pytest.mark.thorough
    def test_the_lock_holds_when_lists_are_many_seconds_late(self, seed: int) -> None:
        """Three deployers: whoever waited minutes for the second one must not take the third one's token for forgotten."""
        scenario = Scenario(
            script=succeeds("ok", duration=100),
            aws_options={
                "seed": seed,
                "timings": INSTANT,
                "latency": 0.02,
                "throttling": False,
                "consistency": Consistency(list_tasks=20.0),
            },
        )
        urns = [{"urn": f"urn:{name}"} for name in "abcd"]
        race(scenario, seed, *urns)
        assert scenario.aws.ecs.max_running_at_once(FAMILY) == 1
        assert len(scenario.aws.ecs.launched) == 4

    @pytest.mark.parametrize("seed", range(times(1, 2)))
    @pytest.mark.thorough
    def test_a_list_that_is_minutes_late_is_no_reason_to_start_a_second_one(self, seed: int) -> None:
        """The conflict itself names the task, so it can be waited for unseen."""
        scenario = Scenario(
            script=succeeds("ok", duration=400),
            aws_options={
                "seed": seed,
                "timings": INSTANT,
                "latency": 0.02,
                "throttling": False,
                "consistency": Consistency(list_tasks=300.0),
            },
        )
        race(scenario, seed, {"urn": "urn:a"}, {"urn": "urn:b"})
        assert scenario.aws.ecs.max_running_at_once(FAMILY) == 1
        assert len(scenario.aws.ecs.launched) == 2


class TestTheHourAfterWhichEcsForgets:
    def test_a_token_replayed_within_the_hour_gives_the_task_of_then(self) -> None:
        scenario = Scenario(script=lambda number: exits(1) if number == 0 else succeeds("fine"))
        request = {"clientToken": lock_token("default", FAMILY, "", 0)}
        start_by_hand(scenario, **request)
        scenario.aws.clock.advance(HOUR - 600)
        assert scenario.run().status == "succeeded"
        assert len(scenario.aws.ecs.launched) == 2

    @pytest.mark.parametrize("pause", [HOUR - 60, HOUR, HOUR + 60, 3 * HOUR, 30 * HOUR])
    def test_a_run_that_failed_long_ago_is_started_anew_once(self, pause: float) -> None:
        scenario = Scenario(script=lambda number: exits(1) if number == 0 else succeeds("fine"))
        operations = ["RunTask"]
        with scenario.aws.killing(self._calls_until(operations[0]), "after"):
            scenario.run()
        scenario.aws.clock.advance(pause)
        assert scenario.run().status == "succeeded"
        assert len(scenario.aws.ecs.launched) == 2

    @pytest.mark.thorough
    def test_two_that_look_just_before_and_just_after_do_not_both_execute(self) -> None:
        """The one before sees the last task and takes its token, the one after sees nothing and takes the first token."""
        both_started = 0
        for seed in SEEDS:
            scenario = Scenario(
                script=succeeds("ok", duration=9), aws_options={"seed": seed, "latency": 0.05}
            )
            scenario.run(urn="urn:first")
            (task,) = scenario.aws.ecs.tasks
            scenario.aws.clock.advance_to(task.timeline.stopped + HOUR - 0.5)
            others = {"urn": "urn:a"}, {"urn": "urn:b", "digest": OTHER_DIGEST}
            race(scenario, seed, *others, stall=0.1, stall_seconds=(0.1, 1.0))
            both_started += len(scenario.aws.ecs.tasks) > 3
            assert scenario.aws.ecs.max_running_at_once(FAMILY) == 1, f"seed {seed}"
            assert len(scenario.aws.ecs.launched) == 3
        assert both_started, "no history met the moment"

    @pytest.mark.thorough
    def test_one_that_stood_still_for_hours_between_looking_and_acting_gives_way(self) -> None:
        scenario = Scenario(script=succeeds("ok", duration=600))
        other = scenario.aws.clock

        class Suspended:
            """RunTask leaves, but the machine sleeps before it arrives; meanwhile another one starts."""

            def __getattr__(self, name: str) -> Any:
                return getattr(scenario.aws.ecs, name)

            def run_task(self, **request: Any) -> Any:
                if not scenario.aws.ecs.tasks:
                    start_by_hand(scenario, startedBy="meanwhile")
                    other.advance(30)
                return scenario.aws.ecs.run_task(**request)

        scenario.aws.client = lambda service: (  # type: ignore[assignment]
            Suspended() if service == "ecs" else type(scenario.aws).client(scenario.aws, service)
        )
        record = scenario.run()
        assert record.status == "succeeded"
        assert scenario.aws.ecs.max_running_at_once(FAMILY) == 1
        assert any("gives way before its container starts" in line for line in scenario.lines)

    def _calls_until(self, operation: str) -> int:
        probe = Scenario()
        before = len(probe.aws.calls)
        probe.run()
        return [call.operation for call in probe.aws.calls[before:]].index(operation) + 1


def test_a_success_of_long_ago_is_not_the_success_of_this_run() -> None:
    """Going back to an image, and forward again, within the hour: the state counts the runs."""
    scenario = Scenario()
    for serial, digest in enumerate(["sha256:" + c * 64 for c in "abab"]):
        assert not scenario.run(serial=serial, digest=digest).adopted
    assert len(scenario.aws.ecs.launched) == 4


def test_the_cluster_by_name_and_by_arn_is_one_lock() -> None:
    arn = "arn:aws:ecs:ap-northeast-1:123456789012:cluster/default"
    assert lock_token(arn, FAMILY, "t") == lock_token("default", FAMILY, "t")
    for seed in range(8):
        scenario = Scenario(
            script=succeeds("ok"),
            aws_options={"seed": seed, "timings": INSTANT, "latency": 0.02, "throttling": False},
        )
        race(scenario, seed, {"urn": "urn:a"}, {"urn": "urn:b", "cluster": arn})
        assert scenario.aws.ecs.max_running_at_once(FAMILY) == 1, f"seed {seed}"


class TestTheAnswerToRunTaskIsLost:
    @pytest.mark.parametrize(
        "error", ["ServerException", "ServiceUnavailableException", "InternalFailure", "ThrottlingException"]
    )
    @pytest.mark.parametrize("times", [1, 3, 7])
    def test_the_task_is_there_and_is_ours(self, error: str, times: int) -> None:
        scenario = Scenario()
        scenario.aws.ecs.fail_next("RunTask", error, times=times, takes_effect=True)
        record = scenario.run()
        assert record.status == "succeeded"
        assert len(scenario.aws.ecs.launched) == 1

    def test_when_no_answer_ever_comes_it_is_found_in_the_list(self) -> None:
        scenario = Scenario()
        scenario.aws.ecs.fail_next("RunTask", "ServerException", times=10_000, takes_effect=True)
        record = scenario.run()
        assert (record.status, record.adopted) == ("succeeded", True)
        assert len(scenario.aws.ecs.launched) == 1

    def test_what_never_arrives_is_no_failure_of_the_migration(self) -> None:
        """Under `warn` a failure would let the deployment go on, and the next run would not look for this one's task."""
        scenario = Scenario()
        scenario.aws.ecs.fail_next("RunTask", "ServerException", times=10_000)
        with pytest.raises(LostSight, match="A task may have been started; the next run adopts it"):
            scenario.run(start_attempts=3)
        assert scenario.aws.ecs.tasks == []


class TestLockTimeout:
    def test_0_does_not_wait(self) -> None:
        scenario = Scenario(script=hangs())
        start_by_hand(scenario, startedBy="console")
        began = scenario.aws.clock.time()
        with pytest.raises(LockTimeout):
            scenario.run(lock_timeout=0)
        assert scenario.aws.clock.time() - began < 2

    def test_it_counts_anew_for_each_task_that_is_waited_for(self) -> None:
        scenario = Scenario(script=succeeds(duration=100))
        start_by_hand(scenario, startedBy="console")
        assert scenario.run(lock_timeout=250).status == "succeeded"

    def test_the_owner_is_named_by_its_stack(self) -> None:
        scenario = Scenario(script=hangs())
        with scenario.aws.killing(30, "after"):
            scenario.run(urn="urn:other", stack="shop/prod", service="admin")
        with pytest.raises(LockTimeout, match="stack shop/prod, service admin"):
            scenario.run(lock_timeout=10)

    @pytest.mark.thorough
    def test_it_is_announced_once(self) -> None:
        scenario = Scenario(script=succeeds(duration=200))
        start_by_hand(scenario, startedBy="console")
        scenario.run()
        assert sum(line.startswith("waiting for task") for line in scenario.lines) == 1
