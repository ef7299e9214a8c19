"""Lines under the resource's own row.

`pulumi.log` knows no engine inside a dynamic provider, but the engine's address is the plugin's last argument, and its log
service takes the URN a line belongs to.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from typing import Any

_lock = threading.Lock()
_stub: Any = None


class Row:
    """The row of one resource in the engine's display. Outside the plugin's process, lines go to stderr."""

    def __init__(self, props: Mapping[str, Any]) -> None:
        self._urn = str(props.get("urn") or "")

    def info(self, line: str) -> None:
        self._log("INFO", line)

    def warning(self, line: str) -> None:
        self._log("WARNING", line)

    def _log(self, severity: str, line: str) -> None:
        stub = _engine()
        if stub is None:
            print(line, file=sys.stderr, flush=True)
            return
        from pulumi.runtime.proto import engine_pb2

        try:
            number = engine_pb2.LogSeverity.Value(severity)
            stub.Log(engine_pb2.LogRequest(severity=number, message=line, urn=self._urn), timeout=10)
        except Exception as error:  # a line that cannot be shown must not stop a migration
            print(f"{line}  [not shown in its row: {type(error).__name__}]", file=sys.stderr, flush=True)


def _engine() -> Any:
    global _stub
    with _lock:
        address = sys.argv[-1] if sys.argv else ""
        if _stub is None and _is_address(address):
            import grpc
            from pulumi.runtime.proto import engine_pb2_grpc

            _stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))
        return _stub


def _is_address(text: str) -> bool:
    host, colon, port = text.rpartition(":")
    return bool(host and colon) and port.isdigit() and "/" not in text
