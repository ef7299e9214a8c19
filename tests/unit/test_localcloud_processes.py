"""Detached processes: only exactly the one that was started is ours to stop."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from tools.localcloud import processes
from tools.localcloud.settings import Process

SLEEP = [sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + SLEEP[2],
]


def _start(command: list[str], log: Path) -> Process:
    process = processes.start(command, log, os.environ)
    deadline = time.monotonic() + 10
    while "ready" not in processes.tail(log) and time.monotonic() < deadline:
        time.sleep(0.01)
    return process


def test_a_process_is_alive_until_it_is_stopped_and_its_output_is_in_the_log(tmp_path: Path) -> None:
    process = _start(SLEEP, tmp_path / "logs" / "x.log")
    assert processes.alive(process)
    assert os.getsid(process.pid) == process.pid, "a session of its own: it outlives the shell"
    assert processes.tail(tmp_path / "logs" / "x.log") == "ready"
    processes.stop(process)
    assert not processes.alive(process)


def test_a_process_that_ignores_sigterm_is_killed_after_the_grace_period(tmp_path: Path) -> None:
    process = _start(STUBBORN, tmp_path / "x.log")
    processes.stop(process, grace=0.2)
    assert not processes.alive(process)


def test_another_process_with_the_same_pid_is_neither_ours_nor_stopped(tmp_path: Path) -> None:
    process = _start(SLEEP, tmp_path / "x.log")
    recycled = Process(process.pid, process.started - 1)
    assert not processes.alive(recycled)
    processes.stop(recycled)
    assert processes.alive(process)
    os.kill(process.pid, signal.SIGKILL)
    os.waitpid(process.pid, 0)


def test_what_has_ended_is_not_alive_and_stopping_it_is_no_error(tmp_path: Path) -> None:
    process = processes.start([sys.executable, "-c", ""], tmp_path / "x.log", os.environ)
    os.waitpid(process.pid, 0)
    assert not processes.alive(process)
    processes.stop(process)
    processes.stop(None)
