"""Every command: where it is, and its line in `--help`, so that help and completion import none of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """`where` is module:function below this package, the function being a click command."""

    where: str
    help: str


#: In the order of `--help`.
COMMANDS: dict[str, Entry] = {
    "run": Entry("run:command", "Run the migration now, or adopt the one that is running."),
    "status": Entry("status:command", "Service, deployments, tasks, targets and the last migration."),
    "pending": Entry("ask:pending", "Show which migrations are pending (status_command as a task)."),
    "plan": Entry("ask:plan", "Show what would run (plan_command as a task)."),
    "logs": Entry("logs:command", "Lines of the app or of the migration."),
    "history": Entry("history:command", "Runs of the migration, newest first."),
    "show": Entry("show:command", "One run: result, phases as a timeline, last lines."),
    "cost": Entry("cost:command", "What the stack costs a month, and what each option would save."),
    "stop": Entry("stop:command", "Stop the migration that is running."),
    "drift": Entry(
        "drift:command", "Report drift, changes and migrations, for a pull request or every night."
    ),
    "rollback": Entry("rollback:command", "Go back: the service to an earlier revision, or the schema."),
    "scale": Entry("scale:command", "Set the number of tasks."),
    "images": Entry("images:command", "Images in ECR, newest first, and which runs where."),
    "doctor": Entry("doctor:command", "Look for everything that is known to go wrong, and say what to do."),
    "backup": Entry("backup:command", "Make a snapshot of the database."),
    "restore": Entry("restore:command", "Show the steps back to a snapshot; run those that lose nothing."),
    "exec": Entry("execute:command", "Run a command in a running task, or a shell (ECS Exec)."),
    "forward": Entry("forward:command", "Forward a port to the database, through a running task."),
}
