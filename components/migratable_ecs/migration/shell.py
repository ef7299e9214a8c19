"""Let a shell command say that its log is at its end. Pure.

A log stream has no end: whether more lines will come is not to be known from outside. A command that runs under `sh -c`
can print one more line after itself, and since the log driver sends the lines of one container in order, whoever has read that
line has read them all. It goes to stdout and to stderr, because the driver reads the two one beside the other. It is never shown
and never counted.
"""

from __future__ import annotations

from collections.abc import Sequence

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


def split_marker(line: str, marker: str) -> tuple[str, bool]:
    """(what the program printed, whether the marker followed). Output without a final newline stands before the marker."""
    if line.endswith(marker):
        return line[: -len(marker)], True
    return line, False
