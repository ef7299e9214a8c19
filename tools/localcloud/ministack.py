"""MiniStack under the project's launcher, and the forwarder that opens the load balancer's port."""

from __future__ import annotations

import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import NoReturn

from tools.localcloud import base_images, processes, seed
from tools.localcloud.docker_api import Docker
from tools.localcloud.errors import LocalCloudError
from tools.localcloud.settings import REGION, Process, Settings, State

PROCESS_OF = {"gateway": "ministack", "http": "forwarder"}
"""Which of our processes holds which port."""
_READY_SECONDS = 60


def base_images_for(docker: Docker) -> None:
    """Make sure of the images that the later steps start from."""
    base_images.postgres(docker)
    base_images.python(docker)


def ensure(docker: Docker, settings: Settings, state: State) -> str:
    """Start MiniStack and the forwarder when they do not run; return what was done.

    MiniStack begins empty. Containers of tasks that an earlier one left behind are removed first.
    Raises LocalCloudError with the last log lines when one of them ends or does not answer.
    """
    gateway, http = state.ports["gateway"], state.ports["http"]
    health = f"http://127.0.0.1:{gateway}/_ministack/health"
    said = f"running, 127.0.0.1:{gateway}"
    if not processes.alive(state.processes.get("ministack")):
        _remove_task_containers(docker, settings)
        log = settings.logs / "ministack.log"
        command = [sys.executable, "-m", "tools.localcloud.launcher"]
        _launch(settings, state, "ministack", command, log, _environment(docker, settings, state))
        state.cloud_id = ""
        said = f"started empty, 127.0.0.1:{gateway}"
    _wait(health, state.processes["ministack"], settings.logs / "ministack.log")
    if not processes.alive(state.processes.get("forwarder")):
        command = [sys.executable, "-m", "tools.localcloud.forwarder", "--alb", seed.NAME]
        command += ["--gateway", str(gateway), "--http", str(http)]
        _launch(settings, state, "forwarder", command, settings.logs / "forwarder.log", dict(os.environ))
    _wait(f"http://127.0.0.1:{http}/", state.processes["forwarder"], settings.logs / "forwarder.log")
    return said


def _environment(docker: Docker, settings: Settings, state: State) -> dict[str, str]:
    scratch = settings.state_dir / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    return {
        **os.environ,
        "GATEWAY_PORT": str(state.ports["gateway"]),
        "MINISTACK_REGION": REGION,
        "DOCKER_HOST": state.docker_host,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "TMPDIR": str(scratch),
        "LOCALCLOUD_INSTANCE": settings.name,
        "LOCALCLOUD_LABEL": settings.label,
        "LOCALCLOUD_BRIDGE_HOST": docker.bridge_address(),
        "LOCALCLOUD_POSTGRES_IMAGE": base_images.postgres(docker),
        "LOCALCLOUD_MARIADB_IMAGE": base_images.mariadb_name(docker),
    }


def _launch(
    settings: Settings, state: State, name: str, command: list[str], log: Path, env: dict[str, str]
) -> None:
    """Start a process and remember it at once: even an interrupted `up` leaves none that `down` misses."""
    state.processes[name] = processes.start(command, log, env)
    settings.save(state)


def _remove_task_containers(docker: Docker, settings: Settings) -> None:
    for container in docker.containers(settings.label):
        if "com.amazonaws.ecs.task-arn" in container.labels:
            docker.remove(container.id)


def _wait(url: str, process: Process, log: Path) -> None:
    """Wait until the URL answers with anything at all."""
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and processes.alive(process):
        try:
            urllib.request.urlopen(url, timeout=5).close()
            break
        except urllib.error.HTTPError:
            break
        except OSError:
            time.sleep(0.1)
    else:
        _explain(url, process, log)
    if not processes.alive(process):  # something else answers on its port
        _explain(url, process, log)


def _explain(url: str, process: Process, log: Path) -> NoReturn:
    what = "does not answer" if processes.alive(process) else "ended"
    raise LocalCloudError(f"The process behind {url} {what}; its log {log} ends with:\n{processes.tail(log)}")
