"""Rows of the table: what this program did itself, and containers that ran and ended."""

from __future__ import annotations

from collections.abc import Callable

from .facts import Facts
from .model import Cause, Kind, patterns

_LOCAL = (Kind.LOCAL,)
_RUN = (Kind.RUN,)
_CODES = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html"
_STOP_CODES = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html"
_EXIT_CODES = "https://repost.aws/knowledge-center/ecs-task-stopped"
_READ_LOG = "Read the whole log: aws logs tail {log_group:q} --since 1h --region {region:q}"
# What StopTask leaves behind: SIGTERM, SIGKILL after stopTimeout, nothing when the container had not
# started.
_STOPPED_CODES = (None, 137, 143)


def _ended_by_itself(facts: Facts) -> bool:
    return facts.stop_code == "EssentialContainerExited" and facts.exit_code not in _STOPPED_CODES


def _timed_out(started: bool) -> Callable[[Facts], bool]:
    def when(facts: Facts) -> bool:
        if not facts.evidence.timed_out or facts.started is not started or _ended_by_itself(facts):
            return False
        # A task that did not get to its start for a reason of its own is explained by that reason.
        return started or not (facts.reason or facts.stop_code == "TaskFailedToStart")

    return when


def _vanished(facts: Facts) -> bool:
    return facts.evidence.missing and facts.evidence.error is None


def _code(*codes: int) -> Callable[[Facts], bool]:
    return lambda facts: facts.exit_code in codes


def _stop(*codes: str) -> Callable[[Facts], bool]:
    return lambda facts: facts.stop_code in codes


def _killed_with_sidecar(facts: Facts) -> bool:
    failed = any(code not in (0, 137, 143) for _, code in facts.other_exits)
    return facts.stop_code == "EssentialContainerExited" and facts.exit_code in _STOPPED_CODES and failed


def _other_failure(facts: Facts) -> bool:
    return facts.exit_code not in (None, 0)


def _no_code(facts: Facts) -> bool:
    return facts.exit_code is None and facts.task_status == "STOPPED"


LOCAL_CAUSES: tuple[Cause, ...] = (
    Cause(
        slug="timeout",
        kinds=_LOCAL,
        when=_timed_out(started=True),
        sentence="The migration container {container} did not end within {timeout} and was stopped.",
        next_step="If it needs longer, raise the migration's `timeout`. Before the next run look at what "
        "it left behind and for locks it waited for (pg_stat_activity, SHOW PROCESSLIST).",
        doc="The run reached its time limit; the task was stopped (SIGTERM, then SIGKILL after stopTimeout).",
        source="https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html",
        ran=True,
    ),
    Cause(
        slug="timeout-before-start",
        kinds=_LOCAL,
        when=_timed_out(started=False),
        sentence="The task did not start within {timeout}; its last state was {status}.",
        next_step="See what it waits for (image size, network interface, dependsOn): aws ecs "
        "describe-tasks --cluster {cluster:q} --tasks {task:q} --region {region:q}",
        doc="The time limit was reached while the task was still being provisioned or its image pulled.",
        source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html",
    ),
    Cause(
        slug="task-vanished",
        kinds=_LOCAL,
        when=_vanished,
        sentence="ECS no longer knows the task, so its result cannot be read: it forgets a stopped task "
        "after about an hour.",
        next_step="Read its log to see how it ended: aws logs tail {log_group:q} --since 24h --region "
        "{region:q}; then run again if it failed (migration tools skip what is applied).",
        doc="DescribeTasks says MISSING for a task that was started: the deployment came back too late.",
        source="https://github.com/aws/containers-roadmap/issues/677",
        ran=True,
    ),
)

RUN_CAUSES: tuple[Cause, ...] = (
    Cause(
        slug="out-of-memory",
        kinds=_RUN,
        patterns=patterns(r"OutOfMemory"),
        sentence="The container {container} used up {memory} memory and was killed (exit code {exit_code}).",
        next_step="Give the migration more memory: memory = {more_memory}.",
        doc="The kernel killed the process because the task's (or the container's) memory was full. The "
        "exit code is usually 137, but can be any, 0 too, when only a child process was killed.",
        source="https://github.com/aws/amazon-ecs-agent/issues/1187",
        ran=True,
    ),
    Cause(
        slug="spot-interrupted",
        kinds=_RUN,
        patterns=patterns(r"^(SpotInterruption|TerminationNotice)\b", r"Spot Task was interrupted"),
        sentence="AWS took the Fargate Spot capacity back while the task was there (exit code {exit_code}).",
        next_step="Run migrations on FARGATE, not on FARGATE_SPOT; check what this run left behind, then "
        "run again.",
        doc="Spot tasks get a warning of two minutes.",
        source="https://github.com/reproio/wrapbox/pull/53",
        transient=True,
        ran=True,
    ),
    Cause(
        slug="infrastructure",
        kinds=_RUN,
        patterns=patterns(
            r"^InfrastructureHealth\b",
            r"Host EC2 .*(terminated|stopped)|infrastructure (maintenance|retirement)|maintenance event",
        ),
        sentence="AWS stopped the task because of the machine under it (exit code {exit_code}).",
        next_step="Check what the run left behind, then run again.",
        doc="The machine failed, was retired, or was terminated.",
        source=_STOP_CODES,
        transient=True,
        ran=True,
    ),
    Cause(
        slug="unhealthy",
        kinds=_RUN,
        patterns=patterns(r"failed (container|ELB|EBS volume|VPC Lattice)? ?health checks?"),
        sentence="The task was stopped because a health check failed.",
        next_step="Take the health check out of the migration's container definition: a migration needs "
        "none.",
        doc="A health check made for the app does not fit a task that only migrates.",
        source=_EXIT_CODES,
        ran=True,
    ),
    Cause(
        slug="stopped-by-scheduler",
        kinds=_RUN,
        patterns=patterns(r"^ServiceSchedulerInitiated\b", r"Scaling activity initiated by"),
        sentence="The ECS service scheduler stopped the task (exit code {exit_code}).",
        next_step="Run the migration as a task of its own, not as a task of a service.",
        doc="The task belonged to a service that scaled in or rolled.",
        source=_STOP_CODES,
        ran=True,
    ),
    Cause(
        slug="cancelled",
        kinds=_RUN,
        # The reasons that run.py, obtain.py and `migratable-ecs stop` give to StopTask.
        patterns=patterns(r"^UserInitiated: migratable-ecs(: (cancelled|timeout|gave way)| stop by )"),
        sentence="Another process of migratable-ecs stopped the task (exit code {exit_code}): {said}",
        next_step="Check what the run left behind before you run pulumi up again.",
        doc="`migratable-ecs stop` in another terminal, or a second deployment that followed the same task and was "
        "cancelled (on_cancel = stop) or reached its time limit.",
        source="https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html",
        ran=True,
    ),
    Cause(
        slug="stopped-by-user",
        kinds=_RUN,
        patterns=patterns(r"^UserInitiated\b", r"stopped by user"),
        sentence="Somebody stopped the task (exit code {exit_code}): {said}",
        next_step="Find out who: aws cloudtrail lookup-events --lookup-attributes "
        "AttributeKey=EventName,AttributeValue=StopTask --region {region:q}; check what the run left "
        "behind before the next one.",
        doc="StopTask was called from outside: the console, another deployment, a clean-up job.",
        source=_STOP_CODES,
        ran=True,
    ),
    Cause(
        slug="sidecar-ended",
        kinds=_RUN,
        when=_killed_with_sidecar,
        sentence="The container {sidecar} ended with exit code {sidecar_exit} and took {container} down "
        "with it.",
        next_step="Mark {sidecar} as not essential in the migration's task definition, or find out why it "
        "ended: " + _READ_LOG,
        doc="When an essential container ends, ECS stops all others of the task.",
        source="https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html",
        ran=True,
    ),
    Cause(
        slug="exit-1",
        kinds=_RUN,
        when=_code(1),
        sentence="The migration container {container} ended with exit code 1.",
        next_step=_READ_LOG,
        doc="The migration itself failed; its log says why. The last lines are shown, known ones are "
        "explained (see below).",
        source=_EXIT_CODES,
        ran=True,
    ),
    Cause(
        slug="exit-2",
        kinds=_RUN,
        when=_code(2),
        sentence="The migration container {container} ended with exit code 2: usually a wrong option or a "
        "misused shell command.",
        next_step="Check the migration's `command`. " + _READ_LOG,
        doc="By convention: wrong usage of the command.",
        source=_EXIT_CODES,
        ran=True,
    ),
    Cause(
        slug="exit-125",
        kinds=_RUN,
        when=_code(125),
        sentence="The container {container} ended with exit code 125: the container runtime itself failed.",
        next_step="Run the image locally: docker run --rm IMAGE COMMAND",
        doc="The runtime could not carry out the start, or the program ended with this code itself.",
        source="https://docs.docker.com/engine/containers/run/",
        ran=True,
    ),
    Cause(
        slug="exit-126",
        kinds=_RUN,
        when=_code(126),
        sentence="The container {container} ended with exit code 126: the command was found but may not be "
        "executed.",
        next_step="RUN chmod +x it in the Dockerfile, and check that the container's user may read it.",
        doc="No execute permission, or a script whose interpreter is a directory.",
        source="https://docs.docker.com/engine/containers/run/",
        ran=True,
    ),
    Cause(
        slug="exit-127",
        kinds=_RUN,
        when=_code(127),
        sentence="The container {container} ended with exit code 127: a command was not found in the image.",
        next_step="Correct the migration's `command`, or install the tool in the image; a separate "
        "migration image must hold it too.",
        doc="The shell did not find the program.",
        source="https://docs.docker.com/engine/containers/run/",
        ran=True,
    ),
    Cause(
        slug="exit-130",
        kinds=_RUN,
        when=_code(130),
        sentence="The container {container} was interrupted (SIGINT, exit code 130).",
        next_step=_READ_LOG,
        doc="Something in the container sent SIGINT, as Ctrl-C does.",
        source=_EXIT_CODES,
        ran=True,
    ),
    Cause(
        slug="killed",
        kinds=_RUN,
        when=_code(137),
        sentence="The container {container} was killed (SIGKILL, exit code 137); ECS did not say that it "
        "was for memory.",
        next_step="If the log ends in the middle of its work, give the migration more memory: memory = "
        "{more_memory}. If it was being stopped, let it react to SIGTERM (exec in the entry point) or "
        "raise stop_timeout (120 s at most).",
        doc="Either memory (ECS does not always say so) or a stop that the process did not follow within "
        "stopTimeout.",
        source="https://github.com/hyperdxio/aws-ecs-opentelemetry-sidecar/issues/2",
        ran=True,
    ),
    Cause(
        slug="segmentation-fault",
        kinds=_RUN,
        when=_code(132, 133, 134, 135, 136, 139),
        sentence="The migration program in {container} crashed (signal {signal}, exit code {exit_code}).",
        next_step="Run the image locally with the same command; check native libraries (libc, database "
        "driver, architecture) of the image.",
        doc="139 is a segmentation fault, 134 an abort, 132 an instruction the processor does not know.",
        source="https://github.com/aws/amazon-ecs-agent/issues/625",
        ran=True,
    ),
    Cause(
        slug="terminated",
        kinds=_RUN,
        when=_code(143),
        sentence="The container {container} was asked to end (SIGTERM, exit code 143) before it was done.",
        next_step="Find out who stopped it: aws ecs describe-tasks --cluster {cluster:q} --tasks {task:q} "
        "--region {region:q}; check what the run left behind before the next one.",
        doc="The task was being stopped while the migration ran.",
        source=_EXIT_CODES,
        ran=True,
    ),
    Cause(
        slug="exit-255",
        kinds=_RUN,
        when=_code(255, -1),
        sentence="The container {container} ended with exit code {exit_code}: the program failed in a way "
        "of its own, or the runtime lost it.",
        next_step=_READ_LOG,
        doc="PHP's fatal errors end with 255; ECS also reports it when the machine lost the container.",
        source=_EXIT_CODES,
        ran=True,
    ),
    Cause(
        slug="exit-other",
        kinds=_RUN,
        when=_other_failure,
        sentence="The migration container {container} ended with exit code {exit_code}.",
        next_step=_READ_LOG,
        doc="Any other exit code is the migration tool's own; 128 + n means that it was ended by signal n.",
        source=_EXIT_CODES,
        ran=True,
    ),
    Cause(
        slug="exit-0-refused",
        kinds=_RUN,
        when=_code(0),
        sentence="The container {container} ended with exit code 0, but the run was not accepted as done.",
        next_step="Compare the log with the database's migration table. " + _READ_LOG,
        doc="An exit code of 0 is not always success: Laravel's `migrate` ends with 0 after a failure when "
        "no log channel is writable. Set LOG_CHANNEL=stderr.",
        source="https://laravel.com/docs/logging",
        ran=True,
    ),
    Cause(
        slug="start-failed",
        kinds=_RUN,
        when=_stop("TaskFailedToStart"),
        patterns=patterns(r"^TaskFailedToStart(: Task failed to start\.?)?\s*$"),
        sentence="The task did not start, and AWS gave no reason.",
        next_step="Let AWS look for it: aws ssm start-automation-execution --document-name "
        "AWSSupport-TroubleshootECSTaskFailedToStart --region {region:q}",
        doc="ECS only says TaskFailedToStart.",
        source="https://github.com/aws/containers-roadmap/issues/2561",
    ),
    Cause(
        slug="no-exit-code",
        kinds=_RUN,
        when=_no_code,
        patterns=patterns(r"^(EssentialContainerExited)?(: )?(Essential container in task exited)?\s*$"),
        sentence="The task stopped, but ECS has no exit code of {container}.",
        next_step="Check that the task definition has a container {container}; its log shows how far it "
        "came: aws logs tail {log_group:q} --since 1h --region {region:q}",
        doc="The container is not in the task, or the machine was lost before it could report.",
        source=_STOP_CODES,
        ran=True,
    ),
)
