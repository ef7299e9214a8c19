"""What must be true before a task is started. Each check is one read, made only when a run is due.

`preflight` comes before looking for a task to adopt; `check_image` only when a task will be started, since one that has pulled its image
long ago is adopted even when the image is gone from ECR.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .clock import Clock
from .cloudwatch import Logs
from .diagnosis import Evidence, diagnose
from .ecs import AwsCallFailed, Ecs, call
from .errors import PreflightFailed
from .session import Clients
from .spec import RunSpec

_ECR_IMAGE = re.compile(
    r"^(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/(?P<repository>[^@:]+)@"
)


def preflight(
    spec: RunSpec, aws: Clients, ecs: Ecs, logs: Logs, clock: Clock
) -> tuple[Mapping[str, Any], str]:
    """Check account, region, cluster, task definition and log group.

    Returns the task definition and the ARN of the caller.

    Raises:
        PreflightFailed: one sentence with the value, what is allowed and the remedy.
    """
    with _refused(spec):
        actor = _account(spec, aws, clock)
        _cluster(spec, ecs)
        definition = _definition(spec, ecs)
        _log_group(definition, spec, logs)
    return definition, actor


def check_image(spec: RunSpec, aws: Clients, clock: Clock) -> None:
    """Check that ECR has the image, just before a task is started from it.

    Raises:
        PreflightFailed: as of `preflight`.
    """
    with _refused(spec):
        _image(spec, aws, clock)


@contextmanager
def _refused(spec: RunSpec) -> Iterator[None]:
    """A check that AWS does not answer refuses the run."""
    try:
        yield
    except AwsCallFailed as failed:
        error = failed.error
        evidence = Evidence(spec.container, spec.cluster, spec.family, spec.region, "", error=error)
        raise PreflightFailed(
            f"nothing was started, because a check before the run failed: {error.operation} answered {error.code}: {error.message}. "
            f"{diagnose(evidence).next_step}"
        ) from failed


def _account(spec: RunSpec, aws: Clients, clock: Clock) -> str:
    sts = aws.client("sts")
    who = call(clock, "GetCallerIdentity", sts.get_caller_identity)
    if spec.account and who["Account"] != spec.account:
        raise PreflightFailed(
            f"boto3 acts on account {who['Account']} but the aws provider on {spec.account}: nothing was started; "
            "use the same aws:profile or credentials for both"
        )
    region = getattr(getattr(sts, "meta", None), "region_name", "")
    if spec.region and region and region != spec.region:
        raise PreflightFailed(
            f"boto3 acts in region {region} but the aws provider in {spec.region}: nothing was started; set aws:region"
        )
    return str(who["Arn"])


def _cluster(spec: RunSpec, ecs: Ecs) -> None:
    status = ecs.cluster_status(spec.cluster)
    if status != "ACTIVE":
        state = f"is {status}" if status else "does not exist"
        raise PreflightFailed(
            f"cluster {spec.cluster} {state}, it must be ACTIVE: check `cluster`, aws:region and the account"
        )


def _definition(spec: RunSpec, ecs: Ecs) -> Mapping[str, Any]:
    definition = ecs.task_definition(spec.task_definition)
    if definition.get("status") != "ACTIVE":
        raise PreflightFailed(
            f"task definition {spec.task_definition} is {definition.get('status')}, it must be ACTIVE: run `pulumi up --refresh`"
        )
    names = [c["name"] for c in definition["containerDefinitions"]]
    if spec.container not in names:
        raise PreflightFailed(
            f"container {spec.container} is not in task definition {spec.task_definition}, which has {', '.join(names)}"
        )
    return definition


def _log_group(definition: Mapping[str, Any], spec: RunSpec, logs: Logs) -> None:
    """A missing log group keeps the container from starting, with a reason that does not mention logging."""
    for container in definition["containerDefinitions"]:
        options = (container.get("logConfiguration") or {}).get("options") or {}
        group = options.get("awslogs-group")
        if not group or options.get("awslogs-create-group") == "true":
            continue
        if not logs.group_exists(group):
            raise PreflightFailed(
                f"log group {group} of container {container['name']} does not exist, and the container cannot start without it: "
                f"run `pulumi up --refresh`, or `aws logs create-log-group --log-group-name {group}`"
            )


def _image(spec: RunSpec, aws: Clients, clock: Clock) -> None:
    ecr_image = _ECR_IMAGE.match(spec.image)
    if ecr_image is None:
        return
    repository = ecr_image["repository"]
    try:
        call(
            clock,
            "DescribeImages",
            lambda: aws.client("ecr").describe_images(
                registryId=ecr_image["account"],
                repositoryName=repository,
                imageIds=[{"imageDigest": spec.digest}],
            ),
        )
    except AwsCallFailed as failed:
        if failed.error.code not in ("ImageNotFoundException", "RepositoryNotFoundException"):
            raise
        raise PreflightFailed(
            f"image {spec.digest} is not in repository {repository}: push it again, or deploy an image that is there "
            f"(`aws ecr describe-images --repository-name {repository}`)"
        ) from failed
