"""The snippet in the README is a program that runs: examples/quickstart."""

from __future__ import annotations

import runpy
from pathlib import Path

from tests.unit.component.cloud import DIGEST, MIGRATION_RUN, REGISTRY, Cloud, deploy, secret_arn

ROOT = Path(__file__).parents[3]
PROGRAM = ROOT / "examples" / "quickstart" / "__main__.py"


def code(text: str) -> str:
    """Without the docstring on top."""
    return text.partition('"""\n\n')[2] if text.startswith('"""') else text


def test_it_deploys_a_service_and_its_migration() -> None:
    cloud = Cloud(images={"learning-app:latest": DIGEST}, secrets=("learning-db",))
    graph = deploy(lambda: runpy.run_path(str(PROGRAM)) and None, cloud)
    migration = graph.container("learning-app-migrate")
    assert (
        migration["image"] == graph.container("learning-app")["image"] == f"{REGISTRY}/learning-app@{DIGEST}"
    )
    assert migration["command"] == ["python manage.py migrate --noinput"]
    assert migration["secrets"] == [
        {"name": "DATABASE_URL", "valueFrom": f"{secret_arn('learning-db')}:url::"}
    ]
    assert (
        f"{MIGRATION_RUN}::learning-app-migrate"
        in graph.one("aws:ecs/service:Service", "learning-app").waits_for
    )


def test_the_readme_shows_exactly_this_program() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    snippet = readme.partition("```python\n")[2].partition("```")[0]
    assert snippet == code(PROGRAM.read_text(encoding="utf-8"))


def test_it_is_about_ten_lines() -> None:
    lines = code(PROGRAM.read_text(encoding="utf-8")).strip().splitlines()
    assert len([line for line in lines if line.strip("{}()[], ")]) <= 12
