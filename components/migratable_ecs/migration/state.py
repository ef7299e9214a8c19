"""The resource's inputs and outputs as the engine stores them, and how they become what a run needs. Pure.

Numbers come back from the engine as floats, missing values as None or not at all; this is the one place that knows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .decide import Recorded, Wanted
from .history import once
from .identity import run_identity
from .session import AwsSettings, Role
from .shell import shell_command
from .spec import HISTORY_KEPT, Backup, RunRecord, RunSpec

Props = Mapping[str, Any]

#: What the engine passes for a value that is not known yet (pulumi.runtime.rpc.UNKNOWN).
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

#: The keys of the stack's configuration that decide where AWS calls go.
AWS_KEYS = (
    "aws:region", "aws:profile", "aws:endpoints", "aws:assumeRole", "aws:assumeRoles", "aws:accessKey", "aws:secretKey", "aws:token",
)  # fmt: skip

#: How many migrated digests the outputs remember, for recognising a rollback.
DIGESTS_KEPT = 50

#: Characters of the failure message in the outputs; the whole of it is in the error and in the history.
MESSAGE_KEPT = 4000

#: Output -> its value as long as nothing has run.
EMPTY_OUTPUTS: dict[str, Any] = {
    "status": "",
    "digest": "",
    "reason": "",
    "task_arn": "",
    "task_definition_arn": "",
    "exit_code": None,
    "attempts": 0,
    "started_at": "",
    "stopped_at": "",
    "timings": {},
    "log_streams": [],
    "log_lines": 0,
    "log_sha256": "",
    "log_complete": False,
    "log_reason": "",
    "snapshot_id": "",
    "message": "",
    "history": [],
    "migrated": [],
    "ran_command": "",
    "ran_triggers": {},
    "serial": 0,
}


def wanted(props: Props) -> Wanted:
    """What the program asks for."""
    digest = props.get("image_digest")
    triggers = props.get("triggers")
    named = triggers if isinstance(triggers, Mapping) else {"triggers": None} if triggers == UNKNOWN else {}
    return Wanted(
        digest=None if digest in (None, "", UNKNOWN) else str(digest),
        triggers={k: None if v == UNKNOWN else _text(v) for k, v in named.items()},
        command=_text(props.get("command")),
        phase=props.get("phase") or "before",
        on_rollback=props.get("on_rollback") or "run",
        skip=props.get("skip") is True,
    )


def recorded(outputs: Props) -> Recorded:
    """What the last update recorded."""
    return Recorded(
        digest=str(outputs.get("digest") or ""),
        status=str(outputs.get("status") or ""),
        triggers=dict(outputs.get("ran_triggers") or {}),
        command=_text(outputs.get("ran_command")),
        migrated=tuple(outputs.get("migrated") or ()),
    )


def identity(props: Props, outputs: Props | None) -> str:
    """The `startedBy` of the next run."""
    serial = int((outputs or {}).get("serial") or 0)
    first = "" if serial else str(props["task_definition"])
    want = wanted(props)
    return run_identity(str(props["urn"]), want.digest or "", want.triggers, serial, first)


def run_spec(props: Props, outputs: Props | None) -> RunSpec:
    """The run that `props` ask for, given the outputs of the update before (None: first run)."""
    backup = props.get("backup")
    return RunSpec(
        identity=identity(props, outputs),
        service=str(props["service"]),
        stack=str(props["stack"]),
        cluster=str(props["cluster"]),
        family=str(props["family"]),
        task_definition=str(props["task_definition"]),
        container=str(props["container"]),
        digest=str(props["image_digest"]),
        image=str(props.get("image") or ""),
        network=_network(props),
        launch=_plain(props.get("launch") or {"launchType": "FARGATE"}),
        account=str(props.get("account") or ""),
        region=str(props.get("region") or ""),
        timeout=float(props.get("timeout") or 3600),
        lock_timeout=float(1800 if props.get("lock_timeout") is None else props["lock_timeout"]),
        attempts=int(props.get("attempts") or 1),
        on_cancel=props.get("on_cancel") or "detach",
        secret_environment=tuple(props.get("secret_environment") or ()),
        backup=Backup(**_plain(backup)) if backup else None,
        previous_digest=str((outputs or {}).get("digest") or ""),
    )


#: Where the aws provider's name of a service is not boto3's.
_ENDPOINTS = {"cloudwatchlogs": "logs", "sfn": "stepfunctions"}


def aws_settings(props: Props, config: Mapping[str, str]) -> AwsSettings:
    """From the `aws:` configuration of the stack; `region` and `profile` among the inputs go first, for explicit providers."""
    given = _json(config.get("aws:assumeRoles")) or [_json(config.get("aws:assumeRole")) or {}]
    *via, role = [
        Role(str(r.get("roleArn") or ""), str(r.get("sessionName") or ""), str(r.get("externalId") or ""))
        for r in given
    ]
    endpoints = _json(config.get("aws:endpoints")) or []
    merged = {k: v for entry in endpoints for k, v in entry.items() if v}
    for given_as, name in _ENDPOINTS.items():
        if given_as in merged:
            merged.setdefault(name, merged[given_as])
    return AwsSettings(
        region=str(props.get("region") or config.get("aws:region") or ""),
        profile=str(props.get("profile") or config.get("aws:profile") or ""),
        endpoints=merged,
        role_arn=role.arn,
        role_session_name=role.session_name,
        external_id=role.external_id,
        via=tuple(via),
        access_key=config.get("aws:accessKey") or "",
        secret_key=config.get("aws:secretKey") or "",
        token=config.get("aws:token") or "",
    )


def outputs_without_run(props: Props, reason: str) -> dict[str, Any]:
    """The outputs of a resource that was made without a run: manual, init or skipped."""
    status = "skipped" if props.get("skip") is True else str(props.get("phase") or "skipped")
    return {**props, **EMPTY_OUTPUTS, "status": status, "reason": reason}


def outputs_after_run(props: Props, before: Props | None, record: RunRecord, reason: str) -> dict[str, Any]:
    """The outputs after a run, good or (under `warn`) bad."""
    old: Props = before or EMPTY_OUTPUTS
    want = wanted(props)
    migrated = [d for d in old.get("migrated") or [] if d != record.digest]
    if record.status == "succeeded":
        migrated.append(record.digest)
    elif record.digest in (old.get("migrated") or []):
        migrated = list(old["migrated"])
    return {
        **props,
        "status": record.status,
        "digest": record.digest,
        "reason": reason,
        "task_arn": record.task_arn,
        "task_definition_arn": record.task_definition_arn,
        "exit_code": record.exit_code,
        "attempts": record.attempts,
        "started_at": record.started_at,
        "stopped_at": record.stopped_at,
        "timings": record.timings,
        "log_streams": record.log.streams,
        "log_lines": record.log.lines,
        "log_sha256": record.log.sha256,
        "log_complete": record.log.complete,
        "log_reason": record.log.reason,
        "snapshot_id": record.snapshot_id,
        "message": record.message[:MESSAGE_KEPT],
        "history": merged_history(old.get("history") or [], history_entry(record)),
        "migrated": migrated[-DIGESTS_KEPT:],
        "ran_command": want.command,
        "ran_triggers": {k: v for k, v in want.triggers.items() if v is not None},
        # What was never started is no run: the next one keeps its name, and so finds a task that was left behind.
        "serial": int(old.get("serial") or 0) + (1 if record.task_arn else 0),
    }


def history_entry(record: RunRecord) -> dict[str, Any]:
    """What the outputs keep of a run: who, what, when and how it ended; never its lines."""
    kept = (
        "run", "status", "digest", "task_arn", "exit_code", "attempts", "adopted", "cause",
        "started_at", "stopped_at", "actor", "snapshot_id",
    )  # fmt: skip
    whole = record.as_dict()
    return {key: whole[key] for key in kept if whole[key] not in (None, "")}


def merged_history(old: Sequence[dict[str, Any]], new: dict[str, Any]) -> list[dict[str, Any]]:
    """`old` and then `new`, each run once, the newest `HISTORY_KEPT`."""
    return once([*old, new])[-HISTORY_KEPT:]


def display_command(entry_point: list[str] | None, command: list[str] | None) -> str:
    """The command as the operator would write it; what `decide` compares."""
    split = shell_command(entry_point or (), command or ())
    return split[1] if split else " ".join([*(entry_point or ()), *(command or ())])


def _network(props: Props) -> dict[str, Any]:
    if not props.get("subnets"):
        return {}
    return {
        "subnets": list(props["subnets"]),
        "securityGroups": list(props.get("security_groups") or ()),
        "assignPublicIp": "ENABLED" if props.get("assign_public_ip") else "DISABLED",
    }


def _plain(value: Any) -> Any:
    """Whole floats become integers again: RunTask wants a weight of 1, not of 1.0."""
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items() if v is not None}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _text(value: Any) -> str:
    plain = _plain(value)
    if plain is None:
        return ""
    return plain if isinstance(plain, str) else json.dumps(plain, sort_keys=True)


def _json(text: str | None) -> Any:
    return json.loads(text) if text else None
