"""The package in other people's programs: installed from its wheel, in a folder of their own, on their Python.

The projects are those of examples/consumer. Nothing of this checkout can be imported by them.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import requires, version
from pathlib import Path

import pytest

from tests.e2e.conftest import empty
from tests.e2e.stack import ROOT, Stack
from tests.integration.packaging.distribution import (
    PROJECT,
    Built,
    build,
    copy_of_the_sources,
    environment,
    lowest,
    without_the_checkout,
)
from tests.integration.packaging.pythons import each_other
from tests.unit.component.test_provider_is_frozen import GOLDEN
from tools.localcloud.instance import LocalCloud

pytestmark = pytest.mark.docker

EXAMPLES = ROOT / "examples" / "consumer"
NO_DIFFERENCE = [["--expect-no-changes"], ["--refresh", "--expect-no-changes"]]


@dataclass
class Project(Stack):
    """A copy of the project examples/consumer/`example`, run by `python`, which is that of a virtual environment."""

    example: str = ""
    python: Path = Path()
    made: bool = False

    def __post_init__(self) -> None:
        shutil.copytree(EXAMPLES / self.example, self.folder, dirs_exist_ok=True)
        (self.folder / ".venv").symlink_to(self.python.parents[1])
        if not self.made:
            answer = self.run("stack", "init", self.name)
            assert answer.ok, answer.output

    @property
    def env(self) -> dict[str, str]:
        clean = without_the_checkout()
        path = f"{self.python.parent}:{ROOT / '.tools' / 'bin'}:{clean['PATH']}"
        return {**clean, **self.cloud.env(), "PATH": path, "NO_COLOR": "1"}

    def elsewhere(self, folder: Path, python: Path) -> Project:
        """The same stack, from another folder and with another Python."""
        return Project(self.cloud, folder, self.name, example=self.example, python=python, made=True)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(copy_of_the_sources(tmp_path_factory.mktemp("sources")), tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def python(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return environment(tmp_path_factory.mktemp("environment") / "venv", built.wheel)


@pytest.fixture(scope="module")
def with_python(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """The Python of a fresh environment, made once for each interpreter."""

    @cache
    def make(other: Path) -> Path:
        return environment(tmp_path_factory.mktemp("environment") / "venv", built.wheel, other)

    return make


@pytest.fixture(scope="module")
def courses(cloud: LocalCloud, python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The stack of the service, with an empty database, not deployed yet."""
    empty(cloud.db_dsn())
    cloud.push("django", "v1")
    made = Project(cloud, tmp_path_factory.mktemp("courses"), "local", example="service", python=python)
    yield made
    made.run("cancel", "--stack", made.name, "--yes")
    assert made.destroy().ok
    assert made.run("stack", "rm", made.name, "--yes").ok


@pytest.fixture(scope="module")
def reader(
    cloud: LocalCloud, courses: Project, python: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """The stack that builds on the service's."""
    made = Project(cloud, tmp_path_factory.mktemp("reader"), "local", example="reader", python=python)
    yield made
    assert made.destroy().ok
    assert made.run("stack", "rm", made.name, "--yes").ok


def tasks(courses: Project) -> list[str]:
    return courses.migration_tasks("courses-migrate")


class TestAStackOfItsOwn:
    """The tests follow one another."""

    def test_1_a_first_up_migrates_and_the_service_answers(self, courses: Project) -> None:
        up = courses.up()
        assert up.ok, up.output
        assert up.lines("Applying courses.0001_initial... OK"), up.output
        assert "log complete" in up.output
        assert courses.outputs()["migration_status"] == "succeeded"
        assert len(tasks(courses)) == 1
        assert courses.page()["courses"]

    def test_2_what_ran_was_the_wheel(self, courses: Project) -> None:
        state = courses.state()
        assert "site-packages/migratable_ecs/" in state, "the engine keeps where each resource was written"
        assert "components/migratable_ecs/" not in state
        assert GOLDEN in state

    @pytest.mark.parametrize("words", NO_DIFFERENCE, ids=" ".join)
    @pytest.mark.timeout(900)
    def test_3_ten_previews_in_a_row_show_no_difference(self, courses: Project, words: list[str]) -> None:
        for _ in range(10):
            preview = courses.preview(*words)
            assert preview.ok, preview.output
        assert len(tasks(courses)) == 1

    @pytest.mark.parametrize("other", each_other())
    @pytest.mark.timeout(900)
    def test_4_nor_do_previews_from_another_folder_and_python(
        self, courses: Project, with_python: Callable[[Path], Path], other: Path, tmp_path: Path
    ) -> None:
        made = with_python(other)
        assert_it_shows_no_difference(courses.elsewhere(folder(tmp_path), made))
        assert len(tasks(courses)) == 1

    @pytest.mark.timeout(900)
    def test_5_nor_with_the_oldest_sdk_that_the_aws_plugin_works_with(
        self, courses: Project, built: Built, tmp_path: Path
    ) -> None:
        # pulumi-aws stays as it is: with another version the engine wants that version of the plugin.
        sdk = re.search(r"^pulumi<.*>=([\d.]+)", "\n".join(requires("pulumi-aws") or ()), re.MULTILINE)
        assert sdk
        others = [each for each in lowest() if not each.startswith("pulumi")]
        same = f"pulumi-aws=={version('pulumi-aws')}"
        made = environment(tmp_path / "venv", built.wheel, requirements=[*others, same, f"pulumi=={sdk[1]}"])
        assert_it_shows_no_difference(courses.elsewhere(folder(tmp_path), made))
        assert len(tasks(courses)) == 1

    @pytest.mark.timeout(900)
    def test_5_nor_with_another_version_of_the_package(self, courses: Project, tmp_path: Path) -> None:
        sources = copy_of_the_sources(folder(tmp_path, "sources"))
        settings = sources / "pyproject.toml"
        old = settings.read_text(encoding="utf-8")
        new = old.replace(f'version = "{PROJECT["version"]}"', 'version = "0.99.0"')
        assert new != old
        settings.write_text(new, encoding="utf-8")
        with (sources / "components/migratable_ecs/migration/provider.py").open(
            "a", encoding="utf-8"
        ) as file:
            file.write("\n\nMigrationProvider.told = lambda self: 'something else'\n")
        made = environment(tmp_path / "venv", build(sources, tmp_path / "dist").wheel)
        assert_it_shows_no_difference(courses.elsewhere(folder(tmp_path), made))
        assert len(tasks(courses)) == 1

    def test_6_another_stack_builds_on_its_outputs(
        self, courses: Project, reader: Project, cloud: LocalCloud
    ) -> None:
        up = reader.up()
        assert up.ok, up.output
        read, written = reader.outputs(), courses.outputs()
        assert read == {name: written[name] for name in ("service", "image_digest", "url")}
        assert read["service"] == "courses"
        assert read["image_digest"] == cloud.push("django", "v1")
        parameter = reader.client("ssm").get_parameter(Name="/courses/url")["Parameter"]
        assert parameter["Value"] == read["url"]
        assert reader.preview("--expect-no-changes").ok

    def test_7_it_sees_a_new_version(self, courses: Project, reader: Project, cloud: LocalCloud) -> None:
        new = cloud.push("django", "v2")
        up = courses.up()
        assert up.ok, up.output
        assert courses.page()["version"] == "v2"
        assert reader.up().ok
        assert reader.outputs()["image_digest"] == new

    @pytest.mark.parametrize("other", each_other())
    def test_8_another_python_updates_the_stack(
        self,
        courses: Project,
        with_python: Callable[[Path], Path],
        other: Path,
        cloud: LocalCloud,
        tmp_path: Path,
    ) -> None:
        before = len(tasks(courses))
        label = "v1" if courses.page()["version"] == "v2" else "v2"
        new = cloud.push("django", label)
        made = with_python(other)
        elsewhere = courses.elsewhere(folder(tmp_path), made)
        up = elsewhere.up()
        assert up.ok, up.output
        assert len(tasks(courses)) == before + 1
        assert elsewhere.outputs()["image_digest"] == new
        assert courses.page()["version"] == label
        assert courses.preview("--expect-no-changes").ok, "nor does the first Python see a difference"

    @pytest.mark.parametrize("other", each_other()[-1:])
    def test_9_another_python_destroys_it(
        self,
        courses: Project,
        reader: Project,
        with_python: Callable[[Path], Path],
        other: Path,
        tmp_path: Path,
    ) -> None:
        assert reader.destroy().ok
        made = with_python(other)
        destroyed = courses.elsewhere(folder(tmp_path), made).destroy()
        assert destroyed.ok, destroyed.output
        assert "resources" not in json.loads(courses.state())["deployment"]


def folder(tmp_path: Path, name: str = "project") -> Path:
    made = tmp_path / name
    made.mkdir()
    return made


def assert_it_shows_no_difference(project: Project) -> None:
    for words in NO_DIFFERENCE * 2:
        preview = project.preview(*words)
        assert preview.ok, preview.output
