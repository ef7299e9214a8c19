"""DescribeTasks, ListTasks, DescribeClusters; eventual consistency; what ECS forgets; the ledger."""

from collections.abc import Callable
from typing import Any

import pytest
from migratable_ecs.testing import Consistency, FakeAws, Timings, exits, fargate_task_definition, hangs

Run = Callable[..., str]
MakeAws = Callable[..., FakeAws]


def test_tasks_are_listed_by_family_and_desired_status(aws: FakeAws, run: Run) -> None:
    aws.ecs.register_task_definition(**fargate_task_definition("web"))
    aws.ecs.script("web", hangs())
    over, web = run(aws), run(aws, taskDefinition="web")
    aws.clock.sleep(600)
    mine = run(aws)
    assert aws.ecs.list_tasks(family="migrate")["taskArns"] == [mine]
    assert aws.ecs.list_tasks(family="migrate", desiredStatus="STOPPED")["taskArns"] == [over]
    assert set(aws.ecs.list_tasks()["taskArns"]) == {mine, web}
    assert aws.ecs.list_tasks(desiredStatus="PENDING")["taskArns"] == []


def test_pending_tasks_are_listed_as_running(aws: FakeAws, run: Run) -> None:
    arn = run(aws, startedBy="me")
    assert aws.ecs.describe_tasks(tasks=[arn])["tasks"][0]["lastStatus"] == "PROVISIONING"
    assert aws.ecs.list_tasks(startedBy="me")["taskArns"] == [arn]


def test_started_by_must_be_the_only_filter(aws: FakeAws, run: Run) -> None:
    arn = run(aws, startedBy="me")
    run(aws, startedBy="you")
    assert aws.ecs.list_tasks(startedBy="me", desiredStatus="RUNNING")["taskArns"] == [arn]
    with pytest.raises(aws.ecs.exceptions.InvalidParameterException, match="startedBy"):
        aws.ecs.list_tasks(startedBy="me", family="migrate")


def test_a_page_has_at_most_100(aws: FakeAws, run: Run) -> None:
    for _ in range(13):
        aws.ecs.run_task(
            taskDefinition="migrate",
            count=10,
            networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        )
    first = aws.ecs.list_tasks()
    second = aws.ecs.list_tasks(nextToken=first["nextToken"])
    assert (len(first["taskArns"]), len(second["taskArns"])) == (100, 30)
    assert "nextToken" not in second
    with pytest.raises(aws.ecs.exceptions.InvalidParameterException):
        aws.ecs.list_tasks(maxResults=101)
    with pytest.raises(aws.ecs.exceptions.InvalidParameterException):
        aws.ecs.describe_tasks(tasks=[task.arn for task in aws.ecs.tasks[:101]])


def test_unknown_tasks_are_failures_not_errors(aws: FakeAws, run: Run) -> None:
    arn = run(aws)
    unknown = arn.rsplit("/", 1)[0] + "/" + "0" * 32
    answer = aws.ecs.describe_tasks(tasks=[arn, "0" * 32])
    assert [item["taskArn"] for item in answer["tasks"]] == [arn]
    assert answer["failures"] == [{"arn": unknown, "reason": "MISSING"}]
    with pytest.raises(aws.ecs.exceptions.InvalidParameterException, match="cannot be empty"):
        aws.ecs.describe_tasks(tasks=[])


def test_tags_are_told_only_when_asked_for(aws: FakeAws, run: Run) -> None:
    tags = [{"key": "digest", "value": "sha256:1"}]
    arn = run(aws, tags=tags)
    assert aws.ecs.describe_tasks(tasks=[arn])["tasks"][0]["tags"] == []
    assert aws.ecs.describe_tasks(tasks=[arn], include=["TAGS"])["tasks"][0]["tags"] == tags


def test_a_stopped_task_is_gone_after_an_hour(make_aws: MakeAws, run: Run) -> None:
    aws = make_aws(timings=Timings(0, 0, 0, 0, 0, exit_to_stopped=10))
    aws.ecs.script("migrate", exits(1, duration=90))
    arn = run(aws, startedBy="me")
    aws.clock.sleep(100 + 3599)
    assert aws.ecs.list_tasks(startedBy="me", desiredStatus="STOPPED")["taskArns"] == [arn]
    aws.clock.sleep(1)
    assert aws.ecs.list_tasks(startedBy="me", desiredStatus="STOPPED")["taskArns"] == []
    assert aws.ecs.describe_tasks(tasks=[arn])["failures"] == [{"arn": arn, "reason": "MISSING"}]
    with pytest.raises(aws.ecs.exceptions.InvalidParameterException):
        aws.ecs.stop_task(task=arn)


class TestEventualConsistency:
    """A read may show the state of some seconds ago."""

    @pytest.fixture
    def aws(self, make_aws: MakeAws) -> FakeAws:
        return make_aws(consistency=Consistency(list_tasks=5, describe_tasks=2))

    def test_a_new_task_is_missing_at_first(self, aws: FakeAws, run: Run) -> None:
        arn = run(aws)
        assert aws.ecs.describe_tasks(tasks=[arn])["failures"][0]["reason"] == "MISSING"
        aws.clock.sleep(2)
        assert aws.ecs.describe_tasks(tasks=[arn])["failures"] == []
        assert aws.ecs.list_tasks()["taskArns"] == []
        aws.clock.sleep(3)
        assert aws.ecs.list_tasks()["taskArns"] == [arn]

    def test_a_stopped_one_still_seems_to_run(self, aws: FakeAws, run: Run) -> None:
        arn = run(aws)
        aws.clock.sleep(10)
        aws.ecs.stop_task(task=arn)
        assert aws.ecs.list_tasks()["taskArns"] == [arn]
        assert aws.ecs.describe_tasks(tasks=[arn])["tasks"][0]["desiredStatus"] == "RUNNING"
        aws.clock.sleep(5)
        assert aws.ecs.list_tasks()["taskArns"] == []
        assert aws.ecs.describe_tasks(tasks=[arn])["tasks"][0]["desiredStatus"] == "STOPPED"

    def test_but_a_token_is_known_at_once(self, aws: FakeAws, run: Run) -> None:
        assert run(aws, clientToken="t") == run(aws, clientToken="t")


class TestLedger:
    def test_it_knows_every_container_start_and_forgets_none(self, aws: FakeAws, run: Run) -> None:
        arn = run(aws, startedBy="me")
        assert aws.ecs.launched == []
        aws.clock.sleep(2 * 3600)
        (launch,) = aws.ecs.launched
        assert (launch.task_arn, launch.family, launch.container) == (arn, "migrate", "migrate")
        assert (launch.started_by, launch.exit_code) == ("me", 0)
        assert launch.ended == pytest.approx(launch.started + 5)

    def test_it_counts_how_many_ran_at_once(self, make_aws: MakeAws, run: Run) -> None:
        aws = make_aws(timings=Timings(0, 0, 0, 0, 0))
        aws.ecs.script("migrate", exits(0, duration=10))
        run(aws)
        aws.clock.sleep(10)
        run(aws)
        aws.clock.sleep(9)
        assert aws.ecs.max_running_at_once("migrate") == 1
        run(aws)
        assert aws.ecs.max_running_at_once("migrate") == 2
        assert aws.ecs.max_running_at_once("web") == 0


def test_clusters_are_described_with_what_runs_in_them(aws: FakeAws, run: Run) -> None:
    aws.ecs.script("migrate", hangs())
    run(aws)
    aws.clock.sleep(300)
    run(aws)
    answer = aws.ecs.describe_clusters(clusters=["default", "nowhere"])
    (cluster,) = answer["clusters"]
    assert (cluster["status"], cluster["runningTasksCount"], cluster["pendingTasksCount"]) == ("ACTIVE", 1, 1)
    assert answer["failures"] == [{"arn": aws.ecs.arn("cluster/nowhere"), "reason": "MISSING"}]


def test_task_definitions_have_revisions_and_states(aws: FakeAws) -> None:
    definition: dict[str, Any] = fargate_task_definition("migrate", image="app@sha256:1")
    tags = [{"key": "k", "value": "v"}]
    second = aws.ecs.register_task_definition(**definition, tags=tags)["taskDefinition"]
    assert second["taskDefinitionArn"].endswith("task-definition/migrate:2")
    latest = aws.ecs.describe_task_definition(taskDefinition="migrate", include=["TAGS"])
    assert (latest["taskDefinition"]["revision"], latest["tags"]) == (2, tags)
    aws.ecs.deregister_task_definition(taskDefinition=second["taskDefinitionArn"])
    assert aws.ecs.describe_task_definition(taskDefinition="migrate")["taskDefinition"]["revision"] == 1
    assert (
        aws.ecs.describe_task_definition(taskDefinition="migrate:2")["taskDefinition"]["status"] == "INACTIVE"
    )
    assert len(aws.ecs.list_task_definitions(familyPrefix="migrate")["taskDefinitionArns"]) == 1
    with pytest.raises(aws.ecs.exceptions.ClientException, match="Unable to describe"):
        aws.ecs.describe_task_definition(taskDefinition="nothing")
