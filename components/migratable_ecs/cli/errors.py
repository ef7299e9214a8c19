"""What ends a command early, and the exit code and sentence of every other error that may come up."""

from __future__ import annotations

import click

from . import exit_codes


class CommandError(Exception):
    """Ends the command. `message` is one sentence with the value, what is allowed and the remedy; `exit_code` from exit_codes.py."""

    def __init__(self, message: str, exit_code: int = exit_codes.REFUSED) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def explained(error: BaseException) -> CommandError | None:
    """`error` as the command's end, or None when it is a fault of this program, whose traceback is wanted."""
    if isinstance(error, CommandError):
        return error
    # click ends a question with Abort: Ctrl-C, or the end of the input.
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return CommandError("interrupted", exit_codes.INTERRUPTED)
    return _of_the_engine(error) or _of_aws(error)


def _of_the_engine(error: BaseException) -> CommandError | None:
    from ..migration import errors

    kinds: tuple[tuple[type[errors.MigrationError], int], ...] = (
        (errors.MigrationInterrupted, exit_codes.NO_RESULT),
        (errors.LockTimeout, exit_codes.BUSY),
        (errors.MigrationFailed, exit_codes.FAILED),
        (errors.Unreachable, exit_codes.UNREACHABLE),
        (errors.MigrationError, exit_codes.REFUSED),
    )
    for kind, code in kinds:
        if isinstance(error, kind):
            return CommandError(str(error), code)
    return None


def _of_aws(error: BaseException) -> CommandError | None:
    from botocore.exceptions import BotoCoreError, ClientError

    from ..migration.ecs import AwsCallFailed

    if isinstance(error, AwsCallFailed):
        facts = error.error
        what = f"{facts.operation} answered {facts.code}: {facts.message}"
    elif isinstance(error, ClientError):
        what = str(error)
    elif isinstance(error, BotoCoreError):
        what = f"AWS cannot be asked: {error}"
    else:
        return None
    remedy = "check the region, the profile, the credentials of this machine and their permissions (`aws sts get-caller-identity`)"
    return CommandError(f"{what.rstrip('.')}; {remedy}", exit_codes.UNREACHABLE)
