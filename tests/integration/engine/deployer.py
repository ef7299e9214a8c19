"""One deployer as an operating-system process of its own: `python -m tests.integration.engine.deployer`.

stdin: the job as one line of JSON, then "go". stdout: "ready", then every line of the console after "| ", and at last the outcome as
one line of JSON: {"record": …} or {"error": …, "message": …}. A job with `hold` stops right before its first RunTask, says "at RunTask"
and goes on at the next line of stdin: so that several processes are certain to have seen the same list of tasks.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from migratable_ecs.migration.clock import SystemClock
from migratable_ecs.migration.errors import MigrationError
from migratable_ecs.migration.run import execute
from migratable_ecs.migration.spec import RunSpec

from tests.integration.engine.real import clients


def hold_at_run_task(ecs: Any) -> None:
    """Wait for stdin before the first RunTask of this client."""
    waiting = ["once"]

    def hold(**_event: Any) -> None:
        if waiting:
            waiting.clear()
            say("at RunTask")
            sys.stdin.readline()

    ecs.meta.events.register("before-send.ecs.RunTask", hold)


def say(text: str) -> None:
    print(text, flush=True)


def main() -> None:
    job = json.loads(sys.stdin.readline())
    spec, aws = RunSpec(**job["spec"]), clients(job["endpoint"])
    aws.client("ecs"), aws.client("logs"), aws.client("sts")  # made now, so that all start at the same moment
    if job["hold"]:
        hold_at_run_task(aws.client("ecs"))
    say("ready")
    sys.stdin.readline()
    try:
        record = execute(spec, aws, SystemClock(), lambda line: say(f"| {line}"))
    except MigrationError as error:
        say(json.dumps({"error": type(error).__name__, "message": str(error)}))
    else:
        say(json.dumps({"record": record.as_dict()}))


if __name__ == "__main__":
    main()
