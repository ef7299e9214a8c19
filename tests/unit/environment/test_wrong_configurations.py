"""Fifty wrong configurations: each is refused in one sentence that names the key and the remedy, before anything is asked or registered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from migratable_ecs import InvalidArgument

from tests.unit.component.cloud import DIGEST, Cloud
from tests.unit.environment.configured import FOUND, ROOT, run

ROWS: list[dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("wrong_configurations.yaml").read_text(encoding="utf-8")
)


def test_there_are_fifty() -> None:
    assert len(ROWS) >= 50
    assert len({str(row["given"]) for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("number", range(len(ROWS)))
def test_one_sentence_and_nothing_asked_or_registered(number: int) -> None:
    row = ROWS[number]
    cloud = Cloud(images={"django-app:latest": DIGEST}, secrets=("learning-db-local",), found=FOUND)
    with pytest.raises(InvalidArgument) as refused:
        run(ROOT / "Pulumi.local.yaml", "local", cloud, **row["given"])
    assert str(refused.value) == row["says"]
    assert "\n" not in row["says"]
    assert (cloud.calls, cloud.registered) == ([], [])


def test_what_is_changed_is_all_that_is_wrong() -> None:
    cloud = Cloud(images={"django-app:latest": DIGEST}, secrets=("learning-db-local",), found=FOUND)
    assert run(ROOT / "Pulumi.local.yaml", "local", cloud).outputs["service"] == "django-app"
