"""boto3 clients for what the aws provider cannot be asked: same account, region and endpoint as the stack's own `aws:` configuration."""

from __future__ import annotations

from typing import Any

import pulumi

from .migration.session import connect
from .migration.state import AWS_KEYS, aws_settings


def stack_client(service: str, region: str = "") -> Any:
    """The client of `service`, with the credentials of the stack; `region` empty for its own."""
    config = pulumi.Config("aws")
    known = {key: config.get(key.partition(":")[2]) for key in AWS_KEYS}
    given = {key: value for key, value in known.items() if value is not None}
    return connect(aws_settings({"region": region}, given)).client(service)
