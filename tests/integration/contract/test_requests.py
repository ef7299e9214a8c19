"""What RunTask, DescribeTasks, ListTasks and StopTask take, refuse and answer."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.contract.program import Program
from tests.integration.contract.world import OTHER, Made, World

FOREVER = Program(("up",), seconds=None, on_sigterm=0)


def refused(call: Callable[..., Any], **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    answer = error.value.response["Error"]
    return str(answer["Code"]), str(answer["Message"])


def token() -> str:
    return f"token-{uuid.uuid4().hex}"


# clientToken. Source: "Ensuring idempotency" in the ECS API reference


def test_the_same_token_and_request_give_the_same_task(world: World) -> None:
    definition, key = world.define(Made(FOREVER)), token()
    first = world.launch(definition, clientToken=key)
    assert world.launch(definition, clientToken=key) == first
    assert world.launch(definition, clientToken=token()) != first
    for arn in world.listed(family=family(definition)):
        world.stop(arn)


def test_the_same_token_at_the_same_moment_gives_one_task(world: World) -> None:
    definition, key = world.define(Made(Program(seconds=1.0))), token()
    with ThreadPoolExecutor(8) as pool:
        arns = set(pool.map(lambda _: world.launch(definition, clientToken=key), range(8)))
    assert len(arns) == 1
    assert world.listed(family=family(definition)) == arns


def test_a_token_still_gives_its_task_when_that_has_stopped(world: World) -> None:
    definition, key = world.define(Made()), token()
    first = world.launch(definition, clientToken=key)
    world.finished(first)
    assert world.start(definition, clientToken=key)["tasks"] == [{"taskArn": first, "lastStatus": "STOPPED"}]


@pytest.mark.parametrize(
    "other", [{"startedBy": "somebody-else"}, {"count": 2}, {"tags": [{"key": "a", "value": "b"}]}], ids=str
)
def test_the_same_token_with_another_request_conflicts(world: World, other: dict[str, Any]) -> None:
    definition, key = world.define(Made()), token()
    first = world.launch(definition, clientToken=key)
    with pytest.raises(ClientError) as error:
        world.launch(definition, clientToken=key, **other)
    assert error.value.response["Error"]["Code"] == "ConflictException"
    assert error.value.response["resourceIds"] == [first]
    world.finished(first)


def test_another_revision_under_the_same_token_conflicts(world: World) -> None:
    key, name = token(), f"contract-{uuid.uuid4().hex[:8]}"
    first = world.launch(world.define(Made(), family=name), clientToken=key)
    assert (
        refused(world.launch, definition=world.define(Made(), family=name), clientToken=key)[0]
        == "ConflictException"
    )
    world.finished(first)


def test_a_token_holds_within_its_cluster(world: World) -> None:
    definition, key = world.define(Made()), token()
    here, there = (world.launch(definition, clientToken=key, cluster=one) for one in (world.cluster, OTHER))
    assert here != there
    world.finished(here)


# ListTasks


def family(definition: str) -> str:
    return definition.rsplit("/", 1)[-1].partition(":")[0]


def test_tasks_are_listed_by_family_by_starter_and_by_desired_status(world: World) -> None:
    me = uuid.uuid4().hex
    ending, lasting = world.define(Made()), world.define(Made(FOREVER))
    ended = world.launch(ending, startedBy=me)
    world.finished(ended)
    running = world.launch(lasting, startedBy=me)
    world.running(running)
    assert world.listed(family=family(ending)) == set(), "RUNNING is the default"
    assert world.listed(family=family(ending), desiredStatus="STOPPED") == {ended}
    assert world.listed(family=family(lasting)) == {running}
    assert world.listed(startedBy=me) == {running}
    assert world.listed(startedBy=f"{me}-other") == set()
    assert world.listed(family=family(lasting), desiredStatus="PENDING") == set()
    world.stop(running)
    assert world.listed(family=family(lasting)) == set(), "its desired status is STOPPED at once"
    assert world.listed(family=family(lasting), desiredStatus="STOPPED") == {running}


def test_a_family_is_not_a_prefix(world: World) -> None:
    definition = world.define(Made())
    world.finished(world.launch(definition))
    assert world.listed(family=family(definition)[:-1], desiredStatus="STOPPED") == set()


@pytest.mark.parametrize("other", [{"family": "f"}, {"launchType": "FARGATE"}, {"serviceName": "s"}], ids=str)
def test_the_starter_is_combined_with_no_other_filter(world: World, other: dict[str, str]) -> None:
    code, message = refused(world.ecs.list_tasks, cluster=world.cluster, startedBy="me", **other)
    assert (code, message) == ("InvalidParameterException", "cannot specify startedBy with other arguments")


def test_long_lists_come_in_pages(world: World) -> None:
    definition = world.define(Made(FOREVER))
    started = {task["taskArn"] for task in world.start(definition, count=3)["tasks"]}
    pages = [
        page["taskArns"]
        for page in world.ecs.get_paginator("list_tasks").paginate(
            cluster=world.cluster, family=family(definition), PaginationConfig={"PageSize": 2}
        )
    ]
    assert [len(page) for page in pages] == [2, 1]
    assert {arn for page in pages for arn in page} == started
    for arn in started:
        world.stop(arn)


@pytest.mark.parametrize("size", [0, 101])
def test_a_page_has_1_to_100_tasks(world: World, size: int) -> None:
    assert (
        refused(world.ecs.list_tasks, cluster=world.cluster, maxResults=size)[0]
        == "InvalidParameterException"
    )


# DescribeTasks


def test_unknown_tasks_are_missing_and_the_known_ones_there(world: World) -> None:
    known = world.launch(world.define(Made()))
    unknown = known.rsplit("/", 1)[0] + "/" + "0" * 32
    reply = world.ecs.describe_tasks(cluster=world.cluster, tasks=[unknown, known])
    assert [task["taskArn"] for task in reply["tasks"]] == [known]
    assert reply["failures"] == [{"arn": unknown, "reason": "MISSING"}]
    world.finished(known)


def test_a_task_is_found_by_its_identifier_too(world: World) -> None:
    arn = world.launch(world.define(Made()))
    assert world.task(arn.rsplit("/", 1)[-1])["taskArn"] == arn
    unknown = world.ecs.describe_tasks(cluster=world.cluster, tasks=["0" * 32])["failures"]
    assert unknown == [{"arn": arn.rsplit("/", 1)[0] + "/" + "0" * 32, "reason": "MISSING"}]


@pytest.mark.parametrize("count", [0, 101])
def test_1_to_100_tasks_can_be_described_at_once(world: World, count: int) -> None:
    names = [f"{number:032d}" for number in range(count)]
    code, _ = refused(world.ecs.describe_tasks, cluster=world.cluster, tasks=names)
    assert code == "InvalidParameterException"


def test_tags_are_shown_when_asked_for(world: World) -> None:
    tags = [{"key": "stack", "value": "shop/stg"}, {"key": "digest", "value": "sha256:abc"}]
    reply = world.start(world.define(Made()), tags=tags)
    arn = reply["tasks"][0]["taskArn"]
    assert sorted(world.task(arn, include=["TAGS"])["tags"], key=str) == sorted(tags, key=str)
    assert not world.task(arn).get("tags")
    world.finished(arn)


def test_tags_of_the_task_definition_are_propagated_when_asked_for(world: World) -> None:
    definition = world.define(Made(), tags=[{"key": "team", "value": "shop"}])
    both = world.launch(definition, propagateTags="TASK_DEFINITION", tags=[{"key": "a", "value": "b"}])
    none = world.launch(definition)
    shown = {tag["key"]: tag["value"] for tag in world.task(both, include=["TAGS"])["tags"]}
    assert shown == {"team": "shop", "a": "b"}
    assert not world.task(none, include=["TAGS"]).get("tags")
    for arn in (both, none):
        world.finished(arn)


def test_a_task_tells_what_it_was_started_from(world: World) -> None:
    definition = world.define(Made())
    override = {"containerOverrides": [{"name": "app", "environment": [{"name": "A", "value": "b"}]}]}
    task = world.task(world.launch(definition, startedBy="me", overrides=override))
    assert task["taskDefinitionArn"] == definition
    assert (task["startedBy"], task["launchType"], task["desiredStatus"]) == ("me", "FARGATE", "RUNNING")
    assert task["clusterArn"].endswith(f":cluster/{world.cluster}")
    assert task["overrides"]["containerOverrides"][0]["environment"] == [{"name": "A", "value": "b"}]
    assert task["group"] == f"family:{family(definition)}"
    world.finished(task["taskArn"])


def test_a_definition_s_latest_revision_is_run_by_its_family(world: World) -> None:
    name = f"contract-{uuid.uuid4().hex[:8]}"
    world.define(Made(), family=name)
    second = world.define(Made(), family=name)
    arn = world.launch(name)
    assert world.finished(arn)["taskDefinitionArn"] == second


# Refusals


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("run_task", {"taskDefinition": "f"}),
        ("stop_task", {"task": "0" * 32}),
        ("describe_tasks", {"tasks": ["0" * 32]}),
        ("list_tasks", {}),
    ],
)
def test_an_unknown_cluster_is_refused(world: World, call: str, arguments: dict[str, Any]) -> None:
    found = refused(getattr(world.ecs, call), cluster="no-such", **arguments)
    assert found == ("ClusterNotFoundException", "Cluster not found.")


def test_an_unknown_cluster_is_described_as_missing(world: World) -> None:
    reply = world.ecs.describe_clusters(clusters=["no-such", world.cluster])
    assert [one["clusterName"] for one in reply["clusters"]] == [world.cluster]
    assert [(one["arn"].rsplit("/", 1)[-1], one["reason"]) for one in reply["failures"]] == [
        ("no-such", "MISSING")
    ]


def test_an_override_for_an_unknown_container_is_refused(world: World) -> None:
    found = refused(
        world.launch, definition=world.define(Made()), overrides={"containerOverrides": [{"name": "web"}]}
    )
    assert found == (
        "InvalidParameterException",
        "Override for container named web is not a container in the TaskDefinition.",
    )


def test_overrides_have_at_most_8192_characters(world: World) -> None:
    override = {"containerOverrides": [{"name": "app", "command": ["x" * 9000]}]}
    found = refused(world.launch, definition=world.define(Made()), overrides=override)
    assert found == ("InvalidParameterException", "Container Overrides length must be at most 8192")


def test_a_missing_network_configuration_is_refused(world: World) -> None:
    found = refused(
        world.ecs.run_task, cluster=world.cluster, taskDefinition=world.define(Made()), launchType="FARGATE"
    )
    assert found == (
        "InvalidParameterException",
        "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
    )


def test_an_unknown_definition_is_refused(world: World) -> None:
    found = refused(world.launch, definition=f"nothing-{uuid.uuid4().hex[:8]}:1")
    assert found == ("ClientException", "TaskDefinition not found.")


def test_an_inactive_definition_is_refused(world: World) -> None:
    definition = world.define(Made())
    world.ecs.deregister_task_definition(taskDefinition=definition)
    assert refused(world.launch, definition=definition) == (
        "InvalidParameterException",
        "TaskDefinition is inactive",
    )


@pytest.mark.parametrize("count", [0, 11])
def test_1_to_10_tasks_can_be_started_at_once(world: World, count: int) -> None:
    assert (
        refused(world.launch, definition=world.define(Made()), count=count)[0] == "InvalidParameterException"
    )


@pytest.mark.parametrize(
    "wrong", [{"startedBy": "a b"}, {"startedBy": "x" * 129}, {"clientToken": "x" * 65}], ids=str
)
def test_starter_and_token_have_their_limits(world: World, wrong: dict[str, str]) -> None:
    code, _ = refused(world.launch, definition=world.define(Made()), **wrong)
    assert code == "InvalidParameterException"


def test_an_unknown_task_cannot_be_stopped(world: World) -> None:
    found = refused(world.ecs.stop_task, cluster=world.cluster, task="0" * 32)
    assert found == ("InvalidParameterException", "The referenced task was not found.")
