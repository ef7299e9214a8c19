"""What production refuses: closed table of rules over a resource's type and inputs. Pure: no Pulumi, no AWS.

Inputs have the names of Pulumi's schema (`storageEncrypted`), which are the names in the state too. A value that is not known yet is
UNKNOWN and breaks nothing: it is looked at again when it is known.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

#: Stands for a value that is not known yet.
UNKNOWN = object()

#: The component itself, whose arguments say what the resources no longer do: which tag an image was asked for by.
COMPONENT = "migratable-ecs:index:MigratableEcsService"
SERVICE = "aws:ecs/service:Service"
SCALING = "aws:appautoscaling/target:Target"
TASKS = "aws:ecs/taskDefinition:TaskDefinition"
INSTANCE = "aws:rds/instance:Instance"

#: How a sentence calls what it refuses.
NOUNS = {
    COMPONENT: "service",
    SERVICE: "service",
    SCALING: "scaling",
    TASKS: "task definition",
    INSTANCE: "database",
    "aws:rds/cluster:Cluster": "database cluster",
    "aws:rds/globalCluster:GlobalCluster": "global database cluster",
    "aws:rds/clusterInstance:ClusterInstance": "database instance",
    "aws:docdb/cluster:Cluster": "DocumentDB cluster",
    "aws:neptune/cluster:Cluster": "Neptune cluster",
    "aws:neptune/clusterInstance:ClusterInstance": "Neptune instance",
}


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        name: what it is waived by.
        refuses: what it refuses, as docs/protection.md says it.
        remedy: what to do instead, in the imperative.
        reads: type of resource -> inputs that `broken` looks at.
        broken: what is wrong with those inputs (`has storageEncrypted False`), or None.
    """

    name: str
    refuses: str
    remedy: str
    reads: Mapping[str, tuple[str, ...]]
    broken: Callable[[Mapping[str, Any]], str | None]


@dataclass(frozen=True)
class Broken:
    """A rule that one resource breaks."""

    rule: Rule
    what: str


def _elsewhere(inputs: Mapping[str, Any]) -> str | None:
    """For the rule that migration/guard.py keeps: the component's arguments are checked there, before this table is asked."""
    return None


def _unencrypted(inputs: Mapping[str, Any]) -> str | None:
    # A replica in the same region is encrypted as its source is, and a serverless v1 cluster always.
    # Sources: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.html
    #          https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless.html
    if inputs.get("replicateSourceDb") or inputs.get("replicationSourceIdentifier"):
        return None
    if inputs.get("engineMode") in (UNKNOWN, "serverless"):
        return None
    given = inputs.get("storageEncrypted")
    if given is UNKNOWN or _is_true(given):
        return None
    return "is not encrypted (storageEncrypted is " + ("not given)" if given is None else f"{given!r})")


def _public(inputs: Mapping[str, Any]) -> str | None:
    return (
        "has a public address (publiclyAccessible is True)"
        if _is_true(inputs.get("publiclyAccessible"))
        else None
    )


def _single(inputs: Mapping[str, Any]) -> str | None:
    if inputs.get("schedulingStrategy") in (UNKNOWN, "DAEMON"):
        return None
    if not _scales_a_service(inputs):
        return None
    key = "minCapacity" if "minCapacity" in inputs else "desiredCount"
    given = inputs.get(key)
    if given is UNKNOWN:
        return None
    try:
        count = int(given or 0)
    except (TypeError, ValueError):
        return None
    return (
        f"keeps {count or 'no'} task{'' if count == 1 else 's'} ({key} is {given!r})" if count < 2 else None
    )


def _scales_a_service(inputs: Mapping[str, Any]) -> bool:
    """Not the read capacity of a table: the same type of resource scales everything in AWS."""
    dimension = inputs.get("scalableDimension", "ecs:service:DesiredCount")
    return bool(dimension == "ecs:service:DesiredCount")


def _latest(inputs: Mapping[str, Any]) -> str | None:
    others = inputs.get("images")
    images = [*_images_of(inputs.get("containerDefinitions")), inputs.get("image")]
    for image in [*images, *others] if isinstance(others, list) else images:
        if isinstance(image, str) and _is_moving(image):
            return f"runs the image {image!r}, which has no digest and moves with every push"
    return None


def _images_of(definitions: Any) -> list[Any]:
    """The images in a task definition's containers, which Pulumi carries as JSON."""
    if not isinstance(definitions, str):
        return []
    try:
        containers = json.loads(definitions)
    except ValueError:
        return []
    return (
        [each.get("image") for each in containers if isinstance(each, dict)]
        if isinstance(containers, list)
        else []
    )


def _is_moving(image: str) -> bool:
    """Whether `image` names no digest and no tag but `latest`."""
    if "@" in image:
        return False
    _, colon, tag = image.rpartition("/")[2].partition(":")
    return not colon or tag == "latest"


def _is_true(value: Any) -> bool:
    """Inputs of a state file may be the text `true`."""
    return value is True or value == "true"


_ENCRYPTED = ("storageEncrypted", "replicationSourceIdentifier", "engineMode")

RULES: tuple[Rule, ...] = (
    Rule(
        "destructive-command",
        "a migration command that destroys data, such as `migrate:fresh`, `db:reset` or `-reset`",
        "give a command that only migrates",
        {},
        _elsewhere,
    ),
    Rule(
        "unencrypted-database",
        "an RDS instance, Aurora, DocumentDB or Neptune cluster without `storageEncrypted`",
        "set storageEncrypted to true (an existing database: restore an encrypted copy of its snapshot)",
        {
            INSTANCE: ("storageEncrypted", "replicateSourceDb"),
            "aws:rds/cluster:Cluster": _ENCRYPTED,
            "aws:rds/globalCluster:GlobalCluster": ("storageEncrypted",),
            "aws:docdb/cluster:Cluster": ("storageEncrypted",),
            "aws:neptune/cluster:Cluster": ("storageEncrypted", "replicationSourceIdentifier"),
        },
        _unencrypted,
    ),
    Rule(
        "public-database",
        "a database instance with `publiclyAccessible`",
        "set publiclyAccessible to false and reach it through ECS Exec's port forwarding",
        {
            INSTANCE: ("publiclyAccessible",),
            "aws:rds/clusterInstance:ClusterInstance": ("publiclyAccessible",),
            "aws:neptune/clusterInstance:ClusterInstance": ("publiclyAccessible",),
        },
        _public,
    ),
    Rule(
        "single-task",
        "an ECS service with `desiredCount` below 2, or one that scales down to fewer than 2",
        "give 2 or more, so that a roll or a lost zone leaves one in service",
        {
            COMPONENT: ("desiredCount",),
            SERVICE: ("desiredCount", "schedulingStrategy"),
            SCALING: ("minCapacity", "scalableDimension"),
        },
        _single,
    ),
    Rule(
        "latest-tag",
        "an image with the tag `latest`, or without any, and without a digest",
        "give a tag that is pushed once, such as a release number, or the digest",
        {COMPONENT: ("image", "images"), TASKS: ("containerDefinitions",)},
        _latest,
    ),
)

NAMES = tuple(rule.name for rule in RULES)

DESTRUCTIVE_COMMAND = "destructive-command"


def reads(kind: str) -> tuple[str, ...]:
    """The inputs of resources of type `kind` that any rule looks at; empty when none does."""
    found: dict[str, None] = {}
    for rule in RULES:
        found.update(dict.fromkeys(rule.reads.get(kind, ())))
    return tuple(found)


def broken_rules(kind: str, inputs: Mapping[str, Any]) -> list[Broken]:
    """The rules that a resource of type `kind` with `inputs` breaks, in the order of RULES."""
    found = []
    for rule in RULES:
        if kind in rule.reads:
            what = rule.broken({key: inputs[key] for key in rule.reads[kind] if key in inputs})
            if what:
                found.append(Broken(rule, what))
    return found


def sentence(kind: str, name: str, broken: Broken, environment: str) -> str:
    """What the user reads: rule, resource, what is wrong, what to do, how to waive it."""
    rule = broken.rule
    return (
        f"rule {rule.name}: the {NOUNS[kind]} {name!r} {broken.what}, which the environment {environment!r} refuses: {rule.remedy}, "
        f"or waive it by name (waive: [{rule.name}], or [{rule.name}:{name}] for this one)"
    )


__all__ = [
    "COMPONENT",
    "DESTRUCTIVE_COMMAND",
    "NAMES",
    "RULES",
    "UNKNOWN",
    "Broken",
    "Rule",
    "broken_rules",
    "reads",
    "sentence",
]
