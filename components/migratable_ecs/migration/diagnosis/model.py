"""What a diagnosis is made of: the evidence that goes in, the diagnosis that comes out, and one row of
the table.

Pure data: nothing here calls AWS or imports Pulumi.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .facts import Facts

UNKNOWN = "unknown"


@dataclass(frozen=True)
class ApiError:
    """The exception of one AWS call, without boto3's classes.

    `operation` is the API name (`RunTask`), `code` the error code (`ThrottlingException`) or, for
    errors that never reached AWS, the name of botocore's exception class (`EndpointConnectionError`),
    `message` its text.
    """

    operation: str
    code: str
    message: str


@dataclass(frozen=True)
class Evidence:
    """Everything that is known about a run that did not succeed.

    `timeout` is in seconds, `memory` is the task's memory in MiB, `failures` are RunTask's
    `failures[]` entries, `task` is one entry of DescribeTasks' `tasks[]`, `last_lines` are log lines,
    already redacted, newest last. `missing` says that DescribeTasks answered MISSING for a task that
    had been started.
    """

    container: str
    cluster: str
    family: str
    region: str
    log_group: str
    timeout: float | None = None
    memory: int | None = None
    failures: tuple[Mapping[str, Any], ...] = ()
    error: ApiError | None = None
    task: Mapping[str, Any] | None = None
    timed_out: bool = False
    missing: bool = False
    last_lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Diagnosis:
    """Why a run failed and what to do next. There is no diagnosis of a success.

    `cause` is a slug of the closed table, `unknown` for the rest. `transient` is only ever true when
    the migration's process certainly never started. `ran` says that it started, or may have: a retry
    is then the user's decision. `raw` is AWS's own text, unshortened.
    """

    cause: str
    sentence: str
    next_step: str
    transient: bool
    ran: bool
    raw: str


class Kind(Enum):
    """Where the text comes from that a row of the table looks at."""

    LOCAL = "what this program did or saw"
    CALL = "an AWS call that was refused"
    PLACEMENT = "RunTask's failures[]"
    START = "a task that stopped before the container ran"
    RUN = "a container that ran and ended"


@dataclass(frozen=True)
class Cause:
    """One row of the table of causes.

    A row matches when the evidence has text of one of its `kinds`, one of `patterns` is found in that
    text (no patterns: any text will do) and `when` agrees (none: it does). `sentence` and `next_step`
    are `str.format` templates; named groups of the pattern can be used in them. `ran` is what
    `docs/failures.md` says about the row; a diagnosis looks at the evidence itself. `doc` explains
    the cause, `source` is the page or thread that documents the text.
    """

    slug: str
    kinds: tuple[Kind, ...]
    sentence: str
    next_step: str
    doc: str
    source: str
    patterns: tuple[re.Pattern[str], ...] = ()
    when: Callable[[Facts], bool] | None = None
    transient: bool = False
    ran: bool = False


def patterns(*sources: str) -> tuple[re.Pattern[str], ...]:
    """Compile patterns that ignore case and see several lines as one text."""
    return tuple(re.compile(source, re.IGNORECASE | re.DOTALL) for source in sources)
