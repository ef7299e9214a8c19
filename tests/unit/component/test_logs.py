"""App and migration have a log group each, kept as long as the user says."""

from __future__ import annotations

import pytest
from migratable_ecs.args.sizes import RETENTION_DAYS

from tests.unit.component.service import deployed

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"


def test_two_groups() -> None:
    graph = deployed()
    assert graph.one(LOG_GROUP, "web").inputs["name"] == "/ecs/web"
    assert graph.one(LOG_GROUP, "web-migrate").inputs["name"] == "/ecs/web-migrate"


def test_thirty_days_unless_told_otherwise() -> None:
    assert deployed().one(LOG_GROUP).inputs["retentionInDays"] == 30


@pytest.mark.parametrize("days", [RETENTION_DAYS[0], RETENTION_DAYS[-1]])
def test_both_are_kept_equally_long(days: int) -> None:
    graph = deployed(log_retention_days=days)
    assert {graph.one(LOG_GROUP, name).inputs["retentionInDays"] for name in ("web", "web-migrate")} == {days}


def test_no_migration_no_group_for_it() -> None:
    assert deployed(migration=...).types().count(LOG_GROUP) == 1


def test_every_group_is_encrypted_with_the_key_given() -> None:
    graph = deployed(log_kms_key_arn="arn:key", workers={"queue": {"command": "work"}})
    groups = [each for each in graph.resources if each.type == LOG_GROUP]
    assert len(groups) == 3
    assert {each.inputs["kmsKeyId"] for each in groups} == {"arn:key"}
    assert "kmsKeyId" not in deployed().one(LOG_GROUP).inputs
