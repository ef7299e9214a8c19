"""RunTask: what it refuses, and its idempotency ("Ensuring idempotency" in the ECS API reference)."""

from collections.abc import Callable
from typing import Any

import pytest
from migratable_ecs.testing import FakeAws, Timings, exits, hangs

Run = Callable[..., str]

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}


@pytest.mark.parametrize(
    ("wrong", "code", "words"),
    [
        ({"cluster": "nowhere"}, "ClusterNotFoundException", "Cluster not found"),
        ({"taskDefinition": "nothing"}, "ClientException", "TaskDefinition not found"),
        ({"taskDefinition": "migrate:9"}, "ClientException", "TaskDefinition not found"),
        ({"networkConfiguration": {}}, "InvalidParameterException", "Network Configuration must be provided"),
        ({"count": 11}, "InvalidParameterException", "Count"),
        ({"startedBy": "x" * 129}, "InvalidParameterException", "startedBy"),
        ({"startedBy": "a b"}, "InvalidParameterException", "startedBy"),
        ({"startedBy": "urn:pulumi"}, "InvalidParameterException", "startedBy"),
        ({"clientToken": "x" * 65}, "InvalidParameterException", "clientToken"),
        ({"clientToken": "é"}, "InvalidParameterException", "clientToken"),
        (
            {"overrides": {"containerOverrides": [{"name": "web"}]}},
            "InvalidParameterException",
            "container named web is not a container",
        ),
        (
            {"overrides": {"containerOverrides": [{"name": "migrate", "command": ["x" * 8192]}]}},
            "InvalidParameterException",
            "8192",
        ),
        (
            {"launchType": "FARGATE", "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT"}]},
            "InvalidParameterException",
            "both a launch type and capacity provider",
        ),
    ],
)
def test_what_it_refuses(aws: FakeAws, wrong: dict[str, Any], code: str, words: str) -> None:
    params = {"taskDefinition": "migrate", "networkConfiguration": NETWORK, **wrong}
    with pytest.raises(aws.ecs.exceptions.ClientError) as caught:
        aws.ecs.run_task(**params)
    assert caught.value.response["Error"]["Code"] == code
    assert words in caught.value.response["Error"]["Message"]
    assert aws.ecs.tasks == []


def test_what_it_takes_to_the_last_character(aws: FakeAws, run: Run) -> None:
    assert run(aws, startedBy="aZ09-/_" + "x" * 121, clientToken="!~" + "x" * 62)


def test_an_inactive_revision_cannot_be_run_and_the_family_falls_back_to_the_one_before(
    aws: FakeAws, run: Run
) -> None:
    definition = aws.ecs.describe_task_definition(taskDefinition="migrate")["taskDefinition"]
    again = {
        key: definition[key] for key in ("family", "containerDefinitions", "networkMode", "cpu", "memory")
    }
    aws.ecs.register_task_definition(**again)
    aws.ecs.deregister_task_definition(taskDefinition="migrate:2")
    with pytest.raises(aws.ecs.exceptions.InvalidParameterException, match="inactive"):
        run(aws, taskDefinition="migrate:2")
    run(aws)
    assert aws.ecs.tasks[0].definition["revision"] == 1


@pytest.mark.parametrize(
    "reason", ["RESOURCE:MEMORY", "RESOURCE:ENI", "AGENT", "Capacity is unavailable at this time."]
)
def test_without_room_there_are_failures_and_no_task(aws: FakeAws, run: Run, reason: str) -> None:
    aws.ecs.refuse_placement(reason, detail="none left", times=2)
    params = {"taskDefinition": "migrate", "networkConfiguration": NETWORK, "clientToken": "t"}
    for _ in range(2):
        answer = aws.ecs.run_task(**params)
        assert answer["tasks"] == []
        assert answer["failures"][0]["reason"] == reason
    assert len(aws.ecs.run_task(**params)["tasks"]) == 1


class TestIdempotency:
    def test_the_same_call_again_gives_the_same_task(self, aws: FakeAws, run: Run) -> None:
        assert run(aws, clientToken="t", startedBy="me") == run(aws, clientToken="t", startedBy="me")
        assert len(aws.ecs.tasks) == 1

    def test_without_a_token_each_call_starts_another(self, aws: FakeAws, run: Run) -> None:
        assert run(aws) != run(aws)

    def test_a_stopped_task_is_reduced_to_arn_and_status(self, aws: FakeAws, run: Run) -> None:
        arn = run(aws, clientToken="t")
        aws.clock.sleep(600)
        answer = aws.ecs.run_task(
            taskDefinition="migrate", networkConfiguration=_network(aws), clientToken="t"
        )
        assert answer["tasks"] == [{"taskArn": arn, "lastStatus": "STOPPED"}]

    @pytest.mark.parametrize(
        "change", [{"startedBy": "other"}, {"count": 2}, {"taskDefinition": "migrate:1"}]
    )
    def test_other_parameters_conflict_and_the_error_names_the_task(
        self, aws: FakeAws, run: Run, change: dict[str, Any]
    ) -> None:
        arn = run(aws, clientToken="t", startedBy="me")
        with pytest.raises(aws.ecs.exceptions.ConflictException) as caught:
            run(aws, **{"clientToken": "t", "startedBy": "me", **change})
        assert caught.value.response["resourceIds"] == [arn]
        assert len(aws.ecs.tasks) == 1

    def test_a_token_holds_within_its_cluster_only(self, make_aws: Callable[..., FakeAws], run: Run) -> None:
        aws = make_aws(clusters=("blue", "green"))
        assert run(aws, cluster="blue", clientToken="t") != run(aws, cluster="green", clientToken="t")
        assert len(aws.ecs.tasks) == 2

    def test_a_clusters_name_and_arn_are_the_same_cluster(self, aws: FakeAws, run: Run) -> None:
        by_arn = aws.ecs.arn("cluster/default")
        assert run(aws, cluster="default", clientToken="t") == run(aws, cluster=by_arn, clientToken="t")

    def test_tokens_are_case_sensitive(self, aws: FakeAws, run: Run) -> None:
        assert run(aws, clientToken="t") != run(aws, clientToken="T")

    def test_it_lives_one_hour_longer_than_the_task(self, make_aws: Callable[..., FakeAws], run: Run) -> None:
        aws = make_aws(timings=Timings(0, 0, 0, 0, 0, exit_to_stopped=10))
        aws.ecs.script("migrate", exits(1, duration=90))
        arn = run(aws, clientToken="t")
        aws.clock.sleep(100 + 3599)
        assert run(aws, clientToken="t") == arn
        aws.clock.sleep(1)
        assert run(aws, clientToken="t") != arn

    def test_but_never_longer_than_a_day(self, aws: FakeAws, run: Run) -> None:
        aws.ecs.script("migrate", hangs())
        arn = run(aws, clientToken="t")
        aws.clock.sleep(24 * 3600 - 1)
        assert run(aws, clientToken="t") == arn
        aws.clock.sleep(1)
        assert run(aws, clientToken="t") != arn
        aws.clock.sleep(100)
        assert aws.ecs.max_running_at_once("migrate") == 2


def _network(aws: FakeAws) -> dict[str, Any]:
    """The network that `run` uses, for calls that must be the same."""
    found: dict[str, Any] = aws.ecs.calls[-1].params["networkConfiguration"]
    return found
