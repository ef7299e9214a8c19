"""Follow one task: its state and its log side by side, until the container has exited and the log is drained."""

from __future__ import annotations

from array import array
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b, sha256
from typing import Any

from .clock import Clock
from .cloudwatch import LogEvent, Logs, LogTail
from .ecs import AwsCallFailed, Ecs, Task, is_transient
from .polling import log_interval, state_interval
from .redaction import Redactor
from .shell import LOG_END, MARKERS, LogEnd
from .spec import LogSummary

#: How many lines a failure message and a history entry carry, and how much of each: one line can be a megabyte long.
LAST_LINES = 20
LAST_LINE_LENGTH = 500
#: DescribeTasks may not know a task for some seconds after RunTask (the ECS API is eventually consistent).
INVISIBLE = 60.0
#: A redacted line that waits for its other half is shown after this many seconds without news.
HELD_BACK = 3.0

Console = Callable[[str], None]


@dataclass(frozen=True)
class Streams:
    """Where the containers of a task write: container -> (log group, stream)."""

    by_container: Mapping[str, tuple[str, str]]

    @classmethod
    def of(cls, definition: Mapping[str, Any], task: Task) -> Streams:
        """From the `awslogs` options of the task definition: the stream is prefix/container/task-id.

        Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html
        """
        found = {}
        for container in definition.get("containerDefinitions", ()):
            log = container.get("logConfiguration") or {}
            options = log.get("options") or {}
            prefix = options.get("awslogs-stream-prefix")
            if log.get("logDriver") == "awslogs" and prefix and options.get("awslogs-group"):
                stream = f"{prefix}/{container['name']}/{task.id}"
                found[container["name"]] = (options["awslogs-group"], stream)
        return cls(found)


@dataclass
class ContainerLog:
    """What was read of one container's log."""

    name: str
    tail: LogTail
    redaction: Any
    markers: int = 0
    lines: int = 0
    seen: array[int] = field(default_factory=lambda: array("Q"))
    digest: Any = field(default_factory=sha256)
    error: str = ""


class LogFollower:
    """Shows every line of every container once and in order, redacted, and keeps the accounts.

    Memory: eight bytes a line. `main` is the migration's container, which says with `end` that its log is at its end.
    """

    def __init__(
        self,
        logs: Logs,
        streams: Streams,
        main: str,
        end: LogEnd,
        redactor: Redactor,
        console: Console,
    ) -> None:
        self._console = console
        self._end = end
        self._main = main
        self._logs = {
            name: ContainerLog(name, logs.tail(group, stream), redactor.stream())
            for name, (group, stream) in streams.by_container.items()
        }
        self.last_lines: deque[str] = deque(maxlen=LAST_LINES)

    def poll(self, enough: Callable[[], bool], *, wait: bool) -> int:
        """Read what has arrived; returns the number of new events.

        `enough` is asked after each page, since a backlog may be long. Who does not `wait` for the budget of calls may get less.
        """
        return sum(self._poll_one(log, enough, wait) for log in self._logs.values() if not log.error)

    @property
    def behind(self) -> bool:
        """There may be more to read at once."""
        tails = [log.tail for log in self._logs.values() if not log.error]
        return any(tail.exists and not tail.at_end and not tail.refused for tail in tails)

    @property
    def proven(self) -> bool:
        """The end marker of the migration's container has arrived on both outputs."""
        main = self._logs.get(self._main)
        return main is not None and main.markers >= MARKERS

    @property
    def readable(self) -> bool:
        """There is a log that can be read."""
        return any(not log.error for log in self._logs.values())

    def flush(self) -> None:
        """Show what redaction holds back."""
        for log in self._logs.values():
            self._show(log, log.redaction.flush())

    def verify(self, enough: Callable[[], bool]) -> int:
        """Read everything once more from the head and show lines that had arrived behind our back; returns how many of them are the
        migration's.

        A log that could not be read to its end a second time, or not before `enough` said so, is not called complete. No `poll` after
        it: what is new since then would be shown twice.
        """
        found = {log.name: self._verify_one(log, enough) for log in self._logs.values() if log.tail.exists}
        return found.get(self._main, 0)

    def distrust(self, why: str) -> None:
        """The end marker proves nothing after all."""
        main = self._logs[self._main]
        main.error = main.error or why

    def summary(self, reason: str) -> LogSummary:
        """The accounts of the migration's container. `reason` says why the drain ended when the end is not proven."""
        main = self._logs.get(self._main)
        if main is None:
            return LogSummary(reason="the container has no awslogs log to read")
        if self.proven:
            reason = "the end marker has arrived"
        return LogSummary(
            lines=main.lines,
            sha256=main.digest.hexdigest(),
            complete=self.proven and not main.error,
            reason=main.error or reason,
            group=main.tail.group,
            streams=[log.tail.stream for log in self._logs.values()],
        )

    def _poll_one(self, log: ContainerLog, enough: Callable[[], bool], wait: bool) -> int:
        count = 0
        try:
            for event in log.tail.read(enough, wait=wait):
                count += 1
                log.seen.append(_fingerprint(event))
                self._take(log, event)
        except AwsCallFailed as failed:
            log.error = f"the log could not be read: {failed}"
            self._console(f"{log.error}; the migration goes on")
        return count

    def _take(self, log: ContainerLog, event: LogEvent) -> None:
        text, marked = event.message, False
        if log.name == self._main:
            text, marked = self._end.split(event.message)
            log.markers += marked
        if text or not marked:
            self._show(log, log.redaction.feed(text))

    def _verify_one(self, log: ContainerLog, enough: Callable[[], bool]) -> int:
        missed = 0
        unseen: Counter[int] | None = None
        again = log.tail.again()
        try:
            for position, event in enumerate(again.read(enough)):
                mark = _fingerprint(event)
                if unseen is None and position < len(log.seen) and log.seen[position] == mark:
                    continue
                if unseen is None:
                    unseen = Counter(log.seen[position:])
                if unseen[mark] > 0:
                    unseen[mark] -= 1
                    continue
                missed += 1
                log.seen.append(mark)
                self._take(log, event)
        except AwsCallFailed as failed:
            log.error = log.error or f"the log could not be read a second time: {failed}"
        else:
            if not again.at_end:
                log.error = log.error or "cancelled before the log was read a second time"
        return missed

    def _show(self, log: ContainerLog, lines: Sequence[str]) -> None:
        prefix = f"[{log.name}] " if len(self._logs) > 1 and log.name != self._main else ""
        for line in lines:
            self._console(prefix + line)
            self.last_lines.append((prefix + line)[:LAST_LINE_LENGTH])
            log.lines += 1
            log.digest.update(line.encode() + b"\n")


def _fingerprint(event: LogEvent) -> int:
    text = f"{event.timestamp} {event.message}".encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest())


@dataclass(frozen=True)
class Ending:
    """How following ended. `task` is the last state seen, None when ECS no longer knows the task."""

    task: Task | None
    timed_out: bool = False
    interrupted: bool = False
    seen_at: float = 0.0


class Follower:
    """The loop over state and log. `cancelled` is asked at every turn."""

    def __init__(
        self, ecs: Ecs, clock: Clock, log: LogFollower, console: Console, cancelled: Callable[[], bool]
    ) -> None:
        self._ecs, self._clock, self._log = ecs, clock, log
        self._console, self._cancelled = console, cancelled
        self._said = ""
        self._gone_since: float | None = None

    def until_over(self, cluster: str, task: Task, container: str, deadline: float) -> Ending:
        """Until the container has exited, ECS has forgotten the task, `deadline` (by AWS's clock) has passed, or we are told to stop.

        An outage of the API is waited out until the deadline: the task goes on meanwhile. Nothing here depends on this machine's wall
        clock, which may be wrong or be set meanwhile.
        """
        started = self._clock.monotonic()
        next_state, next_log, empty, quiet_since = started, started, 0, started
        while not task.over(container):
            now = self._clock.monotonic()
            if self._cancelled():
                return Ending(task, interrupted=True, seen_at=self._ecs.now())
            if now >= next_state:
                task = self._state(cluster, task.arn) or task
                self._say_state(task)
                if self._gone_since is not None and now - self._gone_since > INVISIBLE:
                    return Ending(None, seen_at=self._ecs.now())
                next_state = now + state_interval(now - started)
                continue
            left = deadline - self._ecs.now()
            if left <= 0:
                return Ending(task, timed_out=True, seen_at=self._ecs.now())
            if now >= next_log:
                # Neither a long backlog nor twenty runs that share a budget keep this one from looking at the state.
                if self._log.poll(partial(self._has_to_look_up, next_state), wait=False):
                    empty, quiet_since = 0, now
                elif not self._log.behind:
                    empty += 1
                    if now - quiet_since > HELD_BACK:
                        self._log.flush()
                now = self._clock.monotonic()
                next_log = now + log_interval(empty, draining=False, behind=self._log.behind)
            self._clock.sleep(max(0.05, min(next_state - now, next_log - now, left)))
        return Ending(task, seen_at=self._ecs.now())

    def drain(self, bound: float, *, expect_marker: bool) -> str:
        """Read on until the end marker has come, or for `bound` seconds; returns why it ended.

        Then everything is read once more from the head, since events may arrive behind a reader. Who is cancelled reads no further.
        """
        ends = self._clock.monotonic() + bound
        while True:
            self._log.poll(self._cancelled, wait=True)
            now = self._clock.monotonic()
            if self._log.proven or not self._log.readable or now >= ends or self._cancelled():
                break
            self._clock.sleep(min(log_interval(0, draining=True), max(0.05, ends - now)))
        self._log.flush()
        late = self._log.verify(self._cancelled)
        if late and self._log.proven:
            late += self._settled(ends)
        self._log.flush()
        if self._cancelled():
            why = "cancelled before the log had been read to its end"
        elif expect_marker:
            why = f"the end marker did not arrive within {bound:g} s of the exit"
        else:
            why = (
                f"not provable: the command does not run in a shell, nor print {LOG_END}; "
                f"read for {bound:g} s after the exit"
            )
        return why + (f"; {late} lines had come late and out of order" if late else "")

    def _has_to_look_up(self, next_state: float) -> bool:
        return self._cancelled() or self._clock.monotonic() >= next_state

    def _settled(self, ends: float) -> int:
        """Lines have come behind the reader: give others until the bound, and take the marker for no proof when some do come."""
        while (left := ends - self._clock.monotonic()) > 0 and not self._cancelled():
            self._clock.sleep(min(1.0, left))
        later = self._log.verify(self._cancelled)
        if later:
            self._log.distrust(
                f"{later} lines came out of order and after the end marker, so others may be missing"
            )
        return later

    def _state(self, cluster: str, arn: str) -> Task | None:
        """None: not known now. `_gone_since` says since when ECS has answered that it has no such task."""
        try:
            task = self._ecs.watch(cluster, arn)
        except AwsCallFailed as failed:
            if not is_transient(failed.error):
                raise
            return None
        if task is not None:
            self._gone_since = None
        elif self._gone_since is None:
            self._gone_since = self._clock.monotonic()
        return task

    def _say_state(self, task: Task) -> None:
        status = str(task.raw.get("lastStatus", ""))
        if status != self._said and status in ("PROVISIONING", "PENDING", "RUNNING"):
            self._console(f"task {task.id} is {status}")
        self._said = status
