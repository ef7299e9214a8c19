"""The calls to CloudWatch Logs that a run makes; the only place that makes them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .clock import Clock
from .diagnosis import ApiError
from .ecs import AwsCallFailed, call, is_transient

#: How often one page is asked for before a reader that must come to the end gives up.
PATIENCE = 6
#: GetLogEvents calls a second that all runs of this process share: half of what the scarcest regions allow an account.
CALLS_PER_SECOND = 5.0


@dataclass(frozen=True)
class LogEvent:
    """One log event: milliseconds since the epoch, and its text."""

    timestamp: int
    message: str


class Throttle:
    """A token bucket: `take` waits until a call is within the budget, `spare` takes one only when nobody has to wait for it."""

    def __init__(self, clock: Clock, rate: float = CALLS_PER_SECOND, burst: float = 20.0) -> None:
        self._clock, self._rate, self._burst = clock, rate, burst
        self._tokens, self._at = burst, clock.monotonic()
        self._lock = threading.Lock()

    def take(self) -> None:
        with self._lock:
            self._refill()
            self._tokens -= 1.0
            wait = -self._tokens / self._rate
        if wait > 0:
            self._clock.sleep(wait)

    def spare(self) -> bool:
        with self._lock:
            self._refill()
            if self._tokens < 1.0:
                return False
            self._tokens -= 1.0
            return True

    def _refill(self) -> None:
        now = self._clock.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now


class Logs:
    """A thin layer over a boto3 CloudWatch Logs client."""

    def __init__(self, client: Any, clock: Clock, throttle: Throttle | None = None) -> None:
        self._client = client
        self._clock = clock
        self._throttle = throttle or Throttle(clock)

    def group_exists(self, group: str) -> bool:
        reply = call(
            self._clock,
            "DescribeLogGroups",
            lambda: self._client.describe_log_groups(logGroupNamePrefix=group),
        )
        return any(g.get("logGroupName") == group for g in reply.get("logGroups", ()))

    def tail(self, group: str, stream: str) -> LogTail:
        """A reader of `stream` from its head."""
        return LogTail(self._client, self._clock, self._throttle, group, stream)

    def append(self, group: str, stream: str, message: str, timestamp: int) -> None:
        """Write one event; the stream is made when it is not there.

        Raises:
            AwsCallFailed: not allowed, no such group, or the event was dropped for its timestamp.
        """

        def put() -> Any:
            return self._client.put_log_events(
                logGroupName=group,
                logStreamName=stream,
                logEvents=[{"timestamp": timestamp, "message": message}],
            )

        try:
            reply = call(self._clock, "PutLogEvents", put)
        except AwsCallFailed as failed:
            if failed.error.code != "ResourceNotFoundException":
                raise
            self._create_stream(group, stream)
            reply = call(self._clock, "PutLogEvents", put)
        if reply.get("rejectedLogEventsInfo"):
            raise AwsCallFailed(
                ApiError("PutLogEvents", "RejectedLogEvent", str(reply["rejectedLogEventsInfo"]))
            )

    def newest(self, group: str, stream: str, limit: int) -> list[LogEvent]:
        """The last `limit` events of `stream`, oldest first; none when the stream is not there."""
        found: list[LogEvent] = []
        page: dict[str, str] = {}
        while len(found) < limit:
            request = {"limit": limit, "startFromHead": False, **page}
            try:
                reply = call(
                    self._clock,
                    "GetLogEvents",
                    lambda: self._client.get_log_events(logGroupName=group, logStreamName=stream, **request),  # noqa: B023
                )
            except AwsCallFailed as failed:
                if (
                    failed.error.code == "ResourceNotFoundException"
                    and "stream" in failed.error.message.lower()
                ):
                    return []
                raise
            events = [LogEvent(int(e["timestamp"]), str(e["message"])) for e in reply.get("events", ())]
            found = events + found
            token = reply.get("nextBackwardToken")
            # A page may be short or empty although there is more: only the same token again is the end.
            if token is None or token == page.get("nextToken"):
                break
            page = {"nextToken": token}
        return found[-limit:]

    def _create_stream(self, group: str, stream: str) -> None:
        try:
            call(
                self._clock,
                "CreateLogStream",
                lambda: self._client.create_log_stream(logGroupName=group, logStreamName=stream),
            )
        except AwsCallFailed as failed:
            if failed.error.code != "ResourceAlreadyExistsException":
                raise


class LogTail:
    """Reads one log stream from its head, each event once, in the order of the stream.

    GetLogEvents says that there is nothing more for now by returning the token it was given; a page may be short or empty although more
    follows. Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html

    `exists`: the stream has been seen. `at_end`: the last `read` came to where the stream ended then, rather than being `refused` or cut
    short. A `patient` reader asks again for a page that it was refused.
    """

    def __init__(
        self, client: Any, clock: Clock, throttle: Throttle, group: str, stream: str, *, patient: bool = False
    ) -> None:
        self._client, self._clock, self._throttle = client, clock, throttle
        self._patient = patient
        self.group = group
        self.stream = stream
        self.exists = False
        self.at_end = False
        self.refused = False
        self._token: str | None = None
        self._taken = 0
        self._skip = 0

    def again(self) -> LogTail:
        """A second, patient reader of the same stream, from its head."""
        return LogTail(self._client, self._clock, self._throttle, self.group, self.stream, patient=True)

    def read(self, enough: Callable[[], bool] = lambda: False, *, wait: bool = True) -> Iterator[LogEvent]:
        """All events that have arrived since the last call, or fewer: after each page `enough` is asked, and who does not `wait` reads
        only as much as the budget of calls has to spare.

        A stream that does not exist yet has none; so has a throttled call of a reader that is not patient.

        Raises:
            AwsCallFailed: no access, no such log group, …
        """
        self.at_end = self.refused = False
        while wait or self._throttle.spare():
            reply = self._page(paid=not wait)
            if reply is None:
                return
            for event in reply.get("events", ()):
                if self._skip:
                    self._skip -= 1
                    continue
                self._taken += 1
                yield LogEvent(int(event["timestamp"]), _encodable(str(event["message"])))
            token = reply.get("nextForwardToken")
            if token is None or token == self._token:
                self.at_end = True
                return
            self._token = token or None
            if enough():
                return

    def _page(self, *, paid: bool) -> Any:
        """One page; None when there was no answer. A stream that is not there yet is an empty page, and the last one.

        So is its group: with `awslogs-create-group` the driver makes it when the container starts.
        """
        position = {"nextToken": self._token} if self._token else {}
        try:
            reply = call(
                self._clock,
                "GetLogEvents",
                lambda: self._ask(position, paid=paid),
                tries=PATIENCE if self._patient else 1,
            )
        except AwsCallFailed as failed:
            facts = failed.error
            if self._token and facts.code == "InvalidParameterException" and not is_transient(facts):
                # A token lives 24 hours; after a day of silence, start over and pass by what was read.
                self._token, self._skip = None, self._taken
                return {"events": (), "nextForwardToken": ""}
            if is_transient(facts) and not self._patient:
                self.refused = True
                return None
            if facts.code == "ResourceNotFoundException" and (
                not self.exists or "stream" in facts.message.lower()
            ):
                return {}
            raise
        self.exists = True
        return reply

    def _ask(self, position: dict[str, str], *, paid: bool) -> Any:
        if not paid:
            self._throttle.take()
        return self._client.get_log_events(
            logGroupName=self.group, logStreamName=self.stream, startFromHead=True, **position
        )


def _encodable(text: str) -> str:
    """Half a surrogate pair, which JSON can carry, would break the first thing that encodes the line."""
    return text if text.isascii() else text.encode(errors="replace").decode()
