"""What whoever runs the drift report may do: look, and nothing else. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..policies import deployer_policy

#: Beginnings of the names of actions that only look. KMS is needed to read the state's own secrets, which stay encrypted in the report;
#: the aws provider has Step Functions look at a changed definition in each preview.
_LOOKS = ("Describe", "Get", "List")
_ALSO = ("kms:Decrypt", "states:ValidateStateMachineDefinition")
# They look too, but at what a report has no use for.
_NOT = ("logs:GetLogEvents",)
_WHO = {"Effect": "Allow", "Action": ["cloudtrail:LookupEvents"], "Resource": ["*"]}


def preview_policy(deployer: str | None = None, **deployer_arguments: Any) -> str:
    """The policy document, as JSON, of the role that preview.yml and drift.yml take: the looking part of `deployer_policy`, and CloudTrail.

    Args:
        deployer: a policy as `deployer_policy` gives it; or else
        deployer_arguments: those of `deployer_policy`.

    Raises:
        InvalidArgument: as `deployer_policy` does.
    """
    whole = json.loads(deployer if deployer is not None else deployer_policy(**deployer_arguments))
    statements = [looking for each in whole["Statement"] if (looking := _looking(each))]
    return json.dumps({"Version": whole["Version"], "Statement": [*statements, _WHO]})


def _looking(statement: Mapping[str, Any]) -> dict[str, Any] | None:
    actions = [
        action
        for action in statement["Action"]
        if action not in _NOT and (action in _ALSO or action.partition(":")[2].startswith(_LOOKS))
    ]
    return {**statement, "Action": actions} if actions else None
