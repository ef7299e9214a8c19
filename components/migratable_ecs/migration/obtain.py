"""Get hold of the task of a run: adopt the one that is there, or start it when nobody else's is executing.

ECS itself is the lock. Whoever wants to start a task of a family sends a `clientToken` made from the newest task of that family that
ECS lists. Two deployers that saw the same list send the same token, and ECS starts one task: the second gets the same task when it asked
for the same run, else a ConflictException, and waits. A list that lags behind leads to an old token, hence to the same end.

Tokens die with the records of their tasks, about an hour after the end. Two deployers that look just before and just after that moment
have different tokens; so does one that was suspended for an hour between looking and acting. Therefore whoever has started a task looks
once more while the task is still without a container: the younger one of two gives way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .clock import Clock
from .diagnosis import Diagnosis, Evidence, diagnose, succeeded
from .ecs import AwsCallFailed, Ecs, Task
from .errors import LockTimeout, LostSight, MigrationInterrupted
from .identity import lock_token
from .polling import retry_delay, state_interval
from .spec import RunSpec

Console = Callable[[str], None]

#: A token whose task neither shows up nor executes for so long belongs to a task that ECS has forgotten.
TOKEN_SETTLES = 60.0
#: A list of tasks older than this is not acted upon: a suspended process must look again.
LIST_IS_FRESH = 60.0
#: So soon after RunTask no container of the task can have been started: Fargate takes far longer to attach the network.
SAFE_TO_GIVE_WAY = 5.0
#: A task that is listed but not described is announced only after so long: usually the next look knows it.
UNSEEN = 10.0

STACK_TAG = "migratable-ecs:stack"
SERVICE_TAG = "migratable-ecs:service"
DIGEST_TAG = "migratable-ecs:digest"


@dataclass(frozen=True)
class Obtained:
    """The task, and whether it was there already (`adopted`)."""

    task: Task
    adopted: bool


@dataclass(frozen=True)
class NotStarted:
    """ECS would not start a task; `transient` failures have been retried already."""

    evidence: Evidence
    diagnosis: Diagnosis


def run_request(spec: RunSpec, token: str) -> dict[str, Any]:
    """RunTask's parameters. The same run always gives the same ones, since ECS compares them. Pure."""
    request: dict[str, Any] = {
        "cluster": spec.cluster,
        "taskDefinition": spec.task_definition,
        "count": 1,
        "startedBy": spec.identity,
        "clientToken": token,
        "propagateTags": "TASK_DEFINITION",
        "tags": [
            {"key": STACK_TAG, "value": spec.stack},
            {"key": SERVICE_TAG, "value": spec.service},
            {"key": DIGEST_TAG, "value": spec.digest},
        ],
        **spec.launch,
    }
    if spec.network:
        request["networkConfiguration"] = {"awsvpcConfiguration": dict(spec.network)}
    return request


class Obtainer:
    """One deployer's way to its task. `prepare` is called at most once, when it is certain that a task will be started."""

    def __init__(
        self,
        spec: RunSpec,
        ecs: Ecs,
        clock: Clock,
        console: Console,
        *,
        evidence: Callable[..., Evidence],
        override: Mapping[str, Any],
        cancelled: Callable[[], bool],
        prepare: Callable[[Sequence[Task]], None],
    ) -> None:
        self._spec, self._ecs, self._clock, self._console = spec, ecs, clock, console
        self._evidence, self._override = evidence, override
        self._cancelled, self._prepare = cancelled, prepare
        self._bumps: dict[str, int] = {}
        self._spent_since: dict[str, float] = {}
        self._waiting_since: float | None = None
        self._announced = ""
        self._failed_starts = 0
        self._started = 0
        self._answer_lost = False
        self._ended: set[str] = set()

    def obtain(self) -> Obtained | NotStarted:
        """The task, started or adopted.

        Raises:
            LockTimeout: another task of the family was still executing after `lock_timeout`.
            LostSight: whether RunTask has started a task is not known.
            MigrationInterrupted: told to stop before a task was there.
            AwsCallFailed: a read failed for good.
        """
        while True:
            if self._cancelled():
                again = " again" if self._started else ""
                raise MigrationInterrupted(
                    f"cancelled before the migration was started{again}: {self.left_behind}"
                )
            looked = self._clock.time(), self._clock.monotonic()
            tasks = self._ecs.family_tasks(self._spec.cluster, self._spec.family)
            adopted = self._adoptable(tasks)
            if adopted is not None:
                return self._got(adopted, adopted=True)
            if not self._free(tasks):
                continue
            self._prepare_once(tasks)
            # The wall clock also counts the time for which the machine was suspended.
            if max(self._clock.time() - looked[0], self._clock.monotonic() - looked[1]) > LIST_IS_FRESH:
                continue
            obtained = self._start(tasks)
            if obtained is not None:
                return obtained

    @property
    def left_behind(self) -> str:
        """What this deployment has done so far, for the one who comes after it."""
        if self._answer_lost:
            return "the answer to RunTask was lost, so a task may be executing; the next run adopts it"
        if self._started:
            return "the task that this deployment had started is over"
        return "this deployment has started no task"

    def ended(self, task: Task) -> None:
        """The run has seen the end of `task`: no later answer of ECS, which may be older, brings it back to life."""
        self._ended.add(task.arn)

    def _got(self, task: Task, *, adopted: bool) -> Obtained:
        self._started += not adopted or self._answer_lost
        self._answer_lost = False
        return Obtained(task, adopted)

    def _executing(self, task: Task) -> bool:
        if task.over(self._spec.container):
            self._ended.add(task.arn)
        return task.arn not in self._ended

    def _adoptable(self, tasks: Sequence[Task]) -> Task | None:
        """Our run's task when it is executing, or when it has succeeded while nobody looked.

        A failed one is history, and one that was told to stop is about to be: it is waited for, not followed.
        """
        mine = [task for task in tasks if task.started_by == self._spec.identity]
        executing = [task for task in mine if self._executing(task) and not task.stopping]
        done = [task for task in mine if succeeded(task.raw, self._spec.container)]
        return next(reversed(executing or done), None)

    def _free(self, tasks: Sequence[Task]) -> bool:
        """True when no task of the family is executing; else wait one turn."""
        busy = [task for task in tasks if self._executing(task)]
        if not busy:
            self._waiting_since = None
            return True
        now = self._clock.monotonic()
        other = busy[-1]
        if self._waiting_since is None:
            self._waiting_since = now
        if self._announced != other.arn and (other.known or now - self._waiting_since > UNSEEN):
            self._announced = other.arn
            self._console(
                f"waiting for {_whose(other)}: only one task of family {self._spec.family} may execute at a time "
                f"(lock_timeout {self._spec.lock_timeout:g} s)"
            )
        if now - self._waiting_since >= self._spec.lock_timeout:
            raise LockTimeout(
                f"the migration was not started: {_whose(other)} is still executing after {self._spec.lock_timeout:g} s; wait for it, "
                f"raise lock_timeout, or stop it with `aws ecs stop-task --cluster {self._spec.cluster} --task {other.id}`"
            )
        self._clock.sleep(state_interval(now - self._waiting_since))
        return False

    def _prepare_once(self, tasks: Sequence[Task]) -> None:
        prepare, self._prepare = self._prepare, lambda _tasks: None
        prepare(tasks)

    def _start(self, tasks: Sequence[Task]) -> Obtained | NotStarted | None:
        """One RunTask. None: look at the tasks again."""
        newest = tasks[-1].arn if tasks else ""
        token = lock_token(self._spec.cluster, self._spec.family, newest, self._bumps.get(newest, 0))
        request = run_request(self._spec, token)
        request["overrides"] = {"containerOverrides": [dict(self._override)]}
        try:
            started, failures = self._ecs.run(request)
        except AwsCallFailed as failed:
            if failed.error.code == "ConflictException":
                self._token_is_spent(token, newest, failed.resources)
                return None
            return self._not_started(self._evidence(error=failed.error))
        if not started:
            return self._not_started(self._evidence(failures=tuple(failures)))
        task = started[0]
        if not self._executing(task) or task.stopping:
            return self._replay(task, token, newest)
        return None if self._gave_way(task) else self._got(task, adopted=False)

    def _replay(self, task: Task, token: str, newest: str) -> Obtained | None:
        """ECS answered with a task that is over: one that the list does not show yet, or one long forgotten."""
        known = self._ecs.describe(self._spec.cluster, [task.arn])
        done = self._adoptable(known)
        if done is not None:
            return self._got(done, adopted=True)
        self._token_is_spent(token, newest, [task.arn])
        return None

    def _token_is_spent(self, token: str, newest: str, arns: Sequence[str]) -> None:
        """Wait for the task that the token belongs to. When neither it nor a newer list shows up, ECS has forgotten it.

        Then take the next token. Whoever else comes here does the same, so that all have the same token again.
        """
        if not self._free(self._ecs.describe(self._spec.cluster, arns) if arns else ()):
            self._spent_since.pop(token, None)
            return
        now = self._clock.monotonic()
        if token not in self._spent_since:
            self._console("another deployer was faster: waiting for its task to show up")
        if now - self._spent_since.setdefault(token, now) > TOKEN_SETTLES:
            self._bumps[newest] = self._bumps.get(newest, 0) + 1
        self._clock.sleep(2.0)

    def _gave_way(self, task: Task) -> bool:
        """Stop `task`, which has no container yet, when an older one of the family is executing all the same.

        When ECS cannot be asked any longer the task is followed: that says what has happened, and which task goes on.
        """
        try:
            running = self._ecs.family_tasks(self._spec.cluster, self._spec.family, ("RUNNING",))
        except AwsCallFailed:
            return False
        age = (task.created, task.arn)
        older = [t for t in running if (t.created, t.arn) < age and t.arn != task.arn and self._executing(t)]
        started = task.started or any(t.arn == task.arn and t.known and t.started for t in running)
        if not older or started or self._ecs.now() - task.created > SAFE_TO_GIVE_WAY:
            return False
        self._console(f"task {task.id} gives way before its container starts: {_whose(older[-1])} is older")
        self._ecs.stop(self._spec.cluster, task.arn, "migratable-ecs: gave way to an older task")
        return True

    def _not_started(self, evidence: Evidence) -> NotStarted | None:
        """Retried with growing pauses while the cause is transient; no container has run, so this is no attempt of the user's.

        When RunTask's answer was lost a task may be there, so it is looked for.
        """
        diagnosis = diagnose(evidence)
        self._failed_starts += 1
        self._answer_lost = self._answer_lost or diagnosis.ran
        hopeless = not diagnosis.transient and not diagnosis.ran
        if hopeless or self._failed_starts >= self._spec.start_attempts:
            if self._answer_lost:
                raise LostSight(
                    f"{diagnosis.sentence} A task may have been started; the next run adopts it. {diagnosis.next_step}"
                )
            return NotStarted(evidence, diagnosis)
        self.pause_before_retry(diagnosis)
        return None

    def pause_before_retry(self, diagnosis: Diagnosis) -> None:
        """Say why and wait before the next start."""
        delay = retry_delay(max(1, self._failed_starts))
        self._console(f"the task did not start: {diagnosis.sentence} Trying again in {delay:g} s")
        self._clock.sleep(delay)

    def may_start_again(self, diagnosis: Diagnosis) -> bool:
        """Count a start that failed after RunTask; True (after a pause) when it is to be retried."""
        if diagnosis.ran or not diagnosis.transient:
            return False
        self._failed_starts += 1
        if self._failed_starts >= self._spec.start_attempts:
            return False
        self.pause_before_retry(diagnosis)
        return True


def _whose(task: Task) -> str:
    stack, service = task.tag(STACK_TAG), task.tag(SERVICE_TAG)
    owner = f"stack {stack}, service {service}" if stack else f"startedBy {task.started_by or 'nobody known'}"
    return f"task {task.id} ({owner})"
