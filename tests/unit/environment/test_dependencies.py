"""Every dependency has its reason in docs/dependencies.md, and every reason its dependency."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]


def name_of(requirement: str) -> str:
    return re.split(r"[\[<>=~! ]", requirement, maxsplit=1)[0].lower()


def test_the_page_and_the_project_name_the_same_packages() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    _, *sections = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").split("\n## ")
    lists = (project["dependencies"], extras["cli"], extras["dev"])
    for requirements, section in zip(lists, sections, strict=True):
        reasons = re.findall(r"^\| `([a-z0-9-]+)` \|", section, re.MULTILINE)
        assert sorted(reasons) == sorted(name_of(each) for each in requirements)


def test_each_is_locked() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = set(re.findall(r"^([a-z0-9-]+)(?:\[[a-z0-9,-]+\])?==", lock, re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = {name_of(each) for each in [*project["dependencies"], *extras["cli"], *extras["dev"]]}
    assert wanted <= locked
