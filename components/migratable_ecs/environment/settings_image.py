"""An image that cannot be there yet: the registry is made by the same stack, and nothing has been pushed to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import pulumi_aws as aws

from .. import image, names
from ..plugin_errors import is_not_there, refusal
from .settings import Settings, environment_name

T = TypeVar("T")


def image_to_push(settings: Settings) -> str | None:
    """The image without which the stack is deployed as an environment only, or None when its service can be.

    Leaving out a service that is there would delete it. So it is left out only while the repository is missing or quite empty, and there is
    no sign of the service either, which is its log group, the first thing that is made of it. An image that is missing later on is an
    error, as everywhere.

    Raises:
        InvalidArgument: the account does not answer.
    """
    if not settings.registry or not settings.registry.create or not settings.image:
        return None
    wanted = image.parse(settings.image)
    made_here = settings.registry.create.repository or environment_name(settings)
    if wanted.registry or wanted.repository != made_here:
        return None
    if _log_group(settings) in _log_groups(_log_group(settings)):
        return None
    # What lists is asked before what fails: a failing look-up leaves an error's line behind in the update's summary.
    if wanted.repository in _repositories() and _has_images(wanted.repository):
        return None
    return settings.image


def _log_groups(prefix: str) -> Sequence[str]:
    found = _asked(
        f"the log groups {prefix}*", lambda: aws.cloudwatch.get_log_groups(log_group_name_prefix=prefix)
    )
    return found.log_group_names


def _repositories() -> Sequence[str]:
    return _asked("the ECR repositories of the account", aws.ecr.get_repositories).names


def _has_images(repository: str) -> bool:
    try:
        aws.ecr.get_image(repository_name=repository, most_recent=True)
    except Exception as error:
        if is_not_there(error):
            return False
        raise refusal(f"the newest image of {repository}", error, "push one") from None
    return True


def _log_group(settings: Settings) -> str:
    """The name that the component gives it."""
    if settings.names and settings.names.log_group:
        return settings.names.log_group
    family = settings.task.family if settings.task else None
    return names.log_group(family or settings.service)


def _asked(what: str, ask: Callable[[], T]) -> T:
    try:
        return ask()
    except Exception as error:
        raise refusal(what, error, "check aws:region and the account") from None
