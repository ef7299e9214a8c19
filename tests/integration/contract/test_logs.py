"""What a reader of the log sees: streams, pages, tokens."""

from __future__ import annotations

import uuid

import pytest
from botocore.exceptions import ClientError

from tests.integration.contract.program import Program
from tests.integration.contract.test_requests import refused
from tests.integration.contract.world import Made, World

SEVEN = tuple(f"line {number}" for number in range(7))


def ended(world: World, lines: tuple[str, ...] = SEVEN) -> str:
    """A task that wrote the lines, has stopped, and whose lines have all arrived."""
    arn = world.launch(world.define(Made(Program(lines))))
    world.finished(arn)
    world.settle()
    return arn


def test_lines_are_whole_and_in_order(world: World) -> None:
    lines = ("first", "  indented", "日本語 ✓", "x" * 30_000, "a\ttab", "last")
    assert world.lines(ended(world, lines)) == list(lines)


def test_the_stream_is_named_after_prefix_container_and_task(world: World) -> None:
    arn = world.launch(
        world.define(Made(Program(("a",), seconds=0.6)), Made(Program(("b",)), "side", essential=False))
    )
    world.finished(arn)
    world.settle()
    task = arn.rsplit("/", 1)[-1]
    streams = world.logs.describe_log_streams(logGroupName=world.group)["logStreams"]
    assert [one["logStreamName"] for one in streams] == [f"prefix/app/{task}", f"prefix/side/{task}"]
    assert (world.lines(arn), world.lines(arn, "side")) == (["a"], ["b"])


def test_times_are_milliseconds_that_never_go_back(world: World) -> None:
    begun = world.clock.time()
    events = world.page(ended(world), startFromHead=True)["events"]
    times = [event["timestamp"] for event in events]
    assert times == sorted(times)
    assert begun - 1 <= times[0] / 1000 <= world.clock.time()
    assert all(event["ingestionTime"] >= event["timestamp"] for event in events)
    assert set(events[0]) == {"timestamp", "message", "ingestionTime"}


def test_pages_go_forward_to_a_token_that_stays_the_same(world: World) -> None:
    arn = ended(world)
    found, token, pages = [], "", 0
    while True:
        more = {"nextToken": token} if token else {}
        page = world.page(arn, startFromHead=True, limit=3, **more)
        found += [event["message"] for event in page["events"]]
        pages += 1
        if page["nextForwardToken"] == token:
            break
        token = page["nextForwardToken"]
    assert found == list(SEVEN)
    assert 4 <= pages <= 5


def test_the_token_of_the_end_leads_on_when_more_has_come(world: World) -> None:
    program = Program(("one", "two"), seconds=None, on_sigterm=0, last_words=("three", "four"))
    arn = world.launch(world.define(Made(program)))
    world.running(arn)
    world.until(lambda: True if len(world.ready(arn) or ()) == 2 else None)
    first = world.page(arn, startFromHead=True)
    token = first["nextForwardToken"]
    empty = world.page(arn, startFromHead=True, nextToken=token)
    assert (empty["events"], empty["nextForwardToken"]) == ([], token)
    world.stop(arn)
    world.finished(arn)
    world.settle()
    rest = world.page(arn, startFromHead=True, nextToken=token)
    assert [event["message"] for event in rest["events"]] == ["three", "four"]
    assert rest["nextForwardToken"] != token


def test_without_start_from_head_the_latest_lines_come(world: World) -> None:
    arn = ended(world)
    page = world.page(arn, limit=2)
    assert [event["message"] for event in page["events"]] == ["line 5", "line 6"]
    before = world.page(arn, limit=2, nextToken=page["nextBackwardToken"])
    assert [event["message"] for event in before["events"]] == ["line 3", "line 4"]


def test_a_wrong_token_is_refused(world: World) -> None:
    arn = ended(world, ("one",))
    code, message = refused(world.page, arn=arn, nextToken="f/nonsense")
    assert (code, message) == ("InvalidParameterException", "The specified nextToken is invalid.")


def test_missing_groups_and_streams_are_told_apart(world: World) -> None:
    """The engine goes by the words: a missing stream is early, a missing group is a mistake."""
    for group, stream, word in ((world.group, "prefix/app/none", "stream"), ("/contract/none", "x", "group")):
        code, message = refused(world.logs.get_log_events, logGroupName=group, logStreamName=stream)
        assert code == "ResourceNotFoundException"
        assert message.startswith(f"The specified log {word} does not exist")


def test_a_stream_is_missing_until_its_container_s_first_line(world: World) -> None:
    arn = world.launch(world.define(Made(Program((), seconds=None, on_sigterm=0, last_words=("late",)))))
    world.running(arn)
    with pytest.raises(ClientError) as error:
        world.page(arn)
    assert error.value.response["Error"]["Code"] == "ResourceNotFoundException"
    world.stop(arn)
    world.finished(arn)
    world.settle()
    assert world.lines(arn) == ["late"]


def test_a_line_may_become_readable_seconds_after_it_was_written(world: World) -> None:
    (event,) = world.page(ended(world, ("one",)), startFromHead=True)["events"]
    assert event["ingestionTime"] - event["timestamp"] > 100


def test_what_was_put_can_be_read(world: World) -> None:
    """The history of runs is written this way."""
    stream = f"history/{uuid.uuid4().hex[:8]}"
    world.logs.create_log_stream(logGroupName=world.group, logStreamName=stream)
    code, _ = refused(world.logs.create_log_stream, logGroupName=world.group, logStreamName=stream)
    assert code == "ResourceAlreadyExistsException"
    now = int(world.clock.time() * 1000)
    world.logs.put_log_events(
        logGroupName=world.group, logStreamName=stream,
        logEvents=[{"timestamp": now - 5, "message": "{}"}, {"timestamp": now, "message": '{"a": 1}'}],
    )  # fmt: skip
    page = world.logs.get_log_events(logGroupName=world.group, logStreamName=stream, startFromHead=True)
    assert [event["message"] for event in page["events"]] == ["{}", '{"a": 1}']
    filtered = world.logs.filter_log_events(logGroupName=world.group, logStreamNames=[stream])
    assert [event["message"] for event in filtered["events"]] == ["{}", '{"a": 1}']


def test_events_out_of_order_are_refused(world: World) -> None:
    world.logs.create_log_stream(logGroupName=world.group, logStreamName="s")
    now = int(world.clock.time() * 1000)
    events = [{"timestamp": now, "message": "b"}, {"timestamp": now - 5, "message": "a"}]
    code, _ = refused(
        world.logs.put_log_events, logGroupName=world.group, logStreamName="s", logEvents=events
    )
    assert code == "InvalidParameterException"


def test_a_group_exists_once(world: World) -> None:
    code, _ = refused(world.logs.create_log_group, logGroupName=world.group)
    assert code == "ResourceAlreadyExistsException"
    assert world.logs.describe_log_groups(logGroupNamePrefix=f"{world.group}/none")["logGroups"] == []
