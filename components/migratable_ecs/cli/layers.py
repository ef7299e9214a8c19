"""Whether an image holds a file: read from its layers in ECR, so that neither a task nor a shell in the image is needed.

Sources: https://github.com/opencontainers/image-spec/blob/main/layer.md (whiteouts), API reference of BatchGetImage and
GetDownloadUrlForLayer.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import IO, Any

from . import exit_codes
from .desk import Desk
from .errors import CommandError

_INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
#: So many files are named; more of them say nothing new.
SHOWN = 20


def layers(get: Callable[[str], Mapping[str, Any]], manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The layers of `manifest`, the newest first; of an index those of linux/amd64, else of the first platform.

    Args:
        get: the manifest of a digest.

    Raises:
        CommandError: there are none, or they are packed in a way that is not read here.
    """
    if manifest.get("manifests"):
        each = manifest["manifests"]
        platform = [m for m in each if (m.get("platform") or {}).get("architecture") == "amd64"]
        return layers(get, get(str((platform or each)[0]["digest"])))
    found = list(reversed(manifest.get("layers") or ()))
    if not found:
        raise CommandError(
            "the image's manifest in ECR names no layers: push it with docker or buildkit",
            exit_codes.NOT_FOUND,
        )
    packed = {str(each.get("mediaType", "")).rpartition("+")[2] for each in found} & {"zstd"}
    if packed:
        raise CommandError(
            "the image's layers are packed with zstd, which is not read here: look into it with `docker run --rm --entrypoint ls IMAGE …`"
        )
    return found


def search(
    layer_files: Iterable[Callable[[], IO[bytes]]], name: str, step: Callable[[int], None]
) -> list[str]:
    """Paths of files whose path contains `name`, as a container sees them; stops after the layer that has the first ones.

    Args:
        layer_files: open each layer's tar, the newest first.
        step: told the number of each layer before it is read.
    """
    hidden: set[str] = set()
    for number, opened in enumerate(layer_files, 1):
        step(number)
        found: list[str] = []
        gone: set[str] = set()
        with opened() as file:
            for path in _paths(file):
                folder, _, last = path.rpartition("/")
                if last == ".wh..wh..opq":
                    gone.add(folder)
                elif last.startswith(".wh."):
                    gone.add(f"{folder}/{last[4:]}".lstrip("/"))
                elif name in path and not _hides(hidden, path):
                    found.append(path)
        if found:
            return sorted(found)[:SHOWN]
        hidden |= gone
    return []


def _paths(file: IO[bytes]) -> Iterator[str]:
    with tarfile.open(fileobj=file, mode="r|*") as archive:
        for member in archive:
            if not member.isdir():
                yield member.name.removeprefix("./").lstrip("/")


def _hides(hidden: set[str], path: str) -> bool:
    parts = path.split("/")
    return any("/".join(parts[:end]) in hidden for end in range(1, len(parts) + 1))


def manifest_of(desk: Desk, place: Mapping[str, str], digest: str) -> Mapping[str, Any]:
    """BatchGetImage's manifest of `digest`.

    Raises:
        CommandError: ECR has no such image.
    """
    from .revisions import ask

    ecr = desk.client("ecr")
    reply = ask(
        desk,
        "BatchGetImage",
        lambda: ecr.batch_get_image(
            **place, imageIds=[{"imageDigest": digest}], acceptedMediaTypes=[*_INDEXES, *_MANIFESTS]
        ),
    )
    images = reply.get("images") or ()
    if not images:
        raise CommandError(
            f"repository {place['repositoryName']} has no image {digest}", exit_codes.NOT_FOUND
        )
    parsed = json.loads(images[0]["imageManifest"])
    return dict(parsed)


def holds(desk: Desk, place: Mapping[str, str], digest: str, name: str) -> list[str]:
    """The files of the image whose path contains `name`.

    Raises:
        CommandError: ECR has no such image, or a layer cannot be fetched.
    """
    from http.client import HTTPException

    from .revisions import ask

    found = layers(lambda each: manifest_of(desk, place, each), manifest_of(desk, place, digest))
    ecr = desk.client("ecr")

    def opened(layer: Mapping[str, Any]) -> Callable[[], IO[bytes]]:
        def open_layer() -> IO[bytes]:
            reply = ask(
                desk,
                "GetDownloadUrlForLayer",
                lambda: ecr.get_download_url_for_layer(**place, layerDigest=str(layer["digest"])),
            )
            return desk.outside.download(str(reply["downloadUrl"]))

        return open_layer

    def step(number: int) -> None:
        size = int(found[number - 1].get("size") or 0) / 1e6
        desk.screen.say(f"layer {number} of {len(found)} ({size:.1f} MB), newest first")

    try:
        return search([opened(layer) for layer in found], name, step)
    except (OSError, HTTPException, tarfile.TarError) as error:
        raise CommandError(
            f"a layer of the image cannot be read from the link that ECR gives ({error}): the way from here to S3, where ECR has "
            "its layers, must be open",
            exit_codes.UNREACHABLE,
        ) from None
