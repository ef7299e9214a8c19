"""The engine's events, as `pulumi preview --json` and `pulumi refresh --preview-only --json` stream them: one JSON object a line. Pure.

The same lines are in a file of `--event-log`. Source of the form: apitype.EngineEvent of the Pulumi SDK,
https://pkg.go.dev/github.com/pulumi/pulumi/sdk/v3/go/common/apitype#EngineEvent
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..validation import InvalidArgument

Props = Mapping[str, Any]

#: What stands for a value that Pulumi keeps secret.
SECRET = "[secret]"

# How the engine marks a secret when it writes properties: https://www.pulumi.com/docs/iac/concepts/secrets/
_MARK = "4dabf18193072939515e22adb298388d"
_MARKED_SECRET = "1b47061264138c4ac30d75fd1eb44270"


@dataclass(frozen=True)
class Step:
    """One operation of the engine on one resource.

    `op` is the engine's word: same, create, update, replace, delete, refresh, … `keys` are the properties that make a replacement
    necessary, `paths` those that differ. `foreign` are resources that the stack only reads, and old ones that wait for their deletion.
    Secrets are masked.
    """

    op: str
    urn: str
    type: str
    id: str = ""
    custom: bool = True
    foreign: bool = False
    old_inputs: Props = field(default_factory=dict)
    old_outputs: Props = field(default_factory=dict)
    new_inputs: Props = field(default_factory=dict)
    new_outputs: Props = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.urn.rsplit("::", 1)[-1]


@dataclass(frozen=True)
class Log:
    """What one run of the engine said, in order.

    `refreshed` are the results of reading resources, `planned` the steps of the program; `config` is the stack's, with secrets blinded;
    `ended` is False when the log stops before the engine's summary, or the engine failed.
    """

    refreshed: tuple[Step, ...] = ()
    planned: tuple[Step, ...] = ()
    errors: tuple[str, ...] = ()
    config: Mapping[str, str] = field(default_factory=dict)
    ended: bool = False

    @property
    def stack(self) -> str:
        """The name in the first URN; empty without one."""
        for step in (*self.refreshed, *self.planned):
            return step.urn.removeprefix("urn:pulumi:").split("::", 1)[0]
        return ""


def read(lines: Iterable[str], where: str = "the event log") -> Log:
    """Read the lines of an event log; other lines, such as warnings of plugins, are left out.

    Raises:
        InvalidArgument: there is no event in it, or it is the summary that `--json` gives without streaming.
    """
    refreshed: list[Step] = []
    planned: list[Step] = []
    errors: list[str] = []
    config: dict[str, str] = {}
    reading: set[str] = set()
    ended = seen = False
    for line in lines:
        event = _event(line)
        if event is None:
            continue
        seen = True
        if prelude := event.get("preludeEvent"):
            config = dict(prelude.get("config") or {})
        elif before := event.get("resourcePreEvent"):
            step = _step(before["metadata"])
            if step.op == "refresh":
                reading.add(step.urn)
            else:
                planned.append(step)
        elif after := event.get("resOutputsEvent"):
            step = _step(after["metadata"])
            if step.urn in reading:
                reading.discard(step.urn)
                refreshed.append(step)
        elif said := event.get("diagnosticEvent"):
            if said.get("severity") == "error" and not said.get("ephemeral"):
                errors.append(str(said.get("message") or "").strip())
        elif summary := event.get("summaryEvent"):
            ended = summary.get("result", "succeeded") in ("", "succeeded")
    if not seen:
        raise InvalidArgument(
            f"{where} holds no event of the engine: save one with PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true and "
            "`pulumi preview --json` or `pulumi refresh --preview-only --json`, or with --event-log"
        )
    return Log(tuple(refreshed), tuple(planned), tuple(errors), config, ended and not errors)


def together(logs: Iterable[Log]) -> Log:
    """Several logs of one stack as one, such as that of the refresh and that of the preview."""
    every = list(logs)
    return Log(
        refreshed=tuple(step for log in every for step in log.refreshed),
        planned=tuple(step for log in every for step in log.planned),
        errors=tuple(error for log in every for error in log.errors),
        config={key: value for log in every for key, value in log.config.items()},
        ended=bool(every) and all(log.ended for log in every),
    )


def masked(value: Any) -> Any:
    """`value` with `SECRET` in the place of everything that the engine marks as secret, at any depth."""
    if isinstance(value, Mapping):
        if value.get(_MARK) == _MARKED_SECRET:
            return SECRET
        if _MARK in value:
            return masked(value.get("value")) if "value" in value else "[asset]"
        return {key: masked(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    return value


def _event(line: str) -> Mapping[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        event = json.loads(line)
    except json.JSONDecodeError:
        return None
    return event if isinstance(event, dict) and "sequence" in event else None


def _step(metadata: Mapping[str, Any]) -> Step:
    old, new = metadata.get("old") or {}, metadata.get("new") or {}
    either = new or old
    return Step(
        op=str(metadata["op"]),
        urn=str(metadata["urn"]),
        type=str(metadata["type"]),
        id=str(old.get("id") or new.get("id") or ""),
        custom=bool(either.get("custom")),
        foreign=bool(either.get("external") or old.get("delete")),
        old_inputs=masked(old.get("inputs") or {}),
        old_outputs=masked(old.get("outputs") or {}),
        new_inputs=masked(new.get("inputs") or {}),
        new_outputs=masked(new.get("outputs") or {}),
        keys=tuple(metadata.get("keys") or ()),
        paths=tuple(metadata.get("detailedDiff") or metadata.get("diffs") or ()),
    )
