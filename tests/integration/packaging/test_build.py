"""Wheel and sdist hold the package, all of it and nothing else."""

from __future__ import annotations

import email
import re
import sys
import tarfile
import zipfile
from pathlib import Path

from tests.integration.packaging.distribution import (
    PACKAGE,
    PROJECT,
    Built,
    copy_of_the_sources,
    files_of,
    only,
    run,
)

INFO = f"migratable_ecs-{PROJECT['version']}.dist-info"


def package_files() -> set[str]:
    """All files of the package in the checkout, data as well as modules."""
    files = (file for file in PACKAGE.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return {str(file.relative_to(PACKAGE.parent)) for file in files}


def metadata(built: Built) -> email.message.Message:
    return email.message_from_bytes(files_of(built.wheel)[f"{INFO}/METADATA"])


def test_the_wheel_holds_every_file_of_the_package_and_no_other(built: Built) -> None:
    inside = {name for name in files_of(built.wheel) if not name.startswith(f"{INFO}/")}
    assert inside == package_files()
    assert "migratable_ecs/py.typed" in inside


def test_it_is_for_every_platform(built: Built) -> None:
    assert built.wheel.name == f"migratable_ecs-{PROJECT['version']}-py3-none-any.whl"


def test_the_sdist_holds_what_a_build_needs_and_no_test_or_tool(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        names = [Path(member.name) for member in archive.getmembers() if member.isfile()]
    assert {name.parts[0] for name in names} == {f"migratable_ecs-{PROJECT['version']}"}
    inside = {str(Path(*name.parts[1:])) for name in names}
    package = {f"components/{file}" for file in package_files()}
    assert package <= inside
    rest = {name for name in inside - package if ".egg-info/" not in name}
    assert rest == {"PKG-INFO", "README.md", "pyproject.toml", "setup.cfg"}


def test_the_wheel_from_the_sdist_is_the_one_from_the_sources(built: Built, tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    out = tmp_path / "dist"
    run(
        sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out,
        cwd=copy_of_the_sources(sources),
    )  # fmt: skip
    assert files_of(only(out, "*.whl")) == files_of(built.wheel)


def test_it_says_what_it_is(built: Built) -> None:
    said = metadata(built)
    assert (said["Name"], said["Version"]) == ("migratable-ecs", PROJECT["version"])
    assert said["Requires-Python"] == "<3.14,>=3.11"
    for version in ("3.11", "3.12", "3.13"):
        assert f"Programming Language :: Python :: {version}" in said.get_all("Classifier", [])
    assert "MigratableEcsService" in str(said.get_payload())


def ranges(built: Built, extra: str) -> dict[str, tuple[int, int]]:
    """Package -> (first major version, first that is too new), of those that `extra` requires; "" for all users."""
    found = {}
    for each in metadata(built).get_all("Requires-Dist", []):
        requirement, _, marker = each.partition(";")
        if marker.strip() != (f'extra == "{extra}"' if extra else ""):
            continue
        bounds = re.fullmatch(r"([a-z0-9-]+)<(\d+),>=(\d+)(\.\d+)*", requirement.strip())
        assert bounds, each
        found[bounds[1]] = (int(bounds[3]), int(bounds[2]))
    return found


def test_it_requires_little_and_each_in_a_range_of_one_major_version(built: Built) -> None:
    assert set(ranges(built, "")) == {"boto3", "pulumi", "pulumi-aws", "tenacity"}
    for name, (low, high) in ranges(built, "").items():
        assert high == low + 1, name


def test_the_operator_s_commands_are_an_extra_of_three_more(built: Built) -> None:
    """Whoever only imports the component installs none of them; the command itself is there either way."""
    more = ranges(built, "cli")
    assert set(more) == {"click", "rich", "squawk-cli"}
    assert all(low < high <= low + 2 for low, high in more.values())
    assert not set(more) & set(ranges(built, ""))
    with zipfile.ZipFile(built.wheel) as archive:
        (name,) = [each for each in archive.namelist() if each.endswith(".dist-info/entry_points.txt")]
        said = archive.read(name).decode()
    assert re.findall(r"^(\S+) = (\S+)$", said, re.MULTILINE) == [
        ("migratable-ecs", "migratable_ecs.cli.main:main")
    ]


def test_an_extra_has_something_behind_it(built: Built) -> None:
    said = metadata(built)
    for extra in said.get_all("Provides-Extra", []):
        assert any(f'extra == "{extra}"' in each for each in said.get_all("Requires-Dist", [])), extra
