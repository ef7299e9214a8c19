"""A secret's name that Secrets Manager still keeps after a deletion is found in preview, with the command that mends it.

The aws provider cannot be asked: it calls such a secret missing, and creating it then fails in the middle of the update.
"""

from __future__ import annotations

from typing import Any

import pulumi

from ..stack_clients import stack_client
from ..validation import InvalidArgument


def refuse_deleted(name: str) -> None:
    """Refuse `name` while a deleted secret has it. Where AWS cannot be asked a warning says so, and AWS tells when the secret is made.

    Raises:
        InvalidArgument: with the two ways out.
    """
    try:
        found = _client().describe_secret(SecretId=name)
    except Exception as error:
        if _code(error) != "ResourceNotFoundException":
            words = f"whether the secret {name!r} is scheduled for deletion could not be seen: {error}"
            pulumi.log.warn(words.replace("\n", " "))
        return
    if found.get("DeletedDate") is None:
        return
    raise InvalidArgument(
        f"the secret {name!r} is scheduled for deletion, and its name is taken until then: bring it back with `aws secretsmanager "
        f"restore-secret --secret-id {name}` and `pulumi import` it, or delete it for good with `aws secretsmanager delete-secret "
        f"--secret-id {name} --force-delete-without-recovery`"
    )


def _client() -> Any:
    return stack_client("secretsmanager")


def _code(error: Exception) -> str:
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))
