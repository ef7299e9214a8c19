"""An app in its own git repository, whose versions are what the runbooks of docs/operating.md are about."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

_IDENTITY = ("-c", "user.name=t", "-c", "user.email=t@example.com")

#: Which column the app reads and which ones it writes is what expand and contract is about.
VIEWS = """
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse

READS, WRITES = {reads!r}, {writes!r}


def data(request: HttpRequest) -> JsonResponse:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {{READS}} FROM courses_course ORDER BY {{READS}}")
        names = [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT session_user")
        return JsonResponse({{"version": settings.VERSION, "user": cursor.fetchone()[0], "courses": names}})


def page(request: HttpRequest) -> JsonResponse:
    name = request.GET["add"]
    places = ", ".join(["%s"] * (len(WRITES) + 1))
    with connection.cursor() as cursor:
        statement = f"INSERT INTO courses_course (slug, {{', '.join(WRITES)}}) VALUES ({{places}})"
        cursor.execute(statement, [name, *[name] * len(WRITES)])
    return JsonResponse({{"added": name}})


def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({{"version": settings.VERSION}})
"""

MIGRATION = """
import time

from django.db import connection, migrations


def work(apps, schema_editor):
    {work}


class Migration(migrations.Migration):
    atomic = {atomic}
    dependencies = (("courses", {before!r}),)
    operations = (
        *(migrations.RunSQL(up, down) for up, down in {sql!r}),
        migrations.RunPython(work, migrations.RunPython.noop),
    )
"""

COMMAND = """
from django.core.management import BaseCommand
from django.db import connection


class Command(BaseCommand):
    def handle(self, *args, **options):
        with connection.cursor() as cursor:
            {work}
"""

#: In batches of their own transactions, so that a second run goes on where the first was stopped.
IN_BATCHES = """
            while True:
                cursor.execute(
                    "UPDATE courses_course SET heading = title WHERE id IN "
                    "(SELECT id FROM courses_course WHERE heading IS NULL LIMIT 2)"
                )
                if not cursor.rowcount:
                    break
                self.stdout.write(f"{cursor.rowcount} rows")
"""

#: A second of work for each course, which is what is left of hours.
SLOW = """
    with connection.cursor() as cursor:
        for number in range(1, 7):
            print(f"batch {number} of 6", flush=True)
            cursor.execute("UPDATE courses_course SET nickname = slug WHERE id = %s", [number])
            time.sleep(1)
"""


@dataclass
class App:
    """The repository in `folder`; its image is made from the example's, `base`."""

    folder: Path
    base: str
    #: Tags of its images, oldest first.
    commits: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self._git("init", "-q")
        self.write("Dockerfile", f"FROM {self.base}\nCOPY app /app\n")
        self.views("title", "title")

    def write(self, name: str, text: str) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def views(self, reads: str, *writes: str) -> None:
        self.write("app/courses/views.py", VIEWS.format(reads=reads, writes=writes))

    def migration(
        self, name: str, *sql: tuple[str, str], after: str, work: str = "pass", atomic: bool = True
    ) -> None:
        """`sql`: statements, each with the one that takes it back."""
        text = MIGRATION.format(work=work.strip(), atomic=atomic, before=after, sql=sql)
        self.write(f"app/courses/migrations/{name}.py", text)

    def command(self, name: str, work: str) -> None:
        """A command of manage.py."""
        for folder in ("management", "management/commands"):
            self.write(f"app/courses/{folder}/__init__.py", "")
        self.write(f"app/courses/management/commands/{name}.py", COMMAND.format(work=work.strip()))

    def commit(self) -> str:
        """What `make deploy` builds next; returns its tag."""
        self._git("add", ".")
        self._git(*_IDENTITY, "commit", "-q", "-m", "app")
        self.commits.append(self._git("rev-parse", "HEAD"))
        return self.commits[-1]

    def _git(self, *words: str) -> str:
        return subprocess.run(
            ["git", "-C", str(self.folder), *words], check=True, capture_output=True, text=True
        ).stdout.strip()
