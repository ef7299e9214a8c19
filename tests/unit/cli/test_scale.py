"""`scale`: the number of tasks, and the limits of a service that scales by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.cli.answers import Answers
from tests.unit.cli.world import World

Golden = Callable[..., None]
Matches = Callable[[str, str], Any]


def limited(*limits: int) -> Answers:
    found = [{"MinCapacity": limits[0], "MaxCapacity": limits[1]}] if limits else []
    return Answers(describe_scalable_targets={"ScalableTargets": found}, register_scalable_target={})


@pytest.fixture
def world() -> World:
    made = World()
    made.others["application-autoscaling"] = limited()
    return made


@pytest.fixture
def scaling(world: World) -> Answers:
    """The service scales by itself, 1 to 4."""
    world.others["application-autoscaling"] = answers = limited(1, 4)
    return answers


def desired(world: World) -> int:
    (service,) = world.aws.ecs.describe_services(cluster="default", services=["web"])["services"]
    return int(service["desiredCount"])


def test_up(world: World, golden: Golden) -> None:
    done = world.run("scale", "3", "-s", "stg")
    assert (done.exit_code, desired(world)) == (0, 3)
    golden("scale", done.stdout)
    assert "write it into `desired_count`" in done.stderr


def test_shown_only(world: World, scaling: Answers, golden: Golden, matches: Matches) -> None:
    golden("scale_shown", world.run("scale").stdout)
    assert matches("scale", world.run("scale", "--json").stdout)["limits"] == {"min": 1, "max": 4}
    assert [method for method, _ in scaling.requests] == ["describe_scalable_targets"] * 2
    assert not [call for call in world.aws.calls if call.operation == "UpdateService"]


def test_between_the_limits(world: World, scaling: Answers, matches: Matches) -> None:
    outside = world.run("scale", "6")
    assert (outside.exit_code, desired(world)) == (3, 1)
    assert "6 tasks are outside of 1 to 4" in outside.stderr
    data = matches("scale", world.run("scale", "6", "--max", "8", "--json").stdout)
    assert (data["limits"], data["desired"]) == ({"min": 1, "max": 8}, 6)
    assert scaling.requests[-1] == (
        "register_scalable_target",
        {
            "ResourceId": "service/default/web", "ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount",
            "MinCapacity": 1, "MaxCapacity": 8,
        },
    )  # fmt: skip


def test_who_may_not_ask_for_limits_scales_all_the_same(world: World) -> None:
    """operator_policy has that permission only where the program has `scaling`."""
    error = {"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}}
    refusal = ClientError(error, "DescribeScalableTargets")  # type: ignore[arg-type]
    world.others["application-autoscaling"] = Answers(describe_scalable_targets=refusal)
    done = world.run("scale", "2")
    assert (done.exit_code, desired(world)) == (0, 2)
    assert "may not be asked" in done.stderr


def test_no_task_at_all_asks(world: World) -> None:
    assert (world.run("scale", "0").exit_code, desired(world)) == (3, 1)
    assert (world.run("scale", "0", input="n\n").exit_code, desired(world)) == (3, 1)
    done = world.run("scale", "0", "--yes")
    assert (done.exit_code, desired(world)) == (0, 0)
    assert "nobody answers requests until it is scaled up again" in done.stderr


def test_fewer_in_production_wants_the_name() -> None:
    prod = World(stack="prod")
    prod.others["application-autoscaling"] = limited()
    prod.run("scale", "3")
    assert (prod.run("scale", "2", input="y\n").exit_code, desired(prod)) == (3, 3)
    assert (prod.run("scale", "2", input="prod\n").exit_code, desired(prod)) == (0, 2)


def test_wrong_words(world: World) -> None:
    assert (
        "--min and --max are for a service that scales by itself" in world.run("scale", "--max", "3").stderr
    )
    world.others["application-autoscaling"] = limited(1, 4)
    done = world.run("scale", "--min", "5")
    assert (done.exit_code, "--min would be 5 and --max 4" in done.stderr) == (2, True)
    assert world.run("scale", "many").exit_code == 2


def test_tasks_that_do_not_come(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    described = world.aws.ecs.describe_services

    def none_runs(**request: Any) -> Any:
        reply = described(**request)
        reply["services"][0]["runningCount"] = 0
        return reply

    monkeypatch.setattr(world.aws.ecs, "describe_services", none_runs)
    done = world.run("scale", "2", "--timeout", "60")
    assert done.exit_code == 4
    assert "0 of 2 tasks run; ECS goes on" in done.stderr
