"""Values of a container's ``secrets``, and ECS's words when one cannot be had.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html
"""

from __future__ import annotations

import json
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import secretsmanager, ssm

from tools.localcloud.launcher_docker import StartError

Record = dict[str, Any]

_FAILED = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "


def resolve(definition: Record, account: str, region: str) -> dict[str, str]:
    """Environment variables from the container definition's ``secrets``.

    Args:
        definition: the container definition.
        account: AWS account of the task.
        region: AWS region of the task.

    Raises:
        StartError: with ECS's ``ResourceInitializationError`` text.
    """
    with request_scope(account, region):
        return {
            secret["name"]: _value(str(secret["valueFrom"]), region)
            for secret in definition.get("secrets") or []
        }


def _value(reference: str, region: str) -> str:
    if ":secretsmanager:" in reference:
        return _secret(reference)
    # SecureString parameters are decrypted for the container.
    value = ssm.resolve_parameter_value(reference, decrypt=True)
    if value is None:
        name = reference.partition(":parameter")[2] or reference
        raise StartError(
            f"{_FAILED}unable to retrieve secrets from ssm: service call has been retried 1 time(s): "
            f"fetching secret data from SSM Parameter Store in {region}: invalid parameters: {name}"
        )
    return str(value)


def _secret(reference: str) -> str:
    # arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME[:json-key[:version-stage[:version-id]]]
    parts = reference.split(":")
    arn = ":".join(parts[:7])
    key, stage, version = [*parts[7:], "", "", ""][:3]
    text = secretsmanager.resolve_secret_string(arn, stage or "AWSCURRENT", version or None)
    if text is None:
        raise _asm(
            f"failed to fetch secret {arn} from secrets manager: ResourceNotFoundException: "
            "Secrets Manager can't find the specified secret."
        )
    if not key:
        return str(text)
    try:
        document = json.loads(text)
    except ValueError as error:
        raise _asm(
            f"failed to parse the value of secret {arn} as JSON to read the key {key}: "
            "invalid character looking for beginning of value"
        ) from error
    if not isinstance(document, dict) or key not in document:
        raise _asm(f"retrieved secret from Secrets Manager did not contain json key {key}")
    value = document[key]
    return value if isinstance(value, str) else json.dumps(value)


def _asm(why: str) -> StartError:
    return StartError(
        f"{_FAILED}unable to retrieve secret from asm: service call has been retried 1 time(s): {why}"
    )
