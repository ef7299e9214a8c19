"""The pages of examples/ name tests that there are, and each system's settings are short."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from tests.unit.environment.configured import ROOT, settings_of

EXAMPLES = ROOT / "examples"
PAGES = sorted(file for file in EXAMPLES.glob("*/README.md") if (file.parent / "Dockerfile").exists())


@cache
def defined_in(file: Path) -> frozenset[str]:
    return frozenset(re.findall(r"^ *def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_the_tests_that_a_page_names_are_in_the_files_that_it_links(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = [
        (page.parent / link).resolve() for link in re.findall(r"\]\(([^)#]+?)\)", text) if "://" not in link
    ]
    assert [link for link in links if not link.exists()] == []
    there = frozenset().union(*(defined_in(link) for link in links if link.suffix == ".py"))
    for name in re.findall(r"`(test_\w+)(?:…)?`", text):
        assert any(each.startswith(name) for each in there), name


SETTINGS = sorted(file for page in PAGES for file in page.parent.glob("Pulumi.*.yaml"))


@pytest.mark.parametrize("file", SETTINGS, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_settings_of_a_system_are_a_configuration_of_at_most_40_lines(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 40
    settings_of(file)
