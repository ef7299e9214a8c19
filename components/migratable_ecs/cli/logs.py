"""`migratable-ecs logs`: lines of the app or of the migration, redacted as in an update."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import click

from . import exit_codes
from .desk import Desk, operator_options
from .errors import CommandError
from .outside import Interrupts

#: Seconds between two looks with --follow; FilterLogEvents allows 5 a second for an account in the scarcest regions.
INTERVAL = 2.0
#: With --follow each look goes back so far: events may become visible after later ones.
LATE = 30_000

_AGE = re.compile(r"(\d+)\s*([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
#: What our own end marker adds to a line (migration/shell.py).
_MARKER = re.compile(r"migratable-ecs: end of log migratable-\S+$")


@dataclass
class Reader:
    """Events of one log group from `start` (ms since 1970) on, each once, in the order of their times."""

    client: Any
    call: Callable[[Callable[[], Any]], Any]
    group: str
    start: int
    streams: tuple[str, ...] = ()
    _seen: dict[str, int] = field(default_factory=dict)

    def new(self) -> Iterator[Mapping[str, Any]]:
        """What has come since the last time."""
        request: dict[str, Any] = {"logGroupName": self.group, "startTime": self.start}
        if self.streams:
            request["logStreamNames"] = list(self.streams)
        newest = self.start
        while True:
            reply = self.call(lambda: self.client.filter_log_events(**request))
            for event in reply.get("events", ()):
                newest = max(newest, int(event["timestamp"]))
                if event["eventId"] not in self._seen:
                    self._seen[event["eventId"]] = int(event["timestamp"])
                    yield event
            if not reply.get("nextToken"):
                break
            request["nextToken"] = reply["nextToken"]
        self.start = max(self.start, newest - LATE)
        self._seen = {key: at for key, at in self._seen.items() if at >= self.start}


@click.command("logs")
@operator_options
@click.argument("what", type=click.Choice(["app", "migration"]), default="app")
@click.option("-f", "--follow", is_flag=True, help="Go on until Ctrl-C; with --json one object a line.")
@click.option(
    "--since",
    default="10m",
    show_default=True,
    metavar="AGE",
    help="30s, 10m, 2h, 7d, or a time such as 2026-11-21T14:00.",
)
@click.option("--grep", "pattern", metavar="REGEX", help="Only lines that match.")
@click.option("--run", "run", metavar="RUN", help="Of the migration: this run only, as `history` names it.")
def command(
    desk: Desk,
    what: Literal["app", "migration"],
    follow: bool,
    since: str,
    pattern: str | None,
    run: str | None,
) -> None:
    """Lines of the app (default) or of the migration, oldest first; what looks like a secret is redacted."""
    if run and what != "migration":
        raise CommandError("--run is for `logs migration`", exit_codes.USAGE)
    wanted = _regex(pattern)
    start = since_ms(since, desk.clock.time())
    reader = _reader(desk, what, start, run)
    from ..migration.redaction import Redactor

    redactor = Redactor(_secret_values(desk))
    lines: list[dict[str, Any]] = []

    def take(event: Mapping[str, Any]) -> None:
        message = _MARKER.sub("", redactor.text(str(event["message"]).rstrip("\n")))
        if not message or str(event["logStreamName"]).startswith("migratable-ecs/history/"):
            return
        if wanted and not wanted.search(message):
            return
        line = {"at": _time(int(event["timestamp"])), "stream": event["logStreamName"], "message": message}
        if not desk.screen.as_json:
            desk.screen.line(f"{line['at'][11:19]}Z {message}")
        elif follow:
            desk.screen.line(json.dumps(line, ensure_ascii=False))
        else:
            lines.append(line)

    if follow:
        _follow(desk, reader, take)
    else:
        for event in reader.new():
            take(event)
        desk.screen.result({"service": desk.target.name, "group": reader.group, "lines": lines}, lambda: None)


def _secret_values(desk: Desk) -> list[str]:
    from .facts import MigrationFacts

    return MigrationFacts(desk).secret_values() if desk.target.migration else []


def _follow(desk: Desk, reader: Reader, take: Callable[[Mapping[str, Any]], None]) -> None:
    """Until Ctrl-C, which is how it ends: no error, from the first line on."""
    with desk.outside.ctrl_c(Interrupts(lambda: None)) as interrupts:
        while True:
            for event in reader.new():
                take(event)
            if interrupts.asked():
                return
            desk.clock.sleep(INTERVAL)


def _reader(desk: Desk, what: str, start: int, run: str | None) -> Reader:
    from ..migration.ecs import call
    from .facts import MigrationFacts, app_log_group

    streams: tuple[str, ...] = ()
    if what == "app":
        group = app_log_group(desk)
    else:
        facts = MigrationFacts(desk)
        group = facts.log_group
        if run:
            from .show import pick

            found = pick(facts.runs(1000), run)
            streams = tuple((found.get("log") or {}).get("streams") or ())
            start = since_ms(str(found.get("started_at") or "7d"), desk.clock.time()) - 60_000
    if not group:
        raise CommandError(
            f"the {what} of {desk.target.name} does not write to CloudWatch: its task definition has no awslogs group"
        )
    return Reader(
        desk.client("logs"), lambda ask: call(desk.clock, "FilterLogEvents", ask), group, start, streams
    )


def since_ms(text: str, now: float) -> int:
    """Milliseconds since 1970 of an age before `now` or of a time in UTC. Pure.

    Raises:
        CommandError: it is neither.
    """
    age = _AGE.fullmatch(text.strip())
    if age:
        return int((now - int(age[1]) * _UNITS[age[2]]) * 1000)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(
            f"--since is {text!r}; give an age such as 30s, 10m, 2h or 7d, or a time such as 2026-11-21T14:00",
            exit_codes.USAGE,
        ) from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


def _regex(pattern: str | None) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern) if pattern else None
    except re.error as error:
        raise CommandError(
            f"--grep is {pattern!r}, which is no regular expression ({error}): write \\ before signs",
            exit_codes.USAGE,
        ) from None


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
