"""The Docker engine: found before it is started, never a second one, stopped only when it is ours and
unused.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from tools.localcloud import engine, processes
from tools.localcloud.docker_api import Container, Docker
from tools.localcloud.errors import LocalCloudError
from tools.localcloud.settings import LABEL, Process


@pytest.fixture(autouse=True)
def _cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIGRATABLE_CACHE", str(tmp_path))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(engine, "_context_host", lambda: None)
    (tmp_path / "docker").mkdir()


def _answering(monkeypatch: pytest.MonkeyPatch, *hosts: str) -> None:
    monkeypatch.setattr(Docker, "answers", staticmethod(lambda host: host in hosts))


def _with_containers(monkeypatch: pytest.MonkeyPatch, containers: Sequence[Container]) -> list[int]:
    """Pretend that our engine runs with these containers; return the pids that are stopped, as they come."""
    signalled: list[int] = []
    monkeypatch.setattr(Docker, "__init__", lambda self, host: None)
    monkeypatch.setattr(Docker, "containers", lambda self, label=None: list(containers))
    monkeypatch.setattr(engine, "_running_dockerd", lambda: Process(4242, 1))
    monkeypatch.setattr(processes, "stop", lambda process, grace: signalled.append(process.pid))
    return signalled


def test_the_engine_that_the_user_named_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///named.sock")
    _answering(monkeypatch, "unix:///named.sock", "unix:///var/run/docker.sock", engine.own_host())
    assert engine.ensure() == ("unix:///named.sock", "found")


def test_an_engine_that_the_user_named_but_that_does_not_answer_is_not_replaced_by_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///named.sock")
    _answering(monkeypatch, "unix:///var/run/docker.sock")
    with pytest.raises(LocalCloudError, match=r"DOCKER_HOST=unix:///named.sock does not answer: .* or unset"):
        engine.ensure()


def test_an_engine_started_earlier_is_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    _answering(monkeypatch, engine.own_host())
    assert engine.ensure() == (engine.own_host(), "ours")


def test_without_an_engine_and_without_root_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    _answering(monkeypatch)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(
        LocalCloudError, match=r"No Docker engine answers, and only root .* or set DOCKER_HOST"
    ):
        engine.ensure()


def test_beside_an_engine_that_does_not_answer_no_second_one_is_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _answering(monkeypatch)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(engine, "_foreign_dockerd", lambda: 77)
    monkeypatch.setattr(engine, "_start", lambda: pytest.fail("a second engine was started"))
    with pytest.raises(
        LocalCloudError, match=r"\(pid 77\) but does not answer .* set DOCKER_HOST to its socket"
    ):
        engine.ensure()


def test_an_engine_of_others_is_never_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    signalled = _with_containers(monkeypatch, [])
    assert "not started by us" in engine.stop_if_unused("unix:///var/run/docker.sock", [])
    assert signalled == []


def test_our_engine_is_stopped_when_nobody_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    signalled = _with_containers(monkeypatch, [])
    assert engine.stop_if_unused(engine.own_host(), []) == "stopped"
    assert signalled == [4242]


@pytest.mark.parametrize("labels", [{LABEL: "other"}, {}])
def test_our_engine_stays_while_anybody_has_a_container(
    monkeypatch: pytest.MonkeyPatch, labels: dict[str, str]
) -> None:
    signalled = _with_containers(monkeypatch, [Container("id", "other", "image", "exited", labels)])
    assert engine.stop_if_unused(engine.own_host(), []) == "left running (containers of other)"
    assert signalled == []


def test_our_engine_stays_while_another_instance_comes_up(monkeypatch: pytest.MonkeyPatch) -> None:
    signalled = _with_containers(monkeypatch, [])
    assert engine.stop_if_unused(engine.own_host(), ["two"]) == "left running (also used by two)"
    assert signalled == []


def test_a_file_named_keep_makes_our_engine_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    signalled = _with_containers(monkeypatch, [])
    (engine.folder() / "keep").touch()
    assert engine.stop_if_unused(engine.own_host(), []).startswith("left running")
    assert signalled == []
