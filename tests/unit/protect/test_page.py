"""docs/protection.md lists the rules as the code has them."""

from __future__ import annotations

from pathlib import Path

from migratable_ecs.migration.guard import PROTECTED_WORDS
from migratable_ecs.protect.rules import RULES

from tools.stacks.plan_file import MAX_AGE

PAGE = (Path(__file__).resolve().parents[3] / "docs/protection.md").read_text()


def test_every_rule_with_what_it_refuses_and_the_remedy() -> None:
    rows = [f"| `{rule.name}` | {rule.refuses} | {rule.remedy} |" for rule in RULES]
    table = PAGE.partition("| rule | refuses | instead |\n|---|---|---|\n")[2].partition("\n\n")[0]
    assert table.splitlines() == rows


def test_the_words_of_production() -> None:
    assert all(f"`{word}`" in PAGE for word in PROTECTED_WORDS)


def test_how_long_a_plan_is_good_for() -> None:
    assert f"good for {int(MAX_AGE.total_seconds() // 3600)} hours" in PAGE
