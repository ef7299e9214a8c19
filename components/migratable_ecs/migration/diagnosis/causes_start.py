"""Rows of the table: RunTask's failures[], and tasks that stopped before the container ran (other than
for image or secrets).
"""

from __future__ import annotations

from .facts import Facts
from .model import Cause, Kind, patterns

_PLACEMENT = (Kind.PLACEMENT,)
_START = (Kind.START,)
_FAILURES = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html"
_CODES = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html"
_START_ERRORS = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/failed-to-start-error.html"
_CANNOT_START = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cannot-start-container.html"
_EFS = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/efs-troubleshooting.html"


def _never_ran(facts: Facts) -> bool:
    return not facts.started


def _no_exit_code(facts: Facts) -> bool:
    return facts.exit_code is None


PLACEMENT_CAUSES: tuple[Cause, ...] = (
    Cause(
        slug="eni-limit-of-instance",
        kinds=_PLACEMENT,
        patterns=patterns(r"^RESOURCE:ENI"),
        sentence="No container instance of {cluster} has a network interface left for the task.",
        next_step="Turn on awsvpcTrunking, add instances, or run the migration on Fargate.",
        doc="Each awsvpc task needs an interface; an instance type has only so many.",
        source=_FAILURES,
        transient=True,
    ),
    Cause(
        slug="instance-resources",
        kinds=_PLACEMENT,
        patterns=patterns(r"^RESOURCE:(?P<resource>\w+)"),
        sentence="No container instance of {cluster} has enough {resource} left for the task.",
        next_step="Add instances, make the migration's `cpu` and `memory` smaller, or run it on Fargate.",
        doc="RESOURCE:CPU, MEMORY, GPU, PORTS…: instances are full. Not seen on Fargate.",
        source="https://github.com/PrefectHQ/prefect/issues/20765",
        transient=True,
    ),
    Cause(
        slug="agent-disconnected",
        kinds=_PLACEMENT,
        patterns=patterns(r"^AGENT\b"),
        sentence="The ECS agent of the chosen container instance is disconnected.",
        next_step="Restart the agent or replace the instance: aws ecs list-container-instances --cluster "
        "{cluster:q} --region {region:q}",
        doc="The agent of an EC2 instance lost its connection to ECS.",
        source=_FAILURES,
        transient=True,
    ),
    Cause(
        slug="attribute-missing",
        kinds=_PLACEMENT,
        patterns=patterns(r"^(ATTRIBUTE|LOCATION|memberOf)\b"),
        sentence="No container instance of {cluster} has what the task definition asks for: {said}",
        next_step="Use instances with that attribute (for awsvpc: ecs.capability.task-eni), or run the "
        "migration on Fargate.",
        doc="A parameter of the task definition needs an attribute that no instance has.",
        source=_FAILURES,
    ),
    Cause(
        slug="instance-missing",
        kinds=_PLACEMENT,
        patterns=patterns(r"^(MISSING|INACTIVE)\b(?!.*(:cluster/|TaskDefinition))"),
        sentence="ECS could not find what the task was to be placed on: {said}",
        next_step="Check cluster and region: aws ecs describe-clusters --clusters {cluster:q} --region "
        "{region:q}",
        doc="A container instance or another resource that the call names is gone.",
        source=_FAILURES,
    ),
)

START_CAUSES: tuple[Cause, ...] = (
    Cause(
        slug="no-ip-address",
        kinds=(Kind.START, Kind.CALL),
        patterns=patterns(
            r"in subnet '?(?P<subnet>subnet-\w+).*InsufficientFreeAddressesInSubnet",
            r"InsufficientFreeAddressesInSubnet|(not|n't) have enough free (IP )?addresses|(not"
            r"|n't) have enough (available )?IP",
            r"Unexpected EC2 error while attempting to Create Network Interface"
            r" with public IP assignment enabled in subnet '(?P<subnet>[\w-]+)",
        ),
        sentence="The subnet {subnet} has no free IP address left.",
        next_step="Free addresses, or give the migration larger or more subnets: aws ec2 describe-subnets "
        "--query 'Subnets[].[SubnetId,AvailableIpAddressCount]' --region {region:q}",
        doc="Each Fargate task takes one address of its subnet. RunTask succeeds; the task stops afterwards.",
        source="https://github.com/paradisec-archive/nabu/pull/1259",
        transient=True,
    ),
    Cause(
        slug="eni-quota",
        kinds=(Kind.START, Kind.CALL),
        patterns=patterns(
            r"NetworkInterfaceLimitExceeded|AddressLimitExceeded|SecurityGroupsPerInterfaceLimitExceeded"
        ),
        sentence="A quota of network interfaces, or of security groups on one, is used up.",
        next_step="Remove unused interfaces or have the quota raised: aws service-quotas "
        "list-service-quotas --service-code vpc --region {region:q}",
        doc="A Fargate task needs a network interface of its own.",
        source="https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html",
    ),
    Cause(
        slug="eni-timeout",
        kinds=_START,
        patterns=patterns(r"network interface provisioning|InternalError.*(ENI|network interface)"),
        sentence="AWS did not give the task a network interface in time.",
        next_step="Run again.",
        doc="EC2 attaches the interface in the background; ECS waits only so long for it.",
        source="https://github.com/aws-solutions/distributed-load-testing-on-aws/issues/82",
        transient=True,
    ),
    Cause(
        slug="eni-refused",
        kinds=_START,
        patterns=patterns(
            r"Unexpected EC2 error while attempting to (?P<attempt>[^:']+)",
            r"Unable to attach network interface",
        ),
        sentence="EC2 refused the task's network interface: {said}",
        next_step="Check subnets and security groups of the migration: aws ec2 describe-subnets --region "
        "{region:q}",
        doc="A subnet or security group vanished, or a policy forbids the interface.",
        source=_START_ERRORS,
    ),
    Cause(
        slug="efs-dns",
        kinds=_START,
        patterns=patterns(
            r"EFS.*Failed to resolve \"?(?P<host>fs-[\w.-]+)",
            r"Failed to resolve \"?(?P<host>[\w.-]+\.efs\.)",
        ),
        sentence="The EFS file system {host} could not be found by name.",
        next_step="Turn on DNS hostnames and resolution in the VPC and add a mount target in the task's "
        "Availability Zone: aws efs describe-mount-targets --file-system-id FILE_SYSTEM --region {region:q}",
        doc="No mount target in the zone, a wrong id, or DNS is off in the VPC.",
        source="https://github.com/aws/copilot-cli/issues/5419",
    ),
    Cause(
        slug="efs-access-denied",
        kinds=_START,
        patterns=patterns(r"EFS.*(access denied|Permission denied|AccessDenied|not authorized)"),
        sentence="The task may not mount the EFS file system.",
        next_step="Allow elasticfilesystem:ClientMount and ClientWrite for the task role, in its policy "
        "and in the file system's policy.",
        doc="With IAM authorization the task role (not the execution role) mounts.",
        source=_EFS,
    ),
    Cause(
        slug="efs-path-missing",
        kinds=_START,
        patterns=patterns(r"(EFS|mount\.nfs4).*No such file or directory"),
        sentence="The directory to be mounted does not exist on the EFS file system.",
        next_step="Create it, or use an access point with creation info.",
        doc="EFS creates a root directory only for access points.",
        source="https://github.com/acp-io/terraform-grafana/issues/4",
    ),
    Cause(
        slug="efs-failed",
        kinds=_START,
        patterns=patterns(r"EFS utils|CannotCreateVolumeError|ConnotCreateVolumeError"),
        sentence="A volume of the task could not be mounted: {said}",
        next_step="Let the mount target's security group take port 2049 from the task's security group.",
        doc="The file system could not be reached or refused the mount.",
        source=_EFS,
    ),
    Cause(
        slug="out-of-memory-at-start",
        kinds=_START,
        patterns=patterns(r"container init was OOM-killed|memory limit too low"),
        sentence="The container {container} ran out of memory while it was being started.",
        next_step="Give the migration more memory: memory = {more_memory}.",
        doc="The container's limit is smaller than what the runtime itself needs.",
        source="https://github.com/aws/amazon-ecs-agent/issues/3021",
    ),
    Cause(
        slug="exec-format",
        kinds=(Kind.START, Kind.RUN),
        patterns=patterns(r"exec format error"),
        sentence="The program in the image is built for another processor architecture.",
        next_step="Build for the task's architecture: docker build --platform linux/amd64 (or set "
        "cpu_architecture to ARM64).",
        doc="Typical of images built on an ARM machine for an x86 task; also of a script without its first "
        "line #!.",
        source="https://github.com/runatlantis/atlantis/issues/2001",
    ),
    Cause(
        slug="command-not-found",
        kinds=_START,
        patterns=patterns(
            r"exec: \\*\"(?P<command>[^\"\\]+).*(executable file not found|no such file or direct)",
            r"executable file not found|stat .*no such file or direct",
        ),
        sentence="The image has no command {command}, so {container} was not started.",
        next_step="Correct the migration's `command`: one list element for each word, and a path that "
        "exists in the image.",
        doc="The command is not in the image, or several words were given as one.",
        source="https://github.com/aws/amazon-ecs-cli/issues/78",
    ),
    Cause(
        slug="command-not-executable",
        kinds=_START,
        patterns=patterns(
            r"exec: \\*\"(?P<command>[^\"\\]+).*permission denied",
            r"starting container process.*permission denied",
        ),
        sentence="The command {command} is in the image but may not be executed.",
        next_step="RUN chmod +x it in the Dockerfile, and check that the container's user may read it.",
        doc="The file has no execute permission for the container's user.",
        source=_CANNOT_START,
    ),
    Cause(
        slug="user-not-found",
        kinds=_START,
        patterns=patterns(r"unable to find (user|group) (?P<user>[\w.-]+)"),
        sentence="The image has no user {user}.",
        next_step="Use a user id of the image (or a number) in the task definition's `user`.",
        doc="The `user` of the container definition is not in the image's /etc/passwd.",
        source=_CANNOT_START,
    ),
    Cause(
        slug="container-not-startable",
        kinds=_START,
        patterns=patterns(
            r"CannotStartContainerError|CannotCreateContainerError|OCI runtime create failed"
            r"|failed to create new container"
        ),
        sentence="The container {container} could not be started: {said}",
        next_step="Run the image locally with the same command, user and read-only settings: docker run "
        "--rm IMAGE COMMAND",
        doc="The container runtime refused the container definition.",
        source=_CANNOT_START,
    ),
    Cause(
        slug="runtime-timeout",
        kinds=(Kind.START, Kind.RUN),
        when=_no_exit_code,
        patterns=patterns(r"(Docker|ContainerRuntime)TimeoutError|Could not trans?i[st]ition to"),
        sentence="The container runtime did not answer in time.",
        next_step="Run again; if it persists, check that the subnet reaches CloudWatch Logs and the "
        "registry.",
        doc="The container did not reach the next state in time; on a subnet without a way out the log "
        "driver is the usual reason.",
        source="https://github.com/aws/amazon-ecs-agent/issues/682",
    ),
    Cause(
        slug="agent-error",
        kinds=(Kind.START, Kind.RUN),
        when=_no_exit_code,
        patterns=patterns(
            r"ContainerRuntimeError|CannotInspectContainerError|CannotStopContainerError"
            r"|TaskInitializationError|AgentError"
        ),
        sentence="The Fargate agent had an error: {said}",
        next_step="Run again; if it persists, ask AWS Support with the task's ARN.",
        doc="A fault of the machine under the task.",
        source=_CODES,
        transient=True,
    ),
    Cause(
        slug="dependency-failed",
        kinds=_START,
        patterns=patterns(r"(ordering dependenc|dependency|depend(s|ed|ing)? on|dependent container)"),
        when=_never_ran,
        sentence="A container that {container} depends on did not get ready.",
        next_step="Look at that container's log and exit code: aws ecs describe-tasks --cluster "
        "{cluster:q} --tasks {task:q} --region {region:q}",
        doc="A `dependsOn` condition (START, COMPLETE, SUCCESS, HEALTHY) was not met.",
        source="https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html",
    ),
    Cause(
        slug="initialization-failed",
        kinds=_START,
        patterns=patterns(r"ResourceInitializationError"),
        sentence="The task could not be prepared: {said}",
        next_step="Let AWS look for the reason: aws ssm start-automation-execution --document-name "
        "AWSSupport-TroubleshootECSTaskFailedToStart --region {region:q}",
        doc="Secrets, registry, log driver or volumes could not be set up; AWS gave no more detail than "
        "its text.",
        source=_CODES,
    ),
)
