"""Detached processes of an instance: started in a session of their own, found again, and stopped by their
id.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.localcloud.settings import CHECKOUT, Process


def _start_ticks(pid: int) -> int | None:
    """Field 22 of ``/proc/PID/stat`` (proc(5)), or None when there is no such process or it is a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])


def find(pid: int) -> Process | None:
    """The process that has this pid now, or None."""
    ticks = _start_ticks(pid)
    return None if ticks is None else Process(pid, ticks)


def alive(process: Process | None) -> bool:
    """Whether exactly this process still runs; a recycled pid does not count."""
    return process is not None and _start_ticks(process.pid) == process.started


def start(command: Sequence[str], log: Path, env: Mapping[str, str]) -> Process:
    """Start ``command`` in the checkout's root so that it outlives this shell; output goes to ``log``."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        child = subprocess.Popen(
            command, cwd=CHECKOUT, env=dict(env), stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    return Process(child.pid, _start_ticks(child.pid) or 0)


def stop(process: Process | None, grace: float = 10.0) -> None:
    """End the process and its group: SIGTERM, after ``grace`` seconds SIGKILL; no error when it is gone."""
    if process is None or not alive(process):
        return
    for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            # A child of this very process stays a zombie until it is waited for.
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process.pid, os.WNOHANG)
            if not alive(process):
                return
            time.sleep(0.05)


def tail(log: Path, lines: int = 12) -> str:
    """The last lines of a log, for an error message; empty when there is none."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
