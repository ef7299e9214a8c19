"""`migratable-ecs backup`: a snapshot of the database, now."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import click

from ..migration.spec import Backup, RunSpec
from .databases import database_of, database_options
from .desk import Desk, operator_options
from .outside import Interrupts

#: The command deletes no older snapshot: only runs with `backup` in the program do, all but the newest `keep`.
KEEP_ALL = 1_000_000


@click.command("backup")
@operator_options
@database_options
@click.option("--list", "listing", is_flag=True, help="Only show the manual snapshots there are.")
@click.option(
    "--timeout",
    type=click.IntRange(1, 7 * 86400),
    default=3600,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for it.",
)
def command(desk: Desk, instance: str | None, db_cluster: str | None, listing: bool, timeout: int) -> None:
    """Make a snapshot of the database, as a run with `backup` does, and wait until it is available.

    Nothing is deleted. Later runs of a migration with `backup` count it among the service's snapshots and keep the newest of those.
    """
    from ..migration.backup import BackupMaker, restore_command
    from ..migration.ecs import Ecs

    backup = database_of(desk, instance, db_cluster)
    if listing:
        _list(desk, backup)
        return
    whole = dataclasses.replace(backup, keep=KEEP_ALL, timeout=float(timeout))
    spec, ecs = _spec(desk), Ecs(desk.client("ecs"), desk.clock)
    said = Interrupts(
        lambda: desk.screen.say("Ctrl-C: RDS goes on with the snapshot; see `migratable-ecs backup --list`")
    )
    with desk.screen.progress(desk.clock.monotonic) as progress, desk.outside.ctrl_c(said) as interrupts:

        def console(line: str) -> None:
            progress.phase = line
            progress.line(line)

        def cancelled() -> bool:
            progress.tick()
            return interrupts.asked()

        maker = BackupMaker(
            spec, whole, desk.client("rds"), desk.clock, console, now=ecs.now, cancelled=cancelled
        )
        made = maker.make(ecs.now())
    data = {
        "snapshot": made.name,
        "database": backup.instance or backup.cluster,
        "cluster": bool(backup.cluster),
        "restore": restore_command(backup, made),
    }
    desk.screen.result(
        data,
        lambda: desk.screen.facts(
            [
                ("snapshot", made.name),
                ("database", data["database"]),
                ("restore", f"migratable-ecs restore {made.name} {desk.target.options}"),
            ]
        ),
    )


def _spec(desk: Desk) -> RunSpec:
    """Its service and digest name the snapshot; its identity is its own, so that it is shared with no run."""
    from .running import fresh_identity

    migration = desk.target.migration
    if migration is not None:
        return migration.spec(identity=fresh_identity("backup"))
    target = desk.target
    return RunSpec(
        identity=fresh_identity("backup"), service=target.name, stack=target.stack, cluster=target.cluster,
        family="", task_definition="", container="", digest="", region=target.region,
    )  # fmt: skip


def _list(desk: Desk, backup: Backup) -> None:
    rows = found(desk, backup)
    data = {"database": backup.instance or backup.cluster, "cluster": bool(backup.cluster), "snapshots": rows}
    desk.screen.result(
        data,
        lambda: desk.screen.table(
            ["made (UTC)", "status", "GB", "snapshot"],
            [[str(r["created"]).replace("T", " ")[:16], r["status"], r["gb"], r["snapshot"]] for r in rows],
            right=["GB"],
        ),
    )


def found(desk: Desk, backup: Backup) -> list[dict[str, Any]]:
    """The manual snapshots of the database, the newest first."""
    from ..migration.backup import snapshots

    return [row(name, each) for name, each in snapshots(desk.client("rds"), backup, desk.clock)]


def row(name: str, snapshot: Mapping[str, Any]) -> dict[str, Any]:
    """What is shown of a snapshot. Pure."""
    at = snapshot.get("SnapshotCreateTime")
    size = snapshot.get("AllocatedStorage")
    return {
        "snapshot": name,
        "created": at.isoformat(timespec="seconds") if at is not None else "",
        "status": str(snapshot.get("Status", "")),
        "gb": int(size) if size is not None else None,
    }
