"""`scripts/plan STACK`: shows what an update would do, and keeps it as the plan that `scripts/apply` carries out."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from .plan_file import MAX_AGE, path_of
from .pulumi import Refused, shown, told


def save(stack: str) -> int:
    """Preview with every changed property; an older plan is gone even when the preview fails. Returns an exit code."""
    path = path_of(stack)
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    try:
        failed = shown("preview", "--stack", stack, "--diff", "--save-plan", str(new))
        if failed:
            return failed
        _keep(new, path)
    finally:
        new.unlink(missing_ok=True)
    hours = int(MAX_AGE.total_seconds() // 3600)
    print(
        f"\nThis is the plan of {stack} for {hours} hours: `make apply ENV={stack}` does exactly this, or nothing."
    )
    return 0


def _keep(new: Path, path: Path) -> None:
    # It holds the whole configuration; secrets in it are encrypted.
    os.chmod(new, 0o600)
    new.replace(path)


if __name__ == "__main__":
    try:
        sys.exit(save(sys.argv[1]))
    except Refused as error:
        sys.exit(told(error))
