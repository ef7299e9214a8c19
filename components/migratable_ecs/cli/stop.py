"""`migratable-ecs stop`: stop the migration that is running."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from . import exit_codes
from .confirm import confirm
from .desk import Desk, operator_options
from .errors import CommandError
from .outside import Interrupts

if TYPE_CHECKING:
    from ..migration.ecs import Task
    from .facts import MigrationFacts

LOST = [
    "what the migration has done so far stays: without DDL in transactions (MySQL, MariaDB) the schema may be half migrated",
    "whoever follows it, such as a `pulumi up`, sees it fail",
]


@click.command("stop")
@operator_options
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(desk: Desk, yes: bool) -> None:
    """Stop the migration that is running, and wait until its container has exited.

    ECS sends SIGTERM, and SIGKILL after the container's stopTimeout (30 s unless the program says otherwise).
    """
    from .facts import MigrationFacts

    facts = MigrationFacts(desk)
    running = facts.executing()
    if not running:
        raise CommandError(f"no task of family {facts.migration.family} is executing", exit_codes.NOT_FOUND)
    task = running[-1]
    confirm(
        desk,
        f"stop task {task.id} of family {facts.migration.family}, started by {whose(task)}",
        LOST,
        yes=yes,
    )
    ended = _stopped(desk, facts, task)
    data: dict[str, Any] = {
        "task_arn": task.arn,
        "family": facts.migration.family,
        "exit_code": ended.exit_code(facts.migration.container),
    }
    said = "none, it had not started" if data["exit_code"] is None else data["exit_code"]
    desk.screen.result(data, lambda: desk.screen.facts([("stopped", task.id), ("exit code", said)]))


def whose(task: Task) -> str:
    """`stack shop/stg`, else startedBy."""
    from ..migration.obtain import STACK_TAG

    stack = task.tag(STACK_TAG)
    return f"stack {stack}" if stack else task.started_by or "nobody known"


def _stopped(desk: Desk, facts: MigrationFacts, task: Task) -> Task:
    """Raises CommandError when it is not over after a while, or Ctrl-C was pressed."""
    from ..migration.run import STOP_WAIT

    facts.ecs.stop(facts.cluster, task.arn, f"migratable-ecs stop by {desk.caller()}"[:255])
    ends = desk.clock.monotonic() + STOP_WAIT
    leaving = Interrupts(lambda: desk.screen.say("Ctrl-C: ECS stops the task all the same"))
    with desk.screen.progress(desk.clock.monotonic) as progress, desk.outside.ctrl_c(leaving) as interrupts:
        progress.phase = f"stopping task {task.id}"
        while True:
            known = facts.ecs.describe(facts.cluster, [task.arn])
            if not known or known[0].over(facts.migration.container):
                return known[0] if known else task
            if interrupts.asked() or desk.clock.monotonic() > ends:
                raise CommandError(
                    f"task {task.id} was told to stop and is still executing: look at it with `migratable-ecs status`",
                    exit_codes.NO_RESULT,
                )
            progress.tick()
            desk.clock.sleep(1.0)
