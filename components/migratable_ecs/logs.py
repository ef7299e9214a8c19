"""Log groups: one for the app, one for the migration."""

from __future__ import annotations

import pulumi_aws as aws

from . import names
from .context import Context


def log_group(context: Context, name: str, family: str, given: str | None = None) -> aws.cloudwatch.LogGroup:
    """`/ecs/{family}`, or the name given, with its retention in days and its key."""
    return aws.cloudwatch.LogGroup(
        name,
        name=given or names.log_group(family),
        retention_in_days=context.args.log_retention_days,
        kms_key_id=context.args.log_kms_key_arn,
        tags=context.tags,
        opts=context.options(),
    )
