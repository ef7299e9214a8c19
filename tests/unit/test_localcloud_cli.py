"""``scripts/local``: one sentence for each mistake, and output that a shell can evaluate."""

from __future__ import annotations

import errno
import json
import subprocess
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError

from tools.localcloud import cli, docker_api, example_images, failures
from tools.localcloud.errors import LocalCloudError
from tools.localcloud.instance import LocalCloud
from tools.localcloud.settings import Settings, State


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The state folder, with a blank and a quote in its path, of an instance that is up."""
    folder = tmp_path / "it's here"
    ports = {"gateway": 4566, "database": 55432, "http": 8080}
    Settings("one", folder).save(State("one", ports, "id", "unix:///x"))
    return folder


def _run(*arguments: str) -> int:
    return cli.main(list(arguments))


def test_env_can_be_evaluated_and_points_at_this_cloud_only(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run("--instance", "one", "--state", str(folder), "env") == 0
    script = capsys.readouterr().out + 'printf "%s|" "$AWS_ENDPOINT_URL" "$AWS_REGION" "$PULUMI_BACKEND_URL"'
    shell = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert shell.stdout == f"http://127.0.0.1:4566|ap-northeast-1|file://{folder}/pulumi|"


def test_env_as_json_has_the_same_variables(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _run("--instance", "one", "--state", str(folder), "env")
    exported = {line.split()[1].split("=")[0] for line in capsys.readouterr().out.splitlines()}
    _run("--instance", "one", "--state", str(folder), "env", "--json")
    assert set(json.loads(capsys.readouterr().out)) == exported


@pytest.mark.parametrize("command", [("env",), ("push", "django", "v1")])
def test_what_needs_a_running_cloud_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    assert _run("--instance", "one", "--state", str(tmp_path), *command) == 1
    assert capsys.readouterr().err == "error: The local cloud one is not up: run `scripts/local up`.\n"


def test_a_ministack_that_died_is_explained_with_the_end_of_its_log(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(self: LocalCloud) -> None:
        with failures.explained(self.settings):
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:4566/")

    monkeypatch.setattr(LocalCloud, "up", gone)
    (folder / "logs").mkdir()
    (folder / "logs" / "ministack.log").write_text("first\nMemoryError\n")
    assert _run("--instance", "one", "--state", str(folder), "up") == 1
    assert capsys.readouterr().err == (
        "error: MiniStack has ended; `scripts/local up` starts it again. "
        f"Its log {folder}/logs/ministack.log ends with:\nfirst\nMemoryError\n"
    )


def test_a_full_disk_is_named(folder: Path) -> None:
    cause = OSError(errno.ENOSPC, "No space left on device")
    full = pytest.raises(LocalCloudError, match=r"^The disk is full \(\d+ MiB left for .*\): free some space")
    with full, failures.explained(Settings("one", folder)):
        raise cause


def test_status_of_a_cloud_that_is_down_is_not_success(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run("--instance", "one", "--state", str(tmp_path), "status") == 1
    assert capsys.readouterr().out.count("not up: run `scripts/local up`") == 3


def test_every_example_names_its_versions() -> None:
    assert {"django", "go", "go-migrate"} <= set(example_images.names())
    for name in example_images.names():
        dockerfile = example_images.dockerfile(name).read_text()
        assert example_images.versions(dockerfile) == ["v1", "v2", "broken"], name


def test_a_second_image_of_an_example_has_a_repository_of_its_own() -> None:
    assert example_images.repository_name("go") == "go-app"
    assert example_images.repository_name("go-migrate") == "go-migrate"


def test_a_build_context_depends_on_names_and_contents_only(tmp_path: Path) -> None:
    for folder, mode in (("a", 0o600), ("b", 0o640)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "file").write_text("same")
        (tmp_path / folder / "file").chmod(mode)
    (tmp_path / "c").write_text("other")
    first = docker_api.context([("file", tmp_path / "a" / "file"), ("x", tmp_path / "c")])
    assert first == docker_api.context([("x", tmp_path / "c"), ("file", tmp_path / "b" / "file")])
    assert first != docker_api.context([("file", tmp_path / "c"), ("x", tmp_path / "c")])
