"""Where an instance lives: its name, its state folder and what is remembered there."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tools.localcloud.errors import LocalCloudError

CHECKOUT = Path(__file__).resolve().parents[2]
REGION = "ap-northeast-1"
LABEL = "migratable-ecs.instance"
"""Docker label of everything an instance owns; its value is the instance's name."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


def cache_dir() -> Path:
    """Folder shared by all checkouts of this user: the engine, base images, downloaded wheels.

    ``MIGRATABLE_CACHE`` overrides ``$XDG_CACHE_HOME/migratable-ecs`` (default ``~/.cache/migratable-ecs``).
    """
    if override := os.environ.get("MIGRATABLE_CACHE"):
        return Path(override)
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "migratable-ecs"


def default_name(checkout: Path = CHECKOUT) -> str:
    """``LOCALCLOUD_INSTANCE``, else a name from the checkout's path: two checkouts never share one."""
    if name := os.environ.get("LOCALCLOUD_INSTANCE"):
        return name
    return "migratable-" + hashlib.sha256(str(checkout).encode()).hexdigest()[:6]


def check_name(name: str) -> str:
    """Return ``name`` when it can be a container name and a label; raise LocalCloudError otherwise."""
    if not _NAME.fullmatch(name):
        raise LocalCloudError(
            f"The instance name {name!r} is not usable: give 1 to 40 lower-case letters, digits and hyphens, "
            "beginning with a letter, in --instance or LOCALCLOUD_INSTANCE."
        )
    return name


@dataclass
class Process:
    """A detached process; ``started`` (clock ticks since boot) tells it from a later one of the same pid."""

    pid: int
    started: int


@dataclass
class State:
    """What an instance remembers between commands, kept as JSON in its state folder."""

    name: str
    ports: dict[str, int] = field(default_factory=dict)
    cloud_id: str = ""
    """Random; new whenever MiniStack starts empty. Also a tag of the ECS cluster."""
    docker_host: str = ""
    processes: dict[str, Process] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """An instance's name and folders. ``state_dir`` defaults to ``.local`` in the checkout."""

    name: str
    state_dir: Path

    @classmethod
    def of(cls, name: str | None = None, state_dir: Path | None = None) -> Settings:
        """Fill in the defaults; raise LocalCloudError for an unusable name."""
        folder = state_dir or Path(os.environ.get("LOCALCLOUD_STATE") or CHECKOUT / ".local")
        return cls(check_name(name or default_name()), folder.resolve())

    @property
    def label(self) -> str:
        """``key=value`` as Docker's label filter takes it."""
        return f"{LABEL}={self.name}"

    @property
    def logs(self) -> Path:
        return self.state_dir / "logs"

    @property
    def password_file(self) -> Path:
        return self.state_dir / "db_password"

    @property
    def mariadb_password_file(self) -> Path:
        return self.state_dir / "mariadb_password"

    @property
    def pulumi_dir(self) -> Path:
        return self.state_dir / "pulumi"

    @property
    def _state_file(self) -> Path:
        return self.state_dir / "state.json"

    def load(self) -> State:
        """The remembered state, or an empty one; LocalCloudError when the folder is another instance's."""
        if not self._state_file.exists():
            return State(self.name)
        raw = json.loads(self._state_file.read_text())
        if raw["name"] != self.name:
            raise LocalCloudError(
                f"The folder {self.state_dir} holds the state of instance {raw['name']!r}, not of "
                f"{self.name!r}: "
                "give each instance a folder of its own, or run `down` for the other one first."
            )
        raw["processes"] = {key: Process(**value) for key, value in raw["processes"].items()}
        return State(**raw)

    def save(self, state: State) -> None:
        """Write the state in one step, so that an interrupted command never leaves half a file."""
        self.state_dir.mkdir(parents=True, exist_ok=True)
        draft = self._state_file.with_suffix(".tmp")
        draft.write_text(json.dumps(asdict(state), indent=2) + "\n")
        draft.replace(self._state_file)

    def forget(self) -> None:
        """Remove what describes the running instance; logs and Pulumi's state folder stay for the reader."""
        self._state_file.unlink(missing_ok=True)
        self.password_file.unlink(missing_ok=True)
        self.mariadb_password_file.unlink(missing_ok=True)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on ``path`` for the block; the kernel lets go of it when the process dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
