"""The load balancer's port on this machine.

MiniStack answers for a load balancer under the path ``/_alb/<name>/`` of its gateway. This forwarder puts
that prefix before the path of each request and leaves the Host header alone, so that host conditions of
listener rules work.

Run as ``python -m tools.localcloud.forwarder --gateway 4566 --http 8080 --alb local``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib

_LOOPBACK = "127.0.0.1"
_HEAD_LIMIT = 64 * 1024


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(64 * 1024):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


def rewrite_head(head: bytes, prefix: str) -> bytes | None:
    """Put ``prefix`` before the path of an HTTP/1.1 request head and ask for one request per connection.

    Returns None when the head is not a request that names a path (as ``CONNECT`` or an absolute URL).
    """
    request, _, fields = head.partition(b"\r\n")
    parts = request.split(b" ")
    if len(parts) != 3 or not parts[1].startswith(b"/"):
        return None
    parts[1] = prefix.encode() + parts[1]
    kept = [
        f for f in fields.split(b"\r\n") if f and not f.lower().startswith((b"connection:", b"keep-alive:"))
    ]
    return b"\r\n".join([b" ".join(parts), *kept, b"Connection: close", b"", b""])


async def _refuse(writer: asyncio.StreamWriter, status: str) -> None:
    writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
    await writer.drain()


async def _carry(
    prefix: str, gateway: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Carry one request to the gateway and its answer back."""
    head = rewrite_head(await reader.readuntil(b"\r\n\r\n"), prefix)
    if head is None:
        return await _refuse(writer, "400 Bad Request")
    try:
        answer, upstream = await asyncio.open_connection(_LOOPBACK, gateway)
    except OSError:
        return await _refuse(writer, "502 Bad Gateway")
    try:
        upstream.write(head)
        request = asyncio.create_task(_pipe(reader, upstream))
        await _pipe(answer, writer)
        request.cancel()
    finally:
        upstream.close()


async def serve(gateway: int, http: int, alb: str) -> asyncio.Server:
    """Open the door on 127.0.0.1; raise OSError when the port is taken."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A client that hangs up or sends no request head is its own business.
        with contextlib.suppress(asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            await _carry(f"/_alb/{alb}", gateway, reader, writer)
        with contextlib.suppress(OSError):
            writer.close()

    return await asyncio.start_server(handle, _LOOPBACK, http, limit=_HEAD_LIMIT)


async def _run(gateway: int, http: int, alb: str) -> None:
    server = await serve(gateway, http, alb)
    print(f"{_LOOPBACK}:{http} -> load balancer {alb} behind port {gateway}", flush=True)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Parse the arguments named in the module's docstring and serve."""
    parser = argparse.ArgumentParser(
        description="Carry HTTP from a port of this machine to the local load balancer."
    )
    parser.add_argument("--gateway", type=int, required=True)
    parser.add_argument("--http", type=int, required=True)
    parser.add_argument("--alb", required=True)
    given = parser.parse_args()
    asyncio.run(_run(given.gateway, given.http, given.alb))


if __name__ == "__main__":
    main()
