"""Let a command say that its log is at its end. Pure.

A log stream has no end: whether more lines will come is not to be known from outside. A command that runs under `sh -c`
can print one more line after itself, and since the log driver sends the lines of one container in order, whoever has read that
line has read them all. It goes to stdout and to stderr, because the driver reads the two one beside the other. It is never shown
and never counted.

A program without a shell finds that line in the variable `MIGRATABLE_ECS_LOG_END` and may print it itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

#: Variable in which a program that no shell runs finds the line.
LOG_END = "MIGRATABLE_ECS_LOG_END"

#: Entry points and commands after which one string follows that the shell reads as a script.
_SHELLS = (("sh", "-c"), ("/bin/sh", "-c"), ("bash", "-c"), ("/bin/bash", "-c"))


def shell_command(entry_point: Sequence[str], command: Sequence[str]) -> tuple[list[str], str] | None:
    """Split into (words before the script, script) when the container runs one script in a shell, else None.

    The words are those of the container's *command* only: `entryPoint` cannot be overridden by RunTask.
    """
    if tuple(entry_point) in _SHELLS and len(command) == 1:
        return [], command[0]
    if not entry_point and len(command) == 3 and tuple(command[:2]) in _SHELLS:
        return list(command[:2]), command[2]
    return None


def end_marker(identity: str) -> str:
    """The line that ends the log of the run `identity`."""
    return f"migratable-ecs: end of log {identity}"


def with_end_marker(script: str, marker: str) -> str:
    """`script`, then the marker on both outputs, then the script's exit code.

    The script runs in a child, so that `exit` in it does not skip the marker. TERM and INT, which a shell as process 1 would swallow, are
    passed on as TERM to the whole process group: in `migrate && seed` it is the program that has to hear it, and the child must outlive
    it, or the container would end in the middle of its clean-up. The child then ends instead of going on with the next command.
    """
    return (
        f"(trap 'r=$?; test $r -ne 0 || r=143; exit $r' TERM\n{script}\n) & c=$! s=\n"
        "trap 'trap \"\" TERM INT; s=1; kill -TERM 0' TERM INT\n"
        "wait $c; r=$?\n"
        # A signal ends `wait` with a status of its own; the child's is then still to be had, unless it had been given out before (127).
        'if test "$s"; then wait $c 2>/dev/null; n=$?; test $n = 127 || r=$n; fi\n'
        f"echo '{marker}'; echo '{marker}' >&2\n"
        "exit $r"
    )


#: How often the marker is printed: once for each output.
MARKERS = 2


@dataclass(frozen=True)
class LogEnd:
    """How the command of one run says that its log is at its end.

    `script`: what a shell runs, as `shell_command` gives it; None when there is no shell, and whether the program prints the
    marker is its own affair.
    """

    marker: str
    script: tuple[list[str], str] | None

    def override(self, container: str, command: Sequence[str]) -> dict[str, Any]:
        """RunTask's override of `container` that brings the marker about; `command`: the run's own, () for that of the task definition."""
        if self.script:
            words, text = self.script
            return {"name": container, "command": [*words, with_end_marker(text, self.marker)]}
        environment = [{"name": LOG_END, "value": self.marker}]
        return {
            "name": container,
            **({"command": list(command)} if command else {}),
            "environment": environment,
        }

    def split(self, line: str) -> tuple[str, bool]:
        """(what the program printed, whether the marker followed).

        Of a shell, output without a final newline stands before the marker. A program prints it as a line of its own; otherwise
        one that lists its environment would seem to be at its end.
        """
        if self.script and line.endswith(self.marker):
            return line[: -len(self.marker)], True
        return ("", True) if line == self.marker else (line, False)
