"""The instance's MariaDB, beside its PostgreSQL: started only when it is asked for."""

from __future__ import annotations

import os
import secrets
import time
from dataclasses import dataclass

from tools.localcloud import base_images
from tools.localcloud.docker_api import Docker
from tools.localcloud.errors import LocalCloudError
from tools.localcloud.settings import LABEL, Settings

NAME = "learning"
USER = "learning_operator"
SECRET = "learning-mariadb-local"
PORT = 3306
_READY_SECONDS = 60
_PASSWORD_IN_CONTAINER = "/run/secrets/db_password"


@dataclass(frozen=True)
class MariaDB:
    """How to reach it. ``host`` is its container's address: it works from containers, and from a Linux host."""

    host: str
    password: str

    def secret(self) -> dict[str, str]:
        """The credentials as Secrets Manager keeps them, under the keys of the PostgreSQL secret."""
        return {
            "host": self.host,
            "port": str(PORT),
            "dbname": NAME,
            "operator_user": USER,
            "operator_password": self.password,
            "url": f"mysql2://{USER}:{self.password}@{self.host}:{PORT}/{NAME}",
        }


def container_name(settings: Settings) -> str:
    """Name of the container and of its volume."""
    return f"{settings.name}-mariadb"


def ensure(docker: Docker, settings: Settings) -> MariaDB:
    """Start it when it does not run, and wait until it takes a login.

    LocalCloudError when it does not get ready within a minute, with the last lines of its log.
    """
    name = container_name(settings)
    password = _password(docker, settings)
    found = next((c for c in docker.containers(settings.label) if c.name == name), None)
    if found is None:
        labels = {LABEL: settings.name, "migratable-ecs.role": "mariadb"}
        docker.create_volume(name, labels)
        docker.run(
            base_images.mariadb(docker),
            name,
            labels=labels,
            environment={
                "MARIADB_USER": USER,
                "MARIADB_DATABASE": NAME,
                "MARIADB_PASSWORD_FILE": _PASSWORD_IN_CONTAINER,
            },
            volumes=[
                f"{name}:/var/lib/mysql",
                f"{settings.mariadb_password_file}:{_PASSWORD_IN_CONTAINER}:ro",
            ],
        )
    elif found.status != "running":
        docker.start(found.id)
    _wait(docker, name)
    return MariaDB(docker.address(name), password)


def _password(docker: Docker, settings: Settings) -> str:
    """The password, made with the container's volume: one left over by an instance that is gone is replaced."""
    file = settings.mariadb_password_file
    if container_name(settings) in docker.volumes(settings.label):
        if file.exists():
            return file.read_text()
        raise LocalCloudError(
            f"The MariaDB of {settings.name} has data, but its password file {file} is gone: run "
            "`scripts/local reset` to begin with an empty database."
        )
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    password = secrets.token_hex(24)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        handle.write(password)
    return password


def _wait(docker: Docker, name: str) -> None:
    # By TCP and with the password: while the server sets itself up, it does not take these yet.
    login = f"MYSQL_PWD=$(cat {_PASSWORD_IN_CONTAINER}) mariadb --host=127.0.0.1 --user={USER} -e 'SELECT 1' {NAME}"
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        if not any(c.name == name and c.status == "running" for c in docker.containers(LABEL)):
            break
        if docker.exit_of(name, ["sh", "-c", login]) == 0:
            return
        time.sleep(0.3)
    raise LocalCloudError(
        f"The database {name} did not get ready; `scripts/local reset` begins anew. Its log ends with:\n"
        + docker.logs(name, 12)
    )
