"""`migratable-ecs rollback`: the service to an earlier revision, or the schema down with the program's rollback_command."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

import click

from ..migration import guard
from ..migration.decide import short
from . import exit_codes
from .confirm import confirm
from .desk import Desk, operator_options
from .errors import CommandError
from .revisions import (
    Revision,
    describe_service,
    earlier,
    own_rolls,
    revision,
    tail,
    update_service,
    usable,
    wait_until_steady,
)


@click.command("rollback")
@operator_options
@click.argument("what", type=click.Choice(["app", "schema"]), default="app")
@click.option(
    "--to",
    "to",
    metavar="REVISION",
    help="Of the app: revision number, such as 7; default the newest one with another image.",
)
@click.option("--list", "listing", is_flag=True, help="Of the app: only show the revisions there are.")
@click.option(
    "--timeout",
    type=click.IntRange(1, 86400),
    default=1800,
    show_default=True,
    metavar="SECONDS",
    help="Of the app: how long to wait until the service is steady.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(
    desk: Desk, what: Literal["app", "schema"], to: str | None, listing: bool, timeout: int, yes: bool
) -> None:
    """Go back: the service to an earlier revision (app), or the database (schema).

    `app` gives the service an earlier revision of its task definition and waits until it is steady; the schema stays as it is. `schema`
    runs the program's rollback_command as a task, with a snapshot before it where the program wants one. To go back with both, first the
    app, then the schema: the older app must be running before what only the newer one knows is dropped.
    """
    if what == "schema":
        if to or listing:
            raise CommandError("--to and --list are for `rollback app`", exit_codes.USAGE)
        _schema(desk, yes=yes)
    else:
        _app(desk, to, listing, float(timeout), yes=yes)


# -- the app ---------------------------------------------------------------------------------------------------------


def _app(desk: Desk, to: str | None, listing: bool, timeout: float, *, yes: bool) -> None:
    service = describe_service(desk)
    current = revision(desk, str(service["taskDefinition"]))
    before = earlier(desk, current.arn)
    if listing:
        _list(desk, current, before)
        return
    own_rolls(service)
    chosen = choose(current, before, to, _never_through(desk) if to is None else ())
    confirm(
        desk,
        f"roll service {service['serviceName']} back from {current.name} ({_image(current)}) to {chosen.name} ({_image(chosen)})",
        _lost(desk, current, chosen),
        yes=yes,
    )
    given = usable(desk, chosen)
    update_service(desk, taskDefinition=given.arn)
    wait_until_steady(desk, given.arn, timeout)
    data = {
        "service": str(service["serviceName"]),
        "from": current.name,
        "to": given.name,
        "copy_of": None if given is chosen else chosen.name,
        "image_before": current.image,
        "image": given.image,
    }
    desk.screen.result(data, lambda: _draw(desk, data, given))


def _never_through(desk: Desk) -> set[str]:
    """Digests whose migration only ever failed: an update registers the app's revision too, and then does not roll to it."""
    if desk.target.migration is None:
        return set()
    from .facts import MigrationFacts

    runs = [
        each for each in MigrationFacts(desk).runs(100) if each.get("purpose", "migration") == "migration"
    ]
    through = {each.get("digest") for each in runs if each.get("status") == "succeeded"}
    return {str(each.get("digest")) for each in runs if each.get("status") == "failed"} - through


def choose(
    current: Revision, before: list[Revision], to: str | None, never: Collection[str] = ()
) -> Revision:
    """The revision to go back to: `to` (`7` or `web:7`), else the newest with another image, of a digest that is not in `never`. Pure.

    Raises:
        CommandError: there is none such.
    """
    if to is None:
        others = (each for each in before if each.image != current.image)
        found = next((each for each in others if each.image.partition("@")[2] not in never), None)
        if found is None:
            raise CommandError(
                f"no earlier revision of {current.name} has another image: name one with --to (see --list), or deploy an earlier image",
                exit_codes.NOT_FOUND,
            )
        return found
    family = current.name.rpartition(":")[0]
    number = to.removeprefix(f"{family}:")
    if not number.isdecimal():
        raise CommandError(f"--to is {to!r}; give a revision number such as 7", exit_codes.USAGE)
    found = next((each for each in before if each.number == int(number)), None)
    if found is None:
        there = ", ".join(str(each.number) for each in before) or "none"
        raise CommandError(
            f"there is no revision {number} of {family} before {current.number}, which runs; there are: {there}",
            exit_codes.NOT_FOUND,
        )
    return found


def _lost(desk: Desk, current: Revision, chosen: Revision) -> list[str]:
    lost = [
        f"what {current.name} has brought is gone from the service"
        if current.image != chosen.image
        else "the image stays the same: only settings of the task definition go back",
        "the schema stays as it is: the older app must work with it, or `migratable-ecs rollback schema` follows",
    ]
    if desk.target.stack:
        lost.append(
            "Pulumi does not know of it: the next image, or `pulumi up --refresh`, rolls forward; put the earlier one into the program"
        )
    return lost


def _draw(desk: Desk, data: dict[str, Any], given: Revision) -> None:
    copied = f"{data['to']}, copy of {data['copy_of']}" if data["copy_of"] else data["to"]
    desk.screen.facts(
        [("service", data["service"]), ("was", data["from"]), ("runs", copied), ("image", _image(given))]
    )


def _list(desk: Desk, current: Revision, before: list[Revision]) -> None:
    rows = [
        {
            "revision": each.name,
            "runs": each is current,
            "status": "ACTIVE" if each.active else "INACTIVE",
            "registered": str(each.definition.get("registeredAt") or "")[:19],
            "image": each.image,
        }
        for each in (current, *before)
    ]
    data = {"service": desk.target.service, "revisions": rows}
    desk.screen.result(
        data,
        lambda: desk.screen.table(
            ["revision", "", "status", "registered (UTC)", "image"],
            [
                [r["revision"], "runs" if r["runs"] else "", r["status"], str(r["registered"])[:16], shown(str(r["image"]))]
                for r in rows
            ],
        ),
    )  # fmt: skip


def _image(each: Revision) -> str:
    return shown(each.image)


def shown(image: str) -> str:
    """`repository@sha256:` with twelve digits, without the registry; a tag as it is. Pure."""
    name, at, digest = tail(image).partition("@")
    return f"{name}@{short(digest)}" if at else name


# -- the schema ------------------------------------------------------------------------------------------------------


def _schema(desk: Desk, *, yes: bool) -> None:
    from ..migration.identity import run_identity
    from .facts import MigrationFacts
    from .run import result_facts
    from .running import run_task

    migration, target = desk.target.need_migration(), desk.target
    words = target.operator_command("rollback")
    if desk.production:
        refused = guard.refusal("rollback_command", words, target.environment)
        if refused:
            raise CommandError(refused)
    spec = migration.spec()
    confirm(
        desk, f"run rollback_command {' '.join(words)!r} on the database of {target.name}", schema_lost(spec.backup is not None), yes=yes
    )  # fmt: skip
    runs = MigrationFacts(desk).runs()
    # It follows from the newest run: one that was lost sight of is adopted instead of going back another step.
    after = {"rollback-after": str(runs[-1]["run"]) if runs else ""}
    identity = run_identity(str(migration.props.get("urn", "")), migration.digest, after, 1)
    identity = identity.replace("migratable-", "migratable-rollback-", 1)
    # A step down is never tried twice: the second try would go back one step more.
    record = run_task(desk, migration.spec(purpose="rollback", command=words, identity=identity, attempts=1))
    desk.screen.say(
        "the schema is back; the image that runs still holds the migration: deploy an earlier image, or the next run applies it again"
    )
    desk.screen.result(record.as_dict(), lambda: desk.screen.facts(result_facts(record, target)))


def schema_lost(snapshot: bool) -> list[str]:
    """What going down costs, a sentence each. Pure."""
    return [
        "columns and tables that the migrations going down have created are dropped, with what the app has written into them",
        "an app that needs them fails from that moment: roll the app back first",
        "a snapshot is made before it" if snapshot else "no snapshot is made before it: `migratable-ecs backup` makes one",
    ]  # fmt: skip
