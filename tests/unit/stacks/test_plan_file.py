"""A saved plan is applied only while it is still what would happen; the sentence says what is different."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tools.stacks import plan_file
from tools.stacks.plan_file import MAX_AGE, differences, path_of, read, stale
from tools.stacks.pulumi import Refused

OF_SERVICE = "urn:pulumi:stg::learning::migratable-ecs:index:MigratableEcsService$"
RUN = f"{OF_SERVICE}pulumi-python:dynamic/ecs:MigrationRun::web-migrate"
TASKS = f"{OF_SERVICE}aws:ecs/taskDefinition:TaskDefinition::web"
OLD, NEW = "sha256:" + "a" * 64, "sha256:" + "b" * 64
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def secret(text: str) -> dict[str, str]:
    return {plan_file._SIGNATURE: plan_file._SECRET, "ciphertext": text}


def plan() -> dict[str, Any]:
    return {
        "manifest": {"time": "2026-11-21T12:00:00.123456789Z"},
        "config": {"learning:cpu": "256", "learning:key": {"secure": "same"}},
        "resourcePlans": {
            RUN: {
                "goal": {"inputDiff": {"updates": {"image_digest": OLD}}, "dependencies": ["a", "b"]},
                "steps": ["update"],
                "seed": "one",
            },
            TASKS: {
                "goal": {"inputDiff": {"adds": {"cpu": "256"}}, "propertyDependencies": {"cpu": ["a", "b"]}},
                "state": {"password": secret("v1:one")},
                "steps": ["create"],
                "seed": "two",
            },
        },
    }


def changed(change: Callable[[dict[str, Any]], Any]) -> list[str]:
    now = copy.deepcopy(plan())
    change(now)
    return differences(plan(), now)


def test_two_previews_of_the_same_do_not_differ() -> None:
    def again(now: dict[str, Any]) -> None:
        now["manifest"]["time"] = "2026-11-21T13:00:00Z"
        now["resourcePlans"][RUN]["seed"] = "three"
        now["resourcePlans"][RUN]["goal"]["dependencies"] = ["b", "a"]
        now["resourcePlans"][TASKS]["goal"]["propertyDependencies"]["cpu"] = ["b", "a"]
        now["resourcePlans"][TASKS]["state"]["password"] = secret("v1:two")

    assert changed(again) == []


def of(urn: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda now: now["resourcePlans"][urn]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda now: of(RUN)(now)["goal"]["inputDiff"]["updates"].update(image_digest=NEW),
            ["the image of web-migrate was sha256:aaaaaaaaaaaa and is sha256:bbbbbbbbbbbb", "image_digest"],
        ),
        (lambda now: of(RUN)(now)["goal"].update(inputDiff={}), ["was sha256:aaaaaaaaaaaa and is unchanged"]),
        (lambda now: now["config"].update({"learning:cpu": "512"}), ["config key learning:cpu has changed"]),
        (lambda now: now["config"].update({"learning:new": "1"}), ["config key learning:new has changed"]),
        (
            lambda now: of(TASKS)(now)["goal"]["inputDiff"]["adds"].update(cpu="512"),
            ["TaskDefinition web: cpu"],
        ),
        (lambda now: of(TASKS)(now).update(steps=["replace"]), ["web: create became replace"]),
        (lambda now: of(TASKS)(now).update(state={"password": "open"}), ["web: what the state says"]),
        (lambda now: of(TASKS)(now)["goal"].update(protect=True), ["web: options of the resource"]),
        (lambda now: now["resourcePlans"].pop(TASKS), ["TaskDefinition web is no longer part of it"]),
        (lambda now: now["resourcePlans"].update({TASKS + "-2": {}}), ["TaskDefinition web-2 is new"]),
    ],
)
def test_a_difference_is_named(change: Callable[[dict[str, Any]], Any], words: list[str]) -> None:
    found = changed(change)
    assert found
    assert all(word in "; ".join(found) for word in words), found


def test_deleted_inputs_are_named() -> None:
    found = changed(lambda now: of(TASKS)(now)["goal"]["inputDiff"].update(deletes=["memory"]))
    assert found == ["TaskDefinition web: memory"]


def test_the_sentence_is_one_and_short() -> None:
    told = stale("stg", plan(), [f"difference {number}" for number in range(6)])
    assert told == (
        "the plan of stg made at 2026-11-21 12:00 UTC is not what would happen now (difference 0; difference 1; difference 2; "
        "difference 3; 2 more), and nothing was changed: make a new one with `make plan ENV=stg` and read it"
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(plan_file, "FOLDER", tmp_path)
    return tmp_path


def test_stacks_of_an_organization_have_plans_too(folder: Path) -> None:
    assert path_of("acme/learning/stg") == folder / "acme--learning--stg.json"


def test_a_fresh_plan_is_read(folder: Path) -> None:
    path_of("stg").write_text(json.dumps(plan()))
    assert read("stg", NOON + MAX_AGE) == plan()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "there is no plan of stg: make one with `make plan ENV=stg` and read it, then apply it"),
        ("not JSON", "stg.json is not a plan"),
        ("{}", "stg.json is not a plan"),
        (json.dumps(plan()), "was made at 2026-11-21 12:00 UTC, more than 24 hours ago"),
        ('{"resourcePlans": {}}', "more than 24 hours ago"),
    ],
)
def test_a_plan_that_cannot_be_applied_is_refused(folder: Path, text: str | None, words: str) -> None:
    if text is not None:
        path_of("stg").write_text(text)
    with pytest.raises(Refused) as error:
        read("stg", NOON + MAX_AGE + timedelta(seconds=1))
    assert words in str(error.value)
    assert "make plan ENV=stg" in str(error.value)
