"""What a fake task does: its containers' output, exit codes and durations, and how long ECS takes around
them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, overload

Seconds = float | tuple[float, float]
"""A duration, or the range a seeded random one is drawn from for each task."""

Output = Sequence[tuple[float, str]]
"""Lines with the seconds after the container's start at which they are written, in that order."""

OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"


@dataclass(frozen=True)
class Timings:
    """How long ECS takes for what surrounds the containers; the defaults are those of Fargate.

    Sources: "Amazon ECS task lifecycle" in the ECS guide (the order of the states); the figures are measured
    ones: 53-62 s from creation to start for a 400 MB image, three quarters of it the pull, 10-30 s from exit
    to STOPPED.
    """

    provisioning: Seconds = (4.0, 8.0)
    """PROVISIONING: the network interface is attached."""
    pending: Seconds = (2.0, 5.0)
    """PENDING, until the pull begins."""
    pull: Seconds = (20.0, 45.0)
    starting: Seconds = (0.5, 1.5)
    """From the end of the pull to the start of the first container."""
    activating: Seconds = 0.5
    """ACTIVATING: containers run already, the task is not yet called RUNNING."""
    report: Seconds = 0.0
    """From a container's start or exit to DescribeTasks saying so."""
    signal: Seconds = 1.0
    """From StopTask to SIGTERM in the containers."""
    deactivating: Seconds = 1.0
    stopping: Seconds = 1.0
    """The least time spent in STOPPING; lasts until the containers have stopped."""
    exit_to_stopped: Seconds = (10.0, 30.0)
    """From the last container's exit to STOPPED; what is left of it is DEPROVISIONING."""


INSTANT = Timings(
    provisioning=0.1,
    pending=0.1,
    pull=0.1,
    starting=0.1,
    activating=0.0,
    signal=0.0,
    deactivating=0.1,
    stopping=0.1,
    exit_to_stopped=0.5,
)
"""For tests in which the time around the containers does not matter."""


@dataclass(frozen=True)
class ContainerScript:
    """One container.

    `duration`: seconds until it exits by itself; None: never. `exit_code`, `reason`: shown from then on.
    `on_sigterm`: exit code after SIGTERM, None when the signal is ignored (then 137 after stopTimeout);
    `sigterm_delay`: seconds it takes to obey; `last_words`: lines written meanwhile (seconds after SIGTERM).
    """

    lines: Output = ()
    duration: float | None = 5.0
    exit_code: int = 0
    reason: str | None = None
    on_sigterm: int | None = 143
    sigterm_delay: float = 0.2
    last_words: Output = ()


@dataclass(frozen=True)
class StartFailure:
    """The task never gets to run.

    `stage`: after which the failure shows ("provisioning": network, secrets, log group; "pull": the image;
    "start": the container's command). `reason`: the task's stoppedReason, `container_reason` that of the
    container, if any.
    """

    reason: str
    stage: Literal["provisioning", "pull", "start"] = "provisioning"
    container_reason: str | None = None
    exit_code: int | None = None


@dataclass(frozen=True)
class Interruption:
    """AWS stops the task `after` that many seconds of running."""

    after: float
    stop_code: Literal["SpotInterruption", "TerminationNotice", "InfrastructureHealth"] = "SpotInterruption"
    reason: str = "Your Spot Task was interrupted."


@dataclass(frozen=True)
class Script:
    """One task: `main` is what its first container does, `containers` what others do, by name (default: run
    until stopped)."""

    main: ContainerScript = field(default_factory=ContainerScript)
    containers: Mapping[str, ContainerScript] = field(default_factory=dict)
    start_failure: StartFailure | None = None
    interruption: Interruption | None = None
    timings: Timings | None = None
    """Instead of those of the FakeEcs."""

    def of(self, name: str, *, first: bool) -> ContainerScript:
        """The script of the container `name`; `first`: whether the task definition names it first."""
        if name in self.containers:
            return self.containers[name]
        return self.main if first else ContainerScript(duration=None)


Behaviour = Callable[[Mapping[str, Any], Mapping[str, Any], int], Script]
"""(task definition, overrides, how many tasks of the family were started before) -> what the task does."""


def succeeds(*lines: str, duration: float = 5.0) -> Script:
    """Exit code 0 after `duration` seconds, the lines spread evenly over them."""
    return exits(0, *lines, duration=duration)


def exits(code: int, *lines: str, duration: float = 5.0, reason: str | None = None) -> Script:
    """Exit code `code` after `duration` seconds, the lines spread evenly over them."""
    step = duration / (len(lines) + 1)
    output = [(step * (index + 1), line) for index, line in enumerate(lines)]
    return Script(ContainerScript(output, duration, code, reason))


def runs_out_of_memory(*lines: str, duration: float = 5.0) -> Script:
    """Killed by the kernel: exit code 137 with ECS's own reason."""
    return exits(137, *lines, duration=duration, reason=OUT_OF_MEMORY)


def hangs(*lines: str, obeys_sigterm: bool = True) -> Script:
    """Writes its lines, one a second, and then never ends by itself."""
    output = [(float(index), line) for index, line in enumerate(lines)]
    return Script(ContainerScript(output, None, on_sigterm=143 if obeys_sigterm else None))


def never_starts(
    reason: str,
    *,
    stage: Literal["provisioning", "pull", "start"] = "provisioning",
    container_reason: str | None = None,
) -> Script:
    """stopCode TaskFailedToStart with this stoppedReason."""
    return Script(start_failure=StartFailure(reason, stage, container_reason))


class GeneratedLines(Sequence[tuple[float, str]]):
    """`count` lines that are made when they are read, so that a long log needs no memory.

    `interval`: seconds from one line to the next (0: all at the container's start); `text`: index -> line.
    """

    def __init__(self, count: int, interval: float, text: Callable[[int], str] = "line {}".format) -> None:
        self._count = count
        self._interval = interval
        self._text = text

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> tuple[float, str]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[tuple[float, str]]: ...
    def __getitem__(self, index: int | slice) -> tuple[float, str] | Sequence[tuple[float, str]]:
        if isinstance(index, slice):
            return [self[item] for item in range(*index.indices(self._count))]
        if index < 0:
            index += self._count
        if not 0 <= index < self._count:
            raise IndexError("line index out of range")
        return index * self._interval, self._text(index)
