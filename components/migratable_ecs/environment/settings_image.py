"""An image that cannot be there yet: the registry is made by the same stack, and nothing has been pushed."""

from __future__ import annotations

from collections.abc import Callable

import pulumi_aws as aws

from .. import image, names
from ..plugin_errors import is_not_there, refusal
from .settings import Settings, environment_name


def image_to_push(settings: Settings) -> str | None:
    """The image without which the stack is deployed as an environment only, or None when its service can be.

    Leaving out a service that is there would delete it. So it is left out only while there is no sign of it, which is its log group,
    the first thing that is made of it: an image that is missing later on is an error, as everywhere.

    Raises:
        InvalidArgument: the account does not answer.
    """
    if not settings.registry or not settings.registry.create or not settings.image:
        return None
    wanted = image.parse(settings.image)
    made_here = settings.registry.create.repository or environment_name(settings)
    if wanted.registry or wanted.repository != made_here:
        return None
    if _is_there(f"image {settings.image!r}", lambda: _ask(wanted)):
        return None
    group = _log_group(settings)
    if _is_there(f"the log group {group!r}", lambda: aws.cloudwatch.get_log_group(name=group)):
        return None
    return settings.image


def _ask(wanted: image.Reference) -> object:
    digest = wanted.digest or None
    tag = None if digest else wanted.tag
    return aws.ecr.get_image(repository_name=wanted.repository, image_digest=digest, image_tag=tag)


def _log_group(settings: Settings) -> str:
    """The name that the component gives it."""
    if settings.names and settings.names.log_group:
        return settings.names.log_group
    family = settings.task.family if settings.task else None
    family = settings.task.family if settings.task else None
    return names.log_group(family or settings.service)


def _is_there(what: str, ask: Callable[[], object]) -> bool:
    try:
        ask()
    except Exception as error:
        if is_not_there(error):
            return False
        raise refusal(what, error, "") from None
    return True
