"""`migratable-ecs doctor`: what is wrong around the service and its migration, and what to do."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from . import exit_codes
from .desk import Desk, operator_options

if TYPE_CHECKING:
    from ..doctor.snapshot import Finding, Snapshot

#: Seconds for the task that knocks at the database.
TIMEOUT = 300.0
#: Tried in this order, whatever of it the image has. HOST and PORT are put in.
_KNOCK = """
host='{host}'; port='{port}'
if command -v python3 >/dev/null 2>&1; then
  python3 -c 'import socket,sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 10)' "$host" "$port"
elif command -v ruby >/dev/null 2>&1; then
  ruby -rsocket -e 'Socket.tcp(ARGV[0], ARGV[1].to_i, connect_timeout: 10)' "$host" "$port"
elif command -v php >/dev/null 2>&1; then
  php -r 'exit(fsockopen($argv[1], (int)$argv[2], $n, $s, 10) ? 0 : 1);' "$host" "$port"
elif command -v node >/dev/null 2>&1; then
  node -e 'const s=require("net").connect(+process.argv[2],process.argv[1],()=>process.exit(0));s.on("error",e=>{{console.error(e.message);process.exit(1)}});setTimeout(()=>process.exit(1),10000)' "$host" "$port"
elif command -v nc >/dev/null 2>&1; then
  nc -z -w 10 "$host" "$port"
else
  echo 'migratable-ecs: the image has none of python3, ruby, php, node, nc'; exit 97
fi
"""  # noqa: E501
_NO_TOOL = 97
_WORDS = {True: "ok", False: "no", None: "?"}


@click.command("doctor")
@operator_options
@click.option(
    "--from-task",
    is_flag=True,
    help="Also start a task that knocks at the database; needs a shell in the image.",
)
def command(desk: Desk, from_task: bool) -> None:
    """Look for everything that is known to go wrong, and say what to do about it.

    Only reads, unless --from-task is given. Exit code 8 when something is wrong. What may not be looked at is named: it is not called well.
    """
    from ..doctor.checks import examine
    from .doctor_gather import snapshot

    found = snapshot(desk)
    if from_task:
        found = _knocked(desk, found)
    elif found.database is not None:
        desk.screen.say("whether a task reaches the database was not tried: --from-task starts one")
    findings = [_for(desk, each) for each in examine(found)]
    data = {
        "service": desk.target.name,
        "checks": _checks(found),
        "findings": [dataclasses.asdict(each) for each in findings],
        "unknown": list(found.unknown),
    }
    desk.screen.result(data, lambda: _draw(desk, data))
    if findings:
        click.get_current_context().exit(exit_codes.FINDINGS)


def _for(desk: Desk, finding: Finding) -> Finding:
    """With commands that can be copied."""
    return dataclasses.replace(finding, remedy=finding.remedy.replace("-s STACK", desk.target.options))


def _checks(found: Snapshot) -> list[dict[str, Any]]:
    from ..doctor.checks import CHECKS, verdicts

    well = verdicts(found)
    return [{"check": each.name, "asks": each.asks, "ok": well[each.name]} for each in CHECKS]


def _draw(desk: Desk, data: Mapping[str, Any]) -> None:
    desk.screen.table(
        ["", "check", "makes sure that"],
        [[_WORDS[each["ok"]], each["check"], each["asks"]] for each in data["checks"]],
    )
    for number, each in enumerate(data["findings"], 1):
        desk.screen.print(f"{number}. {each['what']}", f"   do: {each['remedy']}", "")
    for each in data["unknown"]:
        desk.screen.print(f"not looked at: {each}")
    wrong = len(data["findings"])
    desk.screen.line(f"{wrong or 'nothing'} wrong" if wrong != 1 else "1 thing wrong")


def _knocked(desk: Desk, found: Snapshot) -> Snapshot:
    """With what a task of the migration says about the way to the database."""
    from ..migration.errors import MigrationFailed
    from .errors import CommandError
    from .running import fresh_identity, run_task

    if found.database is None:
        raise CommandError(
            "--from-task does not know the database: none of DB_HOST, DATABASE_HOST, DATABASE_URL … is among the tasks' settings"
        )
    migration = desk.target.need_migration()
    containers = {str(each["name"]): each for each in found.containers("migration")}
    entry_point = list(containers.get(migration.container, {}).get("entryPoint") or ())
    if entry_point and entry_point[-1] != "-c":
        raise CommandError(
            f"--from-task needs a shell, but the entry point of {migration.container} is {entry_point!r}"
        )
    script = _KNOCK.format(host=found.database.host.replace("'", ""), port=found.database.port)
    spec = migration.spec(
        purpose="status",
        command=(script,) if entry_point else ("sh", "-c", script),
        identity=fresh_identity("status"),
        attempts=1,
        backup=None,
        timeout=TIMEOUT,
    )
    lines: list[str] = []
    try:
        run_task(desk, spec, lines.append)
    except MigrationFailed as failed:
        code = (failed.record or {}).get("exit_code")
        if code == _NO_TOOL:
            return dataclasses.replace(
                found,
                unknown=(
                    *found.unknown,
                    "the way to the database: the image has none of python3, ruby, php, node, nc",
                ),
            )
        said = lines[-1] if code is not None and lines else str(failed).splitlines()[0]
        return dataclasses.replace(found, probe=said)
    return dataclasses.replace(found, probe="")
