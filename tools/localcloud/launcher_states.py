"""Answers of Step Functions that MiniStack gives differently."""

from __future__ import annotations

from typing import Any

from ministack.core.responses import json_response
from ministack.services import stepfunctions

Record = dict[str, Any]

_original_delete = stepfunctions._delete_state_machine


def delete_state_machine(data: Record) -> Any:
    """DeleteStateMachine: of one that is gone, or about to be, it is no error, so that the request can be repeated.

    Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachine.html
    """
    if data.get("stateMachineArn") not in stepfunctions._state_machines:
        return json_response({})
    return _original_delete(data)
