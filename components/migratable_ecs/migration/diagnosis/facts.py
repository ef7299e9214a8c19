"""The evidence in a form that the table can look at, whatever shape it came in.

AWS's answers are trusted for nothing: a missing, empty or mistyped field becomes an empty text or None,
so that a diagnosis never fails on the thing it has to explain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .model import Evidence, Kind

# Reasons that say that the process of this container was never started. The list of prefixes is AWS's:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
_NEVER_STARTED = re.compile(
    r"CannotPull\w*Error|CannotStartContainerError|CannotCreateContainerError|CannotCreateVolumeError"
    r"|ResourceInitializationError",
    re.IGNORECASE,
)
# Reasons that leave open whether the process was started: the agent lost sight of the container.
_LOST_SIGHT = re.compile(
    r"TimeoutError.*to (started|running|stopped)|CannotInspectContainerError|CannotStopContainerError",
    re.IGNORECASE | re.DOTALL,
)
# Why a task stops whose container came to its own end; nothing yet while ECS has only just seen the exit. All other codes:
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
_OWN_END = ("", "EssentialContainerExited")
# Calls that are made once a task exists; when one of them fails, the container may be running meanwhile.
_AFTER_LAUNCH = frozenset(
    {"DescribeTasks", "StopTask", "GetLogEvents", "DescribeLogStreams", "FilterLogEvents"}
)
# What comes back when the answer to RunTask was lost: the task may exist.
_ANSWER_LOST = re.compile(
    r"ReadTimeout|ConnectionClosed|ServerException|InternalFailure|InternalServerError|IncompleteRead"
)


@dataclass(frozen=True)
class Facts:
    """What the rows of the table look at. Texts are empty, codes None, when AWS did not say."""

    evidence: Evidence
    operation: str
    code: str
    call_text: str
    placement_text: str
    task_text: str
    stop_code: str
    stopped_reason: str
    reason: str
    exit_code: int | None
    other_exits: tuple[tuple[str, int], ...]
    task_status: str
    started: bool
    task_arn: str

    def text(self, kind: Kind) -> str | None:
        """The text a row of this kind searches; None when the evidence has nothing of this kind."""
        if kind is Kind.CALL:
            return self.call_text or None
        if kind is Kind.PLACEMENT:
            return self.placement_text or None
        if kind is Kind.LOCAL:
            return ""
        if self.evidence.task is None or (kind is Kind.START and self.started):
            return None
        return self.task_text

    @property
    def raw(self) -> str:
        """All that AWS said, one statement a line, nothing shortened."""
        return "\n".join(part for part in (self.call_text, self.placement_text, self.task_text) if part)

    @property
    def ran(self) -> bool:
        """True when the migration's process started, or may have."""
        if self.started or self.evidence.missing:
            return True
        if self.evidence.error is None:
            return False
        return self.operation in _AFTER_LAUNCH or (
            self.operation == "RunTask" and _ANSWER_LOST.search(self.code) is not None
        )


def gather(evidence: Evidence) -> Facts:
    """Bring evidence into the form of `Facts`; never raises."""
    task = _mapping(evidence.task)
    own, others = _containers(task, evidence.container)
    exit_code = _integer(own.get("exitCode"))
    stop_code, stopped_reason, reason = (
        _text(v) for v in (task.get("stopCode"), task.get("stoppedReason"), own.get("reason"))
    )
    error = evidence.error
    # An exit code says more than a call that failed while the container was being followed.
    call = error if error is not None and exit_code in (None, 0) else None
    sides = [
        f"{_text(side.get('name')) or 'container'}: {_text(side.get('reason'))}"
        for side in others
        if _text(side.get("reason"))
    ]
    said = [
        f"{stop_code}: {stopped_reason}" if stop_code and stopped_reason else stop_code or stopped_reason,
        reason,
        *sides,
    ]
    return Facts(
        evidence=evidence,
        operation=_text(error.operation) if error else "",
        code=_text(error.code) if error else "",
        call_text=f"{_text(call.code)}: {_text(call.message)}" if call else "",
        placement_text="\n".join(_failure(entry) for entry in evidence.failures),
        task_text="\n".join(part for part in said if part),
        stop_code=stop_code,
        stopped_reason=stopped_reason,
        reason=reason,
        exit_code=exit_code,
        other_exits=tuple(
            (_text(side.get("name")) or "another container", code)
            for side in others
            if (code := _integer(side.get("exitCode"))) is not None
        ),
        task_status=_text(task.get("lastStatus")),
        started=_started(task, own, exit_code, stop_code, reason),
        task_arn=_text(task.get("taskArn")),
    )


def succeeded(task: Mapping[str, Any] | None, container: str) -> bool | None:
    """Whether the migration container ended well: exit code 0 of its own is True, any other False, none (yet) None.

    Only this container counts: a sidecar that is killed when the migration ends exits 137 and means nothing. A program that was told
    to stop may end with 0 in the middle of its work, so what ECS stopped from outside has not succeeded.
    """
    facts = _mapping(task)
    own, _ = _containers(facts, container)
    code = _integer(own.get("exitCode"))
    return None if code is None else code == 0 and _text(facts.get("stopCode")) in _OWN_END


def _started(
    task: Mapping[str, Any], own: Mapping[str, Any], exit_code: int | None, stop_code: str, reason: str
) -> bool:
    if _NEVER_STARTED.search(reason):
        return False
    if exit_code is not None or _text(own.get("lastStatus")) == "RUNNING" or _LOST_SIGHT.search(reason):
        return True
    if stop_code == "TaskFailedToStart":
        return False
    # `startedAt` comes a moment after the process; once the image is there, a lost host may have run it.
    stopped = _text(task.get("lastStatus")) == "STOPPED"
    return task.get("startedAt") is not None or (stopped and task.get("pullStoppedAt") is not None)


def _containers(task: Mapping[str, Any], name: str) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    entries = [_mapping(entry) for entry in _items(task.get("containers"))]
    own = next((entry for entry in entries if entry.get("name") == name), {})
    return own, [entry for entry in entries if entry is not own]


def _failure(entry: Any) -> str:
    fields = _mapping(entry)
    parts = (_text(fields.get("reason")), _text(fields.get("detail")), _text(fields.get("arn")))
    return " ".join(part for part in parts if part) or _text(entry)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _items(value: Any) -> Iterator[Any]:
    return iter(value if isinstance(value, (list, tuple)) else ())


def _text(value: Any) -> str:
    return "" if value is None else value.strip() if isinstance(value, str) else str(value)


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
