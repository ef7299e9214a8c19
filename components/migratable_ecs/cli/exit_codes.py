"""How a command ends. These numbers are stable: scripts rely on them."""

from __future__ import annotations

SUCCEEDED = 0
FAILED = 1
USAGE = 2
REFUSED = 3
NO_RESULT = 4
UNREACHABLE = 5
NOT_FOUND = 6
BUSY = 7
FINDINGS = 8
INTERRUPTED = 130

#: Code -> (name in `--json` errors, what it means).
MEANINGS: dict[int, tuple[str, str]] = {
    SUCCEEDED: ("succeeded", "what was asked for is done"),
    FAILED: ("failed", "the task ran and failed, or could not start; the database may be half migrated"),
    USAGE: ("usage", "the command line is not understood"),
    REFUSED: ("refused", "a check, a guard or a missing confirmation stopped it before anything was changed"),
    NO_RESULT: (
        "no-result",
        "interrupted, or AWS cannot be asked any longer: the task may go on; run it again to adopt it",
    ),
    UNREACHABLE: (
        "unreachable",
        "AWS or Pulumi gave no usable answer: credentials, permissions, network, a missing program",
    ),
    NOT_FOUND: ("not-found", "no such stack, service, migration or run"),
    BUSY: (
        "busy",
        "another task of the migration's family was executing until lock_timeout was over; nothing was started",
    ),
    FINDINGS: (
        "findings",
        "the look found something: `status --check`, `pending`, `plan`, `doctor`, `images --holds`; `drift` has codes of its own",
    ),
    INTERRUPTED: (
        "interrupted",
        "Ctrl-C before anything was started or changed, or pressed twice: then what was begun goes on in AWS",
    ),
}


def name(code: int) -> str:
    """The name of `code` in `--json` errors."""
    return MEANINGS.get(code, MEANINGS[FAILED])[0]
