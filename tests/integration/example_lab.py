"""A database of a test's own, and the means to run an example's images against it directly, without ECS."""

from __future__ import annotations

import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pymysql

from tools.localcloud import database, database_mariadb, engine, example_images
from tools.localcloud.docker_api import Docker
from tools.localcloud.ports import Registry
from tools.localcloud.settings import LABEL, Settings, State


@dataclass
class Lab:
    """Starts images of `examples/` with the variables that ECS would give them."""

    docker: Docker
    settings: Settings
    variables: Mapping[str, str]
    rows: Callable[[str], list[tuple[object, ...]]]
    """Asks the database itself."""
    _built: dict[tuple[str, str], str] = field(default_factory=dict)

    def image(self, image: str, version: str) -> str:
        """Name of the image, built in the lab's first use of it."""
        if (image, version) not in self._built:
            self._built[image, version] = example_images.build(self.docker, image, version)
        return self._built[image, version]

    def start(self, image: str, version: str, *command: str, **variables: str) -> str:
        """Start the image in the background, with `variables` besides the database's; return the container's name."""
        return self.start_with(image, version, {**self.variables, **variables}, *command)

    def start_with(self, image: str, version: str, variables: Mapping[str, str], *command: str) -> str:
        name = f"{self.settings.name}-{image}-{version}-{uuid.uuid4().hex[:6]}"
        options = {"command": list(command)} if command else {}
        labels = {LABEL: self.settings.name}
        self.docker.run(
            self.image(image, version), name, environment=dict(variables), labels=labels, **options
        )
        return name

    def finish(self, image: str, version: str, *command: str, **variables: str) -> tuple[int, str]:
        """Run the image to its end; return exit code and output."""
        return self.end_of(self.start(image, version, *command, **variables))

    def end_of(self, container: str) -> tuple[int, str]:
        return self.docker.wait(container), self.docker.logs(container)

    def get(self, container: str, path: str) -> str:
        """Read a page of the app's, waiting up to 30 s for it to start."""
        deadline = time.monotonic() + 30
        url = f"http://{self.docker.address(container)}:8000{path}"
        while True:
            try:
                with urllib.request.urlopen(url, timeout=10) as answer:
                    return str(answer.read().decode())
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)


@contextmanager
def postgres(system: str, folder: Path) -> Iterator[Lab]:
    """A lab with an empty PostgreSQL, gone after the block with every container it started."""
    with _emptied(system, folder) as (docker, settings):
        port = Registry().reserve(settings, {}, set())["database"]
        made, _ = database.ensure(docker, settings, port)
        variables = {
            "DB_HOST": made.host,
            "DB_PORT": str(made.port),
            "DB_NAME": database.NAME,
            "DB_USER": database.USER,
            "DB_PASSWORD": made.password,
        }

        def rows(statement: str) -> list[tuple[object, ...]]:
            with psycopg.connect(made.dsn("127.0.0.1"), autocommit=True) as connection:
                answer = connection.execute(statement)  # type: ignore[arg-type]
                return list(answer.fetchall()) if answer.description else []

        yield Lab(docker, settings, variables, rows)


@contextmanager
def mariadb(system: str, folder: Path) -> Iterator[Lab]:
    """A lab with an empty MariaDB; its variables are the keys of the secret."""
    with _emptied(system, folder) as (docker, settings):
        made = database_mariadb.ensure(docker, settings)

        def rows(statement: str) -> list[tuple[object, ...]]:
            login = {"user": database_mariadb.USER, "password": made.password}
            connection = pymysql.connect(
                host=made.host, database=database_mariadb.NAME, autocommit=True, **login
            )
            with connection, connection.cursor() as cursor:
                cursor.execute(statement)
                return list(cursor.fetchall())

        yield Lab(docker, settings, made.secret(), rows)


@contextmanager
def _emptied(system: str, folder: Path) -> Iterator[tuple[Docker, Settings]]:
    """An engine, and the name of an instance; what carries its label is removed after the block."""
    settings = Settings.of(f"test-{system}-{uuid.uuid4().hex[:6]}", folder)
    docker = Docker(engine.ensure()[0])
    settings.save(State(settings.name))
    try:
        yield docker, settings
    finally:
        docker.remove_labelled(settings.label)
        Registry().release(settings.name)
