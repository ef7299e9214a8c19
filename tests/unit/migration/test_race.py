"""P3: of one family at most one task executes at any moment, whoever starts it. ECS itself is the lock."""

from __future__ import annotations

from typing import Any

import pytest
from migratable_ecs.migration.errors import LockTimeout, MigrationError
from migratable_ecs.migration.run import execute
from migratable_ecs.testing import INSTANT, Consistency, Interleaving, exits, hangs, succeeds

from tests.unit.migration.scenario import FAMILY, OTHER_DIGEST, Scenario
from tests.unit.repetitions import times

#: tests/integration/engine/ has a thousand.
HISTORIES = times(8, 24)


def race(seed: int, deployers: list[dict[str, Any]], **options: Any) -> Scenario:
    scenario = Scenario(
        script=lambda number: (
            exits(1, "boom") if options.get("fail_first") and number == 0 else succeeds("ok")
        ),
        aws_options={
            "seed": seed,
            "timings": INSTANT,
            "consistency": options.get("consistency"),
            "throttling": False,
            "latency": 0.02,
        },
    )

    def deployer(choice: dict[str, Any]) -> Any:
        lines: list[str] = []
        return lambda: execute(scenario.spec(**choice), scenario.aws, scenario.aws.clock, lines.append)

    interleaving = Interleaving(seed, **options.get("stalls", {}))
    outcomes = interleaving.run(scenario.aws.clock, *[deployer(choice) for choice in deployers])
    for outcome in outcomes:
        if outcome.error is not None and not isinstance(outcome.error, MigrationError):
            raise outcome.error
    scenario.outcomes = outcomes  # type: ignore[attr-defined]
    return scenario


def deployers_of(seed: int) -> list[dict[str, Any]]:
    """2 to 8 deployers: some want the same run, some another image, some belong to another stack."""
    count = 2 + seed % 7
    kinds: list[dict[str, Any]] = [
        {},
        {},
        {"digest": OTHER_DIGEST},
        {"urn": "urn:pulumi:prod::shop::MigrationRun::web", "stack": "shop/prod"},
    ]
    return [kinds[(seed + index * (1 + seed % 3)) % len(kinds)] for index in range(count)]


def assert_one_at_a_time(seed: int) -> None:
    deployers = deployers_of(seed)
    lag = {} if seed % 2 else {"consistency": Consistency(list_tasks=2.0, describe_tasks=1.0)}
    scenario = race(seed, deployers, **lag)
    wanted = {scenario.spec(**choice).identity for choice in deployers}
    launched = [task.started_by for task in scenario.aws.ecs.launched]
    assert scenario.aws.ecs.max_running_at_once(FAMILY) == 1, f"seed {seed}"
    assert sorted(launched) == sorted(wanted), f"seed {seed}: {launched}"
    outcomes = scenario.outcomes  # type: ignore[attr-defined]
    assert all(o.result and o.result.status == "succeeded" for o in outcomes), f"seed {seed}"


@pytest.mark.thorough
def test_never_two_at_once_and_each_run_once() -> None:
    for seed in range(HISTORIES):
        assert_one_at_a_time(seed)


@pytest.mark.thorough
def test_a_deployer_that_was_suspended_between_looking_and_acting_looks_again() -> None:
    for seed in range(HISTORIES):
        scenario = race(seed, deployers_of(seed), stalls={"stall": 0.05, "stall_seconds": (1.0, 400.0)})
        assert scenario.aws.ecs.max_running_at_once(FAMILY) == 1, f"seed {seed}"


def test_of_two_that_retry_a_failed_run_one_starts_it() -> None:
    for seed in range(HISTORIES):
        scenario = race(seed, [{"attempts": 2}, {"attempts": 2}], fail_first=True)
        assert scenario.aws.ecs.max_running_at_once(FAMILY) == 1, f"seed {seed}"
        assert len(scenario.aws.ecs.launched) == 2, f"seed {seed}"


def test_somebody_elses_task_is_waited_for_and_named() -> None:
    scenario = Scenario(script=hangs())
    scenario.aws.ecs.run_task(
        cluster="default",
        taskDefinition=scenario.definition_arn,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        startedBy="console",
    )
    began = scenario.aws.clock.time()
    with pytest.raises(LockTimeout) as caught:
        scenario.run(lock_timeout=300)
    assert 300 <= scenario.aws.clock.time() - began < 330
    assert "startedBy console" in str(caught.value)
    assert "aws ecs stop-task --cluster default --task" in str(caught.value)
    assert len(scenario.aws.ecs.launched) == 1
