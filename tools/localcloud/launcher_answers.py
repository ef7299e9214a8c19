"""Answers leave in one piece.

Hypercorn sends the head of an answer and its body one after the other. A Go client that has the head while it is still busy with its own
request may close the connection before it has read the body; the AWS SDK then sends the request again, and what was created or deleted
already is refused the second time. AWS is too far away for that; here it met one request in 150.
"""

from __future__ import annotations

import h11
from hypercorn.events import RawData
from hypercorn.protocol.h11 import H11Protocol


def in_one_piece() -> None:
    """From now on every connection of this process keeps the head of an answer until its body, or the first part of it, is there."""
    H11Protocol._send_h11_event = _send_whole  # type: ignore[method-assign]


async def _send_whole(self: H11Protocol, event: h11.Event) -> None:
    try:
        data = self.connection.send(event)  # type: ignore[arg-type]
    except h11.LocalProtocolError:
        # As Hypercorn has it: a client that has gone wrong gets no more.
        if self.connection.their_state != h11.ERROR:
            raise
        return
    data = self.__dict__.pop("head", b"") + (data or b"")
    if isinstance(event, h11.Response):
        self.__dict__["head"] = data
    elif data:
        await self.send(RawData(data=data))
