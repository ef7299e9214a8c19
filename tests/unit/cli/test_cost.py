"""`migratable-ecs cost`: its screen, its JSON, and what it says when it cannot count."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from migratable_ecs.cli import exit_codes

from tests.unit.cli.world import World
from tests.unit.cost.stacks import everything


@dataclass
class Made(World):
    """A stack that has made everything it stands on."""

    def deployment(self) -> Mapping[str, Any]:
        return {"version": 3, "deployment": {"resources": everything()}}

    def pulumi(self, words: Sequence[str], folder: Path) -> Any:
        if words[0] == "preview":
            self.pulumi_calls.append(list(words))
            steps = [{"op": "create", "newState": each} for each in everything()]
            return {
                "config": {"aws:region": "us-east-1"},
                "steps": [*steps, {"op": "delete", "oldState": {}}],
            }
        return super().pulumi(words, folder)


@pytest.fixture
def made() -> Made:
    return Made(config={"aws:region": {"value": "ap-northeast-1"}})


def test_the_screen(made: Made, golden: Callable[[str, str], None]) -> None:
    golden("cost", made.run("cost", "-s", "stg").stdout)


def test_the_json(made: Made, matches: Callable[[str, str], Any]) -> None:
    data = matches("cost", made.run("cost", "-s", "stg", "--json").stdout)
    assert data["region"] == "ap-northeast-1"
    assert data["total"] == pytest.approx(sum(line["usd"] or 0 for line in data["lines"]), abs=0.1)
    assert all(line["source"].startswith("https://aws.amazon.com/") for line in data["lines"])
    assert data["assumptions"]["nat_gb"] == 50


def test_assumptions_can_be_given(made: Made) -> None:
    data = json.loads(made.run("cost", "-s", "stg", "--json", "--nat-gb", "0", "--lcu", "2").stdout)
    assert (data["assumptions"]["nat_gb"], data["assumptions"]["lcu"]) == (0, 2)
    assert "NAT gateway, data" not in {line["what"] for line in data["lines"]}


def test_of_another_region(made: Made) -> None:
    data = json.loads(made.run("cost", "-s", "stg", "--json", "--region", "eu-west-1").stdout)
    assert data["region"] == "eu-west-1"


def test_of_a_stack_that_is_not_there_yet(made: Made) -> None:
    data = json.loads(made.run("cost", "-s", "stg", "--json", "--preview").stdout)
    assert data["region"] == "us-east-1"
    assert made.pulumi_calls == [["preview", "--json", "--show-sames", "--stack", "stg"]]
    there = json.loads(made.run("cost", "-s", "stg", "--json", "--region", "us-east-1").stdout)
    assert data["lines"] == there["lines"]


def test_no_prices_of_a_region(made: Made) -> None:
    done = made.run("cost", "-s", "stg", "--region", "sa-east-1")
    assert done.exit_code == exit_codes.USAGE
    assert "there are prices of ap-northeast-1, us-east-1, eu-west-1" in done.stderr


def test_without_a_stack(made: Made) -> None:
    done = made.run("cost")
    assert done.exit_code == exit_codes.USAGE
    assert "name one with -s" in done.stderr
