"""`FakeLogs`: the "logs" client of boto3, with late ingestion, awkward pages and the quotas of CloudWatch
Logs.

Source: the CloudWatch Logs API reference; how late lines arrive is documented nowhere: seconds are usual, 15
s are not rare.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import Any

from migratable_ecs.testing.client import ACCOUNT, REGION, FakeClient, operation
from migratable_ecs.testing.clock import FakeClock
from migratable_ecs.testing.filtering import FilterToken, found_by, matching
from migratable_ecs.testing.log_groups import LogGroup, LogStream
from migratable_ecs.testing.pages import (
    EVENT_OVERHEAD,
    MAX_BYTES,
    MAX_EVENTS,
    TOKEN_LIFE,
    Paging,
    Reader,
    Request,
    Token,
    parse,
)
from migratable_ecs.testing.script import Output, Script, Seconds, StartFailure
from migratable_ecs.testing.streams import FIRST, ContainerOutput, Ingestion, StoredEvents
from migratable_ecs.testing.task import FakeTask
from migratable_ecs.testing.throttle import Limit, logs_limits
from migratable_ecs.testing.timeline import Span, draw
from migratable_ecs.testing.wire import Params, Response

NO_LOG_GROUP = (
    "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
    "failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not "
    "exist. : exit status 1"
)
"""stoppedReason of a task whose log group does not exist."""

_FOURTEEN_DAYS_MS = 14 * 24 * 3600 * 1000
_TWO_HOURS_MS = 2 * 3600 * 1000


class FakeLogs(FakeClient):
    """See the module. Every method takes and returns what the boto3 client does.

    `ingestion`: how lines of containers arrive; may be replaced for tasks started later. `paging`: which
    pages are short or empty. `put_late`: seconds until what PutLogEvents took can be read.
    """

    service = "logs"

    def __init__(
        self,
        clock: FakeClock,
        *,
        ingestion: Ingestion | None = None,
        paging: Paging | None = None,
        put_late: Seconds = 0.0,
        region: str = REGION,
        account: str = ACCOUNT,
        seed: int = 0,
        limits: Sequence[Limit] | None = (),
    ) -> None:
        """`limits`: default the quotas of `region`; None: none."""
        chosen = logs_limits(region) if limits == () else limits
        super().__init__(clock, region=region, account=account, seed=seed, limits=chosen)
        self.ingestion = ingestion or Ingestion()
        self._reader = Reader(paging or Paging(), self._random)
        self._put_late = put_late
        self._groups: dict[str, LogGroup] = {}

    # What a test, and the fake ECS, set up and look at.

    def feed(
        self,
        group: str,
        stream: str,
        lines: Output,
        *,
        ends_after: float = inf,
        ingestion: Ingestion | None = None,
    ) -> None:
        """Have a container that starts now write `lines`, without an ECS around it; the group is created if
        need be."""
        span = Span(self.clock.time(), self.clock.time() + ends_after)
        home = self._groups.setdefault(group, LogGroup(group, self.clock.time()))
        target = home.streams.setdefault(stream, LogStream(stream))
        rules = ingestion or self.ingestion
        number = len(target.outputs) + 1
        target.outputs.append(ContainerOutput(stream, number, lines, (), lambda: span, rules, str(self.seed)))

    def written(self, group: str, stream: str) -> Iterator[str]:
        """What the containers behind the stream have written up to now, in that order, arrived or not."""
        for output in self._groups[group].streams[stream].outputs:
            yield from output.written(self.clock.time())

    def attach(self, task: FakeTask) -> None:
        """Take in the output of a task's containers, each where its awslogs options say."""
        for index, container in enumerate(task.definition["containerDefinitions"]):
            options = _awslogs(container)
            group = self._groups.get(options.get("awslogs-group", ""))
            if group is None:
                continue
            name = str(container["name"])
            stream = f"{options.get('awslogs-stream-prefix', 'ecs')}/{name}/{task.id}"
            script = task.script.of(name, first=index == 0)
            output = ContainerOutput(
                stream,
                1,
                script.lines,
                script.last_words,
                _span_of(task, name),
                self.ingestion,
                str(self.seed),
                obeys=script.on_sigterm is not None,
            )
            group.streams[stream] = LogStream(stream, outputs=[output])

    def check_groups(self, definition: Mapping[str, Any], script: Script) -> Script:
        """The script, or a failure to start when a log group is missing and not to be created."""
        for container in definition["containerDefinitions"]:
            options = _awslogs(container)
            name = options.get("awslogs-group")
            if name is None or name in self._groups:
                continue
            if options.get("awslogs-create-group") != "true":
                return replace(script, start_failure=StartFailure(NO_LOG_GROUP, "start"))
            self._groups[name] = LogGroup(name, self.clock.time())
        return script

    # The API.

    @operation("GetLogEvents")
    def get_log_events(self, params: Params) -> Response:
        """One page; the direction is that of the token, else startFromHead's (default: the latest events).

        The API reference demands startFromHead=true beside a forward token; here the token alone decides.
        """
        stream = self._stream("GetLogEvents", params)
        limit = self._limit("GetLogEvents", params, MAX_EVENTS)
        token = self._token(params.get("nextToken"))
        request = Request(
            token, params.get("startFromHead", False), limit, params.get("startTime"), params.get("endTime")
        )
        page = self._reader.read(stream.sources, request, self.clock.time())
        events = [
            {"timestamp": event.timestamp, "message": event.message, "ingestionTime": event.ingested}
            for event in page.events
        ]
        return {"events": events, "nextForwardToken": page.forward, "nextBackwardToken": page.backward}

    @operation("FilterLogEvents")
    def filter_log_events(self, params: Params) -> Response:
        """Events of several streams by time; patterns of plain terms and quoted phrases, all of which must
        occur."""
        group = self._group("FilterLogEvents", params)
        limit = self._limit("FilterLogEvents", params, MAX_EVENTS)
        token = FilterToken.parse(params["nextToken"]) if "nextToken" in params else FilterToken(0, "", FIRST)
        if token is None:
            raise self.error(
                "FilterLogEvents", "InvalidParameterException", "The specified nextToken is invalid."
            )
        now = self.clock.time()
        streams = {name: item.sources for name, item in group.streams.items() if _chosen(name, params)}
        merged = heapq.merge(*(found_by(name, sources, token, now) for name, sources in streams.items()))
        events, more = matching(merged, params, limit)
        answer: Response = {"events": events, "searchedLogStreams": []}
        if more is not None:
            answer["nextToken"] = str(more)
        return answer

    @operation("PutLogEvents")
    def put_log_events(self, params: Params) -> Response:
        """A batch in chronological order into an existing stream; too old and too new events are rejected,
        and said."""
        stream = self._stream("PutLogEvents", params)
        batch: Sequence[Mapping[str, Any]] = params["logEvents"]
        self._check_batch(batch)
        now_ms = self.clock.time() * 1000
        if stream.stored is None:
            # Behind all containers' sources, so that numbers of sources never clash.
            stream.stored = StoredEvents(9_999)
        readable = self.clock.time() + draw(self._put_late, self._random)
        old = sum(event["timestamp"] < now_ms - _FOURTEEN_DAYS_MS for event in batch)
        new = sum(event["timestamp"] > now_ms + _TWO_HOURS_MS for event in batch)
        for event in batch[old : len(batch) - new]:
            stream.stored.put(event["timestamp"], event["message"], readable)
        answer: Response = {"nextSequenceToken": f"{self._random.getrandbits(160):049d}"}
        rejected: dict[str, int] = {}
        if old:
            rejected["tooOldLogEventEndIndex"] = old
        if new:
            rejected["tooNewLogEventStartIndex"] = len(batch) - new
        if rejected:
            answer["rejectedLogEventsInfo"] = rejected
        return answer

    @operation("CreateLogGroup")
    def create_log_group(self, params: Params) -> Response:
        name = params["logGroupName"]
        if name in self._groups:
            message = "The specified log group already exists"
            raise self.error("CreateLogGroup", "ResourceAlreadyExistsException", message)
        self._groups[name] = LogGroup(name, self.clock.time())
        return {}

    @operation("DeleteLogGroup")
    def delete_log_group(self, params: Params) -> Response:
        del self._groups[self._group("DeleteLogGroup", params).name]
        return {}

    @operation("PutRetentionPolicy")
    def put_retention_policy(self, params: Params) -> Response:
        self._group("PutRetentionPolicy", params).retention = params["retentionInDays"]
        return {}

    @operation("CreateLogStream")
    def create_log_stream(self, params: Params) -> Response:
        group = self._group("CreateLogStream", params)
        name = params["logStreamName"]
        stream = group.streams.setdefault(name, LogStream(name))
        if stream.exists(self.clock.time()):
            message = "The specified log stream already exists"
            raise self.error("CreateLogStream", "ResourceAlreadyExistsException", message)
        stream.created = self.clock.time()
        return {}

    @operation("DescribeLogGroups")
    def describe_log_groups(self, params: Params) -> Response:
        """By prefix, in the order of their names."""
        prefix = params.get("logGroupNamePrefix", "")
        names = sorted(name for name in self._groups if name.startswith(prefix))
        answer = self._page("DescribeLogGroups", "logGroups", names, params)
        answer["logGroups"] = [
            self._groups[name].described(self._group_arn(name)) for name in answer["logGroups"]
        ]
        return answer

    @operation("DescribeLogStreams")
    def describe_log_streams(self, params: Params) -> Response:
        """By prefix in the order of their names, or all by their last event."""
        group = self._group("DescribeLogStreams", params)
        by_time = params.get("orderBy") == "LastEventTime"
        prefix = params.get("logStreamNamePrefix", "")
        if by_time and prefix:
            message = "Cannot order by LastEventTime with a logStreamNamePrefix."
            raise self.error("DescribeLogStreams", "InvalidParameterException", message)
        now = self.clock.time()
        found = [item for item in group.streams.values() if item.name.startswith(prefix) and item.exists(now)]
        streams = [item.described(self._group_arn(group.name), now) for item in found]
        streams.sort(
            key=lambda item: (item.get("lastEventTimestamp", 0) if by_time else 0, item["logStreamName"]),
            reverse=params.get("descending", False),
        )
        return self._page("DescribeLogStreams", "logStreams", streams, params)

    def _token(self, text: str | None) -> Token | None:
        if text is None:
            return None
        token = parse(text)
        if token is None or self.clock.time() > token.issued + TOKEN_LIFE:
            raise self.error(
                "GetLogEvents", "InvalidParameterException", "The specified nextToken is invalid."
            )
        return token

    def _group_arn(self, name: str) -> str:
        return self.arn(f"log-group:{name}")

    def _group(self, operation_name: str, params: Params) -> LogGroup:
        named = [params[key] for key in ("logGroupName", "logGroupIdentifier") if key in params]
        if len(named) != 1:
            message = "Exactly one of logGroupName and logGroupIdentifier must be given."
            raise self.error(operation_name, "InvalidParameterException", message)
        name = named[0].removesuffix(":*").rsplit(":log-group:", 1)[-1]
        if name not in self._groups:
            message = "The specified log group does not exist."
            raise self.error(operation_name, "ResourceNotFoundException", message)
        return self._groups[name]

    def _stream(self, operation_name: str, params: Params) -> LogStream:
        stream = self._group(operation_name, params).streams.get(params["logStreamName"])
        if stream is None or not stream.exists(self.clock.time()):
            message = "The specified log stream does not exist."
            raise self.error(operation_name, "ResourceNotFoundException", message)
        return stream

    def _limit(self, operation_name: str, params: Params, most: int) -> int:
        limit = int(params.get("limit", most))
        if not 1 <= limit <= most:
            message = f"limit must be between 1 and {most}"
            raise self.error(operation_name, "InvalidParameterException", message)
        return limit

    def _check_batch(self, batch: Sequence[Mapping[str, Any]]) -> None:
        def refuse(message: str) -> Exception:
            return self.error("PutLogEvents", "InvalidParameterException", message)

        if len(batch) > MAX_EVENTS:
            raise refuse(f"Log events in a single PutLogEvents request cannot exceed {MAX_EVENTS}.")
        size = sum(len(event["message"].encode()) + EVENT_OVERHEAD for event in batch)
        if size > MAX_BYTES:
            raise refuse(f"Upload too large: {size} bytes exceeds limit of {MAX_BYTES}")
        times = [event["timestamp"] for event in batch]
        if times != sorted(times):
            message = "Log events in a single PutLogEvents request must be in chronological order."
            raise refuse(message)
        if times[-1] - times[0] > 24 * 3600 * 1000:
            raise refuse(
                "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
            )

    def _page(self, operation_name: str, key: str, items: Sequence[Any], params: Params) -> Response:
        limit = self._limit(operation_name, params, 50)
        token = params.get("nextToken", "0")
        if not token.isdigit():
            raise self.error(
                operation_name, "InvalidParameterException", "The specified nextToken is invalid."
            )
        begin = int(token)
        answer: Response = {key: list(items[begin : begin + limit])}
        if begin + limit < len(items):
            answer["nextToken"] = str(begin + limit)
        return answer


def _awslogs(container: Mapping[str, Any]) -> Mapping[str, str]:
    configuration = container.get("logConfiguration", {})
    options: Mapping[str, str] = configuration.get("options", {})
    return options if configuration.get("logDriver") == "awslogs" else {}


def _span_of(task: FakeTask, container: str) -> Any:
    return lambda: task.timeline.spans[container]


def _chosen(name: str, params: Params) -> bool:
    if "logStreamNames" in params:
        return name in params["logStreamNames"]
    return name.startswith(params.get("logStreamNamePrefix", ""))
