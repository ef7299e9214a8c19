"""The instance's PostgreSQL: a container with its data on a labelled volume and a password of its own."""

from __future__ import annotations

import os
import secrets
import time
from dataclasses import dataclass

import psycopg

from tools.localcloud import base_images
from tools.localcloud.docker_api import Docker
from tools.localcloud.errors import LocalCloudError
from tools.localcloud.settings import LABEL, Settings

NAME = "learning"
USER = "learning_operator"
_READY_SECONDS = 60
_STOPPED = {"exited", "created"}


@dataclass(frozen=True)
class Database:
    """How to reach it. ``host`` is the bridge's address: it works from containers and from this machine."""

    host: str
    port: int
    password: str

    def dsn(self, host: str | None = None) -> str:
        """A libpq URL, which psycopg takes."""
        return f"postgresql://{USER}:{self.password}@{host or self.host}:{self.port}/{NAME}"


def container_name(settings: Settings) -> str:
    """Name of the container and of its volume."""
    return f"{settings.name}-db"


def is_running(docker: Docker, settings: Settings) -> bool:
    """Whether the instance's database container runs."""
    own = docker.containers(settings.label)
    return any(c.name == container_name(settings) and c.status == "running" for c in own)


def ensure(docker: Docker, settings: Settings, port: int) -> tuple[Database, str]:
    """Start the database when it does not run, and wait until it takes a login; return it and what was done.

    Raises LocalCloudError when the password was lost, or the server does not get ready (with its last lines).
    """
    name = container_name(settings)
    password, fresh = _password(docker, settings)
    database = Database(docker.bridge_address(), port, password)
    found = next((c for c in docker.containers(settings.label) if c.name == name), None)
    if found and found.status in _STOPPED:
        docker.remove(found.id)  # its ports may have changed; the data is on the volume
        found = None
    if found is None:
        labels = {LABEL: settings.name, "migratable-ecs.role": "database"}
        docker.create_volume(name, labels)
        secret = "/run/secrets/db_password"
        docker.run(
            base_images.postgres(docker),
            name,
            labels=labels,
            environment={"POSTGRES_USER": USER, "POSTGRES_DB": NAME, "POSTGRES_PASSWORD_FILE": secret},
            volumes=[f"{name}:/var/lib/postgresql/data", f"{settings.password_file}:{secret}:ro"],
            ports={"5432/tcp": [("127.0.0.1", port), (database.host, port)]},
        )
    _wait(docker, name, database)
    return database, "running" if found else "created" if fresh else "started with its data"


def _password(docker: Docker, settings: Settings) -> tuple[str, bool]:
    file = settings.password_file
    if file.exists():
        return file.read_text(), False
    if container_name(settings) in docker.volumes(settings.label):
        raise LocalCloudError(
            f"The database of {settings.name} has data, but its password file {file} is gone: run "
            "`scripts/local reset` "
            "to begin with an empty database."
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    password = secrets.token_urlsafe(24)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.write(password)
    return password, True


def _wait(docker: Docker, name: str, database: Database) -> None:
    problem = ""
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        try:
            psycopg.connect(database.dsn("127.0.0.1"), connect_timeout=3).close()
            return
        except psycopg.OperationalError as error:
            problem = " ".join(str(error).split())
        if not any(c.name == name and c.status == "running" for c in docker.containers(LABEL)):
            break
        time.sleep(0.2)
    raise LocalCloudError(
        f"The database {name} did not get ready ({problem}); `scripts/local reset` begins anew. Its log "
        "ends with:\n" + docker.logs(name, 12)
    )
