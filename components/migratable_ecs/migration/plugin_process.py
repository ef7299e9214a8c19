"""The process that runs the dynamic provider: its thread pool, its end, and what all runs in it share.

The SDK's server has four worker threads, so a fifth migration would wait, and with it every check and diff of the stack. And it
ignores Cancel, which the engine calls on Ctrl-C; on a second one it sends SIGINT and kills five seconds later.
docs/how-it-works.md ("More than four at once") weighs the ways around both.
"""

from __future__ import annotations

import concurrent.futures
import sys
import threading
from collections.abc import Mapping
from types import FrameType, FunctionType, ModuleType
from typing import Any

#: Threads of the plugin's server once a migration of ours is in it.
WORKERS = 256

#: Set when this process has been told to end; every sleep of a run wakes up by it.
stopping = threading.Event()

#: The `aws:` part of the stack's configuration, secrets in the clear: never leaves this process.
config: dict[str, str] = {}

_lock = threading.Lock()
_prepared = False
_shared: dict[int, tuple[Any, Any]] = {}


def prepare(stack_config: Mapping[str, str | None]) -> None:
    """Widen the server's pool, listen for the end, keep the configuration. Called for each provider of the process."""
    global _prepared
    with _lock:
        config.update({key: value for key, value in stack_config.items() if value})
        if _prepared:
            return
        _prepared = True
        widen_pool()
        hear_cancel(sys.modules.get("__main__"))
        _listen_for_end()


def shared(clients: Any, clock: Any) -> tuple[Any, Any]:
    """(Ecs, Logs) that all runs with the same clients use, so that they poll together and stay in the API's budget together."""
    from .cloudwatch import Logs
    from .ecs import Ecs

    ecs, logs = clients.client("ecs"), clients.client("logs")
    with _lock:
        if id(clients) not in _shared:
            _shared[id(clients)] = (Ecs(ecs, clock), Logs(logs, clock))
        return _shared[id(clients)]


def widen_pool(workers: int = WORKERS) -> bool:
    """Let the thread pool that this thread belongs to grow to `workers`; False when this is no thread of such a pool.

    The pool makes threads only when they are needed, so the number costs nothing. The way to it is the executor that
    `concurrent.futures` hands to each of its worker threads.
    """
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        reference = frame.f_locals.get("executor_reference")
        if frame.f_code.co_name == "_worker" and callable(reference):
            pool = reference()
            if isinstance(pool, concurrent.futures.ThreadPoolExecutor):
                pool._max_workers = max(pool._max_workers, workers)
                return True
        frame = frame.f_back
    return False


def hear_cancel(main: ModuleType | None) -> bool:
    """Let the server's Cancel, which the engine calls on the first Ctrl-C, set `stopping`; False when this is not the SDK's server.

    The SDK's Cancel does nothing, and gRPC holds on to that very function object; so the function keeps its identity and gets
    another body. Without it the engine would wait in silence until the migration is over.
    """
    servicer = getattr(main, "DynamicResourceProviderServicer", None)
    cancel = getattr(servicer, "Cancel", None)
    if not isinstance(cancel, FunctionType) or cancel.__code__.co_freevars:
        return False
    cancel.__code__ = _cancel.__code__
    return True


def _cancel(_self: Any, _request: Any, _context: Any) -> Any:
    """The body that `hear_cancel` gives to the server's Cancel: it runs with the SDK's globals, hence the imports."""
    from google.protobuf import empty_pb2

    from migratable_ecs.migration import plugin_process

    plugin_process.stopping.set()
    return empty_pb2.Empty()


def _listen_for_end() -> None:
    """Workers cannot take signals, but the interpreter calls this hook before it waits for them."""
    register = getattr(threading, "_register_atexit", None)
    if register is not None:
        register(stopping.set)
