"""The Docker engine: the reachable one, else the distribution's, started by us with its own socket and data
folder.

One engine of ours serves all instances of the user, because a second dockerd in one network namespace would
delete the first one's bridge. It lives in ``<cache>/docker``; a file ``keep`` there tells `down` never to
stop it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tools.localcloud import processes
from tools.localcloud.docker_api import Docker
from tools.localcloud.errors import LocalCloudError
from tools.localcloud.settings import LABEL, Process, cache_dir, locked

_DEFAULT_SOCKET = "unix:///var/run/docker.sock"
_START_SECONDS = 60
_STOP_SECONDS = 30
_INSTALL_SECONDS = 600


def folder() -> Path:
    """Socket, data, pid file and log of the engine that we start."""
    return cache_dir() / "docker"


def own_host() -> str:
    """The DOCKER_HOST value of the engine that we start."""
    return f"unix://{folder() / 'docker.sock'}"


def find() -> str | None:
    """DOCKER_HOST of the first that answers: the variable's, the default one, the CLI context's, ours."""
    candidates = [os.environ.get("DOCKER_HOST"), _DEFAULT_SOCKET, _context_host(), own_host()]
    return next((host for host in candidates if host and Docker.answers(host)), None)


def ensure() -> tuple[str, str]:
    """Return DOCKER_HOST and how it was had: found, ours, started; LocalCloudError when there is no way."""
    with locked(folder() / "engine.lock"):
        named = os.environ.get("DOCKER_HOST")
        if named and named != own_host() and not Docker.answers(named):
            raise LocalCloudError(
                f"DOCKER_HOST={named} does not answer: start that engine, or unset DOCKER_HOST to use another."
            )
        if host := find():
            return host, "ours" if host == own_host() else "found"
        _check_can_start()
        if not shutil.which("dockerd", path=_sbin_path()):
            _install()
            if host := find():  # the package may have started its service
                return host, "found"
        _start()
        return own_host(), "started"


def stop_if_unused(host: str, others: list[str]) -> str:
    """Stop the engine when it is ours and nobody else uses it; return what was decided, as a phrase.

    ``others``: the other instances with a state folder. Containers of anybody else, stopped ones too, keep it
    running.
    """
    if host != own_host():
        return "left running (not started by us)"
    with locked(folder() / "engine.lock"):
        process = _running_dockerd()
        if process is None:
            return "not running"
        if (folder() / "keep").exists():
            return f"left running ({folder() / 'keep'} exists)"
        if others:
            return f"left running (also used by {', '.join(others)})"
        if foreign := Docker(host).containers():
            names = ", ".join(c.labels.get(LABEL, c.name) for c in foreign)
            return f"left running (containers of {names})"
        processes.stop(process, grace=_STOP_SECONDS)
        return "stopped"


def _context_host() -> str | None:
    docker = shutil.which("docker")
    if not docker:
        return None
    command = [docker, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    return answer.stdout.strip() or None


def _check_can_start() -> None:
    remedy = "install Docker and start it, or set DOCKER_HOST to an engine that you may use"
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        raise LocalCloudError(
            f"No Docker engine answers, and only root on Linux can start one here: {remedy}."
        )
    if pid := _foreign_dockerd():
        raise LocalCloudError(
            f"A Docker engine runs here (pid {pid}) but does not answer at {_DEFAULT_SOCKET}, and a "
            "second one in the "
            "same network namespace would break it: set DOCKER_HOST to its socket."
        )


def _foreign_dockerd() -> int | None:
    """Pid of a dockerd in our network namespace; one that is just starting or hangs counts too."""
    ours = os.readlink("/proc/self/ns/net")
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "comm").read_text().strip() == "dockerd" and os.readlink(
                entry / "ns" / "net"
            ) == ours:
                return int(entry.name)
        except OSError:
            continue
    return None


def _running_dockerd() -> Process | None:
    """The engine that we started: in our pid file, and its command line names our socket."""
    try:
        pid = int((folder() / "dockerd.pid").read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    except (OSError, ValueError):
        return None
    return processes.find(pid) if own_host() in command else None


def _sbin_path() -> str:
    return os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"


def _install() -> None:
    """Install the distribution's engine; raise LocalCloudError with apt's last lines when that fails."""
    if not shutil.which("apt-get"):
        raise LocalCloudError(
            "No Docker engine answers and this system has no apt-get: install Docker and start it."
        )
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "install", "-y", "--no-install-recommends", "docker.io", "iptables"]
    for attempt in (["apt-get", "update"], command):
        done = subprocess.run(
            attempt, env=environment, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False
        )
        if done.returncode and attempt is command:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise LocalCloudError(
                f"`{' '.join(command)}` failed ({' '.join(last)}): install Docker by hand and start it."
            )


def _start() -> None:
    base = folder()
    base.mkdir(parents=True, exist_ok=True)
    (base / "dockerd.pid").unlink(
        missing_ok=True
    )  # left by a crash: dockerd refuses to start when the pid lives again
    log = base / "dockerd.log"
    command = [
        shutil.which("dockerd", path=_sbin_path()) or "dockerd",
        "--host", own_host(), "--data-root", str(base / "data"), "--exec-root", str(base / "exec"),
        "--pidfile", str(base / "dockerd.pid"), "--mtu", str(_smallest_mtu()),
    ]  # fmt: skip
    process = processes.start(command, log, {**os.environ, "PATH": _sbin_path()})
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and processes.alive(process):
        if Docker.answers(own_host()):
            return
        time.sleep(0.2)
    processes.stop(process)
    raise LocalCloudError(f"The Docker engine did not start; its log {log} ends with:\n{processes.tail(log)}")


def _smallest_mtu() -> int:
    """Packets larger than the host's own link vanish silently, so the bridge must not be wider than it."""
    found = [1500]
    for interface in Path("/sys/class/net").iterdir():
        if (interface / "device").exists():
            found.append(int((interface / "mtu").read_text()))
    return min(found)
