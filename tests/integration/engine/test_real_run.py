"""`execute` on the local cloud: real containers, without Pulumi."""

from __future__ import annotations

import hashlib
import time

import pytest
from migratable_ecs.migration.errors import MigrationFailed, MigrationInterrupted, PreflightFailed

from tests.integration.engine.real import Console, Real
from tools.localcloud.instance import LocalCloud

pytestmark = [pytest.mark.docker, pytest.mark.timeout(60, func_only=True)]


@pytest.fixture
def real(cloud: LocalCloud) -> Real:
    return Real(cloud)


def sha256(*lines: str) -> str:
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def test_a_success_shows_its_lines_while_it_runs(real: Real) -> None:
    console = Console()
    record = real.run(real.spec("echo first; sleep 4; echo second"), console)
    assert (record.status, record.exit_code, record.attempts, record.adopted) == ("succeeded", 0, 1, False)
    assert console.at("second") - console.at("first") > 1.5, "the first line came while the container slept"
    assert (record.log.lines, record.log.complete) == (2, True)
    assert record.log.sha256 == sha256("first", "second")
    (task,) = real.tasks()
    assert record.task_arn == task["taskArn"]
    assert 3.5 < record.timings["run"] < 10


def test_the_end_is_seen_soon_after_the_exit(real: Real) -> None:
    began = time.time()
    record = real.run(real.spec("echo here"))
    took = time.time() - began
    assert record.status == "succeeded"
    assert took < 10, record.timings


def test_a_failure_tells_exit_code_and_last_lines(real: Real) -> None:
    console = Console()
    with pytest.raises(MigrationFailed) as failed:
        real.run(real.spec("echo before; sleep 0.5; echo 'relation x does not exist' >&2; exit 3"), console)
    text = str(failed.value)
    assert "3" in text.splitlines()[0]
    assert "relation x does not exist" in text
    assert "Traceback" not in text
    assert failed.value.record is not None
    assert failed.value.record["exit_code"] == 3
    assert failed.value.record["last_lines"][-1] == "relation x does not exist"
    assert failed.value.record["log"]["complete"] is True


def test_a_timeout_stops_the_container(real: Real) -> None:
    console = Console()
    spec = real.spec("echo begun; sleep 300", timeout=6.0, drain_timeout=3.0)
    with pytest.raises(MigrationFailed) as failed:
        real.run(spec, console)
    assert failed.value.record is not None
    assert failed.value.record["cause"] == "timeout"
    assert "begun" in console.lines
    assert "6 s" in str(failed.value)
    (task,) = real.tasks()
    assert (task["desiredStatus"], task["stopCode"]) == ("STOPPED", "UserInitiated")
    assert real.containers() == []


def test_a_hundred_thousand_lines_arrive_whole(real: Real) -> None:
    lines = [f"line {number}" for number in range(100_000)]
    console = Console()
    record = real.run(real.spec("perl -e 'print \"line $_\\n\" for 0..99999'"), console)
    assert record.log.lines == len(lines)
    assert record.log.sha256 == sha256(*lines)
    assert record.log.complete, record.log.reason
    assert [line for line in console.lines if line.startswith("line ")] == lines


def test_the_end_marker_is_never_shown_and_exit_does_not_skip_it(real: Real) -> None:
    console = Console()
    with pytest.raises(MigrationFailed) as failed:
        real.run(real.spec("echo one; printf 'no newline'; exit 4; echo never"), console)
    assert failed.value.record is not None
    assert failed.value.record["exit_code"] == 4
    assert failed.value.record["log"]["complete"] is True
    assert failed.value.record["log"]["lines"] == 2
    assert failed.value.record["log"]["sha256"] == sha256("one", "no newline")
    assert not [line for line in console.lines if "end of log" in line]
    assert "never" not in console.lines


def test_without_a_shell_the_lines_come_and_nothing_is_called_proven(real: Real) -> None:
    console = Console()
    record = real.run(
        real.spec(command=["perl", "-e", 'print "a\\nb\\n"; print STDERR "c\\n"'], drain_timeout=3.0), console
    )
    assert record.status == "succeeded"
    assert sorted(line for line in console.lines if len(line) == 1) == ["a", "b", "c"]
    assert record.log.lines == 3
    assert record.log.complete is False
    assert "does not run in a shell" in record.log.reason


def test_without_a_shell_a_program_may_prove_its_log_itself(real: Real) -> None:
    script = 'print "a\nb\n"; for (STDOUT, STDERR) { print $_ "$ENV{MIGRATABLE_ECS_LOG_END}\n" }'
    console = Console()
    record = real.run(real.spec(command=["perl", "-e", script]), console)
    assert record.log.complete, record.log.reason
    assert record.log.lines == 2
    assert record.timings["drain"] < 5
    assert not [line for line in console.lines if "end of log" in line]


def test_a_failed_attempt_is_followed_by_another_when_asked_for(real: Real) -> None:
    name = real.family.replace("-", "_")
    real.sql(f"CREATE SEQUENCE {name}")
    script = f'n=$(psql -XqAt "$DSN" -c "SELECT nextval(\'{name}\')"); echo try $n; test $n -ge 2'
    console = Console()
    record = real.run(real.spec(script, database=True, attempts=3), console)
    assert (record.status, record.attempts) == ("succeeded", 2)
    assert {"try 1", "try 2"} <= set(console.lines)
    assert [task["containers"][0]["exitCode"] for task in real.tasks()] == [1, 0]
    assert [run["status"] for run in real.history()] == ["failed", "succeeded"]


def test_every_run_is_in_the_history_afterwards(real: Real) -> None:
    with pytest.raises(MigrationFailed):
        real.run(real.spec("exit 1", digest="a"))
    good = real.run(real.spec("echo fine", digest="b"))
    bad_run, good_run = real.history()
    assert (bad_run["status"], bad_run["exit_code"]) == ("failed", 1)
    assert (good_run["status"], good_run["digest"]) == ("succeeded", "sha256:" + "b" * 64)
    assert good_run["task_arn"] == good.task_arn


def test_a_second_call_adopts_the_task_that_runs_from_its_first_line(real: Real) -> None:
    spec = real.spec("echo first; sleep 6; echo last")
    first, second = Console(), Console()
    with pytest.raises(MigrationInterrupted):
        real.run(spec, first, cancelled=lambda: "first" in first.lines)
    record = real.run(spec, second)
    assert (record.status, record.adopted) == ("succeeded", True)
    assert [line for line in second.lines if line in ("first", "last")] == ["first", "last"]
    assert record.log.complete
    assert len(real.tasks()) == 1


def test_a_call_after_the_end_takes_over_the_result(real: Real) -> None:
    spec = real.spec("echo once")
    done = real.run(spec)
    again = real.run(spec)
    assert (again.status, again.adopted, again.task_arn) == ("succeeded", True, done.task_arn)
    assert again.log.sha256 == done.log.sha256
    assert len(real.tasks()) == 1


def test_a_failed_run_is_started_anew_by_the_next_call(real: Real) -> None:
    spec = real.spec("exit 1")
    for _ in range(2):
        with pytest.raises(MigrationFailed):
            real.run(spec)
    assert len(real.tasks()) == 2


def test_on_cancel_stop_stops_the_container(real: Real) -> None:
    console = Console()
    with pytest.raises(MigrationInterrupted):
        real.run(
            real.spec("echo first; sleep 300", on_cancel="stop"),
            console,
            cancelled=lambda: "first" in console.lines,
        )
    end = time.monotonic() + 15
    while real.tasks()[0]["lastStatus"] != "STOPPED":
        assert time.monotonic() < end
        time.sleep(0.2)
    assert real.containers() == []


def test_a_missing_log_group_is_refused_before_anything_starts(real: Real) -> None:
    spec = real.spec("echo never")
    real.aws.client("logs").delete_log_group(logGroupName=real.group)
    with pytest.raises(PreflightFailed, match=real.group):
        real.run(spec)
    assert real.tasks() == []
