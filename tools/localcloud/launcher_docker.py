"""What the launcher asks of the Docker Engine: images, containers, exit states, log frames.

Every container and volume made here carries the launcher's labels and a name that begins with the
instance's name; only such containers and volumes are ever removed.
"""

from __future__ import annotations

import calendar
import logging
import re
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import docker  # type: ignore[import-untyped]
from docker.errors import APIError, DockerException, ImageNotFound, NotFound  # type: ignore[import-untyped]
from ministack.core.responses import request_scope
from ministack.services import ecr

from tools.localcloud.launcher_settings import LauncherError, Settings

Record = dict[str, Any]

logger = logging.getLogger("launcher")

_AMAZON_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/"
    r"(?P<repository>[^:@]+)(:(?P<tag>[^@]+))?(@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_GATEWAY_IMAGE = r"(127\.0\.0\.1|localhost):{port}/(?P<repository>[^:@]+)(:(?P<tag>[^@]+))?(@(?P<digest>sha256:[0-9a-f]{{64}}))?"

#: Memory is given in MiB in a task definition.
MIB = 1024 * 1024


class StartError(Exception):
    """A task could not start; the text is what ECS reports as ``stoppedReason``.

    Args:
        reason: the text, with ECS's error name at the front.
        container: name of the container that the reason belongs to, when it is one container's.
    """

    def __init__(self, reason: str, container: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.container = container


@dataclass(frozen=True)
class Image:
    """An image that the engine has: the name to start it by, and its manifest digest when known."""

    local: str
    digest: str | None


@dataclass(frozen=True)
class Frame:
    """One piece of container output as Docker stored it.

    ``stream`` is 1 for stdout and 2 for stderr; ``stamp`` is Docker's RFC 3339 time in nanoseconds; ``text``
    ends with a newline unless Docker cut a line of more than 16 KiB.
    """

    stream: int
    stamp: str
    text: bytes


@dataclass(frozen=True)
class Exit:
    """How a container ended: exit code, whether the kernel killed it for memory, Docker's own error text."""

    code: int
    out_of_memory: bool
    error: str


class Engine:
    """The Docker Engine behind the launcher.

    Args:
        settings: the launcher's settings.

    Raises:
        LauncherError: when the engine does not answer.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._pulls = threading.Lock()
        self._gateway_image = re.compile(_GATEWAY_IMAGE.format(port=settings.port))
        try:
            self.api: Any = docker.APIClient(base_url=settings.docker_host, version="auto", timeout=60)
            self.api.ping()
        except DockerException as error:
            raise LauncherError(
                f"the Docker Engine at {settings.docker_host or 'the default socket'} does not answer: "
                "start it, or set DOCKER_HOST to the one to use"
            ) from error

    # Images

    def fetch(self, name: str) -> Image:
        """Have ``name`` in the engine and tell what to start.

        Args:
            name: the image as the task definition gives it.

        Raises:
            StartError: with ECS's ``CannotPullContainerError`` text.
        """
        match = _AMAZON_IMAGE.fullmatch(name)
        if match:
            return self._fetch_from_registry(name, match, match["account"], match["region"])
        match = self._gateway_image.fullmatch(name)
        if match:
            return self._fetch_from_registry(name, match, self.settings.account, self.settings.region)
        try:
            self.api.inspect_image(name)
        except ImageNotFound:
            self._pull(name, *_split_tag(name))
        return Image(local=name, digest=_digest_in(name))

    def _fetch_from_registry(self, name: str, match: re.Match[str], account: str, region: str) -> Image:
        repository = match["repository"]
        with request_scope(account, region):
            if repository not in ecr._repositories:
                raise StartError(
                    "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
                    f"failed to resolve ref {name}: pull access denied, repository does not exist or may "
                    "require authorization: server message: insufficient_scope: authorization failed"
                )
            digest, _manifest, _type = ecr._resolve_manifest(
                repository, match["digest"] or match["tag"] or "latest"
            )
        if digest is None:
            raise _not_found(name)
        # 127.0.0.0/8 counts as an insecure registry for every engine, so no daemon setting is needed.
        host = f"127.0.0.1:{self.settings.port}/{repository}"
        local = f"{host}@{digest}"
        try:
            self.api.inspect_image(local)
        except ImageNotFound:
            self._pull(name, host, digest)
        return Image(local=local, digest=digest)

    def _pull(self, name: str, repository: str, tag: str) -> None:
        with self._pulls:
            try:
                for event in self.api.pull(repository, tag=tag, stream=True, decode=True):
                    if "error" in event:
                        raise StartError(_pull_text(name, str(event["error"])))
            except APIError as error:
                if error.is_client_error() and "not found" in str(error.explanation):
                    raise _not_found(name) from error
                raise StartError(_pull_text(name, str(error.explanation))) from error

    # Containers

    def create(self, name: str, image: str, spec: Record, host: Record, labels: dict[str, str]) -> str:
        """Create a container and return its id.

        Args:
            name: container name without the instance's prefix.
            image: local image name.
            spec: arguments of Docker's container config (command, entrypoint, user, ...).
            host: arguments of Docker's host config (memory, read-only root, ...).
            labels: labels to add to the launcher's own.
        """
        created = self.api.create_container(
            image,
            name=f"{self.settings.instance}-{name}",
            labels={**labels, **self.settings.labels},
            host_config=self.api.create_host_config(
                # Named, because the log follower relies on how this driver cuts and stamps lines.
                log_config={"Type": "json-file", "Config": {}},
                **host,
            ),
            **spec,
        )
        return str(created["Id"])

    def start(self, container: str) -> None:
        self.api.start(container)

    def address(self, container: str) -> str | None:
        """The container's address on its network, or None when it has none of its own."""
        networks = self.api.inspect_container(container)["NetworkSettings"]["Networks"] or {}
        return next((n["IPAddress"] for n in networks.values() if n.get("IPAddress")), None)

    def wait(self, container: str) -> Exit:
        """Block until the container has exited; no time limit."""
        code = int(self.api.wait(container, timeout=None)["StatusCode"])
        try:
            state = self.api.inspect_container(container)["State"]
        except NotFound:
            return Exit(code=code, out_of_memory=False, error="")
        return Exit(
            code=code, out_of_memory=bool(state.get("OOMKilled")), error=str(state.get("Error") or "")
        )

    def stop(self, container: str, grace: int) -> None:
        """Send the stop signal, and SIGKILL ``grace`` seconds later when it still runs."""
        try:
            self.api.stop(container, timeout=grace)
        except NotFound:
            return

    def remove(self, container: str) -> None:
        try:
            self.api.remove_container(container, v=True, force=True)
        except NotFound:
            return
        except APIError as error:
            logger.warning("container %s was not removed: %s", container[:12], error.explanation)

    def make_volume(self, name: str) -> str:
        full = f"{self.settings.instance}-{name}"
        self.api.create_volume(full, labels=self.settings.labels)
        return full

    def remove_volume(self, name: str) -> None:
        try:
            self.api.remove_volume(name, force=True)
        except APIError as error:
            logger.warning("volume %s was not removed: %s", name, error.explanation)

    def remove_leftovers(self) -> int:
        """Remove every container and volume that a launcher of this instance made; returns how many."""
        wanted = {"label": [f"{key}={value}" for key, value in self.settings.labels.items()]}
        containers = self.api.containers(all=True, filters=wanted)
        for container in containers:
            self.remove(container["Id"])
        volumes = (self.api.volumes(filters=wanted) or {}).get("Volumes") or []
        for volume in volumes:
            self.remove_volume(volume["Name"])
        return len(containers) + len(volumes)

    # Output

    def frames(self, container: str, *, follow: bool, since: str | None = None) -> Iterator[Frame]:
        """The container's output in the order Docker stored it.

        Args:
            container: id.
            follow: stay until the container has exited and everything was sent.
            since: RFC 3339 time of the first frame to send; default is the beginning.
        """
        parameters: Record = {
            "stdout": 1,
            "stderr": 1,
            "timestamps": 1,
            "follow": int(follow),
            "tail": "all",
        }
        if since is not None:
            parameters["since"] = f"{seconds_of(since)}.{since[20:29]}"
        # docker-py's own reader drops the stream number and takes two reads a line.
        response = self.api._get(
            self.api._url("/containers/{0}/logs", container), params=parameters, stream=True, timeout=None
        )
        self.api._raise_for_status(response)
        with response:
            buffer = b""
            for data in response.raw.stream(1 << 16, decode_content=False):
                buffer = buffer + data if buffer else data
                start = 0
                while len(buffer) - start >= 8:
                    stream, length = struct.unpack_from(">BxxxL", buffer, start)
                    end = start + 8 + length
                    if len(buffer) < end:
                        break
                    stamp, _, text = buffer[start + 8 : end].partition(b" ")
                    yield Frame(stream=stream, stamp=stamp.decode("ascii", "replace"), text=text)
                    start = end
                buffer = buffer[start:]

    def health_events(self) -> Iterator[tuple[str, str]]:
        """Endless stream of (container id, Docker health state) for containers of this instance."""
        wanted = [f"{key}={value}" for key, value in self.settings.labels.items()]
        events = self.api._get(
            self.api._url("/events"),
            params={"filters": docker.utils.convert_filters({"label": wanted, "event": ["health_status"]})},
            stream=True,
            timeout=None,
        )
        for event in self.api._stream_helper(events, decode=True):
            action = str(event.get("status") or event.get("Action") or "")
            yield str(event.get("id") or ""), action.partition(": ")[2]


def seconds_of(stamp: str) -> int:
    """Whole seconds since 1970 of Docker's RFC 3339 time in UTC."""
    return calendar.timegm(time.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S"))


def cannot_start(error: APIError) -> str:
    """ECS's text for a container that Docker refused to start (command not found, bad user, ...)."""
    return f"CannotStartContainerError: {error.explanation}"


def _split_tag(name: str) -> tuple[str, str]:
    if "@" in name:
        repository, _, digest = name.partition("@")
        return repository, digest
    head, _, tail = name.rpartition("/")
    repository, _, tag = tail.partition(":")
    return f"{head}/{repository}" if head else repository, tag or "latest"


def _digest_in(name: str) -> str | None:
    return name.partition("@")[2] or None


def _pull_text(name: str, why: str) -> str:
    return (
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
        f"failed to resolve ref {name}: {why}"
    )


def _not_found(name: str) -> StartError:
    return StartError(_pull_text(name, f"{name}: not found"))
