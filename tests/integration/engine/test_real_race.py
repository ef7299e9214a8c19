"""P3 and P4 for real: several processes of the operating system, one local cloud, one database that remembers."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from migratable_ecs.migration.spec import RunSpec

from tests.integration.engine.real import Real
from tools.localcloud.instance import LocalCloud

pytestmark = [pytest.mark.docker, pytest.mark.timeout(60, func_only=True)]

REPOSITORY = Path(__file__).resolve().parents[3]
TABLE = "CREATE TABLE race (id serial, family text, digest text, begun timestamptz, ended timestamptz, beside int)"
# `beside`: how many containers of the family were at work when this one began.
SCRIPT = """echo begun
id=$(psql -XqAt "$DSN" -c "INSERT INTO race (family, digest, begun, beside) SELECT '{family}', '{digest}', clock_timestamp(),
  (SELECT count(*) FROM race WHERE family = '{family}' AND ended IS NULL) RETURNING id") || exit 1
sleep {seconds}
psql -XqAt "$DSN" -c "UPDATE race SET ended = clock_timestamp() WHERE id = $id" || exit 1
echo ended"""


class Deployer:
    """A process that calls `execute` when told to go."""

    def __init__(self, real: Real, spec: RunSpec, *, hold: bool = False) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.engine.deployer"],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._tell(json.dumps(real.job(spec, hold=hold)))

    def ready(self) -> None:
        assert self._next() == "ready"

    def go(self) -> None:
        self._tell("go")

    def at_run_task(self) -> None:
        """Wait until it is about to send its RunTask."""
        while (line := self._next()) != "at RunTask":
            self.lines.append(line.removeprefix("| "))

    def wait_for(self, line: str) -> None:
        """Read its console up to this line."""
        while line not in self.lines:
            self.lines.append(self._next().removeprefix("| "))

    def outcome(self) -> dict[str, Any]:
        """Its record; an AssertionError when it ended otherwise."""
        while (line := self._next()).startswith("| "):
            self.lines.append(line.removeprefix("| "))
        result = json.loads(line)
        assert "record" in result, result
        return dict(result["record"])

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        self.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def _tell(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def _next(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the process ended early: {self.process.poll()}, after {self.lines}"
        return line.rstrip("\n")


class Race:
    """One family, its deployers, and what the database says of its containers."""

    def __init__(self, real: Real) -> None:
        self.real = real
        self.deployers: list[Deployer] = []
        real.sql("DROP TABLE IF EXISTS race")
        real.sql(TABLE)

    def spec(self, digest: str, seconds: float = 2.0) -> RunSpec:
        script = SCRIPT.format(family=self.real.family, digest=digest, seconds=seconds)
        return self.real.spec(script, digest=digest, database=True)

    def prepare(self, *specs: RunSpec, hold: bool = False) -> list[Deployer]:
        """Processes that have everything loaded and wait."""
        made = [Deployer(self.real, spec, hold=hold) for spec in specs]
        self.deployers += made
        for one in made:
            one.ready()
        return made

    def start(self, *specs: RunSpec) -> list[Deployer]:
        """All at the same moment."""
        made = self.prepare(*specs)
        for one in made:
            one.go()
        return made

    def collide(self, *specs: RunSpec) -> list[Deployer]:
        """All have found no task of the family, and then send their RunTask at the same moment."""
        made = self.prepare(*specs, hold=True)
        for one in made:
            one.go()
        for one in made:
            one.at_run_task()
        for one in made:
            one.go()
        return made

    def rows(self) -> list[tuple[str, Any, Any, int]]:
        """(digest, begun, ended, beside) of every container, by its begin."""
        return [
            (str(d), b, e, int(n))
            for d, b, e, n in self.real.sql("SELECT digest, begun, ended, beside FROM race ORDER BY begun")
        ]

    def assert_never_two_at_once(self) -> None:
        rows = self.rows()
        assert [beside for *_, beside in rows] == [0] * len(rows)
        for (_, _, ended, _), (_, begun, _, _) in pairwise(rows):
            assert ended is not None
            assert ended <= begun
        tasks = self.real.tasks()
        for earlier, later in pairwise(tasks):
            assert earlier["executionStoppedAt"] <= later["startedAt"]


@pytest.fixture
def race(cloud: LocalCloud) -> Iterator[Race]:
    made = Race(Real(cloud))
    yield made
    for one in made.deployers:
        one.close()


@pytest.mark.parametrize("processes", [2, 4])
def test_the_same_run_by_several_processes_is_one_container(race: Race, processes: int) -> None:
    spec = race.spec("a")
    records = [one.outcome() for one in race.collide(*[spec] * processes)]
    assert {record["status"] for record in records} == {"succeeded"}
    assert len({record["task_arn"] for record in records}) == 1
    assert len(race.real.tasks()) == 1
    assert [digest for digest, *_ in race.rows()] == ["a"]
    for one, record in zip(race.deployers, records, strict=True):
        assert [line for line in one.lines if line in ("begun", "ended")] == ["begun", "ended"]
        assert record["log"]["complete"] is True


@pytest.mark.parametrize("digests", ["ab", "abcd"])
def test_different_runs_of_a_family_are_each_run_once_and_never_two_at_once(race: Race, digests: str) -> None:
    specs = [race.spec(digest) for digest in digests]
    records = [one.outcome() for one in race.collide(*specs)]
    assert {record["status"] for record in records} == {"succeeded"}
    assert sorted(digest for digest, *_ in race.rows()) == list(digests)
    assert len({record["task_arn"] for record in records}) == len(race.real.tasks()) == len(digests)
    race.assert_never_two_at_once()


def test_two_of_the_same_run_against_two_of_another(race: Race) -> None:
    ours, theirs = race.spec("a"), race.spec("b")
    records = [one.outcome() for one in race.collide(ours, theirs, ours, theirs)]
    assert {record["status"] for record in records} == {"succeeded"}
    assert sorted(digest for digest, *_ in race.rows()) == ["a", "b"]
    race.assert_never_two_at_once()


def test_a_killed_process_s_task_is_adopted_by_a_third(race: Race) -> None:
    spec = race.spec("a", seconds=12)
    first, second = race.start(spec, spec)
    (third,) = race.prepare(spec)
    first.wait_for("begun")
    first.kill()
    third.go()
    adopted, survivor = third.outcome(), second.outcome()
    assert adopted["adopted"] is True
    assert any("executing already; following it from its first line" in line for line in third.lines)
    for record in (adopted, survivor):
        assert (record["status"], record["log"]["complete"], record["log"]["lines"]) == ("succeeded", True, 2)
    assert len(race.real.tasks()) == 1
    assert [digest for digest, *_ in race.rows()] == ["a"]


def test_a_run_whose_only_process_was_killed_is_adopted_after_its_end(race: Race) -> None:
    spec = race.spec("a", seconds=3)
    (first,) = race.start(spec)
    first.wait_for("begun")
    first.kill()
    (second,) = race.prepare(spec)
    while not any(ended for _, _, ended, _ in race.rows()):
        time.sleep(0.1)
    second.go()
    record = second.outcome()
    assert (record["status"], record["adopted"], record["log"]["lines"]) == ("succeeded", True, 2)
    assert len(race.real.tasks()) == 1
    assert len(race.rows()) == 1


def test_another_image_waits_for_the_task_of_a_killed_process(race: Race) -> None:
    (first,) = race.start(race.spec("a", seconds=8))
    first.wait_for("begun")
    first.kill()
    (second,) = race.start(race.spec("b"))
    assert second.outcome()["status"] == "succeeded"
    assert [digest for digest, *_ in race.rows()] == ["a", "b"]
    race.assert_never_two_at_once()
