"""What a container does, said once: as a shell script for a real container, as a script for the fake."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from migratable_ecs.testing import ContainerScript


@dataclass(frozen=True)
class Program:
    """A container's behaviour.

    Args:
        lines: printed at the start, in this order; then it sleeps.
        seconds: until it exits by itself; None: never.
        exit_code: its exit code then.
        on_sigterm: its exit code after SIGTERM; None: it ignores the signal.
        last_words: printed between the signal and the exit.
    """

    lines: Sequence[str] = ()
    seconds: float | None = 0.2
    exit_code: int = 0
    on_sigterm: int | None = 143
    last_words: Sequence[str] = ()

    def shell(self) -> str:
        """For `sh -c`. Short sleeps, because a shell answers a signal only between two commands."""
        words = "".join(f"echo {shlex.quote(word)}; " for word in self.last_words)
        trap = "" if self.on_sigterm is None else f"{words}exit {self.on_sigterm}"
        steps = [f"trap {shlex.quote(trap) if trap else ':'} TERM"]
        steps += [f"echo {shlex.quote(line)}" for line in self.lines]
        if self.seconds is None:
            steps.append("while :; do sleep 0.1; done")
        else:
            turns = max(1, round(self.seconds / 0.1))
            steps += [
                f"i=0; while [ $i -lt {turns} ]; do sleep 0.1; i=$((i+1)); done",
                f"exit {self.exit_code}",
            ]
        return "\n".join(steps)

    def script(self) -> ContainerScript:
        """For the fake."""
        return ContainerScript(
            lines=[(0.0, line) for line in self.lines],
            duration=self.seconds,
            exit_code=self.exit_code,
            on_sigterm=self.on_sigterm,
            last_words=[(0.0, word) for word in self.last_words],
        )
