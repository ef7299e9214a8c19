"""RunTask, StopTask, DescribeTasks and ListTasks: states, stop, tokens, filters, refusals."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from . import launcher_fixture as fixture
from .launcher_fixture import Cluster, until

pytestmark = pytest.mark.docker
cloud, cluster = fixture.cloud, fixture.cluster

#: Ends by itself at SIGTERM after a second, with a code of its own.
POLITE = "trap 'echo asked; sleep 1; exit 7' TERM; echo up; while :; do sleep 0.1; done"
STUBBORN = "trap 'echo no' TERM; echo up; while :; do sleep 0.1; done"


def refused(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    answer = error.value.response["Error"]
    return answer["Code"], answer["Message"]


def after(name: str, condition: str) -> dict[str, Any]:
    return {"dependsOn": [{"containerName": name, "condition": condition}]}


# States


def test_a_task_passes_through_its_states_with_their_times(cluster: Cluster) -> None:
    definition = cluster.define(cluster.container("sleep 0.5; exit 3"))
    answer = cluster.ecs.run_task(
        cluster=cluster.name,
        taskDefinition=definition,
        launchType="FARGATE",
        networkConfiguration=cluster.network,
        startedBy="me",
    )
    first = answer["tasks"][0]
    assert (first["lastStatus"], first["desiredStatus"], first["startedBy"]) == (
        "PROVISIONING",
        "RUNNING",
        "me",
    )
    assert "stopCode" not in first
    seen = []

    def ended() -> Any:
        task = cluster.task(first["taskArn"])
        if task["lastStatus"] not in seen:
            seen.append(task["lastStatus"])
        return task if task["lastStatus"] == "STOPPED" else None

    task = until(ended, pause=0.005)
    order = ["PROVISIONING", "PENDING", "RUNNING", "DEPROVISIONING", "STOPPED"]
    assert [s for s in order if s in seen] == seen
    assert {"PENDING", "RUNNING", "STOPPED"} <= set(seen)
    assert task["containers"][0]["exitCode"] == 3
    assert (task["stopCode"], task["stoppedReason"]) == (
        "EssentialContainerExited",
        "Essential container in task exited",
    )
    times = [
        task[k]
        for k in (
            "createdAt",
            "pullStartedAt",
            "pullStoppedAt",
            "startedAt",
            "stoppingAt",
            "executionStoppedAt",
            "stoppedAt",
        )
    ]
    assert times == sorted(times)
    assert any(t.microsecond for t in times), "times have fractions of a second"


def test_a_task_that_ends_at_once_was_running_all_the_same(cluster: Cluster) -> None:
    task = cluster.finished(cluster.run(cluster.container("exit 0")))
    assert task["containers"][0]["exitCode"] == 0
    assert task["startedAt"] <= task["stoppedAt"]


# StopTask


def test_stop_task_waits_for_the_container_and_gives_its_exit_code(cluster: Cluster) -> None:
    arn = cluster.run(cluster.container(POLITE))
    until(lambda: cluster.reached(arn, "RUNNING") and cluster.lines(arn) == ["up"])
    answer = cluster.ecs.stop_task(cluster=cluster.name, task=arn, reason="enough")["task"]
    assert (answer["desiredStatus"], answer["stopCode"], answer["stoppedReason"]) == (
        "STOPPED",
        "UserInitiated",
        "enough",
    )
    assert answer["lastStatus"] != "STOPPED"
    time.sleep(0.4)
    assert cluster.task(arn)["lastStatus"] != "STOPPED", "the container still runs"
    task = cluster.finished(arn)
    assert task["containers"][0]["exitCode"] == 7
    assert cluster.lines(arn) == ["up", "asked"]


def test_stop_task_kills_after_the_stop_timeout(cluster: Cluster) -> None:
    arn = cluster.run(cluster.container(STUBBORN, stopTimeout=2))
    until(lambda: cluster.reached(arn, "RUNNING") and cluster.lines(arn))
    began = time.monotonic()
    cluster.ecs.stop_task(cluster=cluster.name, task=arn)
    task = cluster.finished(arn)
    assert task["containers"][0]["exitCode"] == 137
    assert 1.9 <= time.monotonic() - began < 6
    assert "reason" not in task["containers"][0], "killed, but not for memory"


def test_stop_task_reaches_a_task_that_is_still_starting(cluster: Cluster) -> None:
    arn = cluster.run(cluster.container("sleep 300", stopTimeout=2))
    cluster.ecs.stop_task(cluster=cluster.name, task=arn, reason="never mind")
    task = cluster.finished(arn)
    assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "never mind")


def test_stop_task_of_a_stopped_task_changes_nothing(cluster: Cluster) -> None:
    arn = cluster.run(cluster.container("exit 4"))
    cluster.finished(arn)
    answer = cluster.ecs.stop_task(cluster=cluster.name, task=arn, reason="late")["task"]
    assert answer["stopCode"] == "EssentialContainerExited"
    assert answer["containers"][0]["exitCode"] == 4


def test_stop_task_of_an_unknown_task_is_refused(cluster: Cluster) -> None:
    assert refused(cluster.ecs.stop_task, cluster=cluster.name, task="0" * 32) == (
        "InvalidParameterException",
        "The referenced task was not found.",
    )


def test_sidecars_stop_with_the_essential_container(cluster: Cluster) -> None:
    arn = cluster.run(
        cluster.container("sleep 1; exit 5", **after("side", "START")),
        cluster.container(POLITE, name="side", essential=False),
    )
    task = cluster.finished(arn)
    assert {c["name"]: c["exitCode"] for c in task["containers"]} == {"app": 5, "side": 7}
    assert cluster.lines(arn, "side") == ["up", "asked"]


def test_the_end_of_a_sidecar_leaves_the_task_running(cluster: Cluster) -> None:
    arn = cluster.run(
        cluster.container("sleep 60"), cluster.container("exit 1", name="side", essential=False)
    )
    until(lambda: any(c.get("exitCode") == 1 for c in cluster.reached(arn, "RUNNING")["containers"]))
    assert cluster.task(arn)["desiredStatus"] == "RUNNING"
    cluster.ecs.stop_task(cluster=cluster.name, task=arn)


# dependsOn


def test_success_runs_the_init_container_to_its_end_first(cluster: Cluster) -> None:
    arn = cluster.run(
        cluster.container("date +%s%N", **after("init", "SUCCESS")),
        cluster.container("sleep 0.5; date +%s%N", name="init", essential=False),
    )
    assert cluster.finished(arn)["stopCode"] == "EssentialContainerExited"
    assert int(cluster.lines(arn, "init")[0]) < int(cluster.lines(arn)[0])


def test_a_failed_init_container_stops_the_task_before_the_application_starts(cluster: Cluster) -> None:
    arn = cluster.run(
        cluster.container("echo must not run", **after("init", "SUCCESS")),
        cluster.container("echo broken; exit 9", name="init", essential=False),
    )
    task = cluster.finished(arn)
    application, init = task["containers"]
    assert init["exitCode"] == 9
    assert "did not exit successfully" in application["reason"]
    assert cluster.lines(arn) == []
    assert cluster.lines(arn, "init") == ["broken"]


def test_complete_goes_on_after_a_failed_init_container(cluster: Cluster) -> None:
    arn = cluster.run(
        cluster.container("echo on", **after("init", "COMPLETE")),
        cluster.container("exit 9", name="init", essential=False),
    )
    cluster.finished(arn)
    assert cluster.lines(arn) == ["on"]


def test_start_only_waits_for_the_start(cluster: Cluster) -> None:
    arn = cluster.run(
        cluster.container("echo on", **after("side", "START")),
        cluster.container("sleep 60", name="side", essential=False, stopTimeout=2),
    )
    cluster.finished(arn)
    assert cluster.lines(arn) == ["on"]


def test_healthy_waits_for_the_health_check(cluster: Cluster) -> None:
    check = {"command": ["CMD-SHELL", "test -f /tmp/ok"], "interval": 5, "timeout": 2, "retries": 2}
    arn = cluster.run(
        cluster.container("date +%s%N", **after("side", "HEALTHY")),
        cluster.container(
            "sleep 1; date +%s%N; touch /tmp/ok; sleep 60",
            name="side",
            essential=False,
            healthCheck=check,
            stopTimeout=2,
        ),
    )
    task = cluster.finished(arn)
    assert int(cluster.lines(arn, "side")[0]) < int(cluster.lines(arn)[0])
    assert next(c for c in task["containers"] if c["name"] == "side")["healthStatus"] == "HEALTHY"


def test_containers_of_an_awsvpc_task_share_localhost(cluster: Cluster) -> None:
    listen = (
        "use IO::Socket; $s=IO::Socket::INET->new(LocalAddr=>'127.0.0.1:8099',Listen=>1,ReuseAddr=>1); "
        "$c=$s->accept; print $c 'hello'; close $c; sleep 60"
    )
    ask = (
        "use IO::Socket; for(1..50){$c=IO::Socket::INET->new('127.0.0.1:8099') and last; select(undef,undef,undef,.1)}"
        " print <$c>"
    )
    arn = cluster.run(
        cluster.container(None, entryPoint=["perl", "-e", ask]),
        cluster.container(
            None, entryPoint=["perl", "-e", listen], name="side", essential=False, stopTimeout=2
        ),
    )
    cluster.finished(arn)
    assert cluster.lines(arn) == ["hello"]


@pytest.mark.parametrize("condition", ["SUCCESS", "COMPLETE"])
def test_waiting_for_the_end_of_an_essential_container_is_refused(cluster: Cluster, condition: str) -> None:
    containers = [cluster.container("x", **after("init", condition)), cluster.container("x", name="init")]
    assert refused(cluster.ecs.register_task_definition, family="f", containerDefinitions=containers) == (
        "ClientException",
        "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
    )


# clientToken


def test_the_same_token_and_parameters_give_the_same_task(cluster: Cluster) -> None:
    definition = cluster.define(cluster.container("sleep 0.3"))
    first = cluster.launch(definition, clientToken="token-1")
    assert cluster.launch(definition, clientToken="token-1") == first
    cluster.finished(first)
    assert cluster.launch(definition, clientToken="token-1") == first, "stopped, but remembered"
    assert cluster.launch(definition, clientToken="token-2") != first


def test_the_same_token_with_other_parameters_conflicts(cluster: Cluster) -> None:
    definition = cluster.define(cluster.container("true"))
    first = cluster.launch(definition, clientToken="token-3")
    with pytest.raises(ClientError) as error:
        cluster.launch(definition, clientToken="token-3", startedBy="somebody-else")
    assert error.value.response["Error"]["Code"] == "ConflictException"
    assert error.value.response["resourceIds"] == [first]


# ListTasks


def test_list_tasks_combines_its_filters_and_keeps_stopped_tasks(cluster: Cluster) -> None:
    ended = cluster.run(cluster.container("true"), family="list-a")
    running = cluster.launch(
        cluster.define(cluster.container("sleep 60"), family="list-b"), startedBy="run-1"
    )
    cluster.finished(ended)
    cluster.reached(running, "RUNNING")

    def listed(**filters: Any) -> list[str]:
        return list(cluster.ecs.list_tasks(cluster=cluster.name, **filters)["taskArns"])

    assert listed() == [running]
    assert listed(desiredStatus="STOPPED") == [ended]
    assert listed(family="list-a") == []
    assert listed(family="list-a", desiredStatus="STOPPED") == [ended]
    assert listed(startedBy="run-1") == [running]
    assert listed(startedBy="run-2") == []
    cluster.ecs.stop_task(cluster=cluster.name, task=running)
    assert listed(startedBy="run-1") == [], "its desired status is STOPPED at once"
    assert listed(startedBy="run-1", desiredStatus="STOPPED") == [running]


# Refusals


def test_an_unknown_cluster_is_refused(cluster: Cluster) -> None:
    definition = cluster.define(cluster.container("true"))
    for call, arguments in (
        (cluster.ecs.run_task, {"taskDefinition": definition}),
        (cluster.ecs.stop_task, {"task": "x"}),
        (cluster.ecs.describe_tasks, {"tasks": ["x"]}),
        (cluster.ecs.list_tasks, {}),
    ):
        assert refused(call, cluster="no-such", **arguments) == (
            "ClusterNotFoundException",
            "Cluster not found.",
        )


def test_an_override_for_an_unknown_container_is_refused(cluster: Cluster) -> None:
    definition = cluster.define(cluster.container("true"))
    assert refused(
        cluster.launch, definition=definition, overrides={"containerOverrides": [{"name": "web"}]}
    ) == (
        "InvalidParameterException",
        "Override for container named web is not a container in the TaskDefinition.",
    )


def test_awsvpc_without_a_network_configuration_is_refused(cluster: Cluster) -> None:
    definition = cluster.define(cluster.container("true"))
    assert refused(
        cluster.ecs.run_task, cluster=cluster.name, taskDefinition=definition, launchType="FARGATE"
    ) == (
        "InvalidParameterException",
        "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
    )


def test_a_subnet_that_is_not_there_is_refused(cluster: Cluster) -> None:
    definition = cluster.define(cluster.container("true"))
    code, message = refused(
        cluster.launch,
        definition=definition,
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-0bad"]}},
    )
    assert code == "InvalidParameterException"
    assert "The subnet ID 'subnet-0bad' does not exist" in message


def test_inactive_and_unknown_definitions_are_refused(cluster: Cluster) -> None:
    definition = cluster.define(cluster.container("true"))
    cluster.ecs.deregister_task_definition(taskDefinition=definition)
    assert refused(cluster.launch, definition=definition) == (
        "InvalidParameterException",
        "TaskDefinition is inactive",
    )
    assert refused(cluster.launch, definition="nobody:1") == ("ClientException", "TaskDefinition not found.")
