"""What end-to-end tests start from: a local cloud, a stack in it, its database."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest

from tests import local_cloud
from tests.e2e.stack import Stack
from tools.localcloud.instance import LocalCloud


@pytest.fixture(scope="session")
def cloud() -> Iterator[LocalCloud]:
    """One cloud for all end-to-end tests; gone with them."""
    with local_cloud.running("e2e", "migratable-e2e-") as made:
        yield made


@pytest.fixture(scope="module")
def stack(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The program's stack `local`, v1 pushed, an empty database, nothing deployed; destroyed after the module's last test."""
    empty(cloud.db_dsn())
    cloud.push("django", "v1")
    made = Stack(cloud, tmp_path_factory.mktemp("stack"))
    yield made
    made.run("cancel", "--stack", made.name, "--yes")
    assert made.destroy().ok
    assert made.run("stack", "rm", made.name, "--yes").ok


@pytest.fixture
def query(cloud: LocalCloud) -> Callable[[str], list[tuple[object, ...]]]:
    """Ask the database."""

    def ask(sql: str) -> list[tuple[object, ...]]:
        with psycopg.connect(cloud.db_dsn()) as connection:
            return connection.execute(sql).fetchall()  # type: ignore[arg-type]

    return ask


def empty(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
