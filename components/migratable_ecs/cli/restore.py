"""`migratable-ecs restore`: the way back to a snapshot, step by step; the steps that lose nothing are run when asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from ..migration.spec import Backup
from . import exit_codes
from .backup import found
from .confirm import confirm
from .databases import database_of, database_options
from .desk import Desk, operator_options
from .errors import CommandError
from .outside import Interrupts
from .revisions import ask, describe_services
from .scale import limits_of


@dataclass(frozen=True)
class Step:
    """`why` in one sentence, and the command that does it. `loses`: what it costs; empty when nothing is lost."""

    why: str
    command: str
    loses: str = ""


@dataclass(frozen=True)
class Scaled:
    """One service: the options that name it, its number of tasks, and the least of them where it scales by itself."""

    here: str
    count: int
    minimum: int | None = None

    @property
    def down(self) -> str:
        """Nothing runs: without --min 0 a service that scales by itself would start tasks again."""
        return f"migratable-ecs scale 0 {self.here}{'' if self.minimum is None else ' --min 0'}"

    @property
    def up(self) -> str:
        """As before."""
        return f"migratable-ecs scale {self.count} {self.here}{'' if self.minimum is None else f' --min {self.minimum}'}"


@click.command("restore")
@operator_options
@click.argument("snapshot", required=False)
@database_options
@click.option(
    "--run", "go", is_flag=True, help="Make the restored database beside the present one, and wait for it."
)
@click.option(
    "--timeout",
    type=click.IntRange(1, 7 * 86400),
    default=7200,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for it.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(
    desk: Desk,
    snapshot: str | None,
    instance: str | None,
    db_cluster: str | None,
    go: bool,
    timeout: int,
    yes: bool,
) -> None:
    """Show the steps back to SNAPSHOT (default the newest one that is available); --run does those that lose nothing.

    A snapshot is always restored into a new database beside the present one, with its network, class and settings. Putting it in the place
    of the present one loses what was written since the snapshot: those steps are shown, and are yours to take.
    """
    backup = database_of(desk, instance, db_cluster)
    chosen = pick(found(desk, backup), snapshot, backup)
    present = _present(desk, backup)
    new = f"{backup.instance or backup.cluster}-restored"
    request = restore_request(backup, str(chosen["snapshot"]), new, present)
    steps = the_steps(
        backup, new, request, here=desk.target.options, scaled=_scaled(desk), since=str(chosen["created"])
    )
    if go:
        lost = ["nothing is lost, but a second database runs from now on and costs as much as the first"]
        confirm(desk, f"restore snapshot {chosen['snapshot']} into a new database {new}", lost, yes=yes)
        _restore(desk, backup, request, new, present, float(timeout))
    done = 0 if not go else 1 if backup.cluster else 2
    data = {
        "snapshot": chosen["snapshot"],
        "created": chosen["created"],
        "database": backup.instance or backup.cluster,
        "restored": new,
        "steps": [
            {"why": each.why, "command": each.command, "loses": each.loses, "done": number <= done}
            for number, each in enumerate(steps, 1)
        ],
    }
    desk.screen.result(data, lambda: _draw(desk, data))


def pick(rows: list[dict[str, Any]], name: str | None, backup: Backup) -> dict[str, Any]:
    """The snapshot that is named, else the newest that is available. Pure.

    Raises:
        CommandError: there is none such, or it is not available.
    """
    source = backup.instance or backup.cluster
    if name is None:
        ready = next((each for each in rows if each["status"] == "available"), None)
        if ready is None:
            raise CommandError(
                f"{source} has no manual snapshot that is available: name one that RDS made by itself (rds:…)",
                exit_codes.NOT_FOUND,
            )
        return ready
    named = next((each for each in rows if each["snapshot"] == name), None)
    if named is None and name.startswith("rds:"):
        return {"snapshot": name, "created": "", "status": "available", "gb": None}
    if named is None or named["status"] != "available":
        state = f"is {named['status']}" if named else "is no snapshot of it"
        raise CommandError(
            f"{name} {state} ({source}): `migratable-ecs backup --list` names them", exit_codes.NOT_FOUND
        )
    return named


def _present(desk: Desk, backup: Backup) -> Mapping[str, Any]:
    """The database as it is now; empty when it is gone."""
    from ..migration.ecs import AwsCallFailed

    rds = desk.client("rds")
    try:
        if backup.cluster:
            reply = ask(
                desk,
                "DescribeDBClusters",
                lambda: rds.describe_db_clusters(DBClusterIdentifier=backup.cluster),
            )
            return dict(reply["DBClusters"][0])
        reply = ask(
            desk,
            "DescribeDBInstances",
            lambda: rds.describe_db_instances(DBInstanceIdentifier=backup.instance),
        )
        return dict(reply["DBInstances"][0])
    except AwsCallFailed as failed:
        if "NotFound" not in failed.error.code:
            raise
        return {}


def restore_request(backup: Backup, snapshot: str, new: str, present: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of RestoreDBInstanceFromDBSnapshot or RestoreDBClusterFromSnapshot: what a restore does not take over by itself. Pure.

    Sources: API reference of both; a restore without them stands in the default VPC, open to its default group.
    """
    groups = [str(each["VpcSecurityGroupId"]) for each in present.get("VpcSecurityGroups") or ()]
    wanted: dict[str, Any]
    if backup.cluster:
        wanted = {
            "DBClusterIdentifier": new,
            "SnapshotIdentifier": snapshot,
            "Engine": present.get("Engine"),
            "DBSubnetGroupName": present.get("DBSubnetGroup"),
            "DBClusterParameterGroupName": present.get("DBClusterParameterGroup"),
            # Without it the cluster takes no instance of the class db.serverless.
            "ServerlessV2ScalingConfiguration": present.get("ServerlessV2ScalingConfiguration"),
        }
    else:
        parameters: Mapping[str, Any] = next(iter(present.get("DBParameterGroups") or ()), {})
        wanted = {
            "DBInstanceIdentifier": new,
            "DBSnapshotIdentifier": snapshot,
            "DBInstanceClass": present.get("DBInstanceClass"),
            "DBSubnetGroupName": (present.get("DBSubnetGroup") or {}).get("DBSubnetGroupName"),
            "DBParameterGroupName": parameters.get("DBParameterGroupName"),
            "MultiAZ": present.get("MultiAZ"),
            "PubliclyAccessible": present.get("PubliclyAccessible"),
        }
    wanted |= {"VpcSecurityGroupIds": groups or None, "DeletionProtection": present.get("DeletionProtection")}
    return {key: value for key, value in wanted.items() if value is not None}


def shell(operation: str, request: Mapping[str, Any]) -> str:
    """The same call as a line for the AWS CLI. Pure."""
    from botocore import xform_name

    words = [f"aws rds {operation}"]
    for key, value in request.items():
        option = xform_name(key, "-")
        if isinstance(value, bool):
            words.append(f"--{'' if value else 'no-'}{option}")
        elif isinstance(value, Mapping):
            words.append(f"--{option} {','.join(f'{name}={each}' for name, each in value.items())}")
        else:
            words.append(f"--{option} {' '.join(value) if isinstance(value, list) else value}")
    return " ".join(words)


def the_steps(
    backup: Backup, new: str, request: Mapping[str, Any], *, here: str, scaled: Sequence[Scaled], since: str
) -> list[Step]:
    """All steps back, in order; the first ones of `--run` lose nothing. Pure.

    Args:
        here: the options that name the service on a command line. scaled: it and its workers. since: when the snapshot was made.
    """
    old, kind = backup.instance or backup.cluster, "cluster" if backup.cluster else "instance"
    operation = (
        "restore-db-cluster-from-snapshot" if backup.cluster else "restore-db-instance-from-db-snapshot"
    )
    since = since.replace("T", " ")[:16] or "the snapshot"
    return [
        Step("Restore beside the present database", shell(operation, request)),
        _second(backup, new),
        Step("Look into it, through a task", f"migratable-ecs forward {here} --host ENDPOINT"),
        Step(
            "Stop the app, so that nobody writes",
            " && ".join(each.down for each in scaled),
            "nobody answers requests until step 7",
        ),
        Step("Put the old one aside", _renamed(kind, old, f"{old}-old")),
        Step(
            "Put the new one in its place",
            _renamed(kind, new, old),
            f"what was written since {since} is only in {old}-old",
        ),
        Step("Start the app again; the address is the old one", " && ".join(each.up for each in scaled)),
        Step(
            "Look what Pulumi makes of it: where it still shows the old one, `pulumi state delete` that and `pulumi import` the new one",
            "pulumi preview --refresh",
        ),
    ]


def _second(backup: Backup, new: str) -> Step:
    if not backup.cluster:
        return Step(
            "Wait until it is available", f"aws rds wait db-instance-available --db-instance-identifier {new}"
        )
    make = f"aws rds create-db-instance --db-cluster-identifier {new} --db-instance-identifier {new}-1"
    return Step(
        "Give the cluster an instance, of the class that the present one has",
        f"{make} --engine ENGINE --db-instance-class CLASS",
    )


def _renamed(kind: str, name: str, to: str) -> str:
    change = f"aws rds modify-db-{kind} --db-{kind}-identifier {name} --new-db-{kind}-identifier {to} --apply-immediately"
    return f"{change} && aws rds wait db-{kind}-available --db-{kind}-identifier {to}"


def _restore(
    desk: Desk,
    backup: Backup,
    request: Mapping[str, Any],
    new: str,
    present: Mapping[str, Any],
    timeout: float,
) -> None:
    from ..migration.ecs import AwsCallFailed

    rds = desk.client("rds")
    operation, call = (
        ("RestoreDBClusterFromSnapshot", lambda: rds.restore_db_cluster_from_snapshot(**request))
        if backup.cluster
        else ("RestoreDBInstanceFromDBSnapshot", lambda: rds.restore_db_instance_from_db_snapshot(**request))
    )
    try:
        # Not repeated: a second call finds the name taken.
        ask(desk, operation, call, tries=1)
    except AwsCallFailed as failed:
        if "AlreadyExists" not in failed.error.code:
            raise
        raise CommandError(
            f"there is a database {new} already, perhaps of an earlier restore: go on with it from step 2 (`migratable-ecs restore` shows "
            "the steps), or delete or rename it"
        ) from None
    _wait(desk, Backup(cluster=new) if backup.cluster else Backup(instance=new), timeout)


def _wait(desk: Desk, backup: Backup, timeout: float) -> None:
    said = Interrupts(lambda: desk.screen.say("Ctrl-C: RDS goes on restoring"))
    ends = desk.clock.monotonic() + timeout
    name = backup.instance or backup.cluster
    with desk.screen.progress(desk.clock.monotonic) as progress, desk.outside.ctrl_c(said) as interrupts:
        while True:
            now = _present(desk, backup)
            status = str(now.get("DBInstanceStatus") or now.get("Status") or "not there yet")
            if status == "available":
                return
            if status.startswith("incompatible") or status == "failed":
                raise CommandError(f"database {name} is {status}: see its events in RDS", exit_codes.FAILED)
            if interrupts.asked() or desk.clock.monotonic() >= ends:
                raise CommandError(
                    f"database {name} is still {status}; RDS goes on: `aws rds describe-db-instances` shows it",
                    exit_codes.NO_RESULT,
                )
            progress.phase = f"database {name} is {status}"
            progress.tick()
            desk.clock.sleep(10.0)


def _scaled(desk: Desk) -> list[Scaled]:
    """The service and its workers, as they are scaled now."""
    target = desk.target
    if not target.service:
        return [Scaled(target.options, 1)]
    named = {target.service: target.options}
    named |= {name: f"-s {target.stack} --service {key}" for key, name in target.workers.items()}
    found = describe_services(desk, list(named))
    return [
        Scaled(options, int(found[name].get("desiredCount", 1)), _minimum(desk, found[name]))
        for name, options in named.items()
        if name in found
    ]


def _minimum(desk: Desk, service: Mapping[str, Any]) -> int | None:
    limits = limits_of(desk, service)
    return limits.minimum if limits else None


def _draw(desk: Desk, data: Mapping[str, Any]) -> None:
    made = str(data["created"]).replace("T", " ")[:16]
    desk.screen.facts([("database", data["database"]), ("snapshot", data["snapshot"]), ("made (UTC)", made)])
    for number, each in enumerate(data["steps"], 1):
        desk.screen.line("")
        desk.screen.print(f"{number}. {'done: ' if each['done'] else ''}{each['why']}")
        if each["loses"]:
            desk.screen.print(f"   costs: {each['loses']}")
        # Not wrapped: it is copied.
        desk.screen.line(f"   {each['command']}")
