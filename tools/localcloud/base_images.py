"""The images that everything local stands on: Debian, databases, and what the examples' languages need; made once and kept in the
engine.

Debian is pulled where its registry can be reached. Where it cannot, it is made with debootstrap from the same
packages; the archive is kept in the cache, so that a new engine needs no network for it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tools.localcloud import downloads
from tools.localcloud.docker_api import Docker, context
from tools.localcloud.errors import LocalCloudError
from tools.localcloud.settings import cache_dir, locked

DEBIAN = "migratable-ecs/base:bookworm"
_OFFICIAL = "debian:bookworm-slim"
_RECIPES = Path(__file__).parent / "images"
# What debian:bookworm-slim leaves out too.
_NOT_NEEDED = (
    "var/cache/apt/archives",
    "var/lib/apt/lists",
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
)


def python(docker: Docker) -> str:
    """Name of the image with Python 3.11 and pip, built when the engine does not have it."""
    return _built(docker, "python")


def golang(docker: Docker) -> str:
    """Name of the image with the Go compiler, built when the engine does not have it."""
    wheels = downloads.wheels(downloads.GO_COMPILER)
    return _built(docker, "golang", python(docker), sorted(wheels.glob("*.whl")))


def mariadb(docker: Docker) -> str:
    """Name of the image with MariaDB 10.11, built when the engine does not have it."""
    return _built(docker, "mariadb")


def mariadb_name(docker: Docker) -> str:
    """Name that `mariadb` gives its image, whether it is built or not: it takes a minute, and few need it."""
    return _name(docker, "mariadb", debian(docker))


def node(docker: Docker) -> str:
    """Name of the image with Node.js 18, built when the engine does not have it."""
    return _built(docker, "node")


def postgres(docker: Docker) -> str:
    """Name of the image with PostgreSQL 15, built when the engine does not have it."""
    return _built(docker, "postgres")


def debian(docker: Docker) -> str:
    """Name of the Debian 12 image: there, pulled or imported; LocalCloudError when no way works."""
    with locked(cache_dir() / "images" / "base.lock"):
        if docker.image_id(DEBIAN):
            return DEBIAN
        repository, _, tag = DEBIAN.partition(":")
        if docker.pull(_OFFICIAL):
            docker.tag(_OFFICIAL, repository, tag)
            return DEBIAN
        archive = cache_dir() / "images" / "base-bookworm.tar.gz"
        if not archive.exists():
            _debootstrap(archive)
        docker.import_rootfs(archive, DEBIAN)
    return DEBIAN


#: Official image -> what stands for it here.
OFFICIAL: dict[str, Callable[[Docker], str]] = {
    "debian": debian,
    "golang": golang,
    "node": node,
    "python": python,
}


def _built(docker: Docker, recipe: str, base: str | None = None, more: Sequence[Path] = ()) -> str:
    """Build ``images/<recipe>`` on ``base`` (default Debian) with ``more`` files beside the recipe.

    The tag is a hash of the recipe and its base, so it is never stale; the names of ``more`` stand for their content.
    """
    base = base or debian(docker)
    name = _name(docker, recipe, base, more)
    with locked(cache_dir() / "images" / f"{recipe}.lock"):
        if not docker.image_id(name):
            docker.build(name, context((f.name, f) for f in [*_files(recipe), *more]), {"BASE": base})
    return name


def _name(docker: Docker, recipe: str, base: str, more: Sequence[Path] = ()) -> str:
    content = hashlib.sha256((docker.image_id(base) or "").encode())
    for file in _files(recipe):
        content.update(file.name.encode() + b"\0" + file.read_bytes())
    for file in more:
        content.update(file.name.encode() + b"\0")
    return f"migratable-ecs/{recipe}:{content.hexdigest()[:12]}"


def _files(recipe: str) -> list[Path]:
    return sorted((_RECIPES / recipe).iterdir())


def _debootstrap(archive: Path) -> None:
    """Make the root file system's archive; raise LocalCloudError with the last line when it fails."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise LocalCloudError(
            f"The image {_OFFICIAL} cannot be pulled, and only root on Debian can make it with "
            "debootstrap: pull or load "
            f"any Debian 12 image and tag it {DEBIAN}."
        )
    if not shutil.which("debootstrap"):
        _run(["apt-get", "install", "-y", "--no-install-recommends", "debootstrap"])
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=archive.parent) as root:
        tree = Path(root) / "rootfs"
        _run(
            [
                "debootstrap",
                "--variant=minbase",
                "--include=ca-certificates",
                "bookworm",
                str(tree),
                *_mirror(),
            ]
        )
        for name in _NOT_NEEDED:
            shutil.rmtree(tree / name, ignore_errors=True)
            (tree / name).mkdir(parents=True)
        draft = Path(root) / "rootfs.tar.gz"
        _run(["tar", "-C", str(tree), "--numeric-owner", "-czf", str(draft), "."])
        draft.replace(archive)


def _mirror() -> list[str]:
    """This system's apt mirror for bookworm; empty (debootstrap's default) when it has none."""
    targets = [
        "apt-get",
        "indextargets",
        "--format",
        "$(SITE) $(CODENAME) $(COMPONENT)",
        "Created-By: Packages",
    ]
    answer = subprocess.run(targets, capture_output=True, text=True, check=False)
    sites = [
        line.split()[0] for line in answer.stdout.splitlines() if line.split()[1:] == ["bookworm", "main"]
    ]
    return sites[:1]


def _run(command: list[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        last = " ".join((done.stderr or done.stdout).strip().splitlines()[-1:])
        raise LocalCloudError(
            f"`{' '.join(command[:3])} …` failed ({last}): without it there is no Debian image here."
        )
