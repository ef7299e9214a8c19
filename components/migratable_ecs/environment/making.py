"""What every piece that is made needs of the whole environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from ..names import shortened


@dataclass(frozen=True, kw_only=True)
class Making:
    """The environment being made.

    Args:
        name: of the environment, such as `shop-stg`; what is made is named after it, so give each environment of an account its own.
        protected: its data matters: what could lose it is made so that it cannot be lost by mistake. Default False.
        allow_destroy: the explicit switch that takes that off again before `pulumi destroy`: needs a `pulumi up` of its own. Default False.
        tags: on everything.
        permissions_boundary: ARN of a policy, for roles that are made; default that of the service's own roles.
    """

    name: str
    protected: bool = False
    allow_destroy: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    permissions_boundary: pulumi.Input[str] | None = None

    @property
    def keep(self) -> bool:
        """Whether deleting is refused, by AWS and by Pulumi."""
        return self.protected and not self.allow_destroy

    def called(self, what: str, limit: int = 255) -> str:
        """`{name}-{what}`, shortened to `limit` characters."""
        return shortened(f"{self.name}-{what}" if what else self.name, limit)

    def tagged(self, what: str) -> dict[str, Any]:
        """Tags with `Name`, by which the console lists what has no name of its own."""
        return {"Name": self.called(what), **self.tags}

    def options(self, **more: Any) -> pulumi.ResourceOptions:
        """Options of what holds data: Pulumi refuses to delete it while it is to be kept."""
        return pulumi.ResourceOptions(protect=self.keep, **more)
