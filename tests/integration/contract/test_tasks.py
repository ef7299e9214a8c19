"""How a task runs, ends and is stopped: the same on FakeAws and in a real container."""

from __future__ import annotations

from typing import Any

import pytest
from migratable_ecs.testing import StartFailure

from tests.integration.contract.program import Program
from tests.integration.contract.world import PULL_REASON, SECRETS_REASON, Made, World

ORDER = [
    "PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED",
]  # fmt: skip
"""Source: "Amazon ECS task lifecycle" in the ECS guide."""
FOREVER = Program(("up",), seconds=None, on_sigterm=7)
STUBBORN = Program(("up",), seconds=None, on_sigterm=None)
EXITED = ("EssentialContainerExited", "Essential container in task exited")


def codes(task: dict[str, Any]) -> dict[str, int | None]:
    return {one["name"]: one.get("exitCode") for one in task["containers"]}


def why(task: dict[str, Any]) -> tuple[str, str]:
    return task["stopCode"], task["stoppedReason"]


# The end of a container


@pytest.mark.parametrize("code", [0, 1, 3, 126, 127, 255])
def test_the_exit_code_is_the_container_s(world: World, code: int) -> None:
    task = world.run(Made(Program(("working",), exit_code=code)))
    assert codes(task) == {"app": code}
    assert why(task) == EXITED
    assert (task["lastStatus"], task["desiredStatus"]) == ("STOPPED", "STOPPED")
    assert task["containers"][0]["lastStatus"] == "STOPPED"
    assert "reason" not in task["containers"][0]


def test_states_come_in_their_order(world: World) -> None:
    first = world.start(world.define(Made(Program(seconds=0.5))))["tasks"][0]
    seen = [first["lastStatus"]]

    def stopped() -> bool | None:
        status = world.task(first["taskArn"])["lastStatus"]
        if status != seen[-1]:
            seen.append(status)
        return True if status == "STOPPED" else None

    world.until(stopped, pause=0.05)
    assert seen == [status for status in ORDER if status in seen]
    assert {"PROVISIONING", "RUNNING", "STOPPED"} <= set(seen)


def test_moments_are_in_order_and_have_a_time_zone(world: World) -> None:
    task = world.run(Made(Program(seconds=0.3)))
    started = [task[k] for k in ("createdAt", "pullStartedAt", "pullStoppedAt", "startedAt")]
    assert started == sorted(started)
    # Which of the two comes first depends on who ends the task: the container or StopTask.
    for end in ("stoppingAt", "executionStoppedAt"):
        assert started[-1] <= task[end] <= task["stoppedAt"]
    assert all(moment.tzinfo is not None for moment in [*started, task["stoppedAt"]])
    assert 0.2 < (task["executionStoppedAt"] - task["startedAt"]).total_seconds() < 5


def test_moments_appear_only_when_they_have_come(world: World) -> None:
    arn = world.launch(world.define(Made(FOREVER)))
    task = world.running(arn)
    assert {"createdAt", "pullStartedAt", "pullStoppedAt", "startedAt"} <= task.keys()
    assert not {"stoppingAt", "executionStoppedAt", "stoppedAt", "stopCode", "stoppedReason"} & task.keys()
    assert "exitCode" not in task["containers"][0]
    world.stop(arn)


def test_the_exit_code_is_there_before_the_task_is_stopped(world: World) -> None:
    arn = world.launch(world.define(Made(Program(exit_code=3))))
    task = world.until(lambda: t if codes(t := world.task(arn)) == {"app": 3} else None)
    assert task["lastStatus"] != "STOPPED"
    assert task["desiredStatus"] == "STOPPED"


def test_memory_above_the_limit_is_an_out_of_memory_error(world: World) -> None:
    hungry = ["perl", "-e", '$x = "x" x (1 << 28); sleep 60']
    task = world.run(Made(more={"command": hungry, "memory": 32}))
    assert codes(task) == {"app": 137}
    assert task["containers"][0]["reason"].startswith("OutOfMemoryError")


def test_overrides_change_the_command(world: World) -> None:
    arn = world.launch(
        world.define(Made(Program(exit_code=1))),
        overrides={"containerOverrides": [{"name": "app", "command": ["sh", "-c", "exit 9"]}]},
    )
    assert codes(world.finished(arn)) == {"app": 9}


# StopTask


def test_a_container_that_obeys_sigterm_keeps_its_own_exit_code(world: World) -> None:
    arn = world.launch(world.define(Made(FOREVER)))
    world.running(arn)
    world.until(lambda: world.ready(arn))
    answer = world.stop(arn, "enough")
    assert (answer["desiredStatus"], answer["stopCode"]) == ("STOPPED", "UserInitiated")
    assert answer["lastStatus"] != "STOPPED"
    task = world.finished(arn)
    assert codes(task) == {"app": 7}
    assert why(task) == ("UserInitiated", "enough")


def test_a_container_that_ignores_sigterm_is_killed_after_its_stop_timeout(world: World) -> None:
    arn = world.launch(world.define(Made(STUBBORN, more={"stopTimeout": 2})))
    world.running(arn)
    world.until(lambda: world.ready(arn))
    asked = world.clock.time()
    world.stop(arn)
    task = world.finished(arn)
    assert codes(task) == {"app": 137}
    assert 1.9 <= world.clock.time() - asked < 8
    assert "reason" not in task["containers"][0], "killed, but not for its memory"


def test_a_task_can_be_stopped_before_it_runs(world: World) -> None:
    arn = world.launch(world.define(Made(FOREVER, more={"stopTimeout": 2})))
    world.stop(arn, "never mind")
    assert why(world.finished(arn)) == ("UserInitiated", "never mind")


def test_stopping_twice_keeps_the_first_reason(world: World) -> None:
    arn = world.launch(world.define(Made(FOREVER, more={"stopTimeout": 2})))
    world.running(arn)
    world.stop(arn, "first")
    world.stop(arn, "second")
    assert world.finished(arn)["stoppedReason"] == "first"
    assert world.stop(arn, "third")["stoppedReason"] == "first"


# Several containers


def test_sidecars_are_stopped_with_the_essential_container(world: World) -> None:
    task = world.run(Made(Program(seconds=0.6, exit_code=5)), Made(FOREVER, "side", essential=False))
    assert codes(task) == {"app": 5, "side": 7}
    assert why(task) == EXITED


def test_an_essential_sidecar_ends_the_task(world: World) -> None:
    task = world.run(Made(FOREVER), Made(Program(seconds=0.6, exit_code=3), "side"))
    assert codes(task) == {"app": 7, "side": 3}
    assert why(task) == EXITED


def test_another_sidecar_s_end_ends_nothing(world: World) -> None:
    arn = world.launch(
        world.define(
            Made(FOREVER, more={"stopTimeout": 2}), Made(Program(exit_code=1), "side", essential=False)
        )
    )
    world.until(lambda: True if codes(world.task(arn))["side"] == 1 else None)
    assert world.task(arn)["desiredStatus"] == "RUNNING"
    assert codes(world.task(arn))["app"] is None
    world.stop(arn)


def test_a_container_waits_for_the_success_of_another(world: World) -> None:
    waits = {"dependsOn": [{"containerName": "init", "condition": "SUCCESS"}]}
    arn = world.launch(
        world.define(
            Made(Program(("app",)), more=waits),
            Made(Program(("init",), seconds=0.5), "init", essential=False),
        )
    )
    task = world.finished(arn)
    assert codes(task) == {"app": 0, "init": 0}
    world.settle()
    init, app = (
        world.page(arn, name, startFromHead=True)["events"][0]["timestamp"] for name in ("init", "app")
    )
    assert app - init > 300


def test_a_container_whose_dependency_fails_never_starts(world: World) -> None:
    waits = {"dependsOn": [{"containerName": "init", "condition": "SUCCESS"}]}
    arn = world.launch(
        world.define(
            Made(Program(("app",)), more=waits),
            Made(Program(("init",), exit_code=9), "init", essential=False),
        )
    )
    task = world.finished(arn)
    assert codes(task)["init"] == 9
    assert codes(task)["app"] != 0
    assert task["desiredStatus"] == "STOPPED"
    world.settle()
    assert world.lines(arn, "init") == ["init"]
    assert world.existing_lines(arn, "app") == []


# Tasks that cannot start


def test_a_missing_log_group_fails_the_start(world: World) -> None:
    task = world.run(Made(), group="/contract/missing")
    code, reason = why(task)
    assert code == "TaskFailedToStart"
    assert reason.startswith("ResourceInitializationError: failed to validate logger args")
    assert "The specified log group does not exist" in reason
    assert codes(task) == {"app": None}
    assert "startedAt" not in task


def test_a_log_group_that_may_be_created_is_created(world: World) -> None:
    group = f"{world.group}/made"
    options = {
        "awslogs-group": group, "awslogs-region": "ap-northeast-1", "awslogs-stream-prefix": "prefix",
        "awslogs-create-group": "true",
    }  # fmt: skip
    task = world.run(Made(more={"logConfiguration": {"logDriver": "awslogs", "options": options}}))
    assert codes(task) == {"app": 0}
    groups = world.logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert [one["logGroupName"] for one in groups] == [group]


def test_an_image_that_is_not_there_fails_the_start(world: World) -> None:
    image = "000000000000.dkr.ecr.ap-northeast-1.amazonaws.com/nothing-here:1"
    failure = StartFailure(f"{PULL_REASON} {image}: not found", "pull", f"{PULL_REASON} {image}: not found")
    task = world.run(Made(more={"image": image}, fails=failure))
    code, reason = why(task)
    assert (code, reason.partition(":")[0]) == ("TaskFailedToStart", "CannotPullContainerError")
    assert "nothing-here:1" in reason
    assert task["containers"][0]["reason"].startswith("CannotPullContainerError")
    assert codes(task) == {"app": None}
    assert "startedAt" not in task


def test_a_missing_secret_fails_the_start(world: World) -> None:
    secret = "arn:aws:secretsmanager:ap-northeast-1:000000000000:secret:nothing-AbCdEf"
    task = world.run(
        Made(more={"secrets": [{"name": "VALUE", "valueFrom": secret}]}, fails=StartFailure(SECRETS_REASON))
    )
    code, reason = why(task)
    assert code == "TaskFailedToStart"
    assert reason.startswith("ResourceInitializationError: unable to pull secrets or registry auth")
    assert "ResourceNotFoundException" in reason
    assert codes(task) == {"app": None}
    assert "startedAt" not in task


def test_a_command_that_is_not_there_fails_the_start(world: World) -> None:
    failure = StartFailure(
        "Task failed to start",
        "start",
        "CannotStartContainerError: Error response from daemon: no-such-command",
    )
    task = world.run(Made(more={"command": ["no-such-command"]}, fails=failure))
    assert why(task) == ("TaskFailedToStart", "Task failed to start")
    assert task["containers"][0]["reason"].startswith("CannotStartContainerError")
    assert "startedAt" not in task
