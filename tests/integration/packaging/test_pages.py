"""What the pages for users of the package show and promise is what is there."""

from __future__ import annotations

import re
from dataclasses import fields

import migratable_ecs
import pulumi
import pytest
from migratable_ecs.migration.history import stream_name
from migratable_ecs.migration.provider import MigrationProvider, RolloutProvider
from migratable_ecs.migration.resource import ROLLOUT_TYPE, TYPE
from migratable_ecs.migration.spec import LogSummary, RunRecord
from migratable_ecs.password_copy import COPY_TYPE, CopyProvider
from migratable_ecs.scaling_limits import LIMITS_TYPE, LimitsProvider

from tests.integration.packaging.distribution import PROJECT, ROOT

QUICK_START = (ROOT / "docs" / "quick-start.md").read_text(encoding="utf-8")
UPGRADING = (ROOT / "docs" / "upgrading.md").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
EXAMPLES = ROOT / "examples" / "consumer"


def section(title: str) -> str:
    """Text of a section of the page on upgrading, up to the next title."""
    return re.split(r"\n#", UPGRADING.partition(f"# {title}\n")[2])[0]


def named(text: str) -> set[str]:
    """All words in backquotes."""
    return set(re.findall(r"`([^`\n]+)`", text))


class TestQuickStart:
    def snippets(self) -> list[str]:
        return [text for _, text in re.findall(r"```(python|yaml)\n(.*?)```", QUICK_START, re.DOTALL)]

    def test_every_snippet_is_a_file_of_the_example_that_is_deployed(self) -> None:
        files = [file.read_text(encoding="utf-8") for file in EXAMPLES.rglob("*") if file.is_file()]
        for snippet in self.snippets():
            assert snippet in files, snippet

    @pytest.mark.parametrize(
        "file",
        [
            "service/Pulumi.yaml",
            "service/__main__.py",
            "service/Pulumi.local.yaml",
            "reader/__main__.py",
            "reader/Pulumi.local.yaml",
        ],
    )
    def test_every_file_that_one_needs_is_shown(self, file: str) -> None:
        assert (EXAMPLES / file).read_text(encoding="utf-8") in self.snippets()

    def test_it_names_the_wheel_of_this_version(self) -> None:
        assert f"migratable_ecs-{PROJECT['version']}-py3-none-any.whl" in QUICK_START


class TestUpgrading:
    def test_the_public_names(self) -> None:
        listed = section("Names to import")
        assert named(listed) - {"migratable_ecs", "migratable_ecs.testing"} == set(migratable_ecs.__all__)

    def test_the_outputs(self) -> None:
        service = migratable_ecs.MigratableEcsService
        assert issubclass(service, pulumi.ComponentResource)
        listed = named(section("Outputs of `MigratableEcsService`"))
        assert listed == set(service.__annotations__)

    def test_what_states_refer_to(self) -> None:
        listed = named(section("For ever: what states of stacks refer to"))
        providers = {
            f"{each.__module__}.{each.__qualname__}"
            for each in (MigrationProvider, RolloutProvider, LimitsProvider, CopyProvider)
        }
        types = {TYPE, ROLLOUT_TYPE, LIMITS_TYPE, COPY_TYPE, "migratable-ecs:index:MigratableEcsService"}
        assert listed == providers | types

    def test_the_history(self) -> None:
        table = "\n".join(line.split("|")[1] for line in section("The history").splitlines() if "|" in line)
        assert named(table) == {field.name for field in fields(RunRecord)}
        row = next(line for line in UPGRADING.splitlines() if line.startswith("| `log` |"))
        assert named(row) == {"log", *(field.name for field in fields(LogSummary))}
        assert f"`{stream_name('FAMILY')}`" in UPGRADING

    def test_the_changelog_begins_with_this_version(self) -> None:
        assert re.findall(r"^## (\S+)", CHANGELOG, re.MULTILINE)[0].rstrip(",") == PROJECT["version"]
