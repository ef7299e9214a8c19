"""The one exception that the user of the local cloud sees."""


class LocalCloudError(Exception):
    """Something the user can act on; its text is one sentence with the remedy, without a traceback."""
