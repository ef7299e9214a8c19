"""`scripts/apply STACK`: carries out the saved plan when it is still what would happen, else changes nothing."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from .plan_file import differences, path_of, read, stale
from .pulumi import Refused, quiet, shown, told


def apply(stack: str) -> int:
    """Returns the exit code of `pulumi up`. The plan is used up when it succeeds.

    Raises:
        Refused: no plan, an old one, or one that is not what would happen now.
    """
    saved = read(stack)
    found = differences(saved, _now(stack))
    if found:
        raise Refused(stale(stack, saved, found))
    path = path_of(stack)
    # The engine holds each resource to the plan once more: what changes from here on stops the update there.
    code = shown("up", "--stack", stack, "--yes", "--skip-preview", "--plan", str(path))
    if code == 0:
        path.unlink()
    return code


def _now(stack: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "now.json"
        code, output = quiet("preview", "--stack", stack, "--save-plan", str(path))
        if code:
            print(output, file=sys.stderr)
            raise Refused(
                f"the plan of {stack} cannot be compared with what would happen now, and nothing was changed: see above"
            )
        return dict(json.loads(path.read_text()))


if __name__ == "__main__":
    try:
        sys.exit(apply(sys.argv[1]))
    except Refused as error:
        sys.exit(told(error))
