"""The rules that need to know what the component was asked for: by which tag an image, how many tasks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pulumi

from .guarding import protection
from .rules import COMPONENT, SCALING, SERVICE

if TYPE_CHECKING:
    from ..args import MigratableEcsServiceArgs


def guarded_service(name: str, args: MigratableEcsServiceArgs) -> MigratableEcsServiceArgs:
    """`args` of the service `name`, refused when they break a rule; an image that is an Output is checked when it is known.

    Raises:
        InvalidArgument: before any resource of the service is registered.
    """
    asked: dict[str, Any] = {
        "image": args.image,
        "images": _other_images(args),
        "desiredCount": args.desired_count,
    }
    given = protection()
    image = given.guarded(COMPONENT, name, asked)["image"]
    if args.scaling:
        given.check(SCALING, name, {"minCapacity": args.scaling.minimum})
    for key, worker in (args.workers or {}).items():
        given.check(SERVICE, f"{name}-{key}", {"desiredCount": worker.desired_count})
    return replace(args, image=image)


def _other_images(args: MigratableEcsServiceArgs) -> list[pulumi.Input[str]]:
    runs = [each.image for each in (args.migration, args.contract) if each and each.image]
    beside = [args.sidecars, *(each.sidecars for each in (args.workers or {}).values())]
    return [*runs, *(sidecar.image for group in beside for sidecar in (group or {}).values())]
