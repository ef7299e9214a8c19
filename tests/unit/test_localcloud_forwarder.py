"""The load balancer's port: each request's path gets the prefix, everything else passes unchanged."""

from __future__ import annotations

import asyncio

import pytest

from tools.localcloud.forwarder import rewrite_head, serve


def test_the_path_gets_the_prefix_and_the_host_stays() -> None:
    head = b"GET /a%20b?c=d HTTP/1.1\r\nHost: app.example.test:8080\r\nAccept: */*\r\n\r\n"
    assert rewrite_head(head, "/_alb/local") == (
        b"GET /_alb/local/a%20b?c=d HTTP/1.1\r\nHost: app.example.test:8080\r\nAccept: */*\r\n"
        b"Connection: close\r\n\r\n"
    )


def test_a_connection_carries_one_request_whatever_the_client_asks_for() -> None:
    head = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n"
    assert rewrite_head(head, "/p") == b"GET /p/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("line", [b"CONNECT example.test:443 HTTP/1.1", b"GET http://x/ HTTP/1.1", b"hello"])
def test_what_names_no_path_is_not_forwarded(line: bytes) -> None:
    assert rewrite_head(line + b"\r\n\r\n", "/p") is None


async def _exchange(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    return answer


def test_request_and_answer_bodies_pass_whole_and_the_connection_ends() -> None:
    body = bytes(range(256)) * 4096  # 1 MiB, more than one buffer

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        received = await reader.readexactly(len(body))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + head.split(b" ")[1] + b"\n" + received)
        await writer.drain()
        writer.close()

    async def scenario() -> bytes:
        gateway = await asyncio.start_server(echo, "127.0.0.1", 0)
        front = await serve(gateway.sockets[0].getsockname()[1], 0, "local")
        head = f"POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        return await _exchange(front.sockets[0].getsockname()[1], head + body)

    answer = asyncio.run(asyncio.wait_for(scenario(), 20))
    assert answer == b"HTTP/1.1 200 OK\r\n\r\n/_alb/local/up\n" + body


def test_a_gateway_that_is_gone_is_a_502() -> None:
    async def scenario() -> bytes:
        gone = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
        port = gone.sockets[0].getsockname()[1]
        gone.close()
        await gone.wait_closed()
        front = await serve(port, 0, "local")
        return await _exchange(front.sockets[0].getsockname()[1], b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

    assert asyncio.run(asyncio.wait_for(scenario(), 20)).startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
