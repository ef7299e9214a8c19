"""The one place that starts the `pulumi` command."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class Refused(Exception):
    """One sentence for the user: what was refused, why, the remedy."""


def shown(*words: str) -> int:
    """Run pulumi with its output on the screen; returns its exit code."""
    return _started(lambda: subprocess.run(["pulumi", *words], check=False).returncode)


def quiet(*words: str) -> tuple[int, str]:
    """Run pulumi; exit code and all it printed."""
    done = _started(
        lambda: subprocess.run(
            ["pulumi", *words, "--non-interactive"],
            check=False,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    )
    return done.returncode, done.stdout


def resources(stack: str) -> list[dict[str, Any]]:
    """The resources in the state of `stack`.

    Raises:
        Refused: there is no such stack, or its state cannot be read.
    """
    export = _parsed(stack, "stack", "export")
    return list((export.get("deployment") or {}).get("resources") or [])


def configuration(stack: str) -> dict[str, str]:
    """The configuration of `stack`, `project:key` -> text, without secrets.

    Raises:
        Refused: as of `resources`.
    """
    entries = _parsed(stack, "config", "--json")
    return {key: str(each.get("value") or "") for key, each in entries.items() if not each.get("secret")}


def _parsed(stack: str, *words: str) -> dict[str, Any]:
    """What a command about `stack` prints as JSON. Raises Refused."""
    done = _started(
        lambda: subprocess.run(
            ["pulumi", *words, "--stack", stack, "--non-interactive"],
            check=False,
            text=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
    )
    if done.returncode:
        told = done.stderr.strip().splitlines() or ["pulumi gave no reason"]
        raise Refused(
            f"stack {stack} cannot be read: {told[-1].removeprefix('error: ')}; `pulumi stack ls` shows those there are"
        )
    return dict(json.loads(done.stdout))


def _started(start: Callable[[], T]) -> T:
    try:
        return start()
    except FileNotFoundError:
        raise Refused("the command pulumi is missing: run `make setup` first") from None


def told(error: Refused) -> int:
    """Print the sentence; the exit code of a command that was refused."""
    print(f"error: {error}", file=sys.stderr)
    return 1
