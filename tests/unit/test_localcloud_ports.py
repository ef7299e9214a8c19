"""Ports: chosen once, checked, remembered, and never another instance's."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.localcloud import ports
from tools.localcloud.errors import LocalCloudError
from tools.localcloud.ports import Port, Registry
from tools.localcloud.settings import Settings, State


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A socket of this process that listens on some free port."""
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        opened.listen()
        yield opened


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A registry of its own, and no port set in the environment."""
    monkeypatch.setenv("MIGRATABLE_CACHE", str(tmp_path / "cache"))
    for port in ports.ALL:
        monkeypatch.delenv(port.variable, raising=False)
    return Registry()


def _instance(tmp_path: Path, name: str) -> Settings:
    settings = Settings(name, tmp_path / name)
    settings.save(State(name))
    return settings


def _number(opened: socket.socket) -> int:
    return int(opened.getsockname()[1])


def test_the_default_is_taken_when_it_is_free() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = _number(probe)
    assert ports.choose(Port("x", "X_PORT", number), {}, {}) == number


def test_a_default_that_is_in_use_gives_way_to_the_next_free_port(listener: socket.socket) -> None:
    number = _number(listener)
    chosen = ports.choose(Port("x", "X_PORT", number), {number + 1: "another"}, {})
    assert chosen > number + 1
    assert ports.is_free(chosen)


def test_an_explicit_port_in_use_is_refused_naming_port_holder_and_variable(listener: socket.socket) -> None:
    number = _number(listener)
    with pytest.raises(LocalCloudError) as refused:
        ports.choose(Port("x", "X_PORT", 1), {}, {"X_PORT": str(number)})
    assert str(refused.value) == (
        f"Port {number} (X_PORT) is held by {ports.holder(number)}: stop it or set X_PORT to a free port."
    )
    assert f"(pid {os.getpid()})" in str(refused.value)


def test_an_explicit_port_that_another_instance_reserved_is_refused_naming_it() -> None:
    with pytest.raises(
        LocalCloudError, match=r"Port 4711 \(X_PORT\) is reserved by the local cloud other: set"
    ):
        ports.choose(Port("x", "X_PORT", 1), {4711: "the local cloud other"}, {"X_PORT": "4711"})


@pytest.mark.parametrize("value", ["abc", "0", "65536", "-1", "80.5"])
def test_what_is_not_a_port_is_refused(value: str) -> None:
    with pytest.raises(LocalCloudError, match=r"X_PORT=.* is not a port: set it to a number from 1 to 65535"):
        ports.choose(Port("x", "X_PORT", 1), {}, {"X_PORT": value})


def test_two_instances_never_get_the_same_port_even_before_they_listen(
    registry: Registry, tmp_path: Path
) -> None:
    first = registry.reserve(_instance(tmp_path, "one"), {}, set())
    second = registry.reserve(_instance(tmp_path, "two"), {}, set())
    assert len({*first.values(), *second.values()}) == 2 * len(ports.ALL)


def test_an_instance_keeps_its_ports(registry: Registry, tmp_path: Path) -> None:
    settings = _instance(tmp_path, "one")
    before = registry.reserve(settings, {}, set())
    assert registry.reserve(settings, before, set()) == before


def test_a_remembered_port_that_somebody_took_meanwhile_is_replaced_unless_it_is_our_own_part(
    registry: Registry, tmp_path: Path, listener: socket.socket
) -> None:
    settings = _instance(tmp_path, "one")
    remembered = {"gateway": _number(listener)}
    assert registry.reserve(settings, remembered, set())["gateway"] != _number(listener)
    assert registry.reserve(settings, remembered, {"gateway"})["gateway"] == _number(listener)


def test_a_variable_that_contradicts_a_running_part_is_refused(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = _instance(tmp_path, "one")
    before = registry.reserve(settings, {}, set())
    monkeypatch.setenv("LOCAL_HTTP_PORT", "18099")
    with pytest.raises(
        LocalCloudError, match=rf"LOCAL_HTTP_PORT=18099, but .* port {before['http']}: unset it"
    ):
        registry.reserve(settings, before, {"http"})


def test_a_name_belongs_to_one_folder(registry: Registry, tmp_path: Path) -> None:
    registry.reserve(_instance(tmp_path, "one"), {}, set())
    elsewhere = Settings("one", tmp_path / "elsewhere")
    elsewhere.save(State("one"))
    with pytest.raises(LocalCloudError, match=r"'one' is used with the folder .*: choose another name"):
        registry.reserve(elsewhere, {}, set())


def test_released_or_deleted_instances_are_forgotten(registry: Registry, tmp_path: Path) -> None:
    one, two = _instance(tmp_path, "one"), _instance(tmp_path, "two")
    ports_of_one = registry.reserve(one, {}, set())
    registry.reserve(two, {}, set())
    assert registry.others("two") == ["one"]
    registry.release("one")
    assert registry.others("two") == []
    (two.state_dir / "state.json").unlink()
    assert registry.reserve(_instance(tmp_path, "three"), {}, set()) == ports_of_one
