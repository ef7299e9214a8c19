"""Rows of the table: AWS calls that were refused."""

from __future__ import annotations

from .model import Cause, Kind, patterns

_CALL = (Kind.CALL,)
_RUN_TASK = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"
_BOTO = "https://boto3.amazonaws.com/v1/documentation/api/latest/guide/error-handling.html"

CALL_CAUSES: tuple[Cause, ...] = (
    Cause(
        slug="throttled",
        kinds=(Kind.CALL, Kind.PLACEMENT),
        # ECS passes EC2's throttling on inside InvalidParameterException, so the text counts, not the code.
        patterns=patterns(
            r"^(Throttl\w*|RequestLimitExceeded|TooManyRequests\w*|PriorRequestNotComplete)\b",
            r"Rate exceeded|Request limit exceeded|RequestLimitExceeded|ErrorCode: Throttling"
            r"|Too ?Many ?Requests",
        ),
        sentence="AWS is throttling {operation}: too many calls in this account and region at the moment.",
        next_step="Wait a minute and run again; if it persists, have the account's rate quotas raised or "
        "start fewer deployments at once.",
        doc="Shared call budgets of the account are used up. ECS also reports EC2's throttling inside an "
        "InvalidParameterException or ClientException; that counts as throttling too.",
        source="https://github.com/dagster-io/dagster/issues/33439",
        transient=True,
    ),
    Cause(
        slug="no-capacity",
        kinds=(Kind.PLACEMENT, Kind.CALL, Kind.START),
        patterns=patterns(
            r"Capacity is unavailable at this time", r"InsufficientInstanceCapacity|EMPTY CAPACITY PROVIDER"
        ),
        sentence="AWS has no Fargate capacity in the chosen Availability Zones at the moment.",
        next_step="Run again later, give the task subnets in more Availability Zones, or, where it was to "
        "run on FARGATE_SPOT, use FARGATE for the migration.",
        doc="Fargate, or Fargate Spot, has no free capacity in the zones of the given subnets.",
        source="https://repost.aws/knowledge-center/ecs-fargate-runtask-capacity",
        transient=True,
    ),
    Cause(
        slug="quota-reached",
        kinds=(Kind.CALL, Kind.PLACEMENT, Kind.START),
        patterns=patterns(
            r"reached the limit on the number of (vCPUs|tasks)",
            r"CPU configuration is above your limit",
            r"^LimitExceededException",
        ),
        sentence="A Fargate quota of this account is used up: {said}",
        next_step="Stop tasks that are not needed, or ask for more: aws service-quotas list-service-quotas "
        "--service-code fargate --region {region:q}",
        doc="The account's quota of concurrent Fargate vCPUs or tasks is reached, often by other services "
        "in the region.",
        source="https://github.com/wellcomecollection/platform/issues/3875",
    ),
    Cause(
        slug="passrole-denied",
        kinds=_CALL,
        patterns=patterns(
            r"not authorized to perform: iam:PassRole on resource: (?P<resource>[\w:/.+=@*-]+)",
            r"iam:PassRole",
        ),
        sentence="The caller may not hand {resource} to ECS (iam:PassRole).",
        next_step="Allow iam:PassRole on {resource} for the identity that deploys, with the condition "
        "iam:PassedToService = ecs-tasks.amazonaws.com.",
        doc="Whoever starts a task must be allowed to pass both its execution role and its task role.",
        source="https://github.com/aws/serverless-application-model/issues/2247",
    ),
    Cause(
        slug="service-linked-role-missing",
        kinds=_CALL,
        patterns=patterns(r"Unable to assume the service linked role"),
        sentence="This account does not have the service-linked role of ECS yet.",
        next_step="Create it once: aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com",
        doc="The first use of ECS in an account needs the role AWSServiceRoleForECS.",
        source="https://github.com/aws-solutions/distributed-load-testing-on-aws/issues/2",
    ),
    Cause(
        slug="role-not-assumable",
        kinds=(Kind.CALL, Kind.START),
        patterns=patterns(
            r"unable to assume the role '?(?P<role>[\w:/.+=@-]+)",
            r"unable to assume the (configured )?(role|ECS)",
        ),
        sentence="ECS cannot assume the role {role}.",
        next_step="Let ecs-tasks.amazonaws.com assume it (its trust policy), and check that the role "
        "exists in this account; a role that was created just now needs some seconds.",
        doc="The execution role or the task role is missing or does not trust ecs-tasks.amazonaws.com.",
        source="https://github.com/aws-samples/aws-modern-application-workshop/issues/149",
    ),
    Cause(
        slug="credentials-expired",
        kinds=_CALL,
        patterns=patterns(
            r"^(ExpiredToken\w*|RequestExpired|TokenRefreshRequired|UnauthorizedSSOTokenError"
            r"|SSOTokenLoadError)\b",
            r"security token included in the request is expired|Token has expired|SSO session .* has expired",
        ),
        sentence="The AWS credentials expired while {operation} was called.",
        next_step="Get new credentials (aws sso login, or the CI's role with a longer session) and run "
        "again: a task that is still running is found and followed, not started twice.",
        doc="Temporary credentials ended before the run did.",
        source="https://github.com/aws-samples/cdk-fargate-gitlab-runner/issues/15",
    ),
    Cause(
        slug="clock-wrong",
        kinds=_CALL,
        patterns=patterns(r"Signature expired|Signature not yet current|RequestTimeTooSkewed"),
        sentence="AWS refused the signature because this machine's clock is wrong.",
        next_step="Set the clock (timedatectl set-ntp true) and run again.",
        doc="AWS accepts signatures for five minutes around its own time.",
        source="https://github.com/fabfuel/ecs-deploy/issues/126",
    ),
    Cause(
        slug="credentials-invalid",
        kinds=_CALL,
        patterns=patterns(
            r"^(UnrecognizedClientException|InvalidClientTokenId|SignatureDoesNotMatch"
            r"|InvalidSignatureException|AuthFailure"
            r"|InvalidAccessKeyId|NoCredentialsError|PartialCredentialsError|CredentialRetrievalError"
            r"|ProfileNotFound)\b",
            r"Unable to locate credentials|security token included in the request is invalid"
            r"|config profile .* could not be found",
        ),
        sentence="There are no valid AWS credentials for {operation}: {said}",
        next_step="Check who you are: aws sts get-caller-identity --region {region:q}",
        doc="No credentials were found, or AWS does not know them.",
        source=_BOTO,
    ),
    Cause(
        slug="wrong-account",
        kinds=_CALL,
        patterns=patterns(
            r"^(WrongAccount|WrongRegion|WrongEndpoint)\b",
            r"Invalid identifier: (Identifier is for|Unexpected)",
        ),
        sentence="The credentials belong to another account, region or cluster than the resources: {said}",
        next_step="Use the same profile, region and role as the stack's aws provider: aws sts "
        "get-caller-identity, and pulumi config get aws:region",
        doc="Refused before anything runs: migration and service must act on the same account, region and "
        "endpoint.",
        source="https://github.com/docker-archive/compose-cli/issues/2086",
    ),
    Cause(
        slug="access-denied",
        kinds=_CALL,
        patterns=patterns(
            r"not authorized to perform: (?P<action>[\w-]+:[\w*]+)"
            r"(?: on resource: (?P<resource>[\w:/.+=@*-]+))?",
            r"^(AccessDenied\w*|UnauthorizedOperation|AccessDeniedException|Unauthorized\w*)\b",
        ),
        sentence="The caller may not do {action} ({operation}).",
        next_step="Allow {action} on {resource} for the identity that deploys; docs/security.md lists "
        "every action that is needed, with the reason.",
        doc="The identity that runs the deployment lacks a permission (not the task's own roles).",
        source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security-iam-troubleshoot.html",
    ),
    Cause(
        slug="cluster-inactive",
        kinds=_CALL,
        patterns=patterns(r"cluster (is|was) inactive|ClusterNotActive|cluster is not active"),
        sentence="The cluster {cluster} is inactive: it has been deleted.",
        next_step="Create it again or name another one: aws ecs list-clusters --region {region:q}",
        doc="A deleted cluster stays visible as INACTIVE for a while.",
        source="https://github.com/gruntwork-io/cloud-nuke/issues/145",
    ),
    Cause(
        slug="cluster-not-found",
        kinds=(Kind.CALL, Kind.PLACEMENT),
        patterns=patterns(r"^ClusterNotFoundException|Cluster not found", r"MISSING .*:cluster/"),
        sentence="There is no cluster {cluster} in {region}.",
        next_step="Check name and region: aws ecs list-clusters --region {region:q}",
        doc="The cluster's name, the region or the account is wrong.",
        source="https://github.com/github-developer/octochat-aws/issues/9",
    ),
    Cause(
        slug="task-definition-inactive",
        kinds=(Kind.CALL, Kind.PLACEMENT),
        patterns=patterns(r"TaskDefinition is inactive|Inactive ?TaskDefinition"),
        sentence="The task definition of {family} has been deregistered.",
        next_step="Register it again: pulumi up --refresh",
        doc="An INACTIVE revision cannot start new tasks.",
        source="https://github.com/DefangLabs/defang/pull/775",
    ),
    Cause(
        slug="task-definition-not-found",
        kinds=_CALL,
        patterns=patterns(
            r"Unable to describe task definition|TaskDefinition not found|task definition does not exist"
        ),
        sentence="There is no task definition {family} in {region}.",
        next_step="Look: aws ecs list-task-definitions --family-prefix {family:q} --region {region:q}; "
        "then pulumi up --refresh",
        doc="The revision was deleted, or it lives in another region or account.",
        source="https://github.com/sil-org/ecs-deploy/issues/145",
    ),
    Cause(
        slug="container-name-unknown",
        kinds=_CALL,
        patterns=patterns(
            r"Override for container named (?P<name>[\w-]+) is not a container in the TaskDefinition"
        ),
        sentence="The task definition of {family} has no container {name}.",
        next_step="Name a container of the task definition: aws ecs describe-task-definition "
        "--task-definition {family:q} --query 'taskDefinition.containerDefinitions[].name' --region "
        "{region:q}",
        doc="The command was to be overridden for a container that does not exist.",
        source="https://github.com/azavea/django-ecsmanage/issues/21",
    ),
    Cause(
        slug="other-vpc",
        kinds=_CALL,
        patterns=patterns(
            r"(Security group (?P<group>sg-[\w-]+) )?does not appear to belong to the same VPC",
            r"belong to different networks|not in the same VPC|(?:are|is) in different VPCs",
        ),
        sentence="The security group {group} and the subnets are in different VPCs.",
        next_step="Give subnets and security groups of one VPC: aws ec2 describe-security-groups "
        "--group-ids {group:q} --query 'SecurityGroups[].VpcId' --region {region:q}",
        doc="A task's network interface lives in one VPC.",
        source="https://github.com/aws/aws-dotnet-deploy/pull/735",
    ),
    Cause(
        slug="network-not-found",
        kinds=_CALL,
        patterns=patterns(
            r"(?:subnet|security group) (?:ID )?'(?P<name>[\w-]+)' does not exist",
            r"InvalidSubnetID|InvalidGroup|Error retrieving (subnet|security group) information",
        ),
        sentence="The subnet or security group {name} does not exist in {region}.",
        next_step="Check the ids: aws ec2 describe-subnets --region {region:q}, aws ec2 "
        "describe-security-groups --region {region:q}",
        doc="A subnet or security group was deleted, or belongs to another region or account.",
        source="https://github.com/eddmann/serverless-fargate/issues/20",
    ),
    Cause(
        slug="network-configuration",
        kinds=_CALL,
        patterns=patterns(
            r"Network Configuration (must be provided|is not valid)",
            r"At least one security group must be supplied",
        ),
        sentence="RunTask was called with a network configuration that does not fit the task definition: "
        "{said}",
        next_step="Give the migration `subnets` and `security_groups`; a Fargate task needs both (network "
        "mode awsvpc).",
        doc="Fargate tasks have their own network interface and must be told its subnets.",
        source="https://github.com/fabfuel/ecs-deploy/issues/61",
    ),
    Cause(
        slug="platform-version",
        kinds=_CALL,
        patterns=patterns(
            r"^PlatformUnknownException|^PlatformTaskDefinitionIncompatibilityException|platform version"
        ),
        sentence="The Fargate platform version does not exist or does not fit the task definition.",
        next_step="Use platform version LATEST (or 1.4.0).",
        doc="EFS volumes, secrets with JSON keys and ephemeral storage need platform version 1.4.0.",
        source=_RUN_TASK,
    ),
    Cause(
        slug="fargate-size",
        kinds=_CALL,
        patterns=patterns(r"No Fargate configuration exists for given values(: (?P<values>[^.]+))?"),
        sentence="Fargate has no size with these values of cpu and memory: {values}.",
        next_step="Choose a pair of `cpu` and `memory` that exists, such as 256/512, 512/1024, 1024/2048: "
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html",
        doc="Only certain pairs of CPU and memory exist on Fargate.",
        source="https://github.com/towardsthecloud/aws-cdk-examples/issues/1",
    ),
    Cause(
        slug="launch-type",
        kinds=(Kind.CALL, Kind.START),
        patterns=patterns(
            r"does not support launch_?type|not compatible with the selected compute strategy"
            r"|capacity provider .*(not found|not associated)"
        ),
        sentence="The task definition of {family} does not fit the launch type or capacity provider of the "
        "run.",
        next_step="Let the task definition require FARGATE and the cluster have the capacity provider: aws "
        "ecs describe-clusters --clusters {cluster:q} --query 'clusters[].capacityProviders' --region "
        "{region:q}",
        doc="Launch type, capacity providers and `requiresCompatibilities` must agree.",
        source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/failed-to-start-error.html",
    ),
    Cause(
        slug="cluster-without-instances",
        kinds=_CALL,
        patterns=patterns(r"No Container Instances were found"),
        sentence="The cluster {cluster} has no container instances, and the run did not ask for Fargate.",
        next_step="Use launch type FARGATE or a capacity provider that starts instances.",
        doc="An EC2 task needs at least one registered instance.",
        source="https://github.com/boto/boto3/issues/2862",
    ),
    Cause(
        slug="client-token-conflict",
        kinds=_CALL,
        patterns=patterns(r"^ConflictException"),
        sentence="Another deployment has started this very migration with other settings.",
        next_step="Wait until it has ended, then run again: aws ecs list-tasks --cluster {cluster:q} "
        "--family {family:q} --region {region:q}",
        doc="The same clientToken was used with different parameters: two deployers disagree about the "
        "settings of one run.",
        source="https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html",
    ),
    Cause(
        slug="account-blocked",
        kinds=_CALL,
        patterns=patterns(r"^BlockedException|account (has been|is) (blocked|suspended)"),
        sentence="AWS has blocked this account from starting Fargate tasks.",
        next_step="Ask AWS Support; nothing in this stack can change it.",
        doc="New or suspended accounts may not start Fargate tasks.",
        source=_RUN_TASK,
    ),
    Cause(
        slug="image-not-in-repository",
        kinds=_CALL,
        patterns=patterns(r"^(ImageNotFoundException|RepositoryNotFoundException)\b"),
        sentence="The image is not in its ECR repository: {said}",
        next_step="Push it, then run again: docker push IMAGE. A lifecycle rule may have removed it.",
        doc="Found before anything runs: the digest that is to be migrated does not exist in ECR.",
        source="https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html",
    ),
    Cause(
        slug="snapshot-quota",
        kinds=_CALL,
        patterns=patterns(r"^(SnapshotQuotaExceeded\w*|DBClusterSnapshotQuotaExceeded\w*)\b"),
        sentence="The backup failed because the account has no room for another manual RDS snapshot; no "
        "migration was started.",
        next_step="Delete old snapshots or have the quota raised: aws rds describe-db-snapshots "
        "--snapshot-type manual --region {region:q}",
        doc="A backup that fails means no migration.",
        source="https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html",
    ),
    Cause(
        slug="database-not-available",
        kinds=_CALL,
        patterns=patterns(
            r"^(InvalidDBInstanceState\w*|InvalidDBClusterState\w*|InvalidDBInstanceStateFault)\b"
        ),
        sentence="The backup failed because the database is busy (being created, changed or backed up); no "
        "migration was started.",
        next_step="Wait until it is available and run again: aws rds describe-db-instances --query "
        "'DBInstances[].[DBInstanceIdentifier,DBInstanceStatus]' --region {region:q}",
        doc="RDS takes a snapshot only of a database that is available.",
        source="https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html",
        transient=True,
    ),
    Cause(
        slug="database-not-found",
        kinds=_CALL,
        patterns=patterns(r"^(DBInstanceNotFound\w*|DBClusterNotFound\w*)\b"),
        sentence="The backup failed because there is no such database in {region}; no migration was started.",
        next_step="Check the identifier: aws rds describe-db-instances --query "
        "'DBInstances[].DBInstanceIdentifier' --region {region:q}",
        doc="The backup names a database that does not exist in this account and region.",
        source="https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html",
    ),
)
