"""`migratable-ecs exec`: a command in a container of a running task (ECS Exec)."""

from __future__ import annotations

import shlex

import click

from .confirm import confirm
from .desk import Desk, operator_options
from .revisions import tail
from .session import aws_environment, aws_words, container_of, main_container, need_programs, running_task


@click.command("exec", context_settings={"allow_interspersed_args": False})
@operator_options
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[COMMAND]...")
@click.option("--task", metavar="ID", help="Beginning of a task's id; default the newest one.")
@click.option("--in", "inside", metavar="CONTAINER", help="Container; default the one that has ports.")
@click.option("--print", "only_print", is_flag=True, help="Only print the AWS CLI's command.")
@click.option("--yes", is_flag=True, help="Do not ask (production asks).")
def command(
    desk: Desk, words: tuple[str, ...], task: str | None, inside: str | None, only_print: bool, yes: bool
) -> None:
    """Run COMMAND in a container of a running task; without one a shell. Options come before it.

    Needs the AWS CLI and its session-manager-plugin on this machine, and a service with execute_command. CloudTrail knows who did it.
    """
    if not only_print:
        need_programs(desk)
    found = running_task(desk, task)
    container = container_of(found, inside, main_container(desk, found))
    program = [
        "aws", "ecs", "execute-command", "--cluster", desk.target.cluster, "--task", tail(found["taskArn"]),
        "--container", str(container["name"]), "--interactive", "--command", shlex.join(words) or "/bin/sh", *aws_words(desk),
    ]  # fmt: skip
    data = {"task": tail(found["taskArn"]), "container": str(container["name"]), "command": program}
    if only_print:
        desk.screen.result(data, lambda: desk.screen.line(shlex.join(program)))
        return
    if desk.production:
        what = (
            f"open a shell in task {data['task']}"
            if not words
            else f"run {shlex.join(words)!r} in task {data['task']}"
        )
        confirm(
            desk, what, ["it serves requests at the same time; what you change there is not undone"], yes=yes
        )
    click.get_current_context().exit(desk.outside.hand_over(program, aws_environment(desk)))
