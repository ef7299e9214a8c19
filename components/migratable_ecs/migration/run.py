"""One migration run from the checks before it to its record: the state machine drawn in docs/how-it-works.md.

preflight -> adopt or lock -> image -> backup -> RunTask -> follow -> drain -> diagnose -> record. No Pulumi here: `pulumi up` and the
command line both call `execute`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from . import history
from .backup import BackupMaker, Snapshot, restore_command
from .clock import Clock
from .cloudwatch import Logs
from .diagnosis import Diagnosis, Evidence, diagnose, render, succeeded
from .ecs import AwsCallFailed, Ecs, Task
from .errors import LostSight, MigrationFailed, MigrationInterrupted
from .follow import Console, Ending, Follower, LogFollower, Streams
from .obtain import NotStarted, Obtained, Obtainer
from .preflight import check_image, preflight
from .redaction import Redactor
from .session import Clients
from .shell import LogEnd, end_marker, shell_command
from .spec import Backup, LogSummary, RunRecord, RunSpec

#: After StopTask: how long to wait for the container beyond its longest stopTimeout on Fargate, 120 s.
STOP_WAIT = 180.0
#: Causes that no further attempt follows: the time was up, or somebody wanted the task gone.
STOPPED_FOR_GOOD = ("timeout", "cancelled", "stopped-by-user")


def execute(
    spec: RunSpec,
    aws: Clients,
    clock: Clock,
    console: Console,
    cancelled: Callable[[], bool] = lambda: False,
    *,
    ecs: Ecs | None = None,
    logs: Logs | None = None,
    output: Console | None = None,
) -> RunRecord:
    """Run the migration `spec` to its end, or adopt it where another process left it.

    Args:
        spec: what to run.
        aws: hands out the boto3 clients.
        clock: the time.
        console: takes one line for the operator; already redacted.
        cancelled: asked often; True means: come to an end within seconds.
        ecs, logs: shared by the runs of one process; by default each run has its own.
        output: takes the lines of the task's containers; by default the console does.

    Returns:
        the record of the run, `status` being "succeeded".

    Raises:
        MigrationFailed: it did not succeed; the record is in the error and in the history.
        PreflightFailed, BackupFailed, LockTimeout: no task was started.
        MigrationInterrupted: `cancelled` said so, or (LostSight) AWS could not be asked any longer.
    """
    return _Run(
        spec,
        aws,
        clock,
        console,
        cancelled,
        ecs or Ecs(aws.client("ecs"), clock),
        logs or Logs(aws.client("logs"), clock),
        output or console,
    ).execute()


class _Run:
    def __init__(
        self,
        spec: RunSpec,
        aws: Clients,
        clock: Clock,
        console: Console,
        cancelled: Callable[[], bool],
        ecs: Ecs,
        logs: Logs,
        output: Console,
    ) -> None:
        self._spec, self._aws, self._clock = spec, aws, clock
        self._ecs, self._logs = ecs, logs
        self._raw_console, self._output = console, output
        self._cancelled = cancelled
        self._redactor = Redactor()
        self._definition: Mapping[str, Any] = {}
        self._actor = ""
        self._snapshot: Snapshot | None = None
        self._began = 0.0
        self._attempts = 0
        self._log_group = ""

    def execute(self) -> RunRecord:
        self._definition, self._actor = preflight(self._spec, self._aws, self._ecs, self._logs, self._clock)
        self._began = self._ecs.now()
        self._log_group = self._group()
        self._redactor = Redactor(self._secret_values(self._definition))
        end = self._log_end()
        obtainer = self._obtainer(end)
        while True:
            record, diagnosis = self._attempt(obtainer, end)
            if record.status == "succeeded":
                return self._recorded(record)
            if diagnosis is not None and obtainer.may_start_again(diagnosis):
                continue
            ran = diagnosis is not None and diagnosis.ran
            if not ran or self._attempts >= self._spec.attempts or record.cause in STOPPED_FOR_GOOD:
                raise MigrationFailed(record.message, self._recorded(record).as_dict())
            self._recorded(record)
            attempt = f"attempt {self._attempts} of {self._spec.attempts}"
            self._console(f"{attempt} failed ({record.cause}); trying again")
            self._clock.sleep(2.0)

    # -- one attempt ---------------------------------------------------------------------------------------------

    def _attempt(self, obtainer: Obtainer, end: LogEnd) -> tuple[RunRecord, Diagnosis | None]:
        try:
            got = obtainer.obtain()
        except AwsCallFailed as failed:
            raise self._lost_sight(obtainer.left_behind, failed) from failed
        if isinstance(got, NotStarted):
            self._attempts += 1
            message = self._failure_text(got.diagnosis, got.evidence)
            return self._record("failed", None, got.diagnosis, message, LogSummary(), ()), None
        self._say_obtained(got)
        if got.adopted and self._spec.backup is not None:
            # Whatever this process may have copied meanwhile, what counts was made before the task was started.
            self._snapshot = self._backup_maker(self._spec.backup).made_before(got.task.created)
        try:
            definition = self._definition_of(got.task)
            self._redactor = Redactor(
                [*self._secret_values(self._definition), *self._secret_values(definition)]
            )
            log = LogFollower(
                self._logs, Streams.of(definition, got.task), self._spec.container, end, self._redactor, self._output
            )  # fmt: skip
            record, diagnosis = self._follow(got, log, end)
        except AwsCallFailed as failed:
            left = f"task {got.task.arn} goes on meanwhile; the next `pulumi up` adopts it"
            raise self._lost_sight(left, failed) from failed
        finally:
            self._ecs.forget(self._spec.cluster, got.task.arn)
        obtainer.ended(got.task)
        return record, diagnosis

    def _follow(self, got: Obtained, log: LogFollower, end: LogEnd) -> tuple[RunRecord, Diagnosis | None]:
        follower = Follower(self._ecs, self._clock, log, self._console, self._cancelled)
        deadline = (got.task.created or self._ecs.now()) + self._spec.timeout
        ending = follower.until_over(self._spec.cluster, got.task, self._spec.container, deadline)
        if ending.interrupted:
            raise self._interrupted(got.task)
        if ending.timed_out:
            ending = self._stopped(follower, got.task)
            if ending.interrupted:
                raise self._interrupted(got.task, stopping=True)
        drained = self._drain(follower, ending, end)
        return self._judge(got, ending, log, drained)

    def _drain(self, follower: Follower, ending: Ending, end: LogEnd) -> str:
        """A task in which nothing ran has no log to wait for. One whose sidecar failed first has, and there it says why."""
        task = ending.task
        ran = task is None or ending.timed_out or task.ran(self._spec.container)
        bound = self._spec.drain_timeout if ran or task is None or task.anything_ran else 0.0
        reason = follower.drain(bound, expect_marker=end.script is not None)
        return reason if ran else "the container never ran"

    def _stopped(self, follower: Follower, task: Task) -> Ending:
        """The time is up: stop the task and wait until its container is gone."""
        self._console(f"timeout: {self._spec.timeout:g} s are over, stopping task {task.id}")
        self._ecs.stop(self._spec.cluster, task.arn, "migratable-ecs: timeout")
        end = follower.until_over(self._spec.cluster, task, self._spec.container, self._ecs.now() + STOP_WAIT)
        # It may have come to its own end while StopTask was on its way.
        own_end = end.task is not None and end.task.raw.get("stopCode") == "EssentialContainerExited"
        return replace(end, timed_out=not (end.interrupted or own_end))

    def _judge(
        self, got: Obtained, ending: Ending, log: LogFollower, drained: str
    ) -> tuple[RunRecord, Diagnosis | None]:
        summary = log.summary(drained)
        lines = tuple(log.last_lines)
        if (
            not ending.timed_out
            and ending.task is not None
            and succeeded(ending.task.raw, self._spec.container)
        ):
            self._attempts += 1
            record = self._record("succeeded", ending, None, "", summary, lines)
            self._console(_success_line(record))
            return replace(record, adopted=got.adopted), None
        evidence = self._evidence(
            task=ending.task.raw if ending.task else None,
            missing=ending.task is None,
            timed_out=ending.timed_out,
            last_lines=lines,
        )
        diagnosis = diagnose(evidence)
        self._attempts += diagnosis.ran
        record = self._record(
            "failed", ending, diagnosis, self._failure_text(diagnosis, evidence), summary, lines
        )
        if ending.task is None:
            record.task_arn, record.run = got.task.arn, got.task.id
        return replace(record, adopted=got.adopted), diagnosis

    # -- words ---------------------------------------------------------------------------------------------------

    def _console(self, line: str) -> None:
        self._raw_console(self._redactor.text(line))

    def _say_obtained(self, got: Obtained) -> None:
        if not got.adopted:
            self._console(f"task {got.task.id} started ({self._spec.task_definition.rsplit('/', 1)[-1]})")
        elif got.task.over(self._spec.container):
            self._console(f"task {got.task.id} of this run has already succeeded; its log follows")
        else:
            self._console(
                f"task {got.task.id} of this run is executing already; following it from its first line"
            )

    def _interrupted(self, task: Task, *, stopping: bool = False) -> MigrationInterrupted:
        """`stopping`: it was asked to stop already."""
        stop = f"aws ecs stop-task --cluster {self._spec.cluster} --task {task.arn}"
        if stopping or self._spec.on_cancel == "stop":
            self._ecs.stop(self._spec.cluster, task.arn, "migratable-ecs: cancelled")
            text = f"cancelled: task {task.arn} was asked to stop; the next `pulumi up` starts the migration again"
        else:
            text = f"cancelled: task {task.arn} goes on; the next `pulumi up` resumes it, `{stop}` stops it"
        self._console(text)
        return MigrationInterrupted(text)

    def _lost_sight(self, left: str, failed: AwsCallFailed) -> LostSight:
        """`left`: what goes on meanwhile."""
        diagnosis = diagnose(self._evidence(error=failed.error))
        said = f"{diagnosis.sentence} {left[0].upper()}{left[1:]}. {diagnosis.next_step}"
        return LostSight(self._redactor.text(said))

    def _failure_text(self, diagnosis: Diagnosis, evidence: Evidence) -> str:
        text = render(diagnosis, evidence)
        if self._snapshot and self._spec.backup:
            text += (
                f"\nThe database as it was before the run is in snapshot {self._snapshot.name}; to restore it: "
                f"{restore_command(self._spec.backup, self._snapshot)}"
            )
        return self._redactor.text(text)

    # -- facts ---------------------------------------------------------------------------------------------------

    def _obtainer(self, end: LogEnd) -> Obtainer:
        override = end.override(self._spec.container, self._spec.command)
        return Obtainer(
            self._spec, self._ecs, self._clock, self._console, evidence=self._evidence, override=override,
            cancelled=self._cancelled, prepare=self._prepare,
        )  # fmt: skip

    def _prepare(self, tasks: Sequence[Task]) -> None:
        """A task will be started: it needs its image, and the database is copied before."""
        check_image(self._spec, self._aws, self._clock)
        # What counts is the database before the first attempt, which an earlier process may have copied.
        if self._spec.backup is not None and self._snapshot is None:
            newest = max((task.created for task in tasks), default=0.0)
            self._snapshot = self._backup_maker(self._spec.backup).make(newest)

    def _backup_maker(self, backup: Backup) -> BackupMaker:
        return BackupMaker(
            self._spec, backup, self._aws.client("rds"), self._clock, self._console,
            now=self._ecs.now, cancelled=self._cancelled,
        )  # fmt: skip

    def _definition_of(self, task: Task) -> Mapping[str, Any]:
        """An adopted task may run an earlier revision, with other log settings."""
        arn = str(task.raw.get("taskDefinitionArn", ""))
        if not arn or arn == self._definition.get("taskDefinitionArn"):
            return self._definition
        return self._ecs.task_definition(arn)

    def _container(self) -> Mapping[str, Any]:
        return next(c for c in self._definition["containerDefinitions"] if c["name"] == self._spec.container)

    def _log_end(self) -> LogEnd:
        container = self._container()
        command = self._spec.command or container.get("command") or ()
        script = shell_command(container.get("entryPoint") or (), command)
        return LogEnd(end_marker(self._spec.identity), script)

    def _secret_values(self, definition: Mapping[str, Any]) -> list[str]:
        names = set(self._spec.secret_environment)
        return [
            str(pair["value"])
            for container in definition["containerDefinitions"]
            for pair in container.get("environment") or ()
            if pair["name"] in names
        ]

    def _group(self) -> str:
        options = (self._container().get("logConfiguration") or {}).get("options") or {}
        return str(options.get("awslogs-group", ""))

    def _evidence(self, **found: Any) -> Evidence:
        memory = self._definition.get("memory")
        return Evidence(
            container=self._spec.container,
            cluster=self._spec.cluster,
            family=self._spec.family,
            region=self._spec.region,
            log_group=self._log_group,
            timeout=self._spec.timeout,
            memory=int(memory) if memory else None,
            **found,
        )

    def _record(
        self,
        status: Any,
        ending: Ending | None,
        diagnosis: Diagnosis | None,
        message: str,
        log: LogSummary,
        lines: tuple[str, ...],
    ) -> RunRecord:
        task = ending.task if ending else None
        raw: Mapping[str, Any] = task.raw if task else {}
        return RunRecord(
            run=task.id if task else f"{self._spec.identity}-{int(self._began)}",
            status=status,
            digest=self._spec.digest,
            purpose=self._spec.purpose,
            service=self._spec.service,
            stack=self._spec.stack,
            identity=self._spec.identity,
            task_arn=task.arn if task else "",
            task_definition_arn=str(raw.get("taskDefinitionArn", self._spec.task_definition)),
            exit_code=task.exit_code(self._spec.container) if task else None,
            # Only a container that ran counts; a run whose task never started was tried once all the same.
            attempts=max(1, self._attempts),
            cause=diagnosis.cause if diagnosis else "",
            message=message,
            started_at=_iso(raw.get("startedAt") or raw.get("createdAt")) or _epoch_iso(self._began),
            stopped_at=_iso(raw.get("executionStoppedAt") or raw.get("stoppedAt"))
            or _epoch_iso(ending.seen_at if ending else self._ecs.now()),
            actor=self._actor,
            timings=timings(raw, self._began, ending.seen_at if ending else self._began, self._ecs.now()),
            log=log,
            snapshot_id=self._snapshot.name if self._snapshot else "",
            last_lines=list(lines),
        )

    def _recorded(self, record: RunRecord) -> RunRecord:
        if self._log_group and self._spec.purpose not in ("status", "plan"):
            history.append(
                self._logs, self._log_group, self._spec.family, record, self._ecs.now(), self._console
            )
        return record


def timings(task: Mapping[str, Any], began: float, seen: float, now: float) -> dict[str, float]:
    """Where the seconds went: queue, pull, start, run, and ours (before the task, and after its exit). Pure."""
    at = {key: value.timestamp() for key, value in task.items() if isinstance(value, datetime)}
    spans = {
        "before": ("", "createdAt"),
        "queue": ("createdAt", "pullStartedAt"),
        "pull": ("pullStartedAt", "pullStoppedAt"),
        "start": ("pullStoppedAt", "startedAt"),
    }
    found = {
        name: round(max(0.0, at[end] - at.get(start, began)), 2)
        for name, (start, end) in spans.items()
        if end in at and (start in at or not start)
    }
    if "startedAt" in at:
        found["run"] = round(max(0.0, at.get("executionStoppedAt", seen) - at["startedAt"]), 2)
    found["drain"] = round(max(0.0, now - seen), 2)
    return found


def _success_line(record: RunRecord) -> str:
    log = record.log
    whole = "log complete" if log.complete else f"log not proven complete ({log.reason})"
    seconds = record.timings.get("run")
    took = f" in {seconds:g} s" if seconds is not None else ""
    return f"{record.purpose} succeeded{took}: exit code 0, {log.lines} lines, {whole}"


def _iso(at: Any) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds") if isinstance(at, datetime) else ""


def _epoch_iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
