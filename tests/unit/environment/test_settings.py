"""The configuration of a stack: typed, complete, and nothing in it that means nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pulumi
import pytest
from migratable_ecs import InvalidArgument
from migratable_ecs.environment import Settings, load
from pulumi.runtime.config import CONFIG

REQUIRED: dict[str, Any] = {
    "service": "web",
    "image": "app:v1",
    "cluster": "learning",
    "vpc": "learning",
    "subnets": {"Tier": "private"},
    "securityGroups": ["app"],
    "loadBalancer": "learning",
    "priority": 100,
    "migrationCommand": "migrate",
}


@pytest.fixture(autouse=True)
def no_configuration_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    token = CONFIG.set({})
    monkeypatch.delenv("PULUMI_CONFIG", raising=False)
    yield
    CONFIG.reset(token)


def configured(given: dict[str, Any]) -> Settings:
    """What the program reads when the stack has `given`; structures travel as JSON, as the engine sends them."""
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in given.items()}
    pulumi.runtime.set_all_config(
        {key if ":" in key else f"learning:{key}": text for key, text in texts.items()}
    )
    return load(pulumi.Config("learning"))


def refused(given: dict[str, Any]) -> str:
    with pytest.raises(InvalidArgument) as error:
        configured(given)
    assert "\n" not in str(error.value)
    return str(error.value)


def without(*keys: str) -> dict[str, Any]:
    return {key: value for key, value in REQUIRED.items() if key not in keys}


def test_the_required_keys_are_enough() -> None:
    settings = configured(REQUIRED)
    assert (settings.service, settings.priority, settings.subnets) == ("web", 100, {"Tier": "private"})
    assert (settings.container_port, settings.path_patterns, settings.migration_phase) == (
        8000,
        ("/*",),
        "before",
    )


def test_every_kind_of_value() -> None:
    given = {
        "containerPort": "3000",
        "hostHeaders": ["a.test"],
        "environment": {"A": "1"},
        "force": "again",
        "memory": 1024,
    }
    settings = configured({**REQUIRED, **given})
    assert (settings.container_port, settings.memory) == (3000, 1024)
    assert (settings.host_headers, settings.environment, settings.force) == (["a.test"], {"A": "1"}, "again")


@pytest.mark.parametrize("key", REQUIRED)
def test_a_missing_key_is_named_with_the_command_that_sets_it(key: str) -> None:
    assert refused(without(key)) == (
        f"config key learning:{key} is missing: set it with `pulumi config set {key} …`, or in the stack's file as Pulumi.local.yaml does "
        "(Pulumi.yaml says what each key means)"
    )


@pytest.mark.parametrize(
    ("key", "empty"), [("image", ""), ("priority", 0), ("subnets", {}), ("securityGroups", [])]
)
def test_the_empty_default_of_the_schema_stands_for_missing(key: str, empty: Any) -> None:
    assert f"config key learning:{key} is missing" in refused({**REQUIRED, key: empty})


def test_several_missing_keys_are_named_at_once() -> None:
    assert refused(without("image", "vpc", "priority")).startswith(
        "config keys learning:image, learning:vpc and learning:priority are missing: set each with `pulumi config set image …`"
    )


def test_an_unknown_key_gets_the_nearest_known_one() -> None:
    assert refused({**REQUIRED, "containerPrt": 1}) == (
        "config key learning:containerPrt means nothing (did you mean 'containerPort'?): remove it with "
        "`pulumi config rm containerPrt`, or correct it in the stack's file"
    )


def test_a_key_like_no_other_is_refused_all_the_same() -> None:
    assert refused({**REQUIRED, "xyzzy": 1}).startswith("config key learning:xyzzy means nothing: remove it")


def test_keys_of_others_are_none_of_our_business() -> None:
    assert configured({**REQUIRED, "aws:region": "eu-west-1", "pulumi:tags": {"a": "b"}}).service == "web"


def test_unknown_keys_are_seen_where_the_engine_puts_them(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {
        f"learning:{k}": v if isinstance(v, str) else json.dumps(v)
        for k, v in {**REQUIRED, "imagee": "x"}.items()
    }
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(texts))
    with pytest.raises(InvalidArgument, match=r"learning:imagee means nothing \(did you mean 'image'\?\)"):
        load(pulumi.Config("learning"))


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("priority", "high", "config key learning:priority is 'high'; give a whole number"),
        ("priority", "1.5", "config key learning:priority is '1.5'; give a whole number"),
        (
            "subnets",
            "private",
            "config key learning:subnets is 'private'; give a map, as Pulumi.local.yaml does",
        ),
        (
            "subnets",
            ["private"],
            "config key learning:subnets is '[\"private\"]'; give a map, as Pulumi.local.yaml does",
        ),
        (
            "securityGroups",
            "app",
            "config key learning:securityGroups is 'app'; give a list, as Pulumi.local.yaml does",
        ),
        ("securityGroups", [5], "config key learning:securityGroups holds 5; give strings only, such as '5'"),
        (
            "environment",
            {"PORT": 80},
            "config key learning:environment['PORT'] is 80; give a string, such as '80'",
        ),
        (
            "environment",
            {"DEBUG": True},
            "config key learning:environment['DEBUG'] is True; give a string, such as 'true'",
        ),
    ],
)
def test_a_wrong_type_is_one_sentence(key: str, value: Any, sentence: str) -> None:
    assert refused({**REQUIRED, key: value}) == sentence
