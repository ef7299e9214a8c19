"""When a retry is allowed, what wins when several things are known, and what a success is."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from migratable_ecs.migration.diagnosis import (
    CAUSES,
    UNKNOWN,
    ApiError,
    Evidence,
    diagnose,
    render,
    succeeded,
)

MakeEvidence = Callable[..., Evidence]
SPOT = {"stopCode": "SpotInterruption", "stoppedReason": "Your Spot Task was interrupted."}


@pytest.mark.parametrize(
    ("task", "transient", "ran"),
    [
        ({**SPOT}, True, False),
        ({**SPOT, "own": {"exitCode": 143}}, False, True),
        ({**SPOT, "startedAt": 1}, False, True),
        ({**SPOT, "pullStoppedAt": 1}, False, True),
        ({**SPOT, "own": {"lastStatus": "RUNNING"}}, False, True),
    ],
)
def test_a_passing_trouble_may_be_retried_only_while_the_container_certainly_never_ran(
    task: dict[str, Any], transient: bool, ran: bool, evidence: MakeEvidence
) -> None:
    found = diagnose(evidence(task=task))
    assert (found.cause, found.transient, found.ran) == ("spot-interrupted", transient, ran)


@pytest.mark.parametrize(
    ("operation", "code", "transient"),
    [
        ("RunTask", "EndpointConnectionError", True),
        ("RunTask", "ReadTimeoutError", False),
        ("RunTask", "ServerException", False),
        ("DescribeTasks", "EndpointConnectionError", False),
        ("DescribeImages", "ReadTimeoutError", True),
    ],
)
def test_a_call_that_may_have_been_carried_out_is_not_repeated_by_itself(
    operation: str, code: str, transient: bool, evidence: MakeEvidence
) -> None:
    found = diagnose(evidence(error={"operation": operation, "code": code, "message": "x"}))
    assert found.cause != UNKNOWN
    assert found.transient is transient
    assert found.ran is not transient


def test_the_exit_code_says_more_than_a_log_call_that_failed(evidence: MakeEvidence) -> None:
    denied = {"operation": "GetLogEvents", "code": "AccessDeniedException", "message": "no"}
    assert diagnose(evidence(error=denied, task={"own": {"exitCode": 1}})).cause == "exit-1"
    assert diagnose(evidence(error=denied, task={"own": {"lastStatus": "RUNNING"}})).cause == "access-denied"


def test_a_run_that_ended_by_itself_in_the_moment_of_the_timeout_is_explained_by_its_exit_code(
    evidence: MakeEvidence,
) -> None:
    task = {"stopCode": "EssentialContainerExited", "own": {"exitCode": 1}}
    assert diagnose(evidence(timed_out=True, task=task)).cause == "exit-1"


def test_a_task_that_could_not_start_before_the_timeout_is_explained_by_its_reason(
    evidence: MakeEvidence,
) -> None:
    task = {"stopCode": "TaskFailedToStart", "own": {"reason": "CannotPullContainerError: x: not found"}}
    assert diagnose(evidence(timed_out=True, task=task)).cause == "pull-not-found"


def test_a_sidecar_that_is_killed_after_the_migration_means_nothing(evidence: MakeEvidence) -> None:
    task = {"stopCode": "EssentialContainerExited", "own": {"exitCode": 1}, "side": {"exitCode": 137}}
    assert diagnose(evidence(task=task)).cause == "exit-1"


def test_the_text_of_a_start_that_failed_is_not_sought_in_a_container_that_ran(
    evidence: MakeEvidence,
) -> None:
    task = {
        "stopCode": "UserInitiated",
        "stoppedReason": "no space left on device, so I stopped it",
        "own": {"exitCode": 143},
    }
    assert diagnose(evidence(task=task)).cause == "stopped-by-user"


@pytest.mark.parametrize(
    ("memory", "offered"), [(512, 1024), (1024, 2048), (3072, 8192), (None, 1024), (122880, 122880)]
)
def test_more_memory_is_a_size_that_fargate_has(
    memory: int | None, offered: int, evidence: MakeEvidence
) -> None:
    from dataclasses import replace

    task = {"own": {"exitCode": 137, "reason": "OutOfMemoryError: Container killed due to memory usage"}}
    assert f"memory = {offered}." in diagnose(replace(evidence(task=task), memory=memory)).next_step


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('FATAL:  password authentication failed for user "app"', "refused the user or the password"),
        ("could not translate host name \"db\" to address: Name or service not known", "host name is not "
        "known"),
        ("connection to server at 10.0.1.5, port 5432 failed: Connection refused", "does not answer"),
        ("Error: P1001: Can't reach database server at `db`:`5432`", "does not answer"),
        ("ERROR:  canceling statement due to lock timeout", "locked by the running app"),
        ('ERROR:  relation "users" already exists', "is there already"),
        ("SQLSTATE[42S01]: Base table or view already exists: 1050 Table 'users' already exists", "is "
        "there already"),
        ('ERROR:  could not extend file "base/1/2": No space left on device', "disk is full"),
        ("FATAL:  sorry, too many clients already", "no connection left"),
        ("ERROR:  permission denied for schema public", "lacks a right"),
        ("Error: P3009", "earlier migration that failed"),
        ('The stream or file "/app/laravel.log" could not be opened in append mode', "LOG_CHANNEL=stderr"),
        ("ActiveRecord::PendingMigrationError: Migrations are pending.", "pending migrations"),
        ("django.db.migrations.exceptions.InconsistentMigrationHistory: Migration a.2 is applied before "
        "its dependency", "does not fit"),
        ("exec /usr/local/bin/migrate: exec format error", "processor architecture"),
    ],
)  # fmt: skip
def test_known_lines_of_the_log_add_a_sentence_and_a_remedy(
    line: str, told: str, evidence: MakeEvidence
) -> None:
    found = diagnose(evidence(task={"own": {"exitCode": 1}}, last_lines=["Running migrations:", line, "bye"]))
    assert found.cause == "exit-1"
    assert told in f"{found.sentence} {found.next_step}"


def test_laravels_exit_0_is_explained(evidence: MakeEvidence) -> None:
    line = 'The stream or file "/app/storage/logs/laravel.log" could not be opened in append mode'
    found = diagnose(evidence(task={"own": {"exitCode": 0}}, last_lines=[line]))
    assert found.cause == "exit-0-refused"
    assert "LOG_CHANNEL=stderr" in found.next_step


def test_commands_quote_what_the_shell_would_break(evidence: MakeEvidence) -> None:
    from dataclasses import replace

    odd = replace(evidence(task={"own": {"exitCode": 1}}), log_group="/ecs/it's; rm -rf x")
    command = diagnose(odd).next_step.split(": ", 1)[1]
    assert shlex.split(command)[3] == "/ecs/it's; rm -rf x"


@pytest.mark.parametrize(
    ("containers", "expected"),
    [
        ([{"name": "migrate", "exitCode": 0}, {"name": "log-router", "exitCode": 137}], True),
        ([{"name": "migrate", "exitCode": 1}, {"name": "log-router", "exitCode": 0}], False),
        ([{"name": "migrate", "lastStatus": "RUNNING"}], None),
        ([{"name": "log-router", "exitCode": 0}], None),
        ([], None),
    ],
)
def test_success_is_exit_code_0_of_the_migration_container_and_nothing_else(
    containers: list[dict[str, Any]], expected: bool | None
) -> None:
    assert succeeded({"containers": containers}, "migrate") is expected


def test_no_task_has_no_result() -> None:
    assert succeeded(None, "migrate") is None


texts = st.text(max_size=40) | st.sampled_from(
    [
        "TaskFailedToStart",
        "CannotPullContainerError: x",
        "RESOURCE:CPU",
        "Rate exceeded",
        "OutOfMemoryError",
        "{0} {name!r}",
        "migrate",
    ]
)
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
containers = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "name": texts | junk,
            "exitCode": st.integers() | junk,
            "reason": texts | junk,
            "lastStatus": texts,
        },
    ),
    max_size=3,
)
tasks = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "containers": containers | junk,
        "stopCode": texts | junk,
        "stoppedReason": texts | junk,
        "lastStatus": texts | junk,
        "startedAt": junk,
        "taskArn": texts | junk,
    },
)
evidences = st.builds(
    Evidence,
    container=texts,
    cluster=texts,
    family=texts,
    region=texts,
    log_group=texts,
    timeout=st.none() | st.floats(),
    memory=st.none() | st.integers(),
    failures=st.lists(st.dictionaries(texts, junk, max_size=3), max_size=2).map(tuple),
    error=st.none() | st.builds(ApiError, operation=texts, code=texts, message=texts),
    task=tasks,
    timed_out=st.booleans(),
    missing=st.booleans(),
    last_lines=st.lists(texts, max_size=3).map(tuple),
)


@given(evidences)
def test_a_diagnosis_never_fails_and_never_says_success(anything: Evidence) -> None:
    # What AWS said is repeated word for word: that word must not come from there.
    assume("succeeded" not in repr(anything))
    found = diagnose(anything)
    assert found.cause in {UNKNOWN, *(cause.slug for cause in CAUSES)}
    assert not (found.transient and found.ran)
    assert "succeeded" not in found.sentence
    assert found.sentence.strip()
    assert found.next_step.strip()
    assert render(found, anything)
