"""A dynamic provider of what AWS is told when it is made and when an input changes, and is never asked about afterwards.

Others change the same thing by themselves, a schedule or a rotation: what is in force is no drift, so no refresh shows a difference.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pulumi.dynamic import (
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

from .migration.provider import MigrationProvider

Props = dict[str, Any]


class ToldProvider(ResourceProvider):
    """Stateless. States refer to each subclass by module and name: both are public for ever.

    `identity`: the input that is the resource's id. `watched`: inputs of which a change of any tells AWS anew.
    """

    serialize_as_secret_always = False
    identity: ClassVar[str]
    watched: ClassVar[tuple[str, ...]]

    def tell(self, props: Props) -> Props:
        """Do it; what is then known beside the inputs."""
        raise NotImplementedError

    def configure(self, req: ConfigureRequest) -> None:
        MigrationProvider().configure(req)

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        changed = any(_olds.get(key) != _news.get(key) for key in self.watched)
        return DiffResult(changes=changed, replaces=[], delete_before_replace=False)

    def create(self, props: Props) -> CreateResult:
        return CreateResult(str(props[self.identity]), {**props, **self.tell(props)})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        return UpdateResult({**_news, **self.tell(_news)})

    def read(self, id_: str, props: Props) -> ReadResult:
        """What others have made of it meanwhile is none of its business."""
        return ReadResult(id_, props)
