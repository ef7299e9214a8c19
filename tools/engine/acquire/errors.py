"""The one error that set-up shows to its user."""


class SetupError(Exception):
    """Something cannot be had. The text is one message for the user: what is missing and the way out."""
