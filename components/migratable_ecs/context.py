"""What every piece of one service needs of the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from .args import MigratableEcsServiceArgs
from .image import Image
from .look_ups import LookUps
from .names import Names, all_of
from .secrets import Secret


@dataclass(frozen=True)
class Context:
    """The service being made: its name and args, what was looked up for it, and the component itself as `parent`."""

    name: str
    args: MigratableEcsServiceArgs
    look_ups: LookUps
    image: pulumi.Output[Image]
    secrets: pulumi.Output[list[Secret]]
    region: pulumi.Output[str]
    tags: dict[str, Any]
    parent: pulumi.Resource

    @property
    def names(self) -> Names:
        """What is made for it, by name."""
        return all_of(self.name, self.args.names)

    def options(self, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        """Options of a child."""
        return pulumi.ResourceOptions(parent=self.parent, depends_on=list(depends_on))
