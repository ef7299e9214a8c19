"""A bucket for the access logs of a load balancer, into which nobody but Elastic Load Balancing writes."""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws

from .making import Making

#: Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
_WRITER = "logdelivery.elasticloadbalancing.amazonaws.com"


def access_logs_bucket(making: Making, days: int) -> pulumi.Output[str]:
    """The name of a bucket whose logs go after `days`, known once the load balancer may write into it."""
    what = making.called("alb-logs", 48).lower()
    bucket = aws.s3.Bucket(
        what, force_destroy=not making.keep, tags=making.tagged("alb-logs"), opts=making.options()
    )
    aws.s3.BucketPublicAccessBlock(
        what,
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
    )
    aws.s3.BucketLifecycleConfiguration(
        what,
        bucket=bucket.id,
        rules=[{"id": "old", "status": "Enabled", "filter": {"prefix": ""}, "expiration": {"days": days}}],
    )
    account = aws.get_caller_identity().account_id
    policy = aws.s3.BucketPolicy(
        what, bucket=bucket.id, policy=bucket.arn.apply(lambda arn: _policy(arn, account))
    )
    return pulumi.Output.all(bucket.id, policy.id).apply(lambda known: str(known[0]))


def _policy(bucket_arn: str, account: str) -> str:
    write = {
        "Effect": "Allow",
        "Principal": {"Service": _WRITER},
        "Action": "s3:PutObject",
        "Resource": f"{bucket_arn}/AWSLogs/{account}/*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [write]})
