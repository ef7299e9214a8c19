"""The few calls of the Docker API that the local cloud needs, typed.

Builds go through the API's classic builder: it is in every engine, and the command line tool is not needed.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker as sdk  # type: ignore[import-untyped]
import docker.errors as sdk_errors  # type: ignore[import-untyped]

from tools.localcloud.errors import LocalCloudError

_TIMEOUT = 600
EngineError: type[Exception] = sdk_errors.DockerException
"""What the engine, or the way to it, refused and no method here explains."""


@dataclass(frozen=True)
class Container:
    """One container as ``docker ps --all`` shows it; ``status`` is Docker's word (running, exited, …)."""

    id: str
    name: str
    image: str
    status: str
    labels: Mapping[str, str]


class Docker:
    """One engine, by its DOCKER_HOST value. What the user can act on is raised as LocalCloudError."""

    def __init__(self, host: str) -> None:
        self.host = host
        self._client = sdk.DockerClient(base_url=host, version="auto", timeout=_TIMEOUT)

    @staticmethod
    def answers(host: str) -> bool:
        """Whether an engine answers there within 5 s and lets us use it."""
        try:
            client = sdk.DockerClient(base_url=host, version="auto", timeout=5)
            client.ping()
            client.close()
        except (sdk_errors.DockerException, OSError):
            return False
        return True

    def version(self) -> str:
        return str(self._client.version()["Version"])

    def bridge_address(self) -> str:
        """The host's address on the default bridge: how containers reach what listens on the host."""
        config = self._client.networks.get("bridge").attrs["IPAM"]["Config"]
        for entry in config:
            if "Gateway" in entry:
                return str(entry["Gateway"])
        # Engines that have just started omit the gateway; it is the network's first address.
        return str(config[0]["Subnet"].split("/")[0].rsplit(".", 1)[0]) + ".1"

    # Containers, volumes, networks --------------------------------------------------------------------------

    def containers(self, label: str | None = None) -> list[Container]:
        """All containers, stopped ones too, with this ``key`` or ``key=value`` label."""
        filters = {"label": label} if label else {}
        found = self._client.containers.list(all=True, sparse=True, filters=filters)
        return [
            Container(
                c.attrs["Id"], c.attrs["Names"][0].lstrip("/") if c.attrs["Names"] else "", c.attrs["Image"],
                c.attrs["State"], c.attrs["Labels"] or {},
            )
            for c in found
        ]  # fmt: skip

    def volumes(self, label: str) -> list[str]:
        return [v.name for v in self._client.volumes.list(filters={"label": label})]

    def networks(self, label: str) -> list[str]:
        return [n.name for n in self._client.networks.list(filters={"label": label})]

    def create_volume(self, name: str, labels: Mapping[str, str]) -> None:
        """Create the volume, or do nothing when it is there."""
        self._client.volumes.create(name=name, labels=dict(labels))

    def run(self, image: str, name: str, **options: Any) -> str:
        """Start a container in the background and return its id; ``options`` as docker-py's
        ``containers.run``.
        """
        try:
            return str(self._client.containers.run(image, name=name, detach=True, **options).id)
        except sdk_errors.APIError as error:
            raise LocalCloudError(
                f"The container {name} did not start: {error.explanation or error}."
            ) from error

    def start(self, container: str) -> None:
        """Start a stopped container; raise LocalCloudError when the engine refuses."""
        try:
            self._client.containers.get(container).start()
        except sdk_errors.APIError as error:
            raise LocalCloudError(
                f"The container {container} did not start: {error.explanation or error}."
            ) from error

    def remove(self, container: str) -> None:
        """Remove a container, running or not; named volumes stay."""
        with_gone(lambda: self._client.api.remove_container(container, force=True))

    def stop(self, container: str, seconds: int = 10) -> None:
        self._client.containers.get(container).stop(timeout=seconds)

    def wait(self, container: str) -> int:
        """Wait until the container exits and return its exit code."""
        return int(self._client.containers.get(container).wait()["StatusCode"])

    def logs(self, container: str, lines: int = 0) -> str:
        """Both output streams together; the last ``lines`` of them, or all."""
        raw: bytes = self._client.containers.get(container).logs(tail=lines or "all")
        return raw.decode(errors="replace")

    def address(self, container: str) -> str:
        """The container's own address on the default bridge."""
        return str(
            self._client.containers.get(container).attrs["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
        )

    def exit_of(self, container: str, command: Sequence[str]) -> int:
        """Run a command inside the container and return its exit code."""
        return self.executed(container, command)[0]

    def executed(self, container: str, command: Sequence[str]) -> tuple[int, str]:
        """Run a command inside the container and return its exit code and output."""
        done = self._client.containers.get(container).exec_run(list(command))
        return int(done.exit_code), done.output.decode(errors="replace")

    def remove_labelled(self, label: str) -> list[str]:
        """Remove the containers, volumes and networks with this ``key=value`` label; return their names."""
        removed = []
        for container in self.containers(label):
            with_gone(lambda c=container: self._client.api.remove_container(c.id, v=True, force=True))
            removed.append(container.name)
        for volume in self.volumes(label):
            with_gone(lambda v=volume: self._client.api.remove_volume(v, force=True))
            removed.append(volume)
        for network in self.networks(label):
            with_gone(lambda n=network: self._client.api.remove_network(n))
            removed.append(network)
        return removed

    # Images -------------------------------------------------------------------------------------------------

    def image_id(self, image: str) -> str | None:
        """The image's id (the digest of its configuration), or None when the engine does not have it."""
        try:
            return str(self._client.images.get(image).id)
        except sdk_errors.ImageNotFound:
            return None

    def user_of(self, image: str) -> str:
        """The user that the image's containers run as; empty for root."""
        return str(self._client.images.get(image).attrs["Config"]["User"])

    def pull(self, image: str) -> bool:
        """Pull an image; False when its registry cannot be reached or does not have it."""
        try:
            self._client.images.pull(image)
        except sdk_errors.APIError:
            return False
        return True

    def import_rootfs(self, archive: Path, image: str) -> None:
        """Make an image of a root file system kept as a (gzipped) tar archive."""
        repository, _, tag = image.partition(":")
        self._client.api.import_image_from_file(
            str(archive), repository=repository, tag=tag, changes=['CMD ["bash"]']
        )

    def tag(self, image: str, repository: str, tag: str) -> None:
        self._client.images.get(image).tag(repository, tag=tag)

    def build(
        self,
        tag: str,
        context: bytes,
        args: Mapping[str, str],
        network: str | None = None,
        dockerfile: str = "Dockerfile",
    ) -> str:
        """Build an image from a tar of its context; return its id, or raise LocalCloudError with the log's end."""
        try:
            image, _ = self._client.images.build(
                fileobj=io.BytesIO(context),
                custom_context=True,
                dockerfile=dockerfile,
                tag=tag,
                buildargs=dict(args),
                network_mode=network,
                rm=True,
                forcerm=True,
            )
        except sdk_errors.BuildError as error:
            lines = "".join(part.get("stream", "") for part in error.build_log).strip().splitlines()[-15:]
            raise LocalCloudError(
                f"Building the image {tag} failed ({error.msg}):\n" + "\n".join(lines)
            ) from error
        except sdk_errors.APIError as error:
            raise LocalCloudError(
                f"Building the image {tag} failed: {error.explanation or error}."
            ) from error
        return str(image.id)

    def push(self, repository: str, tag: str) -> str:
        """Push and return the manifest's digest; raise LocalCloudError with the registry's answer."""
        digest = ""
        for event in self._client.images.push(repository, tag=tag, stream=True, decode=True, auth_config={}):
            if "error" in event:
                raise LocalCloudError(f"Pushing {repository}:{tag} failed: {event['error']}.")
            digest = event.get("aux", {}).get("Digest", digest)
        return digest

    def remove_images_of(self, registry: str) -> None:
        """Remove the names ``registry/…`` from all images; the images themselves go when they have no other
        name.
        """
        for image in self._client.api.images(all=False):
            names = (image.get("RepoTags") or []) + (image.get("RepoDigests") or [])
            for name in names:
                if name.startswith(f"{registry}/"):
                    with_gone(lambda n=name: self._client.api.remove_image(n, force=False))


def with_gone(call: Any) -> None:
    """Make a removing call; what has gone already, or is still used by someone else, is not an error."""
    try:
        call()
    except (sdk_errors.NotFound, sdk_errors.ImageNotFound):
        return
    except sdk_errors.APIError as error:
        if error.status_code != 409:
            raise


def context(files: Iterable[tuple[str, Path]]) -> bytes:
    """A build context; times, owners and modes, which would defeat the cache, are left out."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, path in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size = path.stat().st_size
            entry.mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
            with path.open("rb") as source:
                archive.addfile(entry, source)
    return buffer.getvalue()
