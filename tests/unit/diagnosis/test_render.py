"""The message a user sees, compared with files, and the page that is written from the table.

To accept a changed message: UPDATE_GOLDEN=1 pytest tests/unit/diagnosis/test_render.py, then read the
difference.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from migratable_ecs.migration.diagnosis import Evidence, diagnose, render
from migratable_ecs.migration.diagnosis.document import failures_document

GOLDEN = Path(__file__).parent / "golden"
REPOSITORY = Path(__file__).parents[3]
MakeEvidence = Callable[..., Evidence]

MESSAGES: dict[str, dict[str, Any]] = {
    "exit-1": {
        "task": {
            "stopCode": "EssentialContainerExited",
            "stoppedReason": "Essential container in task exited",
            "own": {"exitCode": 1},
        },
        "last_lines": [
            "Running migrations:",
            "  Applying shop.0007_add_price...",
            'ERROR:  column "price" of relation "item" already exists',
        ],
    },
    "out-of-memory": {
        "task": {
            "stopCode": "EssentialContainerExited",
            "stoppedReason": "Essential container in task exited",
            "own": {"exitCode": 137, "reason": "OutOfMemoryError: Container killed due to memory usage"},
        },
        "last_lines": [f"row {number}" for number in range(1, 31)],
    },
    "secret-json-key-missing": {
        "task": {
            "stopCode": "TaskFailedToStart",
            "stoppedReason": "ResourceInitializationError: unable to pull secrets or registry auth: "
            "execution resource retrieval failed: unable to retrieve secret from asm: service call has "
            "been retried 1 time(s): retrieved secret from Secrets Manager did not contain json key DB_URL",
        },
    },
    "passrole-denied": {
        "error": {
            "operation": "RunTask",
            "code": "AccessDeniedException",
            "message": "User: arn:aws:sts::123456789012:assumed-role/deploy/ci is not authorized to "
            "perform: iam:PassRole on resource: arn:aws:iam::123456789012:role/app-task because no "
            "identity-based policy allows the iam:PassRole action",
        },
    },
    "no-capacity": {
        "failures": [
            {
                "reason": "Capacity is unavailable at this time. Please try again later or in a different "
                "availability zone"
            }
        ],
    },
    "timeout": {
        "timed_out": True,
        "task": {"stopCode": "UserInitiated", "stoppedReason": "timeout of 600 s", "own": {"exitCode": 137}},
        "last_lines": ["CREATE INDEX CONCURRENTLY orders_by_day ..."],
    },
    "unknown": {
        "task": {"stopCode": "FluxLost", "stoppedReason": "QuantumFluxError: the flux was not quantised"}
    },
}


@pytest.mark.parametrize("name", MESSAGES)
def test_the_message_is_the_one_on_file(name: str, evidence: MakeEvidence) -> None:
    made = evidence(**MESSAGES[name])
    message = render(diagnose(made), made) + "\n"
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(message)
    assert message == path.read_text()


def test_every_message_on_file_is_made_by_a_test() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(MESSAGES)


def test_a_message_is_short_and_no_traceback(evidence: MakeEvidence) -> None:
    made = evidence(task={"own": {"exitCode": 1}}, last_lines=[f"line {number}" for number in range(500)])
    message = render(diagnose(made), made)
    assert message.count("    | ") == 20
    assert "line 499" in message
    assert "line 479" not in message
    assert "Traceback" not in message


def test_the_text_of_an_unknown_failure_is_not_shortened(evidence: MakeEvidence) -> None:
    text = "strange " * 200
    made = evidence(task={"stoppedReason": text.strip()})
    assert text.strip() in render(diagnose(made), made)


def test_docs_failures_is_what_the_table_says() -> None:
    assert (REPOSITORY / "docs" / "failures.md").read_text() == failures_document(), (
        "run scripts/failures-doc"
    )
