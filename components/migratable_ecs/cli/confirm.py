"""Asking before something is lost."""

from __future__ import annotations

import click

from .desk import Desk
from .errors import CommandError


def confirm(desk: Desk, what: str, lost: list[str], *, yes: bool) -> None:
    """Return when the operator agrees.

    Args:
        what: what will be done, such as `stop task 1f… of family shop-migrate`.
        lost: what is lost by it, a sentence each; shown before the question, and also with --yes.
        yes: --yes was given: scripts ask nobody. In production the name of the stack is typed all the same, unless --yes is given.

    Raises:
        CommandError: refused, or nobody there to ask.
    """
    target = desk.target
    screen = desk.screen
    screen.say(f"This will {what} ({target.title}).")
    for each in lost:
        screen.say(f"  - {each}")
    if yes:
        return
    if not desk.outside.somebody_there():
        raise CommandError(f"not done: there is nobody to ask whether to {what}; pass --yes in scripts")
    if desk.production:
        wanted = target.confirmation
        typed = click.prompt(f"Type {wanted} to go on", default="", show_default=False, err=True)
        agreed = typed == wanted
    else:
        agreed = click.confirm("Go on?", default=False, err=True)
    if not agreed:
        raise CommandError(f"not done: you did not agree to {what}")
