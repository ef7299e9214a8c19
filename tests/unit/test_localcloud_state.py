"""An instance's name and folder, and Pulumi's state of a cloud that is gone."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tools.localcloud.errors import LocalCloudError
from tools.localcloud.settings import Process, Settings, State, default_name
from tools.localcloud.stack_state import stale_stack_state


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings("one", tmp_path / "state")


def _stack(settings: Settings, resources: list[object], suffix: str = ".json") -> Path:
    """Write a stack's checkpoint as Pulumi's file backend does."""
    file = settings.pulumi_dir / ".pulumi" / "stacks" / "project" / f"local{suffix}"
    file.parent.mkdir(parents=True)
    raw = json.dumps({"version": 3, "checkpoint": {"latest": {"resources": resources}}}).encode()
    file.write_bytes(gzip.compress(raw) if suffix.endswith(".gz") else raw)
    return file


def test_two_checkouts_have_different_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOCALCLOUD_INSTANCE", raising=False)
    assert default_name(Path("/a")) == default_name(Path("/a"))
    assert default_name(Path("/a")) != default_name(Path("/b"))
    monkeypatch.setenv("LOCALCLOUD_INSTANCE", "mine")
    assert default_name(Path("/a")) == "mine"


@pytest.mark.parametrize("name", ["Upper", "under_score", "1digit", "-dash", "a" * 41, "a b"])
def test_a_name_that_docker_could_not_take_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match=r"is not usable: give 1 to 40 lower-case letters"):
        Settings.of(name, tmp_path)


def test_what_is_saved_is_loaded(settings: Settings) -> None:
    state = State("one", {"http": 8080}, "id", "unix:///x", {"ministack": Process(12, 345)})
    settings.save(state)
    assert settings.load() == state
    settings.forget()
    assert settings.load() == State("one")


def test_a_folder_of_another_instance_is_not_touched(settings: Settings) -> None:
    settings.save(State("one"))
    with pytest.raises(LocalCloudError, match="holds the state of instance 'one', not of 'two'"):
        Settings("two", settings.state_dir).load()


@pytest.mark.parametrize("suffix", [".json", ".json.gz"])
def test_a_stack_of_a_cloud_that_is_gone_is_moved_aside(settings: Settings, suffix: str) -> None:
    stale_stack_state(settings, "first")
    file = _stack(settings, [{"urn": "urn:pulumi:local::project::aws:ecs/service:Service::app"}], suffix)
    moved = stale_stack_state(settings, "second")
    assert moved is not None
    assert (moved / file.relative_to(settings.pulumi_dir)).exists()
    assert not file.exists()
    assert stale_stack_state(settings, "second") is None, "the new folder is marked as the present cloud's"


def test_a_stack_of_the_present_cloud_stays(settings: Settings) -> None:
    stale_stack_state(settings, "first")
    file = _stack(settings, [{"urn": "x"}])
    assert stale_stack_state(settings, "first") is None
    assert file.exists()


def test_a_stack_without_resources_describes_nothing_and_stays(settings: Settings) -> None:
    stale_stack_state(settings, "first")
    file = _stack(settings, [])
    assert stale_stack_state(settings, "second") is None
    assert file.exists()


def test_nothing_that_was_moved_aside_is_ever_overwritten(settings: Settings) -> None:
    moved = set()
    for cloud in ("first", "second", "third"):
        _stack(settings, [{"urn": cloud}])
        moved.add(stale_stack_state(settings, cloud))
    assert len(moved) == 3
    assert None not in moved
