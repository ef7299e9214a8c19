"""How lines get from a container to CloudWatch: late, in order within a stream, sometimes never."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from migratable_ecs.testing import (
    PROMPT,
    ContainerScript,
    FakeAws,
    GeneratedLines,
    Ingestion,
    Script,
    Timings,
    fargate_task_definition,
    hangs,
    succeeds,
)

from tests.unit.repetitions import times

Run = Callable[..., str]
MakeAws = Callable[..., FakeAws]

STREAM = {"logGroupName": "g", "logStreamName": "s"}
AT_ONCE = Timings(0, 0, 0, 0, 0, signal=1)


def readable(aws: FakeAws, stream: str = "s", group: str = "g") -> list[dict[str, Any]]:
    """All events that can be read now, none when there is no stream yet."""
    try:
        answer = aws.logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)
    except aws.logs.exceptions.ResourceNotFoundException:
        return []
    return list(answer["events"])


def test_the_stream_is_missing_until_its_first_line_is_there() -> None:
    aws = FakeAws(ingestion=Ingestion(late=8))
    aws.logs.feed("g", "s", [(2, "first")])
    aws.clock.sleep(9.9)
    with pytest.raises(aws.logs.exceptions.ResourceNotFoundException):
        aws.logs.get_log_events(**STREAM)
    assert aws.logs.describe_log_streams(logGroupName="g")["logStreams"] == []
    aws.clock.sleep(0.1)
    assert [event["message"] for event in readable(aws)] == ["first"]
    assert len(aws.logs.describe_log_streams(logGroupName="g")["logStreams"]) == 1


@pytest.mark.parametrize("batch", [0.0, 5.0])
@pytest.mark.thorough(keep=2)
def test_lines_are_up_to_15_seconds_late_but_in_order(batch: float) -> None:
    aws = FakeAws(ingestion=Ingestion(batch=batch), throttling=False)
    aws.logs.feed("g", "s", GeneratedLines(200, 0.25))
    seen: list[str] = []
    looks = times(200, 800)
    for _ in range(looks):
        now = [event["message"] for event in readable(aws)]
        assert now[: len(seen)] == seen
        seen = now
        aws.clock.sleep(80 / looks)
    assert seen == [f"line {index}" for index in range(200)]
    delays = [(event["ingestionTime"] - event["timestamp"]) / 1000 for event in readable(aws)]
    assert 5 < max(delays) <= 15 + batch


def test_streams_are_not_late_in_step(make_aws: MakeAws, run: Run) -> None:
    aws = make_aws(timings=AT_ONCE)
    aws.ecs.register_task_definition(
        **fargate_task_definition("two", log_group="/ecs/migrate", sidecars=[{"name": "b", "image": "b"}])
    )
    lines = [(float(index), str(index)) for index in range(10)]
    aws.ecs.script("two", Script(ContainerScript(lines, 20), {"b": ContainerScript(lines, 20)}))
    task = run(aws, taskDefinition="two").rsplit("/", 1)[1]
    aws.clock.sleep(60)
    one, two = (
        [event["ingestionTime"] for event in readable(aws, f"two/{name}/{task}", "/ecs/migrate")]
        for name in ("migrate", "b")
    )
    assert len(one) == len(two) == 10
    assert one != two


def test_timestamps_may_be_equal() -> None:
    aws = FakeAws(ingestion=Ingestion(late=0, tick=1000))
    aws.logs.feed("g", "s", GeneratedLines(10, 0.25))
    aws.clock.sleep(60)
    assert [event["timestamp"] % 1000 for event in readable(aws)] == [0] * 10
    assert len({event["timestamp"] for event in readable(aws)}) == 3


def test_withheld_lines_never_arrive_but_the_fake_knows_them() -> None:
    rules = Ingestion(late=0, withheld=lambda stream, index: index in {3, 9})
    aws = FakeAws(ingestion=rules)
    aws.logs.feed("g", "s", GeneratedLines(10, 0.1))
    aws.clock.sleep(3600)
    assert [event["message"] for event in readable(aws)] == [
        f"line {i}" for i in range(10) if i not in {3, 9}
    ]
    assert list(aws.logs.written("g", "s")) == [f"line {i}" for i in range(10)]


def test_lines_that_arrive_behind_the_tail_are_missed_by_whoever_has_passed() -> None:
    rules = Ingestion(late=0, behind_tail=0.2, behind_by=5)
    aws = FakeAws(ingestion=rules, throttling=False)
    aws.logs.feed("g", "s", GeneratedLines(100, 0.1))
    followed: list[str] = []
    token: dict[str, str] = {}
    for _ in range(300):
        try:
            page = aws.logs.get_log_events(**STREAM, startFromHead=True, **token)
        except aws.logs.exceptions.ResourceNotFoundException:
            page = {"events": [], "nextForwardToken": None}
        else:
            token = {"nextToken": page["nextForwardToken"]}
        followed += [event["message"] for event in page["events"]]
        aws.clock.sleep(0.1)
    again = [event["message"] for event in readable(aws)]
    assert again == [f"line {index}" for index in range(100)]
    assert 50 < len(followed) < 100
    assert followed == sorted(set(followed), key=again.index)


class TestContainersOfTasks:
    def test_they_write_where_their_awslogs_options_say(self, make_aws: MakeAws, run: Run) -> None:
        aws = make_aws(timings=AT_ONCE, ingestion=PROMPT)
        aws.ecs.script("migrate", succeeds("one", "two", duration=3))
        task = run(aws).rsplit("/", 1)[1]
        aws.clock.sleep(60)
        events = readable(aws, f"migrate/migrate/{task}", "/ecs/migrate")
        assert [event["message"] for event in events] == ["one", "two"]

    def test_nothing_is_written_after_a_container_was_stopped_but_its_last_words(
        self, make_aws: MakeAws, run: Run
    ) -> None:
        aws = make_aws(timings=AT_ONCE, ingestion=PROMPT)
        words = ContainerScript(
            GeneratedLines(100, 1.0), None, sigterm_delay=0.5, last_words=[(0.1, "bye"), (0.9, "too late")]
        )
        aws.ecs.script("migrate", Script(words))
        arn = run(aws)
        aws.clock.sleep(5.5)
        aws.ecs.stop_task(task=arn)
        aws.clock.sleep(60)
        stream = f"migrate/migrate/{arn.rsplit('/', 1)[1]}"
        # SIGTERM comes a second after the call, so line 6 is still written.
        assert [event["message"] for event in readable(aws, stream, "/ecs/migrate")] == [
            *(f"line {index}" for index in range(7)),
            "bye",
        ]

    def test_one_that_ignores_sigterm_writes_on_until_it_is_killed(self, make_aws: MakeAws, run: Run) -> None:
        aws = make_aws(timings=AT_ONCE, ingestion=PROMPT)
        aws.ecs.script("migrate", hangs(*(str(index) for index in range(100)), obeys_sigterm=False))
        arn = run(aws)
        aws.clock.sleep(5.5)
        aws.ecs.stop_task(task=arn)
        aws.clock.sleep(300)
        stream = f"migrate/migrate/{arn.rsplit('/', 1)[1]}"
        assert len(readable(aws, stream, "/ecs/migrate")) == 37

    def test_a_log_group_may_be_created_by_the_driver(self, make_aws: MakeAws, run: Run) -> None:
        aws = make_aws(timings=AT_ONCE, ingestion=PROMPT)
        options = {"awslogs-group": "/new", "awslogs-create-group": "true", "awslogs-stream-prefix": "p"}
        aws.ecs.register_task_definition(
            **fargate_task_definition("new", logConfiguration={"logDriver": "awslogs", "options": options})
        )
        aws.ecs.script("new", succeeds("hello"))
        task = run(aws, taskDefinition="new").rsplit("/", 1)[1]
        aws.clock.sleep(60)
        assert [event["message"] for event in readable(aws, f"p/migrate/{task}", "/new")] == ["hello"]


@pytest.mark.thorough
def test_long_logs_need_little_memory() -> None:
    """tests/integration/engine/ reads 100,000 lines through the engine."""
    lines, text = times(6_000, 20_000), "x" * 200
    aws = FakeAws(ingestion=Ingestion(batch=5.0), throttling=False)
    aws.logs.feed("g", "s", GeneratedLines(lines, 0.001, lambda index: f"{index} {text}"))
    aws.clock.sleep(200)
    tracemalloc.start()
    try:
        count, token, page = 0, None, None
        while page is None or page["nextForwardToken"] != token:
            token = page["nextForwardToken"] if page is not None else None
            more = {"nextToken": token} if token else {}
            page = aws.logs.get_log_events(**STREAM, startFromHead=True, limit=lines // 20, **more)
            count += len(page["events"])
            aws.calls.clear()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == lines
    # A twentieth of them at a time; all together they are twice as much without what Python adds.
    assert peak < lines * 100
