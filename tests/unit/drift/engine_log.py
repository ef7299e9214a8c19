"""Writes event logs as the engine does, from the few members that matter to a test."""

from __future__ import annotations

import json
from typing import Any

PREFIX = "urn:pulumi:stg::shop"
COMPONENT = "migratable-ecs:index:MigratableEcsService"
SERVICE = "aws:ecs/service:Service"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
MIGRATION = "pulumi-python:dynamic/ecs:MigrationRun"
SUMMARY = {"summaryEvent": {"result": "succeeded", "isPreview": True}}


def secret(ciphertext: str = "[secret]") -> dict[str, str]:
    """A secret value as the engine writes it."""
    return {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": ciphertext}


def urn(type_: str, name: str, *, inside: bool = True) -> str:
    return f"{PREFIX}::{COMPONENT}${type_}::{name}" if inside else f"{PREFIX}::{type_}::{name}"


def metadata(
    op: str,
    type_: str,
    name: str,
    *,
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
    paths: tuple[str, ...] = (),
    keys: tuple[str, ...] = (),
    inside: bool = True,
    id_: str = "",
) -> dict[str, Any]:
    """`old` and `new` stand for inputs and outputs alike."""

    def state(properties: dict[str, Any] | None) -> dict[str, Any] | None:
        if properties is None:
            return None
        return {"custom": True, "id": id_ or f"{name}-id", "inputs": properties, "outputs": properties}

    return {
        "op": op,
        "urn": urn(type_, name, inside=inside),
        "type": type_,
        "old": state(old),
        "new": state(new),
        "keys": list(keys),
        "detailedDiff": {path: {"diffKind": "update"} for path in paths} or None,
    }


def refreshed(op: str, type_: str, name: str, **more: Any) -> list[dict[str, Any]]:
    """The two events of a resource that was read: the engine rewrites the second one to what came of it."""
    after = metadata(op, type_, name, **more)
    return [
        {"resourcePreEvent": {"metadata": {**after, "op": "refresh", "detailedDiff": None}}},
        {"resOutputsEvent": {"metadata": after}},
    ]


def planned(op: str, type_: str, name: str, **more: Any) -> list[dict[str, Any]]:
    made = metadata(op, type_, name, **more)
    return [{"resourcePreEvent": {"metadata": made}}, {"resOutputsEvent": {"metadata": made}}]


def lines(*events: dict[str, Any], config: dict[str, str] | None = None, ended: bool = True) -> list[str]:
    """A log: the configuration first, the summary last."""
    every = [{"preludeEvent": {"config": config or {"aws:region": "ap-northeast-1"}}}, *events]
    if ended:
        every.append(SUMMARY)
    return [json.dumps({"sequence": number, "timestamp": 1, **event}) for number, event in enumerate(every)]
