"""Rows of the table: the image, the registry, the secrets and the log group that a task needs before it
starts.
"""

from __future__ import annotations

from .model import Cause, Kind, patterns

_START = (Kind.START,)
_PULL = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html"
_INIT = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-initialization-error.html"

# What says that something could not be reached (no NAT gateway, no VPC endpoint, a closed security group).
_NO_ROUTE = (
    r"(i/o time|dial tcp|request canceled|RequestCanceled|context canceled|context deadl|Client\.Timeout"
    r"|connection issue"
    r"|send request failed|no such host|failed to do request|net/http|signal: killed|connection refused"
    r"|network is unreachable)"
)
_DENIED = r"(AccessDenied|not authorized|UnauthorizedOperation|403 Forbidden)"
_ROUTE_STEP = (
    "In a private subnet give the task a NAT gateway or VPC endpoints for {endpoints}; in a public subnet "
    "set assign_public_ip; the security group must let port 443 out."
)


def _route(endpoints: str) -> str:
    return _ROUTE_STEP.replace("{endpoints}", endpoints)


IMAGE_CAUSES: tuple[Cause, ...] = (
    Cause(
        slug="secret-json-key-missing",
        kinds=_START,
        patterns=patterns(r"did not contain json key (?P<key>[\w.-]+)"),
        sentence="The secret has no JSON key {key}, so the container {container} was never started.",
        next_step="Add the key {key} to the secret in Secrets Manager, or correct the `:{key}::` suffix of "
        "its reference.",
        doc="A reference `arn:…:secret:name:KEY::` names a key that the secret's JSON does not have.",
        source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html",
    ),
    Cause(
        slug="secret-not-json",
        kinds=_START,
        patterns=patterns(r"(asm|secret).*invalid character .* looking for beginning of"),
        sentence="The secret is not valid JSON, but one of its keys is asked for.",
        next_step="Store the secret as a JSON object with double quotes, or refer to the whole secret "
        "without a key.",
        doc="Single quotes around a JSON secret are the usual reason.",
        source="https://github.com/rileydakota/valheim-ecs-fargate-cdk/issues/9",
    ),
    Cause(
        slug="secret-version",
        kinds=_START,
        patterns=patterns(
            r"GetSecretValueInput\.VersionId|can't find the specified secret value for (staging label"
            r"|VersionId)"
        ),
        sentence="The secret has no such version.",
        next_step="Correct the version in the reference (`arn:…:secret:name:KEY:STAGE:VERSION-ID`), or "
        "leave it empty.",
        doc="The reference names a version stage or id that the secret does not have, or the colons are "
        "miscounted.",
        source="https://repost.aws/knowledge-center/ecs-unable-to-pull-secrets",
    ),
    Cause(
        slug="secret-deleted",
        kinds=_START,
        patterns=patterns(r"secret (because it )?was marked for deletion|scheduled for deletion"),
        sentence="The secret is scheduled for deletion, so it cannot be read.",
        next_step="aws secretsmanager restore-secret --secret-id SECRET --region {region:q}",
        doc="A deleted secret stays for 7 to 30 days, unreadable, and blocks its name.",
        source="https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html",
    ),
    Cause(
        slug="secret-not-found",
        kinds=(Kind.START, Kind.CALL),
        patterns=patterns(
            r"secret with ARN '(?P<secret>[\w:/.+=@-]+)' from AWS Secrets Manager\. Check (that|whether)",
            r"Secrets Manager can.t find the specified secret",
        ),
        sentence="The secret {secret} does not exist in {region}.",
        next_step="Create it, or correct its ARN: aws secretsmanager describe-secret --secret-id "
        "{secret:q} --region {region:q}",
        doc="The secret's name or ARN is wrong, or it has no value yet.",
        source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-not-found-error.html",
    ),
    Cause(
        slug="secret-kms-denied",
        kinds=_START,
        patterns=patterns(
            r"Access to KMS is not allowed|not authorized to perform: kms:Decrypt"
            r"|ciphertext refers to a customer master key"
        ),
        sentence="The execution role may not decrypt the secret with its KMS key.",
        next_step="Allow kms:Decrypt on the secret's key for the execution role (in the role's policy, and "
        "in the key's policy).",
        doc="A secret or parameter with a customer key needs kms:Decrypt besides the right to read it.",
        source="https://github.com/GiamPy5/terraform-aws-directus/issues/10",
    ),
    Cause(
        slug="parameter-not-found",
        kinds=_START,
        patterns=patterns(r"invalid (ssm )?parameters: (?P<name>[\w/.,:-]+)", r"ParameterNotFound"),
        sentence="The SSM parameter {name} does not exist in {region}.",
        next_step="Create it, or correct its name: aws ssm get-parameters --names {name:q} --region "
        "{region:q}",
        doc="A parameter that `secrets` refers to is missing.",
        source="https://github.com/aws/amazon-ecs-agent/blob/master/agent/ssm/ssm.go",
    ),
    Cause(
        slug="parameter-access-denied",
        kinds=_START,
        patterns=patterns(r"(from ssm|SSM|ssm:).*" + _DENIED, _DENIED + r".*ssm:GetParameters?"),
        sentence="The execution role may not read the SSM parameters of {container}.",
        next_step="Allow ssm:GetParameters on the parameters for the execution role (not for the task role).",
        doc="Parameters are read by the execution role before the container starts.",
        source="https://github.com/aws/aws-cdk/issues/3529",
    ),
    Cause(
        slug="parameter-unreachable",
        kinds=_START,
        patterns=patterns(
            r"(secrets from ssm|Systems Manager|SSM Parameter Store).*" + _NO_ROUTE,
            r"cannot pull secrets from AWS Systems Manager",
        ),
        sentence="The task could not reach SSM Parameter Store.",
        next_step=_route("ssm (and kms)"),
        doc="No way from the task's subnet to Parameter Store.",
        source="https://github.com/umotif-public/terraform-aws-ecs-fargate/issues/50",
        transient=True,
    ),
    Cause(
        slug="secret-access-denied",
        kinds=_START,
        patterns=patterns(
            r"(asm|secretsmanager|secrets manager).*" + _DENIED, _DENIED + r".*secretsmanager:GetSecretValue"
        ),
        sentence="The execution role may not read the secrets of {container}.",
        next_step="Allow secretsmanager:GetSecretValue on the secret for the execution role (not for the "
        "task role).",
        doc="Secrets are read by the execution role before the container starts.",
        source=_INIT,
    ),
    Cause(
        slug="secret-unreachable",
        kinds=_START,
        patterns=patterns(r"(from asm|secrets manager|secretsmanager).*" + _NO_ROUTE),
        sentence="The task could not reach Secrets Manager.",
        next_step=_route("secretsmanager (and kms)"),
        doc="No way from the task's subnet to Secrets Manager.",
        source="https://github.com/Releem/releem-agent/issues/195",
        transient=True,
    ),
    Cause(
        slug="secret-failed",
        kinds=_START,
        patterns=patterns(
            r"unable to retrieve secrets? from (asm|ssm)|registry auth from asm"
            r"|secret .*arn:aws[\w-]*:secretsmanager"
        ),
        sentence="A secret of {container} could not be read: {said}",
        next_step="Check that the secret exists, that the execution role may read it, and that the subnet "
        "reaches Secrets Manager: aws ssm start-automation-execution --document-name "
        "AWSSupport-TroubleshootECSTaskFailedToStart --region {region:q}",
        doc="Secrets Manager or Parameter Store did not give the value; AWS cut the reason off.",
        source="https://repost.aws/knowledge-center/ecs-unable-to-pull-secrets",
    ),
    Cause(
        slug="env-file-failed",
        kinds=_START,
        patterns=patterns(r"failed to download env ?files?|env file"),
        sentence="The environment file of {container} could not be read from S3.",
        next_step="Allow s3:GetObject on it for the execution role and let the subnet reach S3.",
        doc="An `environmentFiles` entry could not be loaded.",
        source=_INIT,
    ),
    Cause(
        slug="log-group-missing",
        kinds=(Kind.START, Kind.CALL),
        patterns=patterns(r"The specified log group does not exist"),
        sentence="The log group {log_group} does not exist, and ECS starts no container without it.",
        next_step="aws logs create-log-group --log-group-name {log_group:q} --region {region:q}",
        doc="The awslogs driver does not create the group; ECS then refuses to start the container.",
        source="https://github.com/cn-terraform/terraform-aws-ecs-fargate-task-definition/issues/1",
    ),
    Cause(
        slug="log-access-denied",
        kinds=_START,
        patterns=patterns(
            r"(log stream|log group|logging driver|logger args).*" + _DENIED,
            r"not authorized to perform: logs:",
        ),
        sentence="The execution role may not write to the log group {log_group}.",
        next_step="Allow logs:CreateLogStream and logs:PutLogEvents on {log_group} for the execution role.",
        doc="The execution role writes the log, not the task role.",
        source="https://github.com/doctorray117/minecraft-ondemand/issues/12",
    ),
    Cause(
        slug="log-throttled",
        kinds=_START,
        patterns=patterns(r"(log stream|logging driver|logger args).*(ThrottlingException|Rate exceeded)"),
        sentence="CloudWatch Logs throttled the creation of the log stream, so the container {container} "
        "was not started.",
        next_step="Run again in a minute.",
        doc="Too many containers started at once in this account.",
        source="https://github.com/moby/moby/issues/42088",
        transient=True,
    ),
    Cause(
        slug="log-unreachable",
        kinds=_START,
        patterns=patterns(r"(log stream|log group|logging driver|logger args|CloudWatch).*" + _NO_ROUTE),
        sentence="The task could not reach CloudWatch Logs, so the container {container} was not started.",
        next_step=_route("logs"),
        doc="No way from the task's subnet to CloudWatch Logs. The text often wrongly says that the log "
        "group cannot be found.",
        source="https://github.com/civiform/civiform/issues/7648",
        transient=True,
    ),
    Cause(
        slug="log-driver",
        kinds=_START,
        patterns=patterns(
            r"failed to (validate logger args|initialize logging driver)"
            r"|The task cannot find the Amazon CloudWatch log group"
        ),
        sentence="The log driver of {container} could not be set up: {said}",
        next_step="Check awslogs-group ({log_group}) and awslogs-region ({region}) of the task definition, "
        "and that the group exists: aws logs describe-log-groups --log-group-name-prefix {log_group:q} "
        "--region {region:q}",
        doc="The options of the awslogs driver are wrong.",
        source="https://github.com/TechToSpeech/terraform-aws-serverless-static-wordpress/issues/74",
    ),
    Cause(
        slug="pull-rate-limited",
        kinds=_START,
        patterns=patterns(r"toomanyrequests|pull rate limit|429 Too Many Requests|CannotPull.*Rate exceeded"),
        sentence="The registry refused to give out the image: too many pulls.",
        next_step="Copy the image to ECR (or use an ECR pull-through cache), or give the task credentials "
        "of the registry.",
        doc="Docker Hub and public ECR limit anonymous pulls by address; a NAT gateway is one address for "
        "everybody behind it.",
        source=_PULL,
        transient=True,
    ),
    Cause(
        slug="pull-no-space",
        kinds=_START,
        patterns=patterns(r"no space left on device"),
        sentence="The image does not fit on the task's disk.",
        next_step="Give the task more ephemeral storage (ephemeral_storage, 21 to 200 GiB), or make the "
        "image smaller.",
        doc="Image layers and files share the task's ephemeral storage, 20 GiB by default.",
        source="https://github.com/anomalyco/sst/pull/3542",
    ),
    Cause(
        slug="pull-architecture",
        kinds=_START,
        patterns=patterns(
            r"descriptor (matching|for) platform '?\{?(?P<platform>[\w/]+)",
            r"no matching manifest for (?P<platform>[\w/]+)|no match for platform",
        ),
        sentence="The image was not built for the task's architecture: {platform}.",
        next_step="Build it for the task's architecture: docker build --platform linux/amd64 (or set the "
        "task's cpu_architecture to ARM64).",
        doc="Typical of images built on an ARM machine for an x86 task.",
        source="https://github.com/aws/containers-roadmap/issues/1120",
    ),
    Cause(
        slug="pull-access-denied",
        kinds=_START,
        patterns=patterns(
            r"not authorized to perform: ecr:(?P<action>\w+)",
            r"(CannotPull|registry auth).*(AccessDenied|not authorized|403 Forbidden|pull access denied"
            r"|no basic auth|unauthorized|denied:"
            r"|failed to authorize|authentication required)",
        ),
        sentence="The execution role may not pull the image.",
        next_step="Give the execution role AmazonECSTaskExecutionRolePolicy (ecr:GetAuthorizationToken, "
        "BatchGetImage, GetDownloadUrlForLayer); for an image of another account also allow it in the "
        "repository's policy, for a private registry give repositoryCredentials.",
        doc="The registry knows the image but does not give it to this role.",
        source="https://github.com/aws-samples/bedrock-access-gateway/issues/114",
    ),
    Cause(
        slug="registry-unreachable",
        kinds=_START,
        patterns=patterns(
            r"(registry auth|CannotPull|pull command failed|cannot pull|image manifest|ecr\.).*" + _NO_ROUTE
        ),
        sentence="The task could not reach the image registry.",
        next_step=_route("ecr.api, ecr.dkr and s3"),
        doc="No way from the task's subnet to the registry: the commonest failure of a first deployment.",
        source="https://github.com/aws/copilot-cli/issues/5927",
        transient=True,
    ),
    Cause(
        slug="pull-not-found",
        kinds=_START,
        patterns=patterns(r"CannotPull.*(not found|manifest unknown|404|does not exist|NotFound)"),
        sentence="The image does not exist in the registry.",
        next_step="Push it and run again; a lifecycle rule of the repository may have removed it: aws ecr "
        "describe-images --repository-name REPOSITORY --region {region:q}",
        doc="The tag or digest is not (or no longer) in the repository.",
        source="https://github.com/usdigitalresponse/usdr-gost/pull/4036",
    ),
    Cause(
        slug="pull-invalid-reference",
        kinds=_START,
        patterns=patterns(r"invalid reference format|InvalidImageReference|invalid reference"),
        sentence="The name of the image is not valid.",
        next_step="Use repository@sha256:… or repository:tag, in lower case.",
        doc="Upper case letters, blanks or an empty tag in the image's name.",
        source="https://github.com/aws-samples/amazon-ecs-java-microservices/issues/6",
    ),
    Cause(
        slug="pull-unsigned",
        kinds=_START,
        patterns=patterns(
            r"signature (verification|validation) failed|image is not signed|no valid signature"
        ),
        sentence="The image's signature was not accepted.",
        next_step="Sign the image with the profile that the account's policy asks for, then run again.",
        doc="A signing policy refuses the image.",
        source=_PULL,
    ),
    Cause(
        slug="pull-interrupted",
        kinds=_START,
        patterns=patterns(
            r"CannotPull.*(unexpected EOF|connection reset|50[0-9] |failed to copy|TLS handshake timeout"
            r"|unexpected status)"
        ),
        sentence="The image could not be loaded completely.",
        next_step="Run again.",
        doc="The registry or the way to it failed in the middle of the transfer.",
        source=_PULL,
        transient=True,
    ),
    Cause(
        slug="pull-failed",
        kinds=_START,
        patterns=patterns(r"CannotPull\w*Error"),
        sentence="The image could not be pulled: {said}",
        next_step="Check image, execution role and network: aws ssm start-automation-execution "
        "--document-name AWSSupport-TroubleshootECSTaskFailedToStart --region {region:q}",
        doc="Any other failure to load the image.",
        source=_PULL,
    ),
)
