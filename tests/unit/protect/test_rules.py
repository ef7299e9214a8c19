"""Each rule: what breaks it, what keeps it, what is left alone while it is not known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from migratable_ecs.migration import guard
from migratable_ecs.protect.rules import (
    COMPONENT,
    INSTANCE,
    NAMES,
    NOUNS,
    RULES,
    SCALING,
    SERVICE,
    TASKS,
    UNKNOWN,
    broken_rules,
    reads,
    sentence,
)

CLUSTER = "aws:rds/cluster:Cluster"
CLUSTER_INSTANCE = "aws:rds/clusterInstance:ClusterInstance"
DIGEST = "app@sha256:" + "a" * 64


def tasks(*images: Any) -> dict[str, Any]:
    return {"containerDefinitions": json.dumps([{"name": "app", "image": image} for image in images])}


#: Rule, type, inputs that break it, words of the sentence.
BROKEN = [
    ("unencrypted-database", INSTANCE, {"storageEncrypted": False}, "storageEncrypted is False"),
    ("unencrypted-database", INSTANCE, {}, "storageEncrypted is not given"),
    ("unencrypted-database", INSTANCE, {"storageEncrypted": "false"}, "storageEncrypted is 'false'"),
    ("unencrypted-database", INSTANCE, {"storageEncrypted": None, "replicateSourceDb": None}, "not given"),
    ("unencrypted-database", CLUSTER, {"engineMode": "provisioned"}, "database cluster"),
    ("unencrypted-database", "aws:rds/globalCluster:GlobalCluster", {}, "global database cluster"),
    ("unencrypted-database", "aws:docdb/cluster:Cluster", {}, "DocumentDB"),
    ("unencrypted-database", "aws:neptune/cluster:Cluster", {"storageEncrypted": False}, "Neptune"),
    ("public-database", INSTANCE, {"storageEncrypted": True, "publiclyAccessible": True}, "a public address"),
    ("public-database", CLUSTER_INSTANCE, {"publiclyAccessible": "true"}, "database instance"),
    (
        "public-database",
        "aws:neptune/clusterInstance:ClusterInstance",
        {"publiclyAccessible": True},
        "Neptune",
    ),
    ("single-task", SERVICE, {"desiredCount": 1}, "keeps 1 task (desiredCount is 1)"),
    ("single-task", SERVICE, {"desiredCount": 0}, "keeps no tasks"),
    ("single-task", SERVICE, {}, "desiredCount is None"),
    ("single-task", COMPONENT, {"desiredCount": 1}, "the service 'x' keeps 1 task"),
    (
        "single-task",
        SCALING,
        {"minCapacity": 1, "scalableDimension": "ecs:service:DesiredCount"},
        "minCapacity is 1",
    ),
    ("latest-tag", COMPONENT, {"desiredCount": 2, "image": "app:latest"}, "'app:latest'"),
    (
        "latest-tag",
        COMPONENT,
        {"desiredCount": 2, "image": DIGEST, "images": ["tool:latest"]},
        "'tool:latest'",
    ),
    ("latest-tag", COMPONENT, {"desiredCount": 2, "image": "localhost:5000/app"}, "'localhost:5000/app'"),
    ("latest-tag", TASKS, tasks("app:v1", "nginx:latest"), "'nginx:latest'"),
    ("latest-tag", TASKS, tasks("nginx"), "'nginx'"),
]

KEPT = [
    (INSTANCE, {"storageEncrypted": True}),
    (INSTANCE, {"storageEncrypted": "true", "publiclyAccessible": False}),
    (INSTANCE, {"replicateSourceDb": "learning-db"}),
    (CLUSTER, {"storageEncrypted": True}),
    (CLUSTER, {"engineMode": "serverless"}),
    (CLUSTER, {"replicationSourceIdentifier": "arn:aws:rds:eu-west-1:123456789012:cluster:learning"}),
    (CLUSTER_INSTANCE, {}),
    (SERVICE, {"desiredCount": 2}),
    (SERVICE, {"desiredCount": "3"}),
    (SERVICE, {"schedulingStrategy": "DAEMON"}),
    (SCALING, {"minCapacity": 1, "scalableDimension": "dynamodb:table:ReadCapacityUnits"}),
    (SCALING, {"minCapacity": 2, "scalableDimension": "ecs:service:DesiredCount"}),
    (COMPONENT, {"desiredCount": 2, "image": "app:v1.0.0"}),
    (COMPONENT, {"desiredCount": 2, "image": "localhost:5000/app:latest-2", "images": [DIGEST]}),
    (TASKS, tasks(DIGEST, "app:v1", f"app:latest@sha256:{'a' * 64}")),
    (TASKS, {"containerDefinitions": "not JSON"}),
    (TASKS, {"containerDefinitions": '{"image": "app"}'}),
    ("aws:s3/bucket:Bucket", {}),
]

NOT_KNOWN = [
    (INSTANCE, {"storageEncrypted": UNKNOWN, "publiclyAccessible": UNKNOWN}),
    (INSTANCE, {"replicateSourceDb": UNKNOWN}),
    (CLUSTER, {"engineMode": UNKNOWN}),
    (SERVICE, {"desiredCount": UNKNOWN}),
    (SERVICE, {"desiredCount": 1, "schedulingStrategy": UNKNOWN}),
    (SCALING, {"minCapacity": UNKNOWN}),
    (COMPONENT, {"desiredCount": 2, "image": UNKNOWN, "images": [UNKNOWN]}),
    (TASKS, {"containerDefinitions": UNKNOWN}),
]


@pytest.mark.parametrize(("rule", "kind", "inputs", "words"), BROKEN)
def test_broken(rule: str, kind: str, inputs: Mapping[str, Any], words: str) -> None:
    broken = {each.rule.name: each for each in broken_rules(kind, inputs)}
    assert rule in broken
    told = sentence(kind, "x", broken[rule], "shop-prod")
    assert words in told
    assert told.startswith(f"rule {rule}: the {NOUNS[kind]} 'x' ")
    assert "'shop-prod' refuses" in told
    assert broken[rule].rule.remedy in told
    assert told.endswith(f"(waive: [{rule}], or [{rule}:x] for this one)")
    assert "\n" not in told


@pytest.mark.parametrize(("kind", "inputs"), KEPT)
def test_kept(kind: str, inputs: Mapping[str, Any]) -> None:
    assert broken_rules(kind, inputs) == []


@pytest.mark.parametrize(("kind", "inputs"), NOT_KNOWN)
def test_what_is_not_known_breaks_nothing(kind: str, inputs: Mapping[str, Any]) -> None:
    assert broken_rules(kind, inputs) == []


def test_every_rule_is_in_the_table() -> None:
    tabled = {rule for rule, *_ in BROKEN}
    assert tabled == set(NAMES) - {"destructive-command"}
    # The one that has a table of its own: tests/unit/component/test_guard.py.
    assert guard.destructive("php artisan migrate:fresh")


def test_every_type_has_a_noun() -> None:
    assert {kind for rule in RULES for kind in rule.reads} == set(NOUNS)


def test_several_at_once_are_all_named() -> None:
    broken = broken_rules(INSTANCE, {"storageEncrypted": False, "publiclyAccessible": True})
    assert [each.rule.name for each in broken] == ["unencrypted-database", "public-database"]


@pytest.mark.parametrize(
    "odd", [None, True, -1, 1.5, "", "x", [], ["x"], {}, pytest.param(UNKNOWN, id="unknown")], ids=repr
)
def test_no_input_makes_a_rule_fall_over(odd: object) -> None:
    for kind in NOUNS:
        for broken in broken_rules(kind, dict.fromkeys(reads(kind), odd)):
            assert sentence(kind, "x", broken, "prod")
