"""The awslogs driver: from a container's output to CloudWatch Logs.

A follower reads Docker's own log of one container to its end and puts whole lines, in the order in which
Docker stored them, into the emulator's log store, many at a time. Docker ends a followed log now and then
before its last lines; so the follower reads the tail once more after the container has exited, and adds what
was missing.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from docker.errors import DockerException  # type: ignore[import-untyped]
from ministack.core.responses import error_response_json, request_scope
from ministack.services import cloudwatch_logs
from urllib3.exceptions import HTTPError

from tools.localcloud import launcher_limits as limits
from tools.localcloud.launcher_docker import Engine, Frame, StartError, seconds_of

Record = dict[str, Any]

logger = logging.getLogger("launcher")

#: Longest message of a log event: CloudWatch's 256 KiB less its 26 bytes an event. Longer lines are cut there.
LONGEST_MESSAGE = 262_144 - 26

#: Lines wait at most this long for others before they are stored, in seconds.
_FLUSH_SECONDS = 0.05
_FLUSH_LINES = 500


_original_put = cloudwatch_logs._put_log_events


def put_log_events(data: Record) -> Any:
    """PutLogEvents. Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html"""
    if refused := limits.put_log_events(data):
        return error_response_json("InvalidParameterException", refused, 400)
    return _original_put(data)


def open_stream(definition: Record, account: str, region: str, task_id: str) -> Stream | None:
    """The log stream of a container, created when it is not there yet.

    Args:
        definition: the container definition.
        account: AWS account of the task.
        region: AWS region of the task; ``awslogs-region`` has precedence.
        task_id: last part of the task's ARN.

    Returns:
        None when the container does not log to CloudWatch.

    Raises:
        StartError: when the log group is missing and ``awslogs-create-group`` is not ``true``.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
    """
    configuration = definition.get("logConfiguration") or {}
    options = configuration.get("options") or {}
    group = options.get("awslogs-group")
    if configuration.get("logDriver") != "awslogs" or not group:
        return None
    prefix = options.get("awslogs-stream-prefix")
    stream = Stream(
        account=account,
        region=options.get("awslogs-region") or region,
        group=group,
        name=f"{prefix}/{definition['name']}/{task_id}" if prefix else f"{definition['name']}-{task_id}",
    )
    stream.create(create_group=str(options.get("awslogs-create-group", "")).lower() == "true")
    return stream


class Stream:
    """One log stream in the emulator's store."""

    def __init__(self, account: str, region: str, group: str, name: str) -> None:
        self.account, self.region, self.group, self.name = account, region, group, name

    def create(self, *, create_group: bool) -> None:
        with request_scope(self.account, self.region):
            if self.group not in cloudwatch_logs._log_groups:
                if not create_group:
                    raise StartError(
                        "ResourceInitializationError: failed to validate logger args: create stream has been "
                        "retried 1 times: failed to create Cloudwatch log stream: "
                        "ResourceNotFoundException: The specified log group does not exist. : exit status 1"
                    )
                cloudwatch_logs._create_log_group({"logGroupName": self.group})
            cloudwatch_logs._create_log_stream({"logGroupName": self.group, "logStreamName": self.name})

    def put(self, events: list[Record]) -> None:
        with request_scope(self.account, self.region):
            _original_put({"logGroupName": self.group, "logStreamName": self.name, "logEvents": events})


class Follower:
    """Copies one container's output to its stream, from the first line to the last."""

    def __init__(self, engine: Engine, container: str, stream: Stream) -> None:
        self._engine, self._container, self._stream = engine, container, stream
        self._lock = threading.Lock()
        self._batch: list[Record] = []
        self._partial: dict[int, bytes] = {}
        self._newest = ""
        self._frames: dict[str, int] = {}
        self._last_ms = 0
        self._second = ("", 0)
        self._exited = threading.Event()
        self._done = threading.Event()
        threading.Thread(target=self._run, daemon=True, name=f"logs-{container[:8]}").start()
        threading.Thread(target=self._flush_now_and_then, daemon=True, name=f"flush-{container[:8]}").start()

    def finish(self, timeout: float) -> bool:
        """Tell that the container has exited, and wait until its last line is stored.

        Returns:
            False when that took longer than ``timeout`` seconds.
        """
        self._exited.set()
        return self._done.wait(timeout)

    def _run(self) -> None:
        try:
            self._copy(follow=True)
            self._exited.wait()
            self._copy(follow=False)
        except (DockerException, HTTPError, OSError) as error:
            logger.warning("the log of container %s ended early: %s", self._container[:12], error)
        finally:
            with self._lock:
                for rest in self._partial.values():
                    self._add(rest)
                self._partial.clear()
                self._flush()
            self._done.set()

    def _copy(self, *, follow: bool) -> None:
        # Docker stamps the two outputs one beside the other, so a frame may carry an earlier time than the one stored before it. The
        # order of storing never changes: what was seen since some second are the first frames that a reader since then gets again.
        since = self._a_second_before(self._newest) if self._newest else None
        seen = sum(count for second, count in self._frames.items() if since and second >= since[:19])
        for frame in self._engine.frames(self._container, follow=follow, since=since):
            if seen:
                seen -= 1
                continue
            self._take(frame)

    @staticmethod
    def _a_second_before(second: str) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%S.000000000Z", time.gmtime(seconds_of(second) - 1))

    def _count(self, second: str) -> None:
        """Remember how many frames each second had, of the newest seconds only."""
        if second > self._newest:
            self._newest = second
            floor = self._a_second_before(second)[:19]
            self._frames = {known: count for known, count in self._frames.items() if known >= floor}
        self._frames[second] = self._frames.get(second, 0) + 1

    def _take(self, frame: Frame) -> None:
        with self._lock:
            self._count(frame.stamp[:19])
            # CloudWatch sorts by time; a clock step must not change the order of lines.
            self._last_ms = max(self._last_ms, self._milliseconds(frame.stamp))
            text = self._partial.pop(frame.stream, b"") + frame.text
            if not text.endswith(b"\n") and len(text) < LONGEST_MESSAGE:
                self._partial[frame.stream] = text
                return
            self._add(text.rstrip(b"\r\n"))
            if len(self._batch) >= _FLUSH_LINES:
                self._flush()

    def _add(self, line: bytes) -> None:
        # The driver drops empty lines, as PutLogEvents refuses empty messages.
        for start in range(0, len(line), LONGEST_MESSAGE):
            message = line[start : start + LONGEST_MESSAGE].decode("utf-8", "replace")
            self._batch.append({"timestamp": self._last_ms, "message": message})

    def _flush(self) -> None:
        if self._batch:
            self._stream.put(self._batch)
            self._batch = []

    def _flush_now_and_then(self) -> None:
        while not self._done.wait(_FLUSH_SECONDS):
            with self._lock:
                self._flush()

    def _milliseconds(self, stamp: str) -> int:
        if stamp[:19] != self._second[0]:
            self._second = (stamp[:19], seconds_of(stamp) * 1000)
        return self._second[1] + int(stamp[20:23] or 0)
