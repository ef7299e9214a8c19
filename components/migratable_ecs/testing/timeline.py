"""When what happens to a task: a pure function of its script, its timings and when it was told to stop.

The order of the states is that of "Amazon ECS task lifecycle"; dependencies are those of "Container
dependency"; stop codes and reasons those of "Amazon ECS stopped task error codes" (all in the ECS guide).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from migratable_ecs.testing.script import Script, Seconds, Timings

DEFAULT_STOP_TIMEOUT = 30.0
"""Seconds from SIGTERM to SIGKILL when the container definition has no stopTimeout ("Task definition
parameters")."""


@dataclass(frozen=True, slots=True)
class Span:
    """One container's life in seconds since 1970; `start` is inf when it never started, `end` when it has no
    end yet."""

    start: float = inf
    end: float = inf
    exit_code: int | None = None
    reason: str | None = None
    signalled: float = inf

    @property
    def started(self) -> bool:
        return self.start < inf


@dataclass(frozen=True, slots=True)
class StopOrder:
    """StopTask was called at `at`; `reason` is what the caller gave."""

    at: float
    reason: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """All moments of a task in seconds since 1970; inf: not foreseen."""

    created: float
    provisioned: float
    pull_started: float
    pull_stopped: float
    activating: float
    running: float
    doomed: float
    """When desiredStatus becomes STOPPED."""
    deactivated: float
    execution_stopped: float
    deprovisioning: float
    stopped: float
    stop_code: str | None
    stopped_reason: str | None
    spans: Mapping[str, Span]

    def status(self, now: float) -> str:
        """lastStatus at `now`."""
        if now >= self.stopped:
            return "STOPPED"
        if now >= self.doomed:
            if now < self.deactivated:
                return "DEACTIVATING"
            return "STOPPING" if now < self.deprovisioning else "DEPROVISIONING"
        if now < self.provisioned:
            return "PROVISIONING"
        if now < self.activating:
            return "PENDING"
        return "ACTIVATING" if now < self.running else "RUNNING"

    def changes(self, now: float) -> int:
        """How many of the task's moments have passed: its `version` is one more."""
        moments = (
            self.provisioned,
            self.pull_started,
            self.pull_stopped,
            self.activating,
            self.running,
            self.doomed,
            self.deactivated,
            self.deprovisioning,
            self.stopped,
        )
        return sum(moment <= now for moment in moments)


@dataclass(frozen=True, slots=True)
class Durations:
    """`Timings` with every range drawn for one task."""

    provisioning: float
    pending: float
    pull: float
    starting: float
    activating: float
    report: float
    signal: float
    deactivating: float
    stopping: float
    exit_to_stopped: float

    @classmethod
    def draw(cls, timings: Timings, rng: random.Random) -> Durations:
        return cls(**{name: draw(getattr(timings, name), rng) for name in cls.__slots__})


def draw(seconds: Seconds, rng: random.Random) -> float:
    """A fixed duration as it is, a range as a random one out of it."""
    return rng.uniform(*seconds) if isinstance(seconds, tuple) else float(seconds)


@dataclass(frozen=True, slots=True)
class _End:
    at: float
    signal_at: float
    code: str | None = None
    reason: str | None = None


class Planner:
    """Lays out one task's timeline; asked again whenever the task is told to stop."""

    def __init__(
        self, created: float, containers: Sequence[Mapping[str, Any]], script: Script, durations: Durations
    ) -> None:
        self._created = created
        self._definitions = {str(item["name"]): item for item in containers}
        self._scripts = {
            name: script.of(name, first=index == 0) for index, name in enumerate(self._definitions)
        }
        self._script = script
        self._d = durations
        self._provisioned = created + durations.provisioning
        self._pull_started = self._provisioned + durations.pending
        self._pull_stopped = self._pull_started + durations.pull
        self._first_start = self._pull_stopped + durations.starting

    def plan(self, order: StopOrder | None = None) -> Timeline:
        """The timeline, with `order` given: when StopTask was called meanwhile."""
        free = self._free_run()
        end = min(self._ends(free, order), key=lambda item: item.at)
        spans = {name: self._cut(name, span, end) for name, span in free.items()}
        begun = [span.start for span in spans.values() if span.started]
        failure = self._script.start_failure
        if failure is not None and end.code == "TaskFailedToStart":
            spans = {
                name: Span(exit_code=failure.exit_code, reason=failure.container_reason) for name in spans
            }
        return self._timeline(end, spans, begun)

    def _timeline(self, end: _End, spans: Mapping[str, Span], begun: Sequence[float]) -> Timeline:
        d = self._d
        ends = [span.end for span in spans.values() if span.started]
        execution_stopped = max(ends) if ends and end.at < inf else end.at
        running = min(max(begun) + d.activating, end.at) if begun else inf
        deactivated = end.at + d.deactivating if begun else end.at
        deprovisioning = max(execution_stopped, deactivated) + d.stopping
        return Timeline(
            created=self._created,
            provisioned=self._provisioned,
            pull_started=self._pull_started if self._pull_started < end.at else inf,
            pull_stopped=self._pull_stopped if self._pull_stopped < end.at else inf,
            activating=min(begun) if begun else inf,
            running=running,
            doomed=end.at,
            deactivated=deactivated,
            execution_stopped=execution_stopped,
            deprovisioning=deprovisioning,
            stopped=max(execution_stopped + d.exit_to_stopped, deprovisioning),
            stop_code=end.code,
            stopped_reason=end.reason,
            spans=spans,
        )

    def _free_run(self) -> dict[str, Span]:
        """Every container as it would run if nobody stopped it; dependencies first."""
        done: dict[str, Span] = {}

        def visit(name: str, above: tuple[str, ...]) -> Span:
            if name in done:
                return done[name]
            if name in above:
                raise ValueError(f"dependsOn forms a cycle at container {name}")
            start = self._first_start
            for needed in self._definitions[name].get("dependsOn", ()):
                other = visit(str(needed["containerName"]), (*above, name))
                start = max(start, _ready(other, str(needed["condition"])))
            script = self._scripts[name]
            end = inf if script.duration is None else start + script.duration
            code, reason = (script.exit_code, script.reason) if end < inf else (None, None)
            done[name] = Span(start, end, code, reason)
            return done[name]

        for name in self._definitions:
            visit(name, ())
        return done

    def _ends(self, free: Mapping[str, Span], order: StopOrder | None) -> list[_End]:
        """All that would stop the task; the earliest does."""
        failure = self._script.start_failure
        ends = [_End(inf, inf)]
        if failure is not None:
            stage = {
                "provisioning": self._provisioned,
                "pull": self._pull_stopped,
                "start": self._first_start,
            }
            at = stage[failure.stage]
            ends.append(_End(at, at, "TaskFailedToStart", failure.reason))
        else:
            ends += self._own_ends(free)
        if order is not None:
            ends.append(_End(order.at, order.at + self._d.signal, "UserInitiated", order.reason))
        return ends

    def _own_ends(self, free: Mapping[str, Span]) -> list[_End]:
        exited = "Essential container in task exited"
        ends = [
            _End(span.end, span.end, "EssentialContainerExited", exited)
            for name, span in free.items()
            if self._definitions[name].get("essential", True)
        ]
        last = max(span.end for span in free.values())
        ends.append(_End(last, last, "EssentialContainerExited", exited))
        ends += self._unmet(free)
        interruption = self._script.interruption
        if interruption is not None:
            at = self._first_start + interruption.after
            ends.append(_End(at, at, interruption.stop_code, interruption.reason))
        return ends

    def _unmet(self, free: Mapping[str, Span]) -> list[_End]:
        """A container that waits for another's success which does not come stops the task."""
        ends = []
        for name, definition in self._definitions.items():
            for needed in definition.get("dependsOn", ()):
                other = free[str(needed["containerName"])]
                if needed["condition"] == "SUCCESS" and other.end < inf and other.exit_code != 0:
                    reason = (
                        f"Task failed to start: {name} depends on the success of {needed['containerName']}"
                    )
                    ends.append(_End(other.end, other.end, "TaskFailedToStart", reason))
        return ends

    def _cut(self, name: str, span: Span, end: _End) -> Span:
        """The container as it runs when the task is stopped by `end`."""
        if end.at == inf:
            return span
        # A container of no duration may start and end in the very moment that ends the task.
        if span.start > end.at or (span.start == end.at and span.end > end.at):
            return Span()
        if span.end <= end.signal_at:
            return span
        script = self._scripts[name]
        grace = float(self._definitions[name].get("stopTimeout", DEFAULT_STOP_TIMEOUT))
        obeyed = inf if script.on_sigterm is None else script.sigterm_delay
        if span.end - end.signal_at <= min(obeyed, grace):
            return Span(span.start, span.end, span.exit_code, span.reason, end.signal_at)
        if obeyed <= grace:
            return Span(span.start, end.signal_at + obeyed, script.on_sigterm, None, end.signal_at)
        return Span(span.start, end.signal_at + grace, 137, None, end.signal_at)


def _ready(other: Span, condition: str) -> float:
    if condition == "COMPLETE":
        return other.end
    if condition == "SUCCESS":
        return other.end if other.exit_code == 0 else inf
    return other.start
