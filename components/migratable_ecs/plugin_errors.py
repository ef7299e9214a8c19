"""What the aws plugin says when a look-up fails, turned into one sentence for the user."""

from __future__ import annotations

import re

from .validation import InvalidArgument

#: How the plugin says that something is not there. Seen: data sources of the Terraform AWS provider 5.100, and AWS's own codes.
_NOT_THERE = re.compile(
    r"couldn't find resource|no matching \S.* found|empty result|returned (no|0) results|\w*NotFound(Exception)?\b|does not exist"
)


def refusal(what: str, error: Exception, remedy: str) -> InvalidArgument:
    """The error to raise when `what` (argument and value) could not be looked up.

    Args:
        what: beginning of the sentence: the argument or config key with its value, and what it was taken for.
        error: what the look-up raised.
        remedy: what to do when it is not there; other causes (credentials, network) get a remedy of their own.
    """
    text = cause(error)
    if is_not_there(error):
        return InvalidArgument(f"{what}, which does not exist: {remedy}")
    return InvalidArgument(
        f"{what}, which could not be looked up: {text}; check aws:region and the credentials, then try again"
    )


def is_not_there(error: Exception) -> bool:
    """Whether a look-up failed because what was asked for does not exist; False for credentials, network and all else."""
    return bool(_NOT_THERE.search(cause(error)))


def cause(error: Exception) -> str:
    """The plugin's own words on one line, without what the engine and the SDK put around them."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[-1] if lines else type(error).__name__
    return text.rsplit("returned an error: ", 1)[-1].strip(" .:;")
