"""What of the engine's events is drift, a change, a migration, and what is none of these."""

from __future__ import annotations

from itertools import chain
from typing import Any

import pytest
from migratable_ecs.drift.events import SECRET, read, together
from migratable_ecs.drift.find import report
from migratable_ecs.drift.model import ABSENT, Report
from migratable_ecs.validation import InvalidArgument

from tests.unit.drift.engine_log import (
    MIGRATION,
    SECURITY_GROUP,
    SERVICE,
    lines,
    planned,
    refreshed,
    secret,
)

OLD, NEW = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"


def of(*events: list[dict[str, Any]], **more: Any) -> Report:
    return report(read(lines(*chain(*events), **more)))


def drifted(old: dict[str, Any], new: dict[str, Any], *paths: str, type_: str = SERVICE) -> Report:
    return of(refreshed("update", type_, "shop", old=old, new=new, paths=paths))


def only_difference(found: Report) -> tuple[str, Any, Any]:
    ((difference,),) = [each.differences for each in found.drifts]
    return difference.path, difference.before, difference.after


# -- drift ---------------------------------------------------------------------------------------------------------------


def test_a_property_that_aws_has_otherwise_is_drift_with_both_values() -> None:
    assert only_difference(drifted({"desiredCount": 1}, {"desiredCount": 3}, "desiredCount")) == (
        "desiredCount",
        1,
        3,
    )


def test_a_resource_that_aws_no_longer_has_is_drift() -> None:
    (drift,) = of(refreshed("delete", SERVICE, "shop", old={"name": "shop"})).drifts
    assert (drift.kind, drift.differences) == ("deleted", ())
    assert drift.meanings == ("the service is gone and no task of it is running: nobody gets an answer",)


def test_what_the_engine_finds_the_same_is_no_drift() -> None:
    assert of(refreshed("same", SERVICE, "shop", old={"status": "A"}, new={"status": "B"})).drifts == ()


def test_what_only_the_provider_computes_anew_is_no_drift() -> None:
    """The engine gives no path then, because no input is concerned."""
    assert drifted({"runningCount": 1}, {"runningCount": 2}).drifts == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"weight": 1}, {"weight": 1.0}),
        ({"description": ""}, {}),
        ({"groups": []}, {"groups": None}),
        ('{"a":1,"b":2}', '{"b": 2, "a": 1}'),
    ],
)
def test_two_ways_to_write_one_value_are_no_drift(before: Any, after: Any) -> None:
    assert drifted({"value": before}, {"value": after}, "value").drifts == ()


def test_an_order_that_the_engine_says_matters_is_drift() -> None:
    found = drifted({"zones": ["a", "b"]}, {"zones": ["b", "a"]}, "zones[0]", "zones[1]")
    assert only_difference(found) == ("zones", ["a", "b"], ["b", "a"])


def test_the_order_of_a_command_always_matters() -> None:
    before = '[{"name": "app", "command": ["a", "b"]}]'
    after = '[{"name": "app", "command": ["b", "a"], "cpu": 0}]'
    found = drifted({"containerDefinitions": before}, {"containerDefinitions": after}, "containerDefinitions")
    assert "containerDefinitions[app].command" in [each.path for each in found.drifts[0].differences]


def test_a_rule_that_was_added_to_a_list_is_named_alone() -> None:
    old, new = {"port": 80}, {"port": 22}
    found = drifted(
        {"ingress": [old]}, {"ingress": [new, old]}, "ingress[0]", "ingress[1]", type_=SECURITY_GROUP
    )
    assert only_difference(found) == ("ingress[]", ABSENT, new)


def test_a_statement_inside_a_policy_s_json_is_named_alone() -> None:
    before = '{"Statement": [{"Sid": "A", "Action": "s3:GetObject"}]}'
    after = '{"Statement": [{"Sid": "A", "Action": "s3:*"}]}'
    found = drifted({"policy": before}, {"policy": after}, "policy", type_="aws:iam/rolePolicy:RolePolicy")
    assert only_difference(found) == ("policy.Statement[A].Action", "s3:GetObject", "s3:*")


def test_the_provider_s_copy_of_the_tags_is_not_named_twice() -> None:
    tags = {"tags": {"Team": "shop"}, "tagsAll": {"Team": "shop"}}
    other = {"tags": {"Team": "ops"}, "tagsAll": {"Team": "ops"}}
    assert only_difference(drifted(tags, other, "tags.Team", "tagsAll.Team")) == ("tags.Team", "shop", "ops")


def test_our_own_records_of_runs_and_providers_are_never_drift() -> None:
    for type_ in (MIGRATION, "pulumi-python:dynamic/ecs:ServiceRollout", "pulumi:providers:aws"):
        assert drifted({"status": "a"}, {"status": "b"}, "status", type_=type_).drifts == ()


@pytest.mark.parametrize("mark", ["external", "delete"])
def test_what_the_stack_only_reads_or_is_about_to_delete_is_no_drift(mark: str) -> None:
    events = refreshed("delete", SERVICE, "shop", old={})
    events[1]["resOutputsEvent"]["metadata"]["old"][mark] = True
    assert of(events).drifts == ()


def test_resources_that_are_gone_come_first() -> None:
    changed = refreshed("update", SERVICE, "a", old={"x": 1}, new={"x": 2}, paths=("x",))
    found = of(changed, refreshed("delete", SERVICE, "z", old={})).drifts
    assert [each.name for each in found] == ["z", "a"]


# -- secrets --------------------------------------------------------------------------------------------------------------


def test_what_pulumi_keeps_secret_is_masked_and_what_looks_secret_is_redacted() -> None:
    value = "Tr0ub4dor-and-3"
    old = {"key": secret(), "environment": [{"name": "DB_PASSWORD", "value": "x" + value}], "url": "a"}
    new = {
        "key": secret("other"),
        "environment": [{"name": "DB_PASSWORD", "value": value}],
        "url": f"pg://u:{value}@h/",
    }
    found = drifted(old, new, "key", "environment[0].value", "url")
    assert value not in repr(found)
    assert "pg://u:[redacted]@h/" in repr(found)
    masked = drifted({"key": secret()}, {"key": "plain"}, "key")
    assert only_difference(masked)[1] == SECRET


# -- changes --------------------------------------------------------------------------------------------------------------


def test_a_replacement_names_what_forces_it_and_what_it_means() -> None:
    group = "aws:lb/targetGroup:TargetGroup"
    whole = {"old": {"port": 80}, "new": {"port": 81}, "keys": ("port",), "paths": ("port",)}
    halves = chain(
        planned("create-replacement", group, "shop", **whole),
        planned("delete-replaced", group, "shop", old={}),
    )
    (change,) = of(list(halves), planned("replace", group, "shop", **whole)).changes
    assert (change.operation, change.because) == ("replaced", ("port",))
    assert change.meanings == (
        "target group replaced: DOWNTIME until the service's tasks are registered in the new one",
    )


@pytest.mark.parametrize(
    ("property_", "meaning"),
    [
        ("taskDefinition", "tasks roll: new ones start, and the old ones stop when those are healthy"),
        ("desiredCount", "tasks are started or stopped until the number is right; none is replaced"),
    ],
)
def test_an_update_of_the_service_says_what_happens_to_its_tasks(property_: str, meaning: str) -> None:
    (change,) = of(
        planned("update", SERVICE, "shop", old={property_: "1"}, new={property_: "2"}, paths=(property_,))
    ).changes
    assert change.meanings == (meaning,)


def test_a_value_that_only_the_update_gives_is_said_to_be_unknown() -> None:
    old, new = {"taskDefinition": "shop:1"}, {"taskDefinition": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}
    (change,) = of(planned("update", SERVICE, "shop", old=old, new=new, paths=("taskDefinition",))).changes
    assert change.differences[0].after == "[known after the update]"


def test_replacements_and_deletions_come_before_updates_and_creations() -> None:
    steps = [
        planned(op, SERVICE, op, old={}, new={})
        for op in ("create", "update", "delete", "replace", "same", "read")
    ]
    assert [each.operation for each in of(*steps).changes] == ["replaced", "deleted", "updated", "created"]


# -- migrations -------------------------------------------------------------------------------------------------------------


def migration(op: str, digest: str | None, **more: Any) -> list[dict[str, Any]]:
    inputs = {"image_digest": digest, "command": "migrate", "phase": "before", "triggers": {}, **more}
    outputs = {**inputs, "digest": OLD, "status": "succeeded", "migrated": [OLD], "ran_command": "migrate"}
    return planned(op, MIGRATION, "shop-migrate", old=outputs if op != "create" else None, new=inputs)


def test_a_new_image_says_that_the_migration_runs_and_on_which_digest() -> None:
    (found,) = of(migration("update", NEW)).migrations
    assert (found.will_run, found.old_digest, found.new_digest) == (True, OLD, NEW)
    assert (
        found.line
        == "migration will run before the service rolls: image sha256:aaaaaaaaaaaa -> sha256:bbbbbbbbbbbb"
    )


def test_the_same_image_says_that_it_does_not_run_and_why() -> None:
    (found,) = of(migration("same", OLD)).migrations
    assert found.line == "migration will not run: image sha256:aaaaaaaaaaaa is already migrated"


def test_an_image_that_is_not_built_yet_leaves_the_digest_open() -> None:
    (found,) = of(migration("update", "04da6b54-80e4-46f7-96ec-b56ff0331ba9")).migrations
    assert (found.will_run, found.new_digest) == (True, "")


def test_a_refused_migration_is_shown_beside_the_engine_s_error() -> None:
    refused = {"migrated": [OLD, NEW], "on_rollback": "refuse"}
    events = migration("update", NEW, **refused)
    events[0]["resourcePreEvent"]["metadata"]["old"]["outputs"]["migrated"] = [NEW, OLD]
    error = {"diagnosticEvent": {"severity": "error", "message": "migration refused"}}
    found = of(events, [error])
    assert (found.migrations[0].refused, found.errors, found.exit_code) == (True, ("migration refused",), 1)


def test_a_password_in_the_command_or_in_the_engine_s_error_is_not_shown() -> None:
    address = "postgres://u:hunter2hunter2@db/app"
    error = {"diagnosticEvent": {"severity": "error", "message": f"cannot reach {address}"}}
    found = of(migration("update", NEW, command=f"migrate -database {address} up"), [error])
    assert found.migrations[0].command == "migrate -database postgres://u:[redacted]@db/app up"
    assert found.errors == ("cannot reach postgres://u:[redacted]@db/app",)


# -- the whole --------------------------------------------------------------------------------------------------------------


def test_the_exit_code_is_0_for_nothing_2_for_changes_3_for_drift_and_1_for_an_error() -> None:
    drift = refreshed("delete", SERVICE, "shop", old={})
    change = planned("create", SERVICE, "shop", new={})
    assert of().exit_code == 0
    assert of(migration("same", OLD)).exit_code == 0
    assert of(change).exit_code == of(migration("update", NEW)).exit_code == 2
    assert of(change, drift).exit_code == 3
    assert of(change, drift, ended=False).exit_code == 1


def test_a_log_that_stops_early_is_an_error_and_never_looks_clean() -> None:
    assert of(ended=False).errors == ("the engine's log stops before its end",)


def test_the_logs_of_refresh_and_preview_make_one_report() -> None:
    one = read(lines(*refreshed("delete", SERVICE, "shop", old={})))
    two = read(lines(*planned("create", SERVICE, "cart", new={})))
    found = report(together([one, two]))
    assert ([each.name for each in found.drifts], [each.name for each in found.changes]) == (
        ["shop"],
        ["cart"],
    )
    assert found.stack == "stg"


def test_a_file_without_events_is_refused_in_one_sentence() -> None:
    with pytest.raises(InvalidArgument, match=r"summary\.json holds no event of the engine: save one with"):
        read(['{"steps": []}', "warning: x"], "summary.json")
