"""What the engine stores: floats instead of integers, None or nothing for what is missing, and still the same decisions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from migratable_ecs.migration.decide import decide
from migratable_ecs.migration.session import AwsSettings, Role
from migratable_ecs.migration.spec import RunRecord
from migratable_ecs.migration.state import (
    EMPTY_OUTPUTS,
    UNKNOWN,
    aws_settings,
    display_command,
    identity,
    outputs_after_run,
    outputs_without_run,
    recorded,
    run_spec,
    wanted,
)

A, B = ("sha256:" + letter * 64 for letter in "ab")
DEFINITION = "arn:aws:ecs:ap-northeast-1:123456789012:task-definition/web-migrate:1"


def props(**more: Any) -> dict[str, Any]:
    """The inputs of a MigrationRun as the engine hands them to the provider: outputs among them, as None."""
    return {
        **dict.fromkeys(EMPTY_OUTPUTS),
        "urn": "urn:pulumi:stg::shop::pulumi-python:dynamic/ecs:MigrationRun::web",
        "service": "web",
        "stack": "shop/stg",
        "cluster": "default",
        "family": "web-migrate",
        "task_definition": DEFINITION,
        "container": "migrate",
        "image_digest": A,
        "command": "manage.py migrate",
        **more,
    }


def stored(values: Any) -> Any:
    """As it comes back from the engine: protobuf knows one kind of number."""
    if isinstance(values, dict):
        return {key: stored(value) for key, value in values.items()}
    if isinstance(values, (list, tuple)):
        return [stored(value) for value in values]
    return float(values) if isinstance(values, int) and not isinstance(values, bool) else values


def record(status: str, digest: str = A, **more: Any) -> RunRecord:
    values = {"run": f"{status}-1", "status": status, "digest": digest, "task_arn": "arn:task/1", **more}
    return RunRecord(**values)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
).filter(lambda value: value != UNKNOWN)
inputs = st.builds(
    props,
    image_digest=st.sampled_from([A, B]),
    triggers=st.none() | st.dictionaries(st.text(min_size=1), json_values, max_size=3),
    command=st.text(max_size=20) | st.lists(st.text(max_size=5), max_size=3) | st.none(),
    phase=st.sampled_from(["before", "after", None]),
    on_rollback=st.sampled_from(["run", "skip", "refuse", None]),
)


@given(inputs, st.none() | inputs)
def test_after_success_the_same_inputs_never_run_again(
    now: dict[str, Any], before: dict[str, Any] | None
) -> None:
    old = (
        outputs_after_run(before, None, record("succeeded", before["image_digest"]), "first")
        if before
        else None
    )
    outputs = outputs_after_run(stored(now), stored(old), record("succeeded", now["image_digest"]), "why")
    assert not decide(recorded(stored(outputs)), wanted(now)).run
    assert not decide(recorded(stored(outputs)), wanted(stored(now))).run


@given(inputs, st.booleans())
def test_after_failure_the_same_inputs_always_run_again(now: dict[str, Any], started: bool) -> None:
    failed = record("failed", now["image_digest"], task_arn="arn:task/1" if started else "")
    outputs = outputs_after_run(stored(now), None, failed, "why")
    assert decide(recorded(stored(outputs)), wanted(stored(now))).run


@given(inputs, json_values)
def test_a_changed_trigger_always_runs(now: dict[str, Any], value: Any) -> None:
    outputs = outputs_after_run(now, None, record("succeeded", now["image_digest"]), "why")
    before = wanted(now).triggers.get("again", "")
    changed = {**now, "triggers": {**(now["triggers"] or {}), "again": value}}
    runs = decide(recorded(stored(outputs)), wanted(changed)).run
    assert runs is ("again" not in wanted(now).triggers or wanted(changed).triggers["again"] != before)


@given(inputs)
def test_what_was_skipped_or_manual_runs_once_it_may(now: dict[str, Any]) -> None:
    for choice in ({"skip": True}, {"phase": "manual"}, {"phase": "init"}):
        outputs = outputs_without_run({**now, **choice}, "skipped")
        later = {**now, "phase": "before"}
        assert decide(recorded(stored(outputs)), wanted(later)).run


def test_numbers_come_back_as_what_run_task_wants() -> None:
    given_ = props(
        launch={"capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1, "base": None}]},
        attempts=3,
        timeout=600,
        lock_timeout=0,
        backup={"instance": "orders", "keep": 2, "timeout": 60, "cluster": None},
        subnets=["subnet-1"],
        security_groups=None,
        assign_public_ip=True,
    )
    for values in (given_, stored(given_)):
        spec = run_spec(values, None)
        strategy = spec.launch["capacityProviderStrategy"][0]
        assert strategy == {"capacityProvider": "FARGATE", "weight": 1}
        assert isinstance(strategy["weight"], int)
        assert (spec.attempts, spec.timeout, spec.lock_timeout) == (3, 600.0, 0.0)
        assert isinstance(spec.attempts, int)
        assert spec.backup is not None
        assert (spec.backup.instance, spec.backup.cluster, spec.backup.keep) == ("orders", "", 2)
        assert spec.network["assignPublicIp"] == "ENABLED"
        json.dumps(spec.launch)


def test_what_is_missing_has_its_default_whether_none_or_not_there() -> None:
    there = run_spec(props(timeout=None, attempts=None, backup=None, on_cancel=None, launch=None), None)
    absent = {key: value for key, value in props().items() if value is not None}
    assert there == run_spec(absent, None)
    assert (there.timeout, there.lock_timeout, there.attempts) == (3600.0, 1800.0, 1)
    assert there.launch == {"launchType": "FARGATE"}
    assert there.on_cancel == "detach"


class TestWhichRunItIs:
    """The `startedBy` by which a run finds its own task again."""

    def test_the_same_after_a_crash_from_another_machine(self) -> None:
        assert identity(props(), None) == identity(stored(props()), None)
        outputs = outputs_after_run(props(), None, record("succeeded"), "why")
        assert identity(props(image_digest=B), outputs) == identity(props(image_digest=B), stored(outputs))

    def test_a_run_after_a_run_is_another_one(self) -> None:
        outputs = outputs_after_run(props(), None, record("failed"), "why")
        assert identity(props(), None) != identity(props(), outputs)

    def test_what_never_started_is_still_the_same_run(self) -> None:
        """Under `warn`: a task that an earlier deployment left behind must still be found."""
        outputs = outputs_after_run(props(), None, record("failed", task_arn=""), "why")
        assert identity(props(), None) == identity(props(), outputs)

    def test_sizes_and_code_are_no_part_of_it(self) -> None:
        outputs = outputs_after_run(props(), None, record("succeeded"), "why")
        resized = props(image_digest=B, task_definition=DEFINITION.replace(":1", ":2"), timeout=60)
        assert identity(resized, outputs) == identity(props(image_digest=B), outputs)


def test_refresh_and_update_keep_every_output() -> None:
    outputs = outputs_after_run(props(), None, record("succeeded"), "why")
    assert set(EMPTY_OUTPUTS) <= set(outputs)
    assert set(EMPTY_OUTPUTS) <= set(outputs_without_run(props(skip=True), "skipped"))
    assert outputs["urn"] == props()["urn"]


def test_a_digest_that_failed_after_it_was_migrated_is_still_a_migrated_one() -> None:
    outputs = outputs_after_run(props(), None, record("succeeded"), "why")
    outputs = outputs_after_run(props(), outputs, record("failed"), "again")
    assert outputs["migrated"] == [A]


@pytest.mark.parametrize("value", [None, "", UNKNOWN])
def test_a_digest_that_is_not_known_yet(value: str | None) -> None:
    assert wanted(props(image_digest=value)).digest is None


def test_a_trigger_that_is_not_known_yet_may_change() -> None:
    outputs = outputs_after_run(props(triggers={"seed": "1"}), None, record("succeeded"), "why")
    assert decide(recorded(outputs), wanted(props(triggers={"seed": UNKNOWN}))).run
    assert decide(recorded(outputs), wanted(props(triggers=UNKNOWN))).run


@pytest.mark.parametrize(
    ("entry_point", "command", "shown"),
    [
        (["sh", "-c"], ["manage.py migrate"], "manage.py migrate"),
        (None, ["./migrate", "up"], "./migrate up"),
        (["./migrate"], None, "./migrate"),
        (None, None, ""),
    ],
)
def test_the_command_as_it_is_compared(
    entry_point: list[str] | None, command: list[str] | None, shown: str
) -> None:
    assert display_command(entry_point, command) == shown


class TestWhereCallsGo:
    """P11: from the same `aws:` configuration that the provider has."""

    def test_all_of_it(self) -> None:
        config = {
            "aws:region": "eu-west-1",
            "aws:profile": "shop",
            "aws:endpoints": json.dumps(
                [
                    {"ecs": "http://127.0.0.1:1", "cloudwatchlogs": "http://127.0.0.1:2"},
                    {"sfn": "http://127.0.0.1:3"},
                ]
            ),
            "aws:assumeRoles": json.dumps([{"roleArn": "arn:role", "sessionName": "ci", "externalId": "x"}]),
            "aws:accessKey": "key",
            "aws:secretKey": "value",
            "aws:token": "token",
        }
        settings_ = aws_settings(props(), config)
        assert (settings_.region, settings_.profile) == ("eu-west-1", "shop")
        assert settings_.endpoints["ecs"] == "http://127.0.0.1:1"
        assert settings_.endpoints["logs"] == "http://127.0.0.1:2"
        assert settings_.endpoints["stepfunctions"] == "http://127.0.0.1:3"
        assert (settings_.role_arn, settings_.role_session_name, settings_.external_id, settings_.via) == (
            "arn:role",
            "ci",
            "x",
            (),
        )
        assert (settings_.access_key, settings_.secret_key, settings_.token) == ("key", "value", "token")

    def test_a_chain_of_roles_is_taken_whole_and_in_order(self) -> None:
        chain = [{"roleArn": "arn:hub", "sessionName": "ci"}, {"roleArn": "arn:target", "externalId": "x"}]
        settings_ = aws_settings(props(), {"aws:assumeRoles": json.dumps(chain)})
        assert settings_.via == (Role("arn:hub", "ci"),)
        assert (settings_.role_arn, settings_.external_id) == ("arn:target", "x")
        single = aws_settings(props(), {"aws:assumeRole": json.dumps({"roleArn": "arn:role"})})
        assert (single.role_arn, single.via) == ("arn:role", ())

    def test_an_explicit_provider_goes_first(self) -> None:
        settings_ = aws_settings(props(region="us-east-1", profile="other"), {"aws:region": "eu-west-1"})
        assert (settings_.region, settings_.profile) == ("us-east-1", "other")

    def test_nothing_set_leaves_it_to_boto3(self) -> None:
        settings_ = aws_settings(props(), {})
        assert settings_ == AwsSettings()

    def test_keys_are_never_shown(self) -> None:
        settings_ = aws_settings(
            props(), {"aws:secretKey": "value-of-the-key", "aws:token": "value-of-token"}
        )
        assert "value-of" not in repr(settings_)


@settings(max_examples=30)
@given(inputs)
def test_outputs_are_json(now: dict[str, Any]) -> None:
    outputs = outputs_after_run(now, None, record("succeeded", now["image_digest"]), "why")
    assert json.loads(json.dumps(outputs)) == json.loads(json.dumps(stored(outputs)))
