"""The life of a task, as "Amazon ECS task lifecycle" tells it."""

from collections.abc import Callable
from typing import Any

import pytest
from migratable_ecs.testing import (
    NO_LOG_GROUP,
    OUT_OF_MEMORY,
    ContainerScript,
    FakeAws,
    Interruption,
    Script,
    Timings,
    exits,
    fargate_task_definition,
    never_starts,
    runs_out_of_memory,
    succeeds,
)

Run = Callable[..., str]
Describe = Callable[[FakeAws, str], dict[str, Any]]
MakeAws = Callable[..., FakeAws]

ROUND = Timings(
    provisioning=10,
    pending=10,
    pull=10,
    starting=10,
    activating=10,
    deactivating=10,
    stopping=10,
    exit_to_stopped=60,
)


def history(aws: FakeAws, arn: str, seconds: int) -> list[tuple[int, str, str]]:
    """(second, lastStatus, desiredStatus) at each change of either, looking every second."""
    begun, seen = aws.clock.time(), []
    for _ in range(seconds):
        (task,) = aws.ecs.describe_tasks(tasks=[arn])["tasks"]
        if not seen or seen[-1][1:] != (task["lastStatus"], task["desiredStatus"]):
            seen.append((round(aws.clock.time() - begun), task["lastStatus"], task["desiredStatus"]))
        aws.clock.sleep(1)
    return seen


def test_every_state_comes_in_its_order_and_lasts_as_long_as_configured(make_aws: MakeAws, run: Run) -> None:
    aws = make_aws(timings=ROUND)
    aws.ecs.script("migrate", succeeds(duration=30))
    assert history(aws, run(aws), 150) == [
        (0, "PROVISIONING", "RUNNING"),
        (10, "PENDING", "RUNNING"),
        (40, "ACTIVATING", "RUNNING"),
        (50, "RUNNING", "RUNNING"),
        (70, "DEACTIVATING", "STOPPED"),
        (80, "STOPPING", "STOPPED"),
        (90, "DEPROVISIONING", "STOPPED"),
        (130, "STOPPED", "STOPPED"),
    ]


def test_the_moments_of_its_life_appear_when_they_have_passed(
    make_aws: MakeAws, run: Run, task: Describe
) -> None:
    aws = make_aws(timings=ROUND)
    aws.ecs.script("migrate", succeeds(duration=30))
    arn, begun = run(aws), aws.clock.time()

    def moments() -> dict[str, int]:
        return {
            key: round(value.timestamp() - begun)
            for key, value in task(aws, arn).items()
            if key.endswith("At")
        }

    assert moments() == {"createdAt": 0}
    aws.clock.sleep(60)
    assert moments() == {
        "createdAt": 0,
        "connectivityAt": 10,
        "pullStartedAt": 20,
        "pullStoppedAt": 30,
        "startedAt": 50,
    }
    aws.clock.sleep(100)
    later = moments()
    assert (later["stoppingAt"], later["executionStoppedAt"], later["stoppedAt"]) == (80, 70, 130)


def test_the_exit_code_shows_long_before_stopped(make_aws: MakeAws, run: Run, task: Describe) -> None:
    aws = make_aws(timings=ROUND)
    aws.ecs.script("migrate", exits(3, duration=30))
    arn = run(aws)
    aws.clock.sleep(69.9)
    assert "exitCode" not in task(aws, arn)["containers"][0]
    aws.clock.sleep(0.1)
    found = task(aws, arn)
    assert (found["lastStatus"], found["stopCode"]) == ("DEACTIVATING", "EssentialContainerExited")
    assert found["stoppedReason"] == "Essential container in task exited"
    assert (found["containers"][0]["lastStatus"], found["containers"][0]["exitCode"]) == ("STOPPED", 3)


def test_the_agents_report_of_an_exit_may_take_a_moment(make_aws: MakeAws, run: Run, task: Describe) -> None:
    aws = make_aws(timings=Timings(0, 0, 0, 0, 0, report=2))
    aws.ecs.script("migrate", exits(3, duration=30))
    arn = run(aws)
    aws.clock.sleep(31.9)
    assert "exitCode" not in task(aws, arn)["containers"][0]
    aws.clock.sleep(0.1)
    assert task(aws, arn)["containers"][0]["exitCode"] == 3


def test_on_fargate_stopped_follows_the_exit_by_10_to_30_seconds(make_aws: MakeAws, run: Run) -> None:
    gaps = []
    for seed in range(50):
        aws = make_aws(seed=seed)
        run(aws)
        line = aws.ecs.tasks[0].timeline
        gaps.append(line.stopped - line.execution_stopped)
    assert min(gaps) >= 10
    assert max(gaps) <= 30
    assert max(gaps) - min(gaps) > 10


def test_the_same_seed_gives_the_same_task(make_aws: MakeAws, run: Run) -> None:
    one, same, other = make_aws(seed=7), make_aws(seed=7), make_aws(seed=8)
    assert run(one) == run(same) != run(other)
    assert one.ecs.tasks[0].timeline == same.ecs.tasks[0].timeline != other.ecs.tasks[0].timeline


@pytest.mark.parametrize(("stage", "pulled"), [("provisioning", False), ("pull", True), ("start", True)])
def test_a_task_that_never_starts_says_why_and_has_no_exit_code(
    aws: FakeAws, run: Run, task: Describe, stage: Any, pulled: bool
) -> None:
    reason = "CannotPullContainerError: ref pull has been retried 5 time(s)"
    aws.ecs.script("migrate", never_starts(reason, stage=stage, container_reason=reason))
    arn = run(aws)
    aws.clock.sleep(300)
    found = task(aws, arn)
    assert (found["lastStatus"], found["stopCode"], found["stoppedReason"]) == (
        "STOPPED",
        "TaskFailedToStart",
        reason,
    )
    assert "startedAt" not in found
    assert ("pullStartedAt" in found) is pulled
    (container,) = found["containers"]
    assert container["reason"] == reason
    assert "exitCode" not in container
    assert "runtimeId" not in container
    assert aws.ecs.launched == []


def test_a_missing_log_group_keeps_the_container_from_starting(
    make_aws: MakeAws, run: Run, task: Describe
) -> None:
    aws = make_aws()
    aws.logs.delete_log_group(logGroupName="/ecs/migrate")
    arn = run(aws)
    aws.clock.sleep(300)
    assert task(aws, arn)["stoppedReason"] == NO_LOG_GROUP
    assert aws.ecs.launched == []


def test_out_of_memory_is_137_with_a_reason(aws: FakeAws, run: Run, task: Describe) -> None:
    aws.ecs.script("migrate", runs_out_of_memory())
    arn = run(aws)
    aws.clock.sleep(300)
    (container,) = task(aws, arn)["containers"]
    assert (container["exitCode"], container["reason"]) == (137, OUT_OF_MEMORY)


def test_an_interruption_by_aws_has_its_own_stop_code(aws: FakeAws, run: Run, task: Describe) -> None:
    aws.ecs.script("migrate", Script(ContainerScript(duration=500), interruption=Interruption(after=20)))
    arn = run(aws)
    aws.clock.sleep(300)
    found = task(aws, arn)
    assert (found["stopCode"], found["stoppedReason"]) == (
        "SpotInterruption",
        "Your Spot Task was interrupted.",
    )
    assert found["containers"][0]["exitCode"] == 143


def test_the_family_does_one_script_after_the_other_and_then_the_last(
    aws: FakeAws, run: Run, task: Describe
) -> None:
    aws.ecs.script("migrate", exits(1), exits(2), exits(0))
    arns = [run(aws) for _ in range(4)]
    aws.clock.sleep(300)
    assert [task(aws, arn)["containers"][0]["exitCode"] for arn in arns] == [1, 2, 0, 0]


def test_behaviour_may_depend_on_the_command(aws: FakeAws, run: Run, task: Describe) -> None:
    def behave(definition: Any, overrides: Any, before: int) -> Script:
        (override,) = overrides.get("containerOverrides", [{}])
        return exits(9 if override.get("command") == ["false"] else 0)

    aws.ecs.behave(behave)
    overrides = {"containerOverrides": [{"name": "migrate", "command": ["false"]}]}
    arns = [run(aws), run(aws, overrides=overrides)]
    aws.clock.sleep(300)
    assert [task(aws, arn)["containers"][0]["exitCode"] for arn in arns] == [0, 9]
    assert task(aws, arns[1])["overrides"]["containerOverrides"] == overrides["containerOverrides"]


class TestSeveralContainers:
    """ "Task definition parameters": essential, dependsOn, stopTimeout."""

    def start(self, aws: FakeAws, run: Run, script: Script, *sidecars: dict[str, Any], **more: Any) -> str:
        definition = fargate_task_definition("several", sidecars=sidecars, **more)
        aws.ecs.register_task_definition(**definition)
        aws.ecs.script("several", script)
        return run(aws, taskDefinition="several")

    def test_the_exit_of_an_essential_container_stops_the_others(
        self, aws: FakeAws, run: Run, task: Describe
    ) -> None:
        script = Script(ContainerScript(duration=10), {"proxy": ContainerScript(duration=None)})
        arn = self.start(aws, run, script, {"name": "proxy", "image": "proxy:1", "essential": False})
        aws.clock.sleep(300)
        found = task(aws, arn)
        codes = {item["name"]: item["exitCode"] for item in found["containers"]}
        assert codes == {"migrate": 0, "proxy": 143}
        assert found["stopCode"] == "EssentialContainerExited"

    def test_a_container_that_is_not_essential_may_exit_alone(
        self, aws: FakeAws, run: Run, task: Describe
    ) -> None:
        script = Script(ContainerScript(duration=None), {"init": ContainerScript(duration=1, exit_code=1)})
        arn = self.start(aws, run, script, {"name": "init", "image": "init:1", "essential": False})
        aws.clock.sleep(300)
        assert task(aws, arn)["lastStatus"] == "RUNNING"

    def test_the_task_is_over_when_all_containers_are_though_none_was_essential_enough(
        self, aws: FakeAws, run: Run, task: Describe
    ) -> None:
        script = Script(ContainerScript(duration=5), {"proxy": ContainerScript(duration=1, on_sigterm=None)})
        arn = self.start(aws, run, script, {"name": "proxy", "image": "proxy:1"})
        aws.clock.sleep(300)
        assert {item["exitCode"] for item in task(aws, arn)["containers"]} == {0, 143}

    def test_one_that_depends_on_anothers_success_starts_after_it(self, aws: FakeAws, run: Run) -> None:
        script = Script(ContainerScript(duration=5), {"init": ContainerScript(duration=20)})
        depends = [{"containerName": "init", "condition": "SUCCESS"}]
        init = {"name": "init", "image": "init:1", "essential": False}
        self.start(aws, run, script, init, dependsOn=depends)
        aws.clock.sleep(300)
        first, second = aws.ecs.launched
        assert (first.container, second.container) == ("init", "migrate")
        assert second.started == first.ended

    def test_one_whose_dependency_fails_never_starts(self, aws: FakeAws, run: Run, task: Describe) -> None:
        script = Script(ContainerScript(duration=5), {"init": ContainerScript(duration=20, exit_code=1)})
        depends = [{"containerName": "init", "condition": "SUCCESS"}]
        init = {"name": "init", "image": "init:1", "essential": False}
        arn = self.start(aws, run, script, init, dependsOn=depends)
        aws.clock.sleep(300)
        assert task(aws, arn)["stopCode"] == "TaskFailedToStart"
        assert [launch.container for launch in aws.ecs.launched] == ["init"]
