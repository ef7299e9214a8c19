"""GetLogEvents and its neighbours: pages and tokens, as the CloudWatch Logs API reference tells them."""

from itertools import chain, pairwise
from typing import Any

import pytest
from migratable_ecs.testing import HOSTILE_PAGING, PROMPT, FakeAws, GeneratedLines, Paging

STREAM = {"logGroupName": "g", "logStreamName": "s"}


def fed(lines: Any, **settings: Any) -> FakeAws:
    """A fake with all `lines` written and readable in stream s of group g."""
    aws = FakeAws(ingestion=PROMPT, throttling=False, **settings)
    aws.logs.feed("g", "s", lines)
    aws.clock.sleep(3600)
    return aws


def read_all(aws: FakeAws, **more: Any) -> list[list[str]]:
    """All pages from the head until the token comes back equal."""
    pages: list[list[str]] = []
    token: dict[str, str] = {}
    while True:
        page = aws.logs.get_log_events(**STREAM, startFromHead=True, **token, **more)
        if token.get("nextToken") == page["nextForwardToken"]:
            assert page["events"] == []
            return pages
        token = {"nextToken": page["nextForwardToken"]}
        pages.append([event["message"] for event in page["events"]])


def texts(count: int) -> list[str]:
    return [f"line {index}" for index in range(count)]


@pytest.mark.thorough
def test_from_the_head_every_line_comes_once_and_in_order() -> None:
    aws = fed(GeneratedLines(25_000, 0.01))
    pages = read_all(aws)
    assert [len(page) for page in pages] == [10_000, 10_000, 5_000]
    assert list(chain.from_iterable(pages)) == texts(25_000)


def test_at_the_end_the_token_passed_comes_back_until_there_is_more() -> None:
    aws = FakeAws(ingestion=PROMPT)
    aws.logs.feed("g", "s", [(0, "a"), (10, "b")])
    first = aws.logs.get_log_events(**STREAM, startFromHead=True)
    token = first["nextForwardToken"]
    for _ in range(3):
        again = aws.logs.get_log_events(**STREAM, startFromHead=True, nextToken=token)
        assert (again["events"], again["nextForwardToken"]) == ([], token)
    aws.clock.sleep(10)
    more = aws.logs.get_log_events(**STREAM, startFromHead=True, nextToken=token)
    assert [event["message"] for event in more["events"]] == ["b"]
    assert more["nextForwardToken"] != token


def test_a_page_never_exceeds_a_megabyte() -> None:
    aws = fed(GeneratedLines(40, 0.01, lambda index: "é" * 30_000))
    assert [len(page) for page in read_all(aws)] == [17, 17, 6]


def test_a_limit_is_kept_and_checked() -> None:
    aws = fed(GeneratedLines(10, 0.01))
    assert [len(page) for page in read_all(aws, limit=4)] == [4, 4, 2]
    with pytest.raises(aws.logs.exceptions.InvalidParameterException, match="limit"):
        aws.logs.get_log_events(**STREAM, limit=10_001)


def test_short_and_empty_pages_do_not_mean_the_end() -> None:
    aws = fed(GeneratedLines(3_000, 0.01), paging=HOSTILE_PAGING)
    pages = read_all(aws, limit=100)
    assert list(chain.from_iterable(pages)) == texts(3_000)
    assert [] in pages
    assert any(0 < len(page) < 100 for page in pages[:-1])


def test_empty_pages_come_with_a_new_token_each() -> None:
    aws = fed(GeneratedLines(10, 0.01), paging=Paging(empty=0.9))
    tokens = []
    token: dict[str, str] = {}
    for _ in range(20):
        page = aws.logs.get_log_events(**STREAM, startFromHead=True, limit=1, **token)
        token = {"nextToken": page["nextForwardToken"]}
        tokens.append(page["nextForwardToken"])
    assert len(set(tokens)) == 20


def test_lines_of_the_same_millisecond_are_not_lost_between_pages() -> None:
    aws = fed([(1.0, f"line {index}") for index in range(100)])
    pages = read_all(aws, limit=7)
    assert list(chain.from_iterable(pages)) == texts(100)


def test_without_start_from_head_the_latest_come_first_and_one_may_go_back() -> None:
    aws = fed(GeneratedLines(10, 1.0))
    last = aws.logs.get_log_events(**STREAM, limit=4)
    assert [event["message"] for event in last["events"]] == texts(10)[6:]
    before = aws.logs.get_log_events(**STREAM, limit=4, nextToken=last["nextBackwardToken"])
    assert [event["message"] for event in before["events"]] == texts(10)[2:6]
    onward = aws.logs.get_log_events(
        **STREAM, startFromHead=True, limit=2, nextToken=before["nextForwardToken"]
    )
    assert [event["message"] for event in onward["events"]] == texts(10)[6:8]
    first = aws.logs.get_log_events(**STREAM, nextToken=before["nextBackwardToken"])
    assert [event["message"] for event in first["events"]] == texts(2)
    end = aws.logs.get_log_events(**STREAM, nextToken=first["nextBackwardToken"])
    assert (end["events"], end["nextBackwardToken"]) == ([], first["nextBackwardToken"])


def test_start_time_is_included_and_end_time_is_not() -> None:
    aws = FakeAws(ingestion=PROMPT)
    begun = int(aws.clock.time() * 1000)
    aws.logs.feed("g", "s", GeneratedLines(10, 1.0))
    aws.clock.sleep(60)
    window = {"startTime": begun + 3000, "endTime": begun + 6000}
    for from_head in (True, False):
        page = aws.logs.get_log_events(**STREAM, startFromHead=from_head, **window)
        assert [event["message"] for event in page["events"]] == texts(10)[3:6]


def test_tokens_expire_after_a_day_and_others_are_refused() -> None:
    aws = fed(GeneratedLines(10, 1.0))
    token = aws.logs.get_log_events(**STREAM, startFromHead=True)["nextForwardToken"]
    aws.clock.sleep(24 * 3600 + 1)
    for wrong in (token, "f/1", "nonsense"):
        with pytest.raises(aws.logs.exceptions.InvalidParameterException, match="nextToken is invalid"):
            aws.logs.get_log_events(**STREAM, startFromHead=True, nextToken=wrong)


@pytest.mark.parametrize(
    ("place", "missing"),
    [
        ({"logGroupName": "x", "logStreamName": "s"}, "group"),
        ({"logGroupName": "g", "logStreamName": "x"}, "stream"),
    ],
)
def test_what_is_missing_is_said(place: dict[str, str], missing: str) -> None:
    aws = fed([(0, "a")])
    with pytest.raises(aws.logs.exceptions.ResourceNotFoundException, match=f"log {missing} does not exist"):
        aws.logs.get_log_events(**place)


class TestPuttingEvents:
    @pytest.fixture
    def aws(self) -> FakeAws:
        aws = FakeAws()
        aws.logs.create_log_group(logGroupName="g")
        aws.logs.create_log_stream(logGroupName="g", logStreamName="s")
        return aws

    def put(self, aws: FakeAws, *offsets_and_texts: tuple[float, str]) -> dict[str, Any]:
        now = aws.clock.time()
        events = [{"timestamp": int((now + at) * 1000), "message": text} for at, text in offsets_and_texts]
        return dict(aws.logs.put_log_events(**STREAM, logEvents=events))

    def messages(self, aws: FakeAws) -> list[str]:
        page = aws.logs.get_log_events(**STREAM, startFromHead=True)
        return [event["message"] for event in page["events"]]

    def test_they_can_be_read_back_by_time(self, aws: FakeAws) -> None:
        self.put(aws, (0, "b"), (1, "d"))
        self.put(aws, (-1, "a"), (0, "c"))
        assert self.messages(aws) == ["a", "b", "c", "d"]

    def test_too_old_and_too_new_ones_are_rejected_and_the_rest_taken(self, aws: FakeAws) -> None:
        hour = 3600
        answer = self.put(aws, (-14 * 24 * hour - 1, "old"))
        assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
        answer = self.put(aws, (0, "good"), (2 * hour + 1, "new"))
        assert answer["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 1}
        assert self.messages(aws) == ["good"]

    @pytest.mark.parametrize(
        ("batch", "words"),
        [
            ([(1, "b"), (0, "a")], "chronological"),
            ([(0, "x" * 1_048_576)], "Upload too large"),
            ([(0, "x")] * 10_001, "cannot exceed"),
            ([(-25 * 3600, "a"), (0, "b")], "24 hours"),
        ],
    )
    def test_batches_that_are_refused(self, aws: FakeAws, batch: list[tuple[float, str]], words: str) -> None:
        with pytest.raises(aws.logs.exceptions.InvalidParameterException, match=words):
            self.put(aws, *batch)

    def test_the_stream_must_exist_and_not_be_created_twice(self, aws: FakeAws) -> None:
        with pytest.raises(aws.logs.exceptions.ResourceAlreadyExistsException):
            aws.logs.create_log_stream(logGroupName="g", logStreamName="s")
        with pytest.raises(aws.logs.exceptions.ResourceAlreadyExistsException):
            aws.logs.create_log_group(logGroupName="g")
        with pytest.raises(aws.logs.exceptions.ResourceNotFoundException):
            aws.logs.put_log_events(
                logGroupName="g", logStreamName="x", logEvents=[{"timestamp": 0, "message": "m"}]
            )


def test_groups_and_streams_are_described_in_pages() -> None:
    aws = FakeAws(ingestion=PROMPT)
    for name in ("/b", "/a/1", "/a/2"):
        aws.logs.create_log_group(logGroupName=name)
    aws.logs.put_retention_policy(logGroupName="/a/1", retentionInDays=30)
    first = aws.logs.describe_log_groups(logGroupNamePrefix="/a", limit=1)
    assert [item["logGroupName"] for item in first["logGroups"]] == ["/a/1"]
    assert first["logGroups"][0]["retentionInDays"] == 30
    second = aws.logs.describe_log_groups(logGroupNamePrefix="/a", limit=1, nextToken=first["nextToken"])
    assert [item["logGroupName"] for item in second["logGroups"]] == ["/a/2"]
    aws.logs.feed("/b", "old", [(0, "x")])
    aws.logs.feed("/b", "new", [(5, "x")])
    aws.clock.sleep(10)
    answer = aws.logs.describe_log_streams(logGroupName="/b", orderBy="LastEventTime", descending=True)
    assert [item["logStreamName"] for item in answer["logStreams"]] == ["new", "old"]
    assert answer["logStreams"][0]["firstEventTimestamp"] == answer["logStreams"][0]["lastEventTimestamp"]


def test_filter_log_events_merges_streams_by_time() -> None:
    aws = FakeAws(ingestion=PROMPT, throttling=False)
    aws.logs.feed("g", "run/a", [(0, "start"), (2, "ERROR in a"), (4, "end")])
    aws.logs.feed("g", "run/b", [(1, "start"), (2, "ERROR in b"), (3, "end")])
    aws.logs.feed("g", "other", [(1, "start")])
    aws.clock.sleep(10)

    def messages(**more: Any) -> list[str]:
        pages = aws.logs.get_paginator("filter_log_events").paginate(logGroupName="g", **more)
        events = [event for page in pages for event in page["events"]]
        assert all(first["timestamp"] <= second["timestamp"] for first, second in pairwise(events))
        return [f"{event['logStreamName']}: {event['message']}" for event in events]

    assert messages(filterPattern="ERROR") == ["run/a: ERROR in a", "run/b: ERROR in b"]
    assert messages(filterPattern='"in b"') == ["run/b: ERROR in b"]
    assert len(messages(logStreamNamePrefix="run/", limit=1)) == 6
    assert messages(logStreamNames=["other"]) == ["other: start"]
