"""Runs the engine: a refresh that changes nothing, and a preview. Both only read.

The events come on standard output because of PULUMI_ENABLE_STREAMING_JSON_PREVIEW, which `pulumi preview --help` names.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from ..validation import InvalidArgument
from .events import Log, read
from .hiding import hidden_text

#: What compares the state with AWS. It does not run the program.
REFRESH = ("refresh", "--preview-only", "--json")
#: What compares the program with the state.
PREVIEW = ("preview", "--json")

_LAST_LINES = 15


def run(
    command: tuple[str, ...], stack: str, folder: Path, keep: Callable[[str], None] = lambda _: None
) -> Log:
    """Run the engine once and read its events.

    Args:
        command: REFRESH or PREVIEW. folder: of the program. keep: told everything on standard output, for a log file.

    Raises:
        InvalidArgument: `pulumi` is not there, or it ended before its first event, such as for a stack that does not exist.
    """
    words = ["pulumi", *command, "--stack", stack, "--non-interactive"]
    env = {**os.environ, "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true", "NO_COLOR": "1"}
    try:
        done = subprocess.run(
            words, cwd=folder, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
        )
    except FileNotFoundError as error:
        raise InvalidArgument(
            f"the engine cannot be run ({error}): run `make setup`, or put pulumi on PATH and give --cwd the program's folder"
        ) from error
    keep(done.stdout)
    try:
        log = read(done.stdout.splitlines(), "the engine's answer")
    except InvalidArgument as error:
        last = "\n".join((done.stderr or done.stdout).strip().splitlines()[-_LAST_LINES:])
        raise InvalidArgument(
            f"`pulumi {' '.join(command)} --stack {stack}` ended with {done.returncode} before its first event: {hidden_text(last)}"
        ) from error
    if done.returncode and not log.errors:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        return Log(log.refreshed, log.planned, (last,), log.config, False)
    return log
