"""The engine that we start ourselves, really started and stopped, in a network namespace of its own.

There a second dockerd can do no harm: the bridge that it would delete is not in its namespace.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.localcloud.settings import CHECKOUT

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may start an engine"),
    pytest.mark.skipif(not shutil.which("dockerd", path="/usr/sbin:/usr/bin"), reason="no dockerd installed"),
]

SCENARIO = """
from pathlib import Path
from tools.localcloud import engine

engine._check_can_start()                # none runs in this namespace
engine._start()
pid = engine._running_dockerd().pid
print("answers", engine.Docker(engine.own_host()).version() != "")
print("found again", engine.ensure() == (engine.own_host(), "ours"))
try:
    engine._check_can_start()
except engine.LocalCloudError as error:
    print("second one refused", str(pid) in str(error))
print(engine.stop_if_unused(engine.own_host(), ["two"]))
print(engine.stop_if_unused(engine.own_host(), []))
stat = Path(f"/proc/{pid}/stat")          # an ended child of this script stays as a zombie until somebody asks
print("gone", not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] == "Z")
print(engine.stop_if_unused(engine.own_host(), []))
"""


@pytest.fixture
def cache() -> Iterator[Path]:
    """A short path: the names of unix sockets are limited to about 100 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="engine-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


def test_our_engine_starts_is_found_again_and_stops_when_nobody_uses_it(cache: Path) -> None:
    environment = {**os.environ, "MIGRATABLE_CACHE": str(cache), "PYTHONPATH": str(CHECKOUT)}
    environment.pop("DOCKER_HOST", None)
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", SCENARIO],
        env=environment, cwd=CHECKOUT, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    assert done.stdout.splitlines() == [
        "answers True",
        "found again True",
        "second one refused True",
        "left running (also used by two)",
        "stopped",
        "gone True",
        "not running",
    ], done.stderr
    assert _processes_under(cache) == []


def _processes_under(folder: Path) -> list[str]:
    """Command lines that name the folder: dockerd, its containerd and shims."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(folder) in command:
            found.append(command)
    return found
