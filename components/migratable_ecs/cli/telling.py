"""Clients that say when AWS does not answer: boto3 and the engine try again for a minute, in which an operator would see nothing."""

from __future__ import annotations

from typing import Any

import click

from ..migration.session import Clients

#: botocore emits it after each try of each call. Source: https://botocore.amazonaws.com/v1/documentation/api/latest/topics/events.html
_TRIED = "needs-retry"
_ID = "migratable-ecs-telling"


class Telling:
    """Clients of `inner`; each reason for trying again is said once."""

    def __init__(self, inner: Clients) -> None:
        self._inner = inner
        self._said: set[str] = set()

    def client(self, service: str) -> Any:
        """As `inner` makes it."""
        made = self._inner.client(service)
        made.meta.events.register(_TRIED, self._tried, unique_id=_ID)
        return made

    def _tried(self, caught_exception: Exception | None = None, **_: Any) -> None:
        if caught_exception is None:
            return
        reason = str(caught_exception).rstrip(".")
        if reason not in self._said:
            self._said.add(reason)
            click.echo(f"AWS does not answer, trying again for up to a minute: {reason}", err=True)
