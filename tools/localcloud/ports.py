"""The host ports of an instance: chosen once, checked, remembered, and never another instance's."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from tools.localcloud.errors import LocalCloudError
from tools.localcloud.settings import Settings, cache_dir, locked

_SEARCH = 200


@dataclass(frozen=True)
class Port:
    """One port: the name under which it is remembered, the variable that sets it, and its default."""

    key: str
    variable: str
    default: int


GATEWAY = Port("gateway", "LOCAL_GATEWAY_PORT", 4566)
DATABASE = Port("database", "LOCAL_DB_PORT", 55432)
HTTP = Port("http", "LOCAL_HTTP_PORT", 8080)
ALL = (GATEWAY, DATABASE, HTTP)


def is_free(number: int, host: str = "127.0.0.1") -> bool:
    """Whether a listener can be opened there now, on ``host`` and on all addresses."""
    for address in (host, "0.0.0.0"):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, number))
                probe.listen(1)
            except OSError:
                return False
    return True


def holder(number: int) -> str:
    """Who listens there, as ``name (pid N)``; "another process" when it is another user's."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == number:
                inodes.add(f"socket:[{fields[9]}]")
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if any(os.readlink(handle) in inodes for handle in (entry / "fd").iterdir()):
                return f"{(entry / 'comm').read_text().strip()} (pid {entry.name})"
        except OSError:
            continue
    return "another process"


def _wanted(port: Port, environ: Mapping[str, str]) -> int | None:
    raw = environ.get(port.variable)
    if not raw:
        return None
    if not raw.isdigit() or not 1 <= int(raw) <= 65535:
        raise LocalCloudError(f"{port.variable}={raw!r} is not a port: set it to a number from 1 to 65535.")
    return int(raw)


def choose(port: Port, taken: Mapping[int, str], environ: Mapping[str, str]) -> int:
    """The port set in ``environ``, else the default, else the next free one after it.

    ``taken`` are the ports that others reserved, with their names. Raises LocalCloudError when the port that
    ``environ`` names is in use.
    """
    explicit = _wanted(port, environ)
    if explicit is not None:
        if explicit in taken:
            raise LocalCloudError(
                f"Port {explicit} ({port.variable}) is reserved by {taken[explicit]}: set {port.variable} "
                "to a free port."
            )
        if not is_free(explicit):
            raise LocalCloudError(
                f"Port {explicit} ({port.variable}) is held by {holder(explicit)}: stop it or set "
                f"{port.variable} to a free port."
            )
        return explicit
    for number in range(port.default, port.default + _SEARCH):
        if number not in taken and is_free(number):
            return number
    raise LocalCloudError(
        f"No free port from {port.default} to {port.default + _SEARCH - 1}: set {port.variable} to a free "
        "port."
    )


class Entry(TypedDict):
    """What is known machine-wide about one instance."""

    state: str
    ports: dict[str, int]


class Registry:
    """The machine-wide list of instances and their ports: two that start at once get different ones."""

    def __init__(self) -> None:
        self._file = cache_dir() / "instances.json"

    def reserve(self, settings: Settings, remembered: Mapping[str, int], running: Set[str]) -> dict[str, int]:
        """Return the ports of the instance; the state file must exist already.

        ``remembered``: the ports of the last ``up``, by key. ``running``: the keys of those that our own
        processes and containers hold right now; the others are kept when they are still free and chosen anew
        when not. Raises LocalCloudError as :func:`choose` does, and when a variable names another port than a
        running one.
        """
        with locked(self._file.with_suffix(".lock")):
            entries = self._read()
            _check_folder(settings, entries.pop(settings.name, None))
            taken = {p: f"the local cloud {name}" for name, e in entries.items() for p in e["ports"].values()}
            chosen: dict[str, int] = {}
            for port in ALL:
                chosen[port.key] = _keep_or_choose(port, remembered.get(port.key), port.key in running, taken)
                taken[chosen[port.key]] = f"this instance's {port.key}"
            entries[settings.name] = {"state": str(settings.state_dir), "ports": chosen}
            self._write(entries)
        return chosen

    def release(self, name: str) -> None:
        """Forget an instance."""
        with locked(self._file.with_suffix(".lock")):
            entries = self._read()
            entries.pop(name, None)
            self._write(entries)

    def others(self, name: str) -> list[str]:
        """Names of the other instances whose state folder still exists."""
        return sorted(other for other in self._read() if other != name)

    def _read(self) -> dict[str, Entry]:
        try:
            entries: dict[str, Entry] = json.loads(self._file.read_text())
        except FileNotFoundError:
            return {}
        return {name: e for name, e in entries.items() if (Path(e["state"]) / "state.json").exists()}

    def _write(self, entries: Mapping[str, Entry]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(entries, indent=2) + "\n")


def _check_folder(settings: Settings, known: Entry | None) -> None:
    if known and Path(known["state"]) != settings.state_dir:
        raise LocalCloudError(
            f"The instance name {settings.name!r} is used with the folder {known['state']}, not with "
            f"{settings.state_dir}: choose another name with --instance or LOCALCLOUD_INSTANCE."
        )


def _keep_or_choose(port: Port, remembered: int | None, running: bool, taken: Mapping[int, str]) -> int:
    wanted = _wanted(port, os.environ)
    if remembered is not None and running:
        if wanted not in (None, remembered):
            raise LocalCloudError(
                f"{port.variable}={wanted}, but this instance runs with port {remembered}: unset it, or run "
                "`scripts/local down` first."
            )
        return remembered
    if remembered is not None and wanted is None and remembered not in taken and is_free(remembered):
        return remembered
    return choose(port, taken, os.environ)
