"""The launcher as a process: its MiniStack, its start, its end, its speed."""

from __future__ import annotations

import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tools.localcloud.launcher_differences import DIFFERENCES

from . import launcher_fixture as fixture
from .launcher_fixture import REPOSITORY, Cloud, Cluster, until

pytestmark = pytest.mark.docker
cloud, cluster = fixture.cloud, fixture.cluster


def refusal(code: str, **env: str) -> str:
    """What a launcher prints that does not start."""
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        env={**os.environ, **env},
        text=True,
        capture_output=True,
        timeout=60,
    )
    assert ended.returncode == 2, ended.stderr
    lines = [line for line in ended.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    return lines[0]


MAIN = "import sys; from tools.localcloud import launcher; sys.exit(launcher.main())"


def test_another_ministack_is_refused_in_one_sentence() -> None:
    other = MAIN.replace("sys.exit(", "launcher.version = lambda _: '1.5.34'; sys.exit(")
    assert refusal(other) == (
        "error: the local cloud needs MiniStack 1.5.33 and found 1.5.34: run `make setup` to install it"
    )


def test_an_engine_that_does_not_answer_is_named() -> None:
    message = refusal(MAIN, DOCKER_HOST="unix:///nowhere/docker.sock")
    assert "unix:///nowhere/docker.sock" in message
    assert "DOCKER_HOST" in message


def test_a_port_in_use_is_named(cloud: Cloud) -> None:
    message = refusal(MAIN, GATEWAY_PORT=str(cloud.port), LOCALCLOUD_INSTANCE=f"{cloud.instance}x")
    assert str(cloud.port) in message
    assert "GATEWAY_PORT" in message


def test_every_difference_names_an_aws_page_what_puts_it_right_and_its_test() -> None:
    folder = Path(__file__).parent
    tests = "".join(
        p.read_text() for g in ("test_launcher_*.py", "contract/test_*.py") for p in folder.glob(g)
    )
    names = [d.name for d in DIFFERENCES]
    assert len(names) == len(set(names))
    for difference in DIFFERENCES:
        assert difference.source.startswith("https://docs.aws.amazon.com/"), difference
        assert f"def {difference.test}(" in tests, difference
        for place in difference.by.split(", "):
            module = place.partition(".")[0]
            text = (REPOSITORY / "tools" / "localcloud" / f"{module}.py").read_text()
            assert re.search(rf"(def|class) {place.rpartition('.')[2]}\b", text), place


def test_it_listens_to_this_machine_and_its_containers_only(cloud: Cloud) -> None:
    found = subprocess.run(["cat", "/proc/net/tcp"], text=True, capture_output=True, check=True).stdout
    port = f":{cloud.port:04X} "
    listening = {line.split()[1] for line in found.splitlines() if port in line and " 0A " in line}
    assert listening == {f"0100007F{port.strip()}", f"010011AC{port.strip()}"}


def test_a_call_about_a_running_task_waits_for_docker_no_more_than_any_other_call(cluster: Cluster) -> None:
    arn = cluster.run(cluster.container("sleep 300", stopTimeout=2))
    cluster.reached(arn, "RUNNING")
    about_tasks, others = [], []
    for _ in range(100):
        about_tasks.append(_seconds(lambda: cluster.task(arn)))
        others.append(_seconds(cluster.ecs.list_clusters))
    cluster.ecs.stop_task(cluster=cluster.name, task=arn)
    assert statistics.median(about_tasks) < 4 * statistics.median(others), (about_tasks, others)


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


@pytest.fixture
def second(tmp_path: Path) -> Any:
    made = Cloud(tmp_path / "second.log")
    yield made
    made.close()


def test_sigterm_removes_the_containers_and_nobody_else_s(second: Cloud, cluster: Cluster) -> None:
    other = cluster.run(cluster.container("sleep 300", stopTimeout=2))
    cluster.reached(other, "RUNNING")
    own = Cluster(second)
    own.reached(own.run(own.container("sleep 300")), "RUNNING")
    neighbour = second.docker.containers.run(
        fixture.IMAGE, ["sleep", "300"], detach=True, labels={"migratable-ecs.instance": second.instance}
    )
    try:
        assert len(second.containers()) == 2
        began = time.monotonic()
        second.process.send_signal(signal.SIGTERM)
        assert second.process.wait(20) == 0
        assert time.monotonic() - began < 10
        assert [c.id for c in second.containers()] == [neighbour.id], "a database of the instance stays"
        assert cluster.task(other)["lastStatus"] == "RUNNING"
    finally:
        neighbour.remove(force=True)
    cluster.ecs.stop_task(cluster=cluster.name, task=other)


def test_the_next_start_removes_what_a_killed_launcher_left(second: Cloud) -> None:
    own = Cluster(second)
    own.reached(own.run(own.container("sleep 300")), "RUNNING")
    second.process.kill()
    second.process.wait()
    assert len(second.containers()) == 1
    second.start()
    until(lambda: second.containers() == [])


def test_it_is_ready_within_five_seconds(second: Cloud) -> None:
    second.close()
    began = time.monotonic()
    second.start()
    assert time.monotonic() - began < 5
