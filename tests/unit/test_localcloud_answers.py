"""The local cloud's answers: head and body leave together, and a body that comes in parts is not kept back."""

from __future__ import annotations

import asyncio

import h11
import pytest
from hypercorn.events import RawData
from hypercorn.protocol.h11 import H11Protocol

from tools.localcloud import launcher_answers


def sent(monkeypatch: pytest.MonkeyPatch, *events: h11.Event) -> list[bytes]:
    """What goes to the network, write by write, for these events of an answer."""
    monkeypatch.setattr(H11Protocol, "_send_h11_event", H11Protocol._send_h11_event)
    launcher_answers.in_one_piece()
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
    while connection.their_state is not h11.DONE:
        connection.next_event()
    writes: list[bytes] = []

    async def send(event: RawData) -> None:
        writes.append(event.data)

    protocol = H11Protocol.__new__(H11Protocol)
    vars(protocol).update(connection=connection, send=send)

    async def answer() -> None:
        for event in events:
            await protocol._send_h11_event(event)  # type: ignore[arg-type]

    asyncio.run(answer())
    return writes


def response(**headers: str) -> h11.Response:
    return h11.Response(status_code=200, headers=[(k.replace("_", "-"), v) for k, v in headers.items()])


def test_head_and_body_are_one_write(monkeypatch: pytest.MonkeyPatch) -> None:
    (whole,) = sent(monkeypatch, response(content_length="2"), h11.Data(data=b"{}"), h11.EndOfMessage())
    assert whole.startswith(b"HTTP/1.1 200")
    assert whole.endswith(b"\r\n\r\n{}")


def test_an_answer_without_a_body_is_sent_too(monkeypatch: pytest.MonkeyPatch) -> None:
    (head,) = sent(monkeypatch, response(content_length="0"), h11.EndOfMessage())
    assert head.endswith(b"\r\n\r\n")


def test_each_part_of_a_long_body_leaves_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [h11.Data(data=b"one"), h11.Data(data=b"two")]
    first, second, end = sent(monkeypatch, response(transfer_encoding="chunked"), *parts, h11.EndOfMessage())
    assert b"one" in first
    assert first.startswith(b"HTTP/1.1 200")
    assert b"two" in second
    assert end == b"0\r\n\r\n"
