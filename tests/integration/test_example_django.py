"""The Django example's three versions, run directly (without ECS) against a PostgreSQL container."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from tools.localcloud import database, engine, example_images
from tools.localcloud.database import Database
from tools.localcloud.docker_api import Docker
from tools.localcloud.errors import LocalCloudError
from tools.localcloud.ports import Registry
from tools.localcloud.settings import LABEL, Settings, State

pytestmark = pytest.mark.docker

MIGRATE = ("python", "manage.py", "migrate", "--no-input")
V1 = ["0001_initial", "0002_learners", "0003_first_courses"]


@dataclass
class Lab:
    """A database of this test's own, and the means to run an image against it."""

    docker: Docker
    settings: Settings
    database: Database

    def start(self, version: str, *command: str, **variables: str) -> str:
        """Start the image in the background, with `variables` besides the database's; return the container's name."""
        image = example_images.build(self.docker, "django", version)
        name = f"{self.settings.name}-{version}-{uuid.uuid4().hex[:6]}"
        environment = {
            "DB_HOST": self.database.host,
            "DB_PORT": str(self.database.port),
            "DB_NAME": database.NAME,
            "DB_USER": database.USER,
            "DB_PASSWORD": self.database.password,
            "DJANGO_SECRET_KEY": uuid.uuid4().hex,
            **variables,
        }
        options = {"command": list(command)} if command else {}
        labels = {LABEL: self.settings.name}
        self.docker.run(image, name, environment=environment, labels=labels, **options)
        return name

    def migrate(self, version: str) -> tuple[int, str]:
        """Run the version's migrations to the end; return exit code and output."""
        name = self.start(version, *MIGRATE)
        return self.docker.wait(name), self.docker.logs(name)

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        """Ask the database itself."""
        with psycopg.connect(self.database.dsn("127.0.0.1")) as connection:
            return list(connection.execute(statement).fetchall())  # type: ignore[call-overload]

    def applied(self) -> list[str]:
        """Names of the applied migrations, in order."""
        return [str(row[0]) for row in self.rows("select name from django_migrations order by id")]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    settings = Settings.of(f"test-django-{uuid.uuid4().hex[:6]}", tmp_path_factory.mktemp("state"))
    host, _ = engine.ensure()
    docker = Docker(host)
    settings.save(State(settings.name))
    port = Registry().reserve(settings, {}, set())["database"]
    try:
        db, _ = database.ensure(docker, settings, port)
        yield Lab(docker, settings, db)
    finally:
        docker.remove_labelled(settings.label)
        Registry().release(settings.name)


def _get(url: str) -> str:
    """Read a page, waiting up to 20 s for the server to start."""
    deadline = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_a_version_is_one_image_and_each_version_another(lab: Lab) -> None:
    ids = {}
    for version in ("v1", "v2", "broken"):
        ids[version] = lab.docker.image_id(example_images.build(lab.docker, "django", version))
    assert len(set(ids.values())) == 3
    assert lab.docker.image_id(example_images.build(lab.docker, "django", "v1")) == ids["v1"]


def test_v1_then_v2_then_broken_then_v2_again(lab: Lab) -> None:
    code, output = lab.migrate("v1")
    assert code == 0, output
    assert [f"Applying courses.{name}... OK" in output for name in V1] == [True] * 3
    assert lab.applied() == V1

    code, output = lab.migrate("v1")
    assert (code, "No migrations to apply." in output) == (0, True)

    code, output = lab.migrate("v2")
    assert code == 0, output
    assert "Applying courses.0004_course_level" in output
    assert "Applying courses.0003" not in output
    assert lab.applied() == [*V1, "0004_course_level"]
    assert lab.rows("select level from courses_course where title = 'Algebra'") == [("advanced",)]

    for _ in range(2):  # it fails in the same way when it is tried again
        code, output = lab.migrate("broken")
        assert code == 1
        assert "    Drawing: 5 points" in output
        assert output.splitlines()[-1] == (
            "CommandError: cannot rate the course 'Economics': it has no lessons"
        )
        assert "Traceback" not in output
    assert lab.applied() == [*V1, "0004_course_level"]
    rated = lab.rows("select count(rating), count(*) from courses_course")
    assert rated == [(4, 6)], "half of the work stays, as the migration is not atomic"

    code, output = lab.migrate("v2")
    assert (code, "No migrations to apply." in output) == (0, True)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_migrations_are_those_of_the_models(lab: Lab, version: str) -> None:
    name = lab.start(version, "python", "manage.py", "makemigrations", "--check", "--dry-run")
    assert lab.docker.wait(name) == 0, lab.docker.logs(name)


def test_the_pages_show_the_migrated_rows_and_the_version(lab: Lab) -> None:
    assert lab.migrate("v1")[0] == 0
    name = lab.start("v1")
    base = f"http://{lab.docker.address(name)}:8000"
    assert json.loads(_get(f"{base}/healthz")) == {"status": "ok", "version": "v1"}
    shown = json.loads(_get(f"{base}/courses.json"))
    assert shown["version"] == "v1"
    expected = lab.rows("select title from courses_course order by title")
    assert [(row["title"],) for row in shown["courses"]] == expected
    assert "level" not in shown["courses"][0]
    page = _get(f"{base}/")
    assert "<td>Chemistry</td><td>3</td>" in page
    assert "Version v1" in page

    assert lab.migrate("v2")[0] == 0
    name = lab.start("v2")
    page = _get(f"http://{lab.docker.address(name)}:8000/")
    assert "<td>Chemistry</td><td>3</td><td>advanced</td>" in page


def test_the_application_does_not_run_as_root_and_stops_at_once(lab: Lab) -> None:
    name = lab.start("v1")
    _get(f"http://{lab.docker.address(name)}:8000/healthz")
    assert lab.docker.exit_of(name, ["sh", "-c", 'test "$(id -u)" = 10001']) == 0
    begun = time.monotonic()
    lab.docker.stop(name)
    assert time.monotonic() - begun < 5
    assert lab.docker.wait(name) == 0


def test_hosts_are_the_domain_the_load_balancer_and_the_address_that_health_checks_name(lab: Lab) -> None:
    name = lab.start("v1", ALLOWED_HOSTS="*.elb.amazonaws.com,staging.grape-app.jp")
    url = f"http://{lab.docker.address(name)}:8000/healthz"
    _get(url)
    for host in ("staging.grape-app.jp", "app-1.ap-northeast-1.elb.amazonaws.com"):
        with urllib.request.urlopen(urllib.request.Request(url, headers={"Host": host}), timeout=5) as answer:
            assert answer.status == 200
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(urllib.request.Request(url, headers={"Host": "grape-app.jp"}), timeout=5)


def test_a_missing_variable_is_named_in_one_sentence(lab: Lab) -> None:
    image = example_images.build(lab.docker, "django", "v1")
    name = f"{lab.settings.name}-bare"
    lab.docker.run(image, name, labels={LABEL: lab.settings.name}, command=list(MIGRATE))
    assert lab.docker.wait(name) == 1
    assert lab.docker.logs(name).strip() == (
        "The environment variable DJANGO_SECRET_KEY is not set: the application needs it to start."
    )


def test_an_unknown_version_is_refused_with_those_there_are(lab: Lab) -> None:
    with pytest.raises(LocalCloudError, match="no version 'v9': choose one of v1, v2, broken"):
        example_images.build(lab.docker, "django", "v9")
